import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { sequential } from '../matrices/sequential';
import { unnamedArray } from '../matrices/unnamed-array';
import type { MatrixSource, RowBlock, TensorFile } from '../matrix-source';
import { type Cursor, parseDecimal, toNumber } from './decimal';
import { type Cell, COMMA, LineReader, QUOTE, RETURN, refuseOtherEncodings, SEMICOLON, SPACE, TAB } from './lines';

/**
 * Numbers written out, one row a line, cells separated by commas, tabs, semicolons or spaces.
 *
 * What the first two lines look like decides, and the note says so:
 * - The first separator of tab, semicolon, comma that is in the first line separates; else spaces do, if there are any.
 * - The first line names the columns if a cell behind its first is not a number, or if it counts 0, 1, 2, ... above a line with fractions
 *   (as pandas names columns).
 * - The first column identifies rows, and is left out, if it is text, or if its name is empty or a usual one (id, index, word, ...).
 * - Blank lines, and lines that start with #, are skipped. Empty cells, NaN, NA, N/A, null and None are NaN; inf and Infinity are infinite.
 */
export const csv: Reader = {
  async open(path: string, openBytes: OpenBytes): Promise<TensorFile> {
    const source = await openBytes(path);
    try {
      const layout = await findLayout(source);
      const { columns, note } = layout;
      const info = { dtype: 'text', shape: [], bytes: source.size, matrix: { rows: null, columns }, note };
      return unnamedArray(source, 'csv', info, [], () => table(source, layout));
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

const SEPARATORS: Readonly<Record<number, string>> = { [TAB]: 'tabs', [SEMICOLON]: 'semicolons', [COMMA]: 'commas', [SPACE]: 'spaces' };

interface Layout {
  readonly separator: number;
  /** Of numbers. */
  readonly columns: number;
  readonly hasNames: boolean;
  readonly hasIds: boolean;
  readonly note: string | null;
}

const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;
const ID_NAME = /^(|id|.+[ _-]id|index|idx|key|name|word|token|label|text|row|unnamed: 0)$/i;

async function findLayout(source: ByteSource): Promise<Layout> {
  const lines = new LineReader(source);
  await refuseOtherEncodings(source);
  if (!(await lines.next())) throw new FormatError(source.path, source.size, 'the file holds no line of numbers.');
  const separator = separatorOf(lines.bytes, lines.from, lines.end);
  lines.quotes = separator !== SPACE;
  const first = lines.cells(separator);
  const firstLine = lines.line;
  const second = (await lines.next()) ? lines.cells(separator) : null;

  const numeric = (cell: Cell) => toNumber(cell.text) !== null;
  const behindFirst = first.length === 1 ? first : first.slice(1);
  const counts = (cells: readonly Cell[]) => cells.length > 0 && cells.every((cell, i) => cell.text.trim() === String(i));
  const counted = (counts(first) && first.length > 1) || (first[0]!.text.trim() === '' && counts(first.slice(1)));
  const hasNames = !behindFirst.every(numeric) || (counted && second?.some((cell) => /[.eE]/.test(cell.text)) === true);
  const decimalComma = first.find((cell) => DECIMAL_COMMA.test(cell.text.trim()));
  if (decimalComma !== undefined) throw notANumber(source.path, firstLine, decimalComma);
  const row = hasNames ? second : first;
  if (row === null) throw new FormatError(source.path, source.size, `line ${firstLine} names columns, but no row of numbers follows.`);

  const hasTextId = row.length > 1 && !numeric(row[0]!);
  // R leaves out the name of the column of row names.
  const unnamedIds = hasTextId && hasNames && first.length === row.length - 1;
  const hasIds = hasTextId || (hasNames && row.length > 1 && ID_NAME.test(first[0]!.text.trim()));
  if (hasNames && first.length !== row.length && !unnamedIds) {
    throw new FormatError(
      source.path,
      row[0]!.at,
      `line ${lines.line} has ${cellsText(row.length)}, but line ${firstLine} names ${first.length} columns.`,
    );
  }
  const data = hasIds ? row.slice(1) : row;
  const text = data.find((cell) => !numeric(cell));
  if (text !== undefined) throw notANumber(source.path, hasNames ? lines.line : firstLine, text);

  const notes: string[] = [];
  if (hasNames) notes.push(`Line ${firstLine} is taken as column names.`);
  if (hasIds) {
    const name = hasNames && !unnamedIds ? first[0]!.text.trim() : '';
    notes.push(`The first column${name === '' ? '' : ` (${name.slice(0, 40)})`} is taken as row names and left out.`);
  }
  if (separator !== COMMA && separator !== TAB && data.length > 1) notes.push(`Cells are separated by ${SEPARATORS[separator]}.`);
  return { separator, columns: data.length, hasNames, hasIds, note: notes.length === 0 ? null : notes.join(' ') };
}

function separatorOf(bytes: Buffer, from: number, end: number): number {
  const seen = new Set<number>();
  let quoted = false;
  for (let i = from; i < end; i++) {
    const c = bytes[i]!;
    if (c === QUOTE) quoted = !quoted;
    else if (!quoted) seen.add(c);
  }
  return [TAB, SEMICOLON, COMMA, SPACE].find((c) => seen.has(c)) ?? COMMA;
}

function table(source: ByteSource, layout: Layout): MatrixSource {
  return sequential(null, layout.columns, (rowsPerBlock) => streamRows(source, layout, rowsPerBlock));
}

const BLOCK_BYTES = 8 * 2 ** 20;

async function* streamRows(source: ByteSource, layout: Layout, rowsPerBlock: number): AsyncGenerator<RowBlock> {
  const { columns, separator } = layout;
  const lines = new LineReader(source);
  lines.quotes = separator !== SPACE;
  if (layout.hasNames) await lines.next();
  // A number and its separator take two bytes: a small file does not ask for a large block.
  const rowsAtMost = Math.ceil(source.size / (2 * columns - 1));
  const perBlock = Math.max(1, Math.min(rowsPerBlock, Math.floor(BLOCK_BYTES / 8 / columns), rowsAtMost));
  const values = new Float64Array(perBlock * columns);
  const cursor: Cursor = { at: 0 };
  let first = 0;
  let count = 0;
  while (lines.nextBuffered() || (await lines.next())) {
    const at = count * columns;
    // Anything out of the ordinary goes the slow way, which also says what is wrong.
    cursor.at = lines.from;
    if (!parseRow(lines.bytes, cursor, lines.end, layout, values, at)) values.set(cellValues(lines, layout), at);
    if (++count === perBlock) {
      yield { first, count, values };
      first += count;
      count = 0;
    }
  }
  if (count > 0) yield { first, count, values };
}

/** False when the line is not plainly numbers and separators. `bytes[end]` is a line break, at which every loop stops. */
function parseRow(bytes: Buffer, cursor: Cursor, end: number, layout: Layout, into: Float64Array, at: number): boolean {
  const { separator, columns } = layout;
  if (layout.hasIds) {
    skip(bytes, cursor, SPACE);
    if (bytes[cursor.at] === QUOTE) return false;
    while (cursor.at < end && bytes[cursor.at] !== separator) cursor.at++;
    cursor.at++;
  }
  for (let j = 0; j < columns; j++) {
    skip(bytes, cursor, SPACE);
    const start = cursor.at;
    into[at + j] = parseDecimal(bytes, cursor);
    if (cursor.at === start) return false;
    if (j === columns - 1) break;
    if (separator !== SPACE) skip(bytes, cursor, SPACE);
    if (bytes[cursor.at++] !== separator) return false;
  }
  while (bytes[cursor.at] === SPACE || bytes[cursor.at] === RETURN) cursor.at++;
  return cursor.at === end;
}

function skip(bytes: Buffer, cursor: Cursor, byte: number): void {
  while (bytes[cursor.at] === byte) cursor.at++;
}

function cellValues(lines: LineReader, layout: Layout): Float64Array {
  const cells = lines.cells(layout.separator);
  const data = layout.hasIds ? cells.slice(1) : cells;
  if (data.length !== layout.columns) {
    const expected = layout.columns + (layout.hasIds ? 1 : 0);
    throw new FormatError(
      lines.path,
      lines.offset,
      `line ${lines.line} has ${cellsText(cells.length)}, but the first row has ${expected}.`,
    );
  }
  return Float64Array.from(data, (cell) => {
    const value = toNumber(cell.text);
    if (value === null) throw notANumber(lines.path, lines.line, cell);
    return value;
  });
}

function cellsText(n: number): string {
  return n === 1 ? '1 cell' : `${n} cells`;
}

function notANumber(path: string, line: number, cell: Cell): FormatError {
  const text = cell.text.trim();
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
  const hint = DECIMAL_COMMA.test(text) ? ' (numbers need a decimal point, not a comma)' : '';
  return new FormatError(path, cell.at, `line ${line}: ${shown} is not a number${hint}.`);
}
