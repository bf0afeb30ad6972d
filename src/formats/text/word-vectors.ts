import type { ByteSource } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { rowsPerBlockOf } from '../matrices/row-blocks';
import { sequential } from '../matrices/sequential';
import { unnamedArray } from '../matrices/unnamed-array';
import type { MatrixSource, RowBlock } from '../matrix-source';
import { type Cursor, parseDecimal, toNumber } from './decimal';
import { LineReader, NEWLINE, RETURN, refuseOtherEncodings, SPACE, TAB } from './lines';

/** Far above any model of words. */
export const MOST_DIMENSIONS = 2 ** 20;
const LINES_LOOKED_AT = 64;
/** A number and the space before it. */
const LEAST_BYTES = 2;

/**
 * Word vectors written out, as word2vec, fastText and GloVe do: a line is a word and its D numbers. Words may hold spaces, `#`, quotes and
 * any Unicode: the last D fields are the numbers. word2vec and fastText write the number of words and D above; without that, as in GloVe,
 * D is the one that most of the first 64 lines agree on, so that a word of digits does not mislead.
 */
export const wordVectors: Reader = {
  async open(path, openBytes) {
    const source = await openBytes(path);
    try {
      const layout = await findLayout(source);
      const { words: rows, columns } = layout;
      const last = new Uint8Array(1);
      await source.read(source.size - 1, last);
      const cut = last[0] === NEWLINE ? [] : ['The last line has no line break: if the file was cut off, its last row may be wrong.'];
      const info = {
        dtype: 'text',
        shape: rows === null ? [] : [rows, columns],
        bytes: source.size,
        matrix: { rows, columns },
        note: 'The words are left out.',
      };
      return unnamedArray(source, 'word-vectors', info, cut, () => vectors(source, layout));
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

interface Layout {
  /** As the first line says; null where there is no such line. */
  readonly words: number | null;
  readonly columns: number;
}

async function findLayout(source: ByteSource): Promise<Layout> {
  await refuseOtherEncodings(source);
  const { path, size } = source;
  const lines = linesOf(source);
  const first = (await lines.next()) ? fieldsOf(lines) : [];
  if (first.length === 2 && first.every((field) => /^\d+$/.test(field))) {
    const [words, columns] = first.map(Number) as [number, number];
    if (!(words >= 1 && columns >= 1 && columns <= MOST_DIMENSIONS && words * columns * LEAST_BYTES <= size)) {
      throw new FormatError(path, 0, `line 1 promises ${first[0]} words with ${first[1]} numbers each, which ${size} bytes cannot hold.`);
    }
    return { words, columns };
  }
  const votes = new Map<number, number>();
  const vote = (fields: readonly string[]): void => {
    const columns = Math.min(numbersAtEnd(fields), fields.length - 1);
    if (columns > 0) votes.set(columns, (votes.get(columns) ?? 0) + 1);
  };
  vote(first);
  for (let i = 1; i < LINES_LOOKED_AT && (await lines.next()); i++) vote(fieldsOf(lines));
  const [most] = [...votes].sort(([, a], [, b]) => b - a);
  if (most === undefined) throw new FormatError(path, 0, 'a word and its numbers were expected in each line.');
  return { words: null, columns: most[0] };
}

function linesOf(source: ByteSource): LineReader {
  const lines = new LineReader(source);
  lines.quotes = false;
  lines.comments = false;
  return lines;
}

function fieldsOf({ bytes, from, end, line, path, offset }: LineReader): string[] {
  // Where a line is longer than any, its first part would be split into as many strings.
  if (end - from > 64 * MOST_DIMENSIONS)
    throw new FormatError(path, offset, `line ${line} is longer than ${MOST_DIMENSIONS} numbers can be.`);
  const fields = bytes
    .toString('latin1', from, end)
    .split(/[ \t\r]+/)
    .filter((field) => field !== '');
  if (fields.length > MOST_DIMENSIONS + 1) {
    throw new FormatError(path, offset, `line ${line} has more than the ${MOST_DIMENSIONS} numbers that are read.`);
  }
  return fields;
}

function numbersAtEnd(fields: readonly string[]): number {
  return fields.length - 1 - fields.findLastIndex((field) => toNumber(field) === null);
}

function vectors(source: ByteSource, layout: Layout): MatrixSource {
  return sequential(layout.words, layout.columns, (rowsPerBlock) => streamRows(source, layout, rowsPerBlock));
}

async function* streamRows(source: ByteSource, { words, columns }: Layout, rowsPerBlock: number): AsyncGenerator<RowBlock> {
  const lines = linesOf(source);
  if (words !== null) await lines.next();
  const perBlock = rowsPerBlockOf(columns, rowsPerBlock, words ?? Math.ceil(source.size / columns / LEAST_BYTES));
  const values = new Float64Array(perBlock * columns);
  const cursor: Cursor = { at: 0 };
  let first = 0;
  let count = 0;
  while (lines.nextBuffered() || (await lines.next())) {
    if (first + count === words) {
      throw new FormatError(lines.path, lines.offset, `line 1 promises ${words} words, but line ${lines.line} holds another.`);
    }
    cursor.at = lines.from;
    if (!parsePlainRow(lines, cursor, columns, values, count * columns)) parseFromEnd(lines, columns, values, count * columns);
    if (++count === perBlock) {
      yield { first, count, values };
      first += count;
      count = 0;
    }
  }
  if (words !== null && first + count < words) {
    throw new FormatError(source.path, source.size, `line 1 promises ${words} words, but the file ends behind ${first + count}.`);
  }
  if (count > 0) yield { first, count, values };
}

/** False unless the line is a word without spaces and numbers in digits. `bytes[end]` is a line break, at which every loop stops. */
function parsePlainRow({ bytes, end }: LineReader, cursor: Cursor, columns: number, into: Float64Array, at: number): boolean {
  while (bytes[cursor.at] !== SPACE && bytes[cursor.at] !== TAB && cursor.at < end) cursor.at++;
  for (let j = 0; j < columns; j++) {
    if (!isGap(bytes[cursor.at++]!)) return false;
    const start = cursor.at;
    into[at + j] = parseDecimal(bytes, cursor);
    if (cursor.at === start) return false;
  }
  while (isGap(bytes[cursor.at]!) || bytes[cursor.at] === RETURN) cursor.at++;
  return cursor.at === end;
}

function parseFromEnd(lines: LineReader, columns: number, into: Float64Array, at: number): void {
  const { bytes, from, end, line, path } = lines;
  let p = end;
  for (let j = columns - 1; j >= 0; j--) {
    while (p > from && (isGap(bytes[p - 1]!) || bytes[p - 1] === RETURN)) p--;
    const stop = p;
    while (p > from && !isGap(bytes[p - 1]!)) p--;
    if (p === from) {
      throw new FormatError(
        path,
        lines.offset,
        `line ${line} has ${columns - 1 - j} numbers behind its word, but ${columns} were expected.`,
      );
    }
    const text = bytes.toString('utf8', p, Math.min(stop, p + 100));
    const value = toNumber(text);
    if (value === null)
      throw new FormatError(path, lines.offset + p - from, `line ${line}: ${JSON.stringify(text.slice(0, 40))} is not a number.`);
    into[at + j] = value;
  }
}

function isGap(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
