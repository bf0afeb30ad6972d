import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT } from '../matrices/elements';
import { RowBlocks, rowsPerBlockOf } from '../matrices/row-blocks';
import { sequential } from '../matrices/sequential';
import type { RowBlock, TensorFile } from '../matrix-source';
import { type ColumnMatrix, openColumn } from '../tables/column-matrix';
import { commonType, listedNames, MOST_NUMERIC_COLUMNS, NUMERIC_COLUMNS, numericColumns, numericNote } from '../tables/table-columns';
import { type ColumnChunk, type ParquetColumn, type ParquetMetadata, readParquetMetadata } from './parquet-metadata';
import { type Page, readPages } from './parquet-pages';

/**
 * Columns of vectors (lists of numbers, one a row), and all columns of single numbers together as one more matrix.
 * A row group is read page by page: memory does not grow with its size.
 */
export const parquet: Reader = {
  async open(path: string, openBytes: OpenBytes): Promise<TensorFile> {
    const source = await openBytes(path);
    try {
      const metadata = await readParquetMetadata(source);
      const matrices = await matricesOf(source, metadata);
      if (matrices.length === 0) {
        const names = listedNames([...metadata.columns.map(({ name }) => name), ...metadata.others]);
        throw new FormatError(path, null, `no column holds vectors, and fewer than two hold numbers; its columns are ${names}.`);
      }
      const byName = new Map(matrices.map((matrix) => [matrix.info.name, matrix]));
      return {
        path,
        format: 'parquet',
        bytes: source.size,
        tensors: matrices.map(({ info }) => info),
        warnings: [],
        fingerprint: `${path} ${source.fingerprint}`,
        matrix: (name) => openColumn(path, byName, name),
        close: () => source.close(),
      };
    } catch (error) {
      await source.close();
      throw error;
    }
  },
};

async function matricesOf(source: ByteSource, metadata: ParquetMetadata): Promise<ColumnMatrix[]> {
  const { columns, rows } = metadata;
  const lists = columns.filter(({ repetition }) => repetition > 0);
  const numbers = columns.filter(({ repetition }) => repetition === 0);
  const taken = new Map<string, number>();
  for (const { name } of lists) taken.set(name, (taken.get(name) ?? 0) + 1);
  const matrices: ColumnMatrix[] = [];
  for (const column of lists) {
    const name = taken.get(column.name)! > 1 ? column.path : column.name;
    const found = rows === 0 ? 'It has no rows.' : await vectorLength(source, metadata, column);
    const shape = typeof found === 'string' ? [rows] : [rows, found];
    const note = typeof found === 'string' ? found : null;
    const elements = metadata.groups.reduce((sum, { chunks }) => sum + (chunks[column.leaf]?.values ?? 0), 0);
    const info = { name, dtype: column.type, shape, bytes: elements * BYTES_PER_ELEMENT[column.type], note };
    matrices.push(
      typeof found === 'string'
        ? { info: { ...info, matrix: null }, open: null }
        : {
            info: { ...info, matrix: { rows, columns: found } },
            open: () => sequential(rows, found, (n) => streamVectors(source, metadata, column, found, n)),
          },
    );
  }
  const chosen = numericColumns(numbers);
  if (rows > 0 && chosen.length >= 2 && chosen.length <= MOST_NUMERIC_COLUMNS) {
    const info = {
      name: NUMERIC_COLUMNS,
      dtype: commonType(chosen),
      shape: [rows, chosen.length],
      bytes: rows * chosen.reduce((sum, column) => sum + BYTES_PER_ELEMENT[column.type], 0),
      matrix: { rows, columns: chosen.length },
      note: numericNote(chosen, columns.length + metadata.others.length),
    };
    matrices.push({ info, open: () => sequential(rows, chosen.length, (n) => streamNumbers(source, metadata, chosen, n)) });
  }
  return matrices;
}

const FIRST_PAGES = 16;

