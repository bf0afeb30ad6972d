import { BYTES_PER_ELEMENT, decoder, type ElementType } from '../matrices/elements';
import { checkRows } from '../matrices/row-blocks';
import { rowAxesOf, slabs } from '../matrices/slabs';
import type { MatrixSource, RowBlock } from '../matrix-source';
import type { Hdf5File } from './hdf5-library';

/** A dataset of numbers. */
export interface NumericDataset {
  readonly path: string;
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Elements of a chunk along each axis; null where it lies in one piece. */
  readonly chunks: readonly number[] | null;
}

/** Bytes read ahead. */
const AHEAD = 4 * 2 ** 20;
/** Bytes held so that no chunk is read twice. */
const MOST_HELD = 64 * 2 ** 20;

/** A dataset as a matrix: its first axes, as many as make `rows`, are merged into the rows. */
export function hdf5Matrix(file: Hdf5File, dataset: NumericDataset, rows: number, columns: number): MatrixSource {
  const { path, shape, type, chunks } = dataset;
  const size = BYTES_PER_ELEMENT[type];
  const decode = decoder(type, 'little');
  const rowAxes = rowAxesOf(shape, rows);
  const rowBytes = columns * size;
  const rowsPerUnit = chunks === null ? 1 : Math.min(rows, chunks[0]! * product(shape.slice(1, rowAxes)));
  const unitBytes = rowsPerUnit * rowBytes;
  const rowsPerPanel =
    unitBytes > MOST_HELD ? Math.max(1, Math.floor(MOST_HELD / rowBytes)) : rowsPerUnit * Math.max(1, Math.floor(AHEAD / unitBytes));

  const load = (first: number, count: number, into: Float64Array): void => {
    let at = 0;
    for (const slab of slabs(shape, rowAxes, first, count)) {
      const elements = product(slab.count);
      const decoded = (stored: Uint8Array): void => decode(stored, 0, 1, into, at, 1, elements);
      file.read(path, slab.offset, slab.count, elements * size, decoded);
      at += elements;
    }
  };

  return {
    rows,
    columns,
    access: unitBytes > AHEAD && chunks !== null ? 'sequential' : 'random',
    async read(first, count, into) {
      if (this.access === 'sequential') throw new Error('This dataset can only be streamed: its chunks are large.');
      checkRows(first, count, rows);
      for (let at = 0; at < count; at += rowsPerPanel) {
        load(first + at, Math.min(rowsPerPanel, count - at), into.subarray(at * columns));
      }
    },
    async *stream(rowsPerBlock): AsyncGenerator<RowBlock> {
      const perPanel = Math.min(rows, rowsPerPanel);
      const perBlock = Math.max(1, Math.min(rowsPerBlock, perPanel));
      const panel = new Float64Array(perPanel * columns);
      for (let start = 0; start < rows; start += perPanel) {
        const inPanel = Math.min(perPanel, rows - start);
        load(start, inPanel, panel);
        for (let at = 0; at < inPanel; at += perBlock) {
          const count = Math.min(perBlock, inPanel - at);
          yield { first: start + at, count, values: panel.subarray(at * columns, (at + count) * columns) };
        }
      }
    },
  };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
