import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, decoder } from '../matrices/elements';
import { checkRows, readInOrder } from '../matrices/row-blocks';
import type { MatrixSource } from '../matrix-source';
import { type ArrowBatch, type ArrowTable, readBatchBuffers } from './arrow-batches';
import { type BufferBytes, openBuffer } from './arrow-buffer';
import type { ArrowColumn } from './arrow-schema';

/** Bytes of vectors read at once. */
const AHEAD = 8 * 2 ** 20;
const MOST_ROWS = 2 ** 20;
/** Bytes of all single columns together. */
const PANEL = 32 * 2 ** 20;
/** A compressed batch of at most so many bytes costs little more than a row of it. */
const SMALL_BATCH = 8 * 2 ** 20;
/** Elements under missing rows are passed over, up to so many times what is wanted. */
const GAPS = 4;

/** Rows [first, first + count) of one batch into `into`, from element `at`. */
type ReadBatch = (batch: ArrowBatch, first: number, count: number, into: Float64Array, at: number) => Promise<void>;

/**
 * Rows of all batches.
 * @param openReader gives one that keeps what it opened last: one for all rows here and there, which may come at once, and one for every
 * pass through all of them, which come in order
 */
function batched(table: ArrowTable, columns: number, rowBytes: number, openReader: (inOrder: boolean) => ReadBatch): MatrixSource {
  const { batches } = table;
  const ends: number[] = [];
  let rows = 0;
  for (const batch of batches) {
    rows += batch.rows;
    ends.push(rows);
  }
  const isRandom = batches.every((batch) => !batch.isCompressed || batch.rows * rowBytes <= SMALL_BATCH);
  const readWith =
    (readBatch: ReadBatch): MatrixSource['read'] =>
    async (first, count, into) => {
      checkRows(first, count, rows);
      for (let row = first, k = firstAfter(ends, first); row < first + count; k++) {
        const batch = batches[k]!;
        const within = row - ends[k]! + batch.rows;
        const now = Math.min(first + count - row, batch.rows - within);
        await readBatch(batch, within, now, into, (row - first) * columns);
        row += now;
      }
    };
  const notRandom = async (): Promise<never> => {
    throw new Error('This matrix can only be streamed.');
  };
  return {
    rows,
    columns,
    access: isRandom ? 'random' : 'sequential',
    read: isRandom ? readWith(openReader(false)) : notRandom,
    stream: (rowsPerBlock) => readInOrder(readWith(openReader(true)), rows, columns, rowsPerBlock),
  };
}