/** Elements of the first vector that there is, or why the column is no matrix. */
async function vectorLength(source: ByteSource, metadata: ParquetMetadata, column: ParquetColumn): Promise<number | string> {
  if (column.repetition > 1) return 'Its rows are lists of lists.';
  const { groups, rows } = metadata;
  const entries = groups.reduce((sum, { chunks }) => sum + (chunks[column.leaf]?.values ?? 0), 0);
  const { first, other } = await firstLengths(source, metadata, column);
  if (other !== null) return `Its rows differ in length: the first has ${first} elements, another ${other}.`;
  if (first === 0) return 'Its first rows hold no values.';
  // A missing vector is one entry.
  const missing = first === 1 ? 0 : (rows * first - entries) / (first - 1);
  if (missing < 0 || missing > rows || !Number.isInteger(missing) || entries < rows) {
    return `Its rows differ in length: the first has ${first} elements, all ${rows} together have ${entries}.`;
  }
  return first;
}

/** Lengths of the first row that is there and of the next one that differs, null if none does as far as was looked: to the end of the page that ends the first. */
async function firstLengths(
  source: ByteSource,
  { groups }: ParquetMetadata,
  column: ParquetColumn,
): Promise<{ readonly first: number; readonly other: number | null }> {
  let first = 0;
  let length = 0;
  let seen = 0;
  for (const { chunks } of groups) {
    const chunk = chunks[column.leaf];
    if (!chunk) continue;
    for await (const { entries, repetition, definition } of readPages(source, column, chunk, 2 ** 20)) {
      for (let i = 0; i < entries; i++) {
        if (repetition![i] === 0) {
          if (first > 0 && length > 0 && length !== first) return { first, other: length };
          first ||= length;
          length = 0;
        }
        if (definition === null || definition[i]! >= column.listDefinition) length++;
      }
      if (first > 0 || ++seen >= FIRST_PAGES) return { first, other: null };
    }
    if (length > 0) return { first: length, other: null };
  }
  return { first, other: null };
}

function chunkOf(
  source: ByteSource,
  column: ParquetColumn,
  chunks: ParquetMetadata['groups'][number]['chunks'],
  group: number,
): ColumnChunk {
  const chunk = chunks[column.leaf];
  if (!chunk) {
    throw new FormatError(
      source.path,
      null,
      `row group ${group} does not hold column ${JSON.stringify(column.name)}: it is encrypted, or in another file.`,
    );
  }
  return chunk;
}

/** Rows that are missing, and elements that are, become NaN. */
async function* streamVectors(
  source: ByteSource,
  metadata: ParquetMetadata,
  column: ParquetColumn,
  columns: number,
  rowsPerBlock: number,
): AsyncGenerator<RowBlock> {
  const blocks = new RowBlocks(columns, rowsPerBlockOf(columns, rowsPerBlock, metadata.rows));
  let expected = 0;
  for (const [g, { rows, chunks }] of metadata.groups.entries()) {
    expected += rows;
    if (rows === 0) continue;
    const chunk = chunkOf(source, column, chunks, g);
    const wrong = (length: string) =>
      new FormatError(
        source.path,
        chunk.offset,
        `row ${blocks.rows} of column ${JSON.stringify(column.name)} has ${length} elements, but the first has ${columns}.`,
      );
    for await (const page of readPages(source, column, chunk)) {
      const { entries, definition, values } = page;
      const repetition = page.repetition!;
      let at = 0;
      let value = 0;
      while (at < entries) {
        const starts = repetition[at] === 0;
        if (starts && blocks.partial !== 0) throw wrong(`${blocks.partial}`);
        if (!starts && blocks.partial === 0) throw wrong('more');
        if (definition !== null && definition[at]! < column.listDefinition) {
          // Null or empty: one entry that stands for the whole row.
          if (!starts) throw wrong('unknown');
          blocks.fill(Number.NaN, columns);
          at++;
        } else {
          // As much of this row as the page holds.
          let next = repetition.indexOf(0, at + 1);
          if (next < 0) next = entries;
          const length = next - at;
          if (length > columns - blocks.partial) throw wrong(`${blocks.partial + length} or more`);
          if (definition === null) {
            blocks.add(values.subarray(value, value + length));
            value += length;
          } else {
            for (let i = at; i < next; i++) {
              if (definition[i] === column.maxDefinition) blocks.add(values.subarray(value, ++value));
              else blocks.fill(Number.NaN, 1);
            }
          }
          at = next;
        }
        if (blocks.room === 0) yield blocks.take()!;
      }
    }
    if (blocks.partial !== 0) throw wrong(`${blocks.partial}`);
    if (blocks.rows !== expected) {
      throw new FormatError(
        source.path,
        chunk.offset,
        `row group ${g} should end after row ${expected}, but column ${JSON.stringify(column.name)} has ${blocks.rows}.`,
      );
    }
  }
  const rest = blocks.take(true);
  if (rest !== null) yield rest;
}

