import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import type { MatrixSource, RowBlock, TensorFile } from '../matrix-source';
import { type Cursor, parseDecimal } from './decimal';

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
      return {
        path,
        format: 'csv',
        bytes: source.size,
        tensors: [{ name: '', dtype: 'text', shape: [], bytes: source.size, matrix: { rows: null, columns }, note }],
        warnings: [],
        fingerprint: `${path} ${source.fingerprint}`,
        matrix(name) {
          if (name !== '')
            throw new FormatError(path, null, `there is no tensor named ${JSON.stringify(name)}: the file holds one unnamed table.`);
          return table(source, layout);
        },
        close: () => source.close(),
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;

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

async function refuseOtherEncodings(source: ByteSource): Promise<void> {
  const head = new Uint8Array(Math.min(source.size, 4096));
  await source.read(0, head);
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new FormatError(source.path, 0, 'the text is in UTF-16; save it as UTF-8.');
  }
  const zero = head.indexOf(0);
  if (zero >= 0)
    throw new FormatError(source.path, zero, 'text was expected, but this byte is zero: the file is binary or not written yet.');
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
  return {
    rows: null,
    columns: layout.columns,
    access: 'sequential',
    async read() {
      throw new Error('A text file can only be streamed.');
    },
    stream: (rowsPerBlock) => streamRows(source, layout, rowsPerBlock),
  };
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

const SPECIAL: Readonly<Record<string, number>> = {
  '': Number.NaN,
  nan: Number.NaN,
  na: Number.NaN,
  'n/a': Number.NaN,
  null: Number.NaN,
  none: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
};

function toNumber(cell: string): number | null {
  const text = cell.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const [, sign, word] = /^([+-]?)(.*)$/s.exec(text.toLowerCase()) as unknown as [string, string, string];
  if (!Object.hasOwn(SPECIAL, word) || (word === '' && sign !== '')) return null;
  return sign === '-' ? -SPECIAL[word]! : SPECIAL[word]!;
}

interface Cell {
  readonly text: string;
  /** Byte in the file. */
  readonly at: number;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const READ_BYTES = 2 ** 20;
const MOST_LINE_BYTES = 64 * 2 ** 20;
const MOST_CELLS = 2 ** 20;

/** Lines of a text, one at a time, with line breaks inside quotes kept. Holds one piece of the text, at least a line long. */
class LineReader {
  /** `bytes[end]` is always a line break. */
  bytes = Buffer.alloc(0);
  from = 0;
  end = -1;
  /** 1 for the first line of the file. */
  line = 0;
  /** Whether a quote at the start of a cell opens a quoted cell. */
  quotes = true;
  /** Bytes filled, and the place of the first of them in the file. */
  private filled = 0;
  private base = 0;
  private linesInside = 1;
  private nextQuote = -1;
  private finished = false;

  constructor(private readonly source: ByteSource) {}

  get path(): string {
    return this.source.path;
  }

  /** Byte of the line in the file. */
  get offset(): number {
    return this.base + this.from;
  }

  /** Moves to the next line that is neither blank nor a comment. False at the end of the text. */
  async next(): Promise<boolean> {
    while (!this.nextBuffered()) if (!(await this.more())) return false;
    return true;
  }

  /** As `next`, within the piece in memory. */
  nextBuffered(): boolean {
    for (;;) {
      const from = this.end + 1;
      const end = this.endOfLine(from);
      if (end < 0) return false;
      this.line += this.linesInside;
      this.linesInside = 1;
      this.from = from;
      this.end = end;
      if (!this.isBlank()) return true;
    }
  }

  /** The cells of this line, without their quotes. */
  cells(separator: number): Cell[] {
    const { bytes, end } = this;
    const cells: Cell[] = [];
    let p = this.from;
    const blank = (c: number) => c === SPACE || c === RETURN || (c === TAB && separator !== TAB);
    for (;;) {
      while (p < end && blank(bytes[p]!)) p++;
      if (separator === SPACE && p === end && cells.length > 0) return cells;
      if (cells.length === MOST_CELLS) {
        throw new FormatError(this.path, this.base + p, `line ${this.line} has more than ${MOST_CELLS} cells.`);
      }
      const start = p;
      if (this.quotes && bytes[p] === QUOTE) {
        p = closingQuote(bytes, p, end);
        if (p < 0) throw new FormatError(this.path, this.base + start, `line ${this.line}: the quote that opens here is never closed.`);
        cells.push({ text: bytes.toString('utf8', start + 1, p).replaceAll('""', '"'), at: this.base + start });
        p++;
        while (p < end && blank(bytes[p]!)) p++;
        if (p < end && bytes[p] !== separator) {
          throw new FormatError(this.path, this.base + p, `line ${this.line}: a separator was expected behind the closing quote.`);
        }
      } else {
        while (p < end && bytes[p] !== separator && !(separator === SPACE && blank(bytes[p]!))) p++;
        cells.push({ text: bytes.toString('utf8', start, p), at: this.base + start });
      }
      if (p >= end) return cells;
      p++;
    }
  }

  private isBlank(): boolean {
    const { bytes, end } = this;
    let p = this.from;
    while (p < end && (bytes[p] === SPACE || bytes[p] === TAB || bytes[p] === RETURN)) p++;
    return p === end || bytes[p] === HASH;
  }

  private endOfLine(from: number): number {
    if (from >= this.filled) return -1;
    const newline = this.bytes.indexOf(NEWLINE, from);
    let end = newline < 0 || newline >= this.filled ? -1 : newline;
    if (this.quotes) {
      if (this.nextQuote < from) {
        const quote = this.bytes.indexOf(QUOTE, from);
        this.nextQuote = quote < 0 ? this.filled : quote;
      }
      if (this.nextQuote < (end < 0 ? this.filled : end)) end = this.endOfQuotedLine(from);
    }
    // An open quote at the end of the text: `cells` says so.
    return end < 0 && this.finished ? this.filled - 1 : end;
  }

  private endOfQuotedLine(from: number): number {
    const { bytes, filled } = this;
    let cellStart = true;
    let breaks = 0;
    for (let p = from; p < filled; p++) {
      const c = bytes[p]!;
      if (c === QUOTE && cellStart) {
        const close = closingQuote(bytes, p, filled);
        const stop = close < 0 ? filled : close;
        for (let q = p; q < stop; q++) if (bytes[q] === NEWLINE) breaks++;
        p = stop;
        cellStart = false;
      } else if (c === NEWLINE) {
        this.linesInside = 1 + breaks;
        return p;
      } else if (c === COMMA || c === TAB || c === SEMICOLON) cellStart = true;
      else if (c !== SPACE) cellStart = false;
    }
    return -1;
  }

  /** Reads on, keeping what is not yet used. At the end of the text a last line without a break gets one. */
  private async more(): Promise<boolean> {
    if (this.finished) return false;
    const start = this.end + 1;
    const rest = this.filled - start;
    const position = this.base + this.filled;
    const left = this.source.size - position;
    if (left === 0) {
      this.finished = true;
      if (rest > 0) this.bytes[this.filled++] = NEWLINE;
      return rest > 0;
    }
    if (rest >= MOST_LINE_BYTES) {
      throw new FormatError(this.path, this.base + start, `line ${this.line + 1} is longer than ${MOST_LINE_BYTES} bytes.`);
    }
    const size = Math.min(Math.max(READ_BYTES, rest), left);
    // One byte more, for the break behind the last line.
    const bytes = this.bytes.length > rest + size ? this.bytes : Buffer.allocUnsafeSlow(rest + size + 1);
    this.bytes.copy(bytes, 0, start, this.filled);
    await this.source.read(position, bytes.subarray(rest, rest + size));
    this.bytes = bytes;
    this.base += start;
    this.filled = rest + size;
    this.end = position === 0 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 2 : -1;
    this.nextQuote = -1;
    return true;
  }
}

/** Place of the quote that closes the one at `open`, or -1; two quotes in a row stand for one. */
function closingQuote(bytes: Buffer, open: number, end: number): number {
  for (let p = open + 1; p < end; p++) {
    if (bytes[p] !== QUOTE) continue;
    if (p + 1 === end || bytes[p + 1] !== QUOTE) return p;
    p++;
  }
  return -1;
}
