import { type Decode, decoder } from '../matrices/elements';
import { contiguousStrides } from '../matrices/flatten';
import { checkRows, readInOrder } from '../matrices/row-blocks';
import { rowAxesOf, slabs } from '../matrices/slabs';
import type { MatrixSource, RowBlock } from '../matrix-source';
import { keptChunks, type ReadChunk } from './zarr-chunks';
import type { ChunkedArray } from './zarr-metadata';

/** Decoded elements that one row may cost to be read at random. */
const MOST_FOR_A_ROW = 2 ** 20;
/** Of float64, held where a band of chunks is more than what is kept of them. */
const PANEL_BYTES = 32 * 2 ** 20;

/**
 * An array in chunks as a matrix: its first axes, as many as make `rows`, are merged into the rows. Where a band of chunks fits in what is
 * kept of them, each is decoded once; where not, once for each panel of rows.
 */
export function zarrMatrix(array: ChunkedArray, readChunk: ReadChunk, rows: number, columns: number): MatrixSource {
  const { shape, chunk } = array;
  const decode = decoder(array.type, 'little');
  const rowAxes = rowAxesOf(shape, rows);
  const across = product(shape.map((size, k) => (k === 0 ? 1 : Math.ceil(size / chunk[k]!))));
  const fits = across <= keptChunks(array);

  const read = async (first: number, count: number, into: Float64Array): Promise<void> => {
    checkRows(first, count, rows);
    let at = 0;
    for (const slab of slabs(shape, rowAxes, first, count)) {
      await readBox(array, readChunk, decode, slab, into.subarray(at));
      at += product(slab.count);
    }
  };

  async function* inPanels(rowsPerBlock: number): AsyncGenerator<RowBlock> {
    const perPanel = Math.min(rows, Math.max(1, Math.floor(PANEL_BYTES / 8 / columns)));
    const perBlock = Math.max(1, Math.min(rowsPerBlock, perPanel));
    const panel = new Float64Array(perPanel * columns);
    for (let first = 0; first < rows; first += perPanel) {
      const inPanel = Math.min(perPanel, rows - first);
      await read(first, inPanel, panel);
      for (let at = 0; at < inPanel; at += perBlock) {
        const count = Math.min(perBlock, inPanel - at);
        yield { first: first + at, count, values: panel.subarray(at * columns, (at + count) * columns) };
      }
    }
  }

  return {
    rows,
    columns,
    access: fits && acrossRow(array, rowAxes) * product(chunk) <= MOST_FOR_A_ROW ? 'random' : 'sequential',
    async read(first, count, into) {
      if (this.access === 'sequential') throw new Error('This array can only be streamed: its chunks are large.');
      await read(first, count, into);
    },
    stream: (rowsPerBlock) => (fits ? readInOrder(read, rows, columns, rowsPerBlock) : inPanels(rowsPerBlock)),
  };
}

/** Chunks that one row lies in. */
function acrossRow({ shape, chunk }: ChunkedArray, rowAxes: number): number {
  return product(shape.map((size, k) => (k < rowAxes ? 1 : Math.ceil(size / chunk[k]!))));
}

interface Box {
  readonly offset: readonly number[];
  readonly count: readonly number[];
}

/** A box of elements, in C order. */
async function readBox(array: ChunkedArray, readChunk: ReadChunk, decode: Decode, box: Box, into: Float64Array): Promise<void> {
  const { chunk } = array;
  const strides = contiguousStrides(box.count, 'C');
  const from = box.offset.map((start, k) => Math.floor(start / chunk[k]!));
  const to = box.offset.map((start, k) => Math.ceil((start + box.count[k]!) / chunk[k]!));
  for (const index of indices(from, to)) {
    const bytes = await readChunk([...index]);
    const start = index.map((i, k) => Math.max(i * chunk[k]!, box.offset[k]!));
    const count = index.map((i, k) => Math.min((i + 1) * chunk[k]!, box.offset[k]! + box.count[k]!) - start[k]!);
    const source = dot(
      start.map((s, k) => s - index[k]! * chunk[k]!),
      array.encoding.strides,
    );
    const target = dot(
      start.map((s, k) => s - box.offset[k]!),
      strides,
    );
    for (const run of runs(count, array.encoding.strides, strides)) {
      if (bytes === null) into.fill(array.fill, target + run.target, target + run.target + run.length);
      else decode(bytes, (source + run.source) * (bytes.length / product(chunk)), run.stride, into, target + run.target, 1, run.length);
    }
  }
}

/** All index vectors in [from, to), the last axis fastest. The one given is reused. */
function* indices(from: readonly number[], to: readonly number[]): Generator<number[]> {
  const index = [...from];
  for (;;) {
    yield index;
    let axis = index.length - 1;
    while (axis >= 0 && ++index[axis]! === to[axis]) {
      index[axis] = from[axis]!;
      axis--;
    }
    if (axis < 0) return;
  }
}

/** A box of elements as runs that lie together in the target and evenly in the source, all in elements from the box's first. */
function* runs(
  count: readonly number[],
  source: readonly number[],
  target: readonly number[],
): Generator<{ readonly source: number; readonly target: number; readonly length: number; readonly stride: number }> {
  let outer = count.length - 1;
  let length = count[outer]!;
  const stride = source[outer]!;
  while (outer > 0 && target[outer - 1] === length && source[outer - 1] === length * stride) {
    outer--;
    length *= count[outer]!;
  }
  const zeros = count.slice(0, outer).map(() => 0);
  for (const index of indices(zeros, count.slice(0, outer))) {
    yield { source: dot(index, source), target: dot(index, target), length, stride };
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, k) => sum + value * b[k]!, 0);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