/** Bytes of the file held at most, for all columns together. */
const READ_AHEAD = 64 * 2 ** 20;
/** Decoded pages of all columns together. */
const MOST_HELD = 2 ** 30;

async function* streamNumbers(
  source: ByteSource,
  metadata: ParquetMetadata,
  chosen: readonly ParquetColumn[],
  rowsPerBlock: number,
): AsyncGenerator<RowBlock> {
  const columns = chosen.length;
  const perBlock = rowsPerBlockOf(columns, rowsPerBlock, metadata.rows);
  const values = new Float64Array(perBlock * columns);
  let first = 0;
  let count = 0;
  for (const [g, { rows, chunks }] of metadata.groups.entries()) {
    const cursors = chosen.map((column) => new NumberCursor(source, column, chunkOf(source, column, chunks, g), READ_AHEAD / columns));
    try {
      for (let done = 0; done < rows; ) {
        const now = Math.min(rows - done, perBlock - count);
        let held = 0;
        for (const [j, cursor] of cursors.entries()) {
          await cursor.read(values, count * columns + j, columns, now);
          held += cursor.held;
        }
        if (held > MOST_HELD)
          throw new FormatError(source.path, null, 'the pages of all columns together are too large; write the file with smaller pages.');
        done += now;
        count += now;
        if (count === perBlock) {
          yield { first, count, values };
          first += count;
          count = 0;
        }
      }
    } finally {
      for (const cursor of cursors) await cursor.close();
    }
  }
  if (count > 0) yield { first, count, values };
}

/** One column of single numbers, read on as far as is asked for. */
class NumberCursor {
  private readonly pages: AsyncGenerator<Page>;
  private page: Page | null = null;
  private at = 0;
  private value = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly column: ParquetColumn,
    private readonly chunk: ColumnChunk,
    readAhead: number,
  ) {
    this.pages = readPages(source, column, chunk, readAhead);
  }

  /** Bytes. */
  get held(): number {
    return this.page === null ? 0 : this.page.values.buffer.byteLength;
  }

  /** The next `count` numbers to `into[at]`, `into[at + step]`, ...; NaN where one is missing. */
  async read(into: Float64Array, at: number, step: number, count: number): Promise<void> {
    for (let to = at, left = count; left > 0; ) {
      if (this.page === null || this.at === this.page.entries) {
        const next = await this.pages.next();
        if (next.done) {
          throw new FormatError(
            this.source.path,
            this.chunk.offset,
            `column ${JSON.stringify(this.column.name)} has fewer values than rows.`,
          );
        }
        this.page = next.value;
        this.at = 0;
        this.value = 0;
      }
      const { definition, values, entries } = this.page;
      const now = Math.min(left, entries - this.at);
      for (let i = 0; i < now; i++, to += step) {
        into[to] = definition === null || definition[this.at + i] === this.column.maxDefinition ? values[this.value++]! : Number.NaN;
      }
      this.at += now;
      left -= now;
    }
  }

  async close(): Promise<void> {
    await this.pages.return(undefined);
  }
}