/** Index of the first of ascending numbers that is larger. */
function firstAfter(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A column of lists, `columns` elements each; rows that are missing, and elements that are, become NaN. */
export function vectorMatrix(table: ArrowTable, column: ArrowColumn, columns: number): MatrixSource {
  const size = BYTES_PER_ELEMENT[column.type];
  const decode = decoder(column.type, 'little');
  const perRead = Math.max(1, Math.min(MOST_ROWS, Math.floor(AHEAD / (columns * size))));

  return batched(table, columns, columns * size, () => {
    const opened = lastOpened(table, column);
    return async (batch, first, count, into, at) => {
      const { present, offsets, elementPresent, elements } = await opened(batch);
      for (let done = 0; done < count; ) {
        const n = Math.min(count - done, perRead);
        const from = first + done;
        const to = at + done * columns;
        const isThere = await presence(present, from, n);
        const starts = offsets === null ? null : await readOffsets(offsets, column, from, n);
        // Of element 0 of each row; a row that is not there has none.
        const startOf = (i: number): number => (starts === null ? (from + i) * columns : starts[i]!);
        let [low, high, held] = [0, 0, 0];
        for (let i = 0; i < n; i++) {
          const length = starts === null ? columns : starts[i + 1]! - starts[i]!;
          if (length === 0) isThere[i] = 0;
          if (isThere[i] === 0) continue;
          if (length !== columns) {
            const what = `row ${from + i} of its record batch has ${length} elements in column ${JSON.stringify(column.name)}`;
            throw new FormatError(batch.source.path, batch.offset, `${what}, but the first row has ${columns}.`);
          }
          if (held++ === 0) low = startOf(i);
          high = startOf(i) + columns;
        }
        if (high - low > GAPS * n * columns) {
          throw new FormatError(
            batch.source.path,
            batch.offset,
            `missing rows of column ${JSON.stringify(column.name)} hold most of its elements.`,
          );
        }
        if (held < n) into.fill(Number.NaN, to, to + n * columns);
        if (held > 0) {
          const bytes = await elements.range(low * size, (high - low) * size);
          // Rows that lie together, here and there.
          for (let i = 0; i < n; ) {
            let next = i + 1;
            if (isThere[i] !== 0) {
              while (next < n && isThere[next] !== 0 && startOf(next) === startOf(i) + (next - i) * columns) next++;
              decode(bytes, (startOf(i) - low) * size, 1, into, to + i * columns, 1, (next - i) * columns);
            }
            i = next;
          }
        }
        if (elementPresent !== null && held > 0) {
          const bits = await presence([elementPresent], low, high - low);
          for (let i = 0; i < n; i++) {
            if (isThere[i] === 0) continue;
            const start = startOf(i) - low;
            for (let j = 0; j < columns; j++) if (bits[start + j] === 0) into[to + i * columns + j] = Number.NaN;
          }
        }
        done += n;
      }
    };
  });
}

/** Columns of single numbers side by side. */
export function numbersMatrix(table: ArrowTable, chosen: readonly ArrowColumn[]): MatrixSource {
  const columns = chosen.length;
  const sizes = chosen.map(({ type }) => BYTES_PER_ELEMENT[type]);
  const rowBytes = sizes.reduce((sum, size) => sum + size, 0);
  const decoders = chosen.map(({ type }) => decoder(type, 'little'));
  const perPanel = Math.max(1, Math.floor(PANEL / rowBytes));

  const readPanel = async (batch: ArrowBatch, first: number, count: number): Promise<Panel> => {
    const buffers = await readBatchBuffers(batch, table.schema);
    const bytes = new Uint8Array(count * rowBytes);
    const isThere: (Uint8Array | null)[] = [];
    let at = 0;
    for (const [j, { present, elements }] of chosen.entries()) {
      const length = count * sizes[j]!;
      const values = await openBuffer(batch, buffers, elements);
      bytes.set(await values.range(first * sizes[j]!, length), at);
      at += length;
      const bits = await openPresent(batch, buffers, present);
      isThere.push(bits.length === 0 ? null : await presence(bits, first, count));
    }
    return { batch, first, count, bytes, isThere };
  };
  const decodePanel = (panel: Panel, within: number, count: number, into: Float64Array, to: number): void => {
    let at = 0;
    for (let j = 0; j < columns; j++) {
      decoders[j]!(panel.bytes, at + within * sizes[j]!, 1, into, to + j, columns, count);
      const there = panel.isThere[j]!;
      if (there !== null) for (let i = 0; i < count; i++) if (there[within + i] === 0) into[to + j + i * columns] = Number.NaN;
      at += panel.count * sizes[j]!;
    }
  };

  return batched(table, columns, rowBytes, (inOrder) => {
    let last: Panel | null = null;
    return async (batch, first, count, into, to) => {
      for (let done = 0; done < count; ) {
        const row = first + done;
        let panel: Panel | null = last;
        if (panel === null || panel.batch !== batch || row < panel.first || row >= panel.first + panel.count) {
          last = null;
          // Compressed columns are decompressed whole for any row of them.
          const start = batch.isCompressed ? row - (row % perPanel) : row;
          const most = inOrder || batch.isCompressed ? perPanel : Math.min(perPanel, count - done);
          panel = await readPanel(batch, start, Math.min(batch.rows - start, most));
          last = panel;
        }
        const n = Math.min(count - done, panel.first + panel.count - row);
        decodePanel(panel, row - panel.first, n, into, to + done * columns);
        done += n;
      }
    };
  });
}

/** Rows of one batch, column after column, that were read together. */
interface Panel {
  readonly batch: ArrowBatch;
  readonly first: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  /** One for each column; null where nothing is missing. */
  readonly isThere: readonly (Uint8Array | null)[];
}

interface OpenColumn {
  readonly present: readonly BufferBytes[];
  readonly offsets: BufferBytes | null;
  readonly elementPresent: BufferBytes | null;
  readonly elements: BufferBytes;
}

/** The buffers of the column in a batch; those of the last batch stay open. */
function lastOpened(table: ArrowTable, column: ArrowColumn): (batch: ArrowBatch) => Promise<OpenColumn> {
  let last: { batch: ArrowBatch; buffers: OpenColumn } | null = null;
  return async (batch) => {
    if (last?.batch !== batch) last = { batch, buffers: await openColumn(table, column, batch) };
    return last.buffers;
  };
}

async function openColumn(table: ArrowTable, column: ArrowColumn, batch: ArrowBatch): Promise<OpenColumn> {
  const buffers = await readBatchBuffers(batch, table.schema);
  const { offsets, elementPresent, elements, present } = column;
  const elementBits = elementPresent === null ? [] : await openPresent(batch, buffers, [elementPresent]);
  return {
    present: await openPresent(batch, buffers, present),
    offsets: offsets === null ? null : await openBuffer(batch, buffers, offsets),
    elementPresent: elementBits[0] ?? null,
    elements: await openBuffer(batch, buffers, elements),
  };
}

/** Without those that are empty, where nothing is missing. */
async function openPresent(
  batch: ArrowBatch,
  buffers: Awaited<ReturnType<typeof readBatchBuffers>>,
  indices: readonly number[],
): Promise<BufferBytes[]> {
  const open: BufferBytes[] = [];
  for (const index of indices) if (buffers.buffer(index).bytes > 0) open.push(await openBuffer(batch, buffers, index));
  return open;
}

/** One a row: 0 where any of the bits is. */
async function presence(buffers: readonly BufferBytes[], first: number, count: number): Promise<Uint8Array> {
  const all = new Uint8Array(count).fill(1);
  for (const buffer of buffers) {
    const from = first >> 3;
    const bits = await buffer.range(from, Math.ceil((first + count) / 8) - from);
    for (let i = 0; i < count; i++) {
      const bit = first + i - 8 * from;
      if (((bits[bit >> 3]! >> (bit & 7)) & 1) === 0) all[i] = 0;
    }
  }
  return all;
}

async function readOffsets(buffer: BufferBytes, { list }: ArrowColumn, first: number, count: number): Promise<Float64Array> {
  const bytes = list !== null && 'offsetBytes' in list ? list.offsetBytes : 4;
  const offsets = new Float64Array(count + 1);
  decoder(bytes === 4 ? 'int32' : 'int64', 'little')(
    await buffer.range(first * bytes, offsets.length * bytes),
    0,
    1,
    offsets,
    0,
    1,
    offsets.length,
  );
  return offsets;
}

const FIRST_BATCHES = 16;
const FIRST_ROWS = 65_536;

/** Elements of the first row of lists that is there, or why the column is no matrix. */
export async function vectorLength(table: ArrowTable, column: ArrowColumn): Promise<number | string> {
  const { list } = column;
  if (list === null) throw new Error(`${column.name} is no column of lists.`);
  const rows = table.batches.reduce((sum, batch) => sum + batch.rows, 0);
  if (rows === 0) return 'It has no rows.';
  if ('fixed' in list) return list.fixed > 0 ? list.fixed : 'Its rows hold no values.';
  let first = 0;
  for (const batch of table.batches.slice(0, FIRST_BATCHES)) {
    const { present, offsets } = await openColumn(table, column, batch);
    const count = Math.min(batch.rows, FIRST_ROWS);
    const isThere = await presence(present, 0, count);
    const starts = await readOffsets(offsets!, column, 0, count);
    for (let i = 0; i < count; i++) {
      const length = starts[i + 1]! - starts[i]!;
      if (length < 0)
        throw new FormatError(batch.source.path, batch.offset, `the lists of column ${JSON.stringify(column.name)} go backwards.`);
      if (isThere[i] === 0 || length === 0) continue;
      if (first > 0 && length !== first) return `Its rows differ in length: the first has ${first} elements, another ${length}.`;
      first = length;
    }
    if (first > 0) break;
  }
  if (first === 0) return 'Its first rows hold no values.';
  const elements = table.elements.get(column.node)!;
  if (elements % first !== 0 || elements > rows * first) {
    return `Its rows differ in length: the first has ${first} elements, all ${rows} together have ${elements}.`;
  }
  return first;
}
