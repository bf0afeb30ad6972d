import type { MatrixSource, RowBlock } from '../matrix-source';
import { checkRows, readInOrder } from './row-blocks';

/** Indices along an axis: `runs` runs of `run` neighbours, one every `period`, the first at `start`. */
export interface Selection {
  readonly start: number;
  readonly run: number;
  readonly period: number;
  readonly runs: number;
}

/** Of runs that are shorter than this and lie close, the rows between are read too: cheaper than one read each. */
const SHORT = 64;
const GAPS = 4;

/** Some rows of a matrix, in their order. Only they are read where the matrix can be read at random. */
export function selectedRows(matrix: MatrixSource, { start, run, period, runs }: Selection): MatrixSource {
  const { columns } = matrix;
  const rows = run * runs;
  const indexOf = (row: number) => start + Math.floor(row / run) * period + (row % run);
  const together = run < SHORT && period <= GAPS * run;
  const read = async (first: number, count: number, into: Float64Array): Promise<void> => {
    checkRows(first, count, rows);
    for (let at = first; at < first + count; ) {
      const length = Math.min(together ? SHORT : run - (at % run), first + count - at);
      const target = into.subarray((at - first) * columns);
      const from = indexOf(at);
      if (!together) await matrix.read(from, length, target);
      else {
        const between = new Float64Array((indexOf(at + length - 1) + 1 - from) * columns);
        await matrix.read(from, between.length / columns, between);
        for (let i = 0; i < length; i++) {
          const position = (indexOf(at + i) - from) * columns;
          target.set(between.subarray(position, position + columns), i * columns);
        }
      }
      at += length;
    }
  };
  const stream = (rowsPerBlock: number) => readInOrder(read, rows, columns, rowsPerBlock);
  /** Of a matrix that is read from its start to its end, the rows between are passed over. */
  async function* filtered(rowsPerBlock: number): AsyncGenerator<RowBlock> {
    let first = 0;
    for await (const block of matrix.stream(rowsPerBlock)) {
      let count = 0;
      for (let i = 0; i < block.count; i++) {
        const after = block.first + i - start;
        if (after < 0 || after % period >= run || after >= period * runs) continue;
        block.values.copyWithin(count * columns, i * columns, (i + 1) * columns);
        count++;
      }
      if (count > 0) yield { first, count, values: block.values };
      first += count;
      if (first === rows) return;
    }
  }
  return { rows, columns, access: matrix.access, read, stream: matrix.access === 'random' ? stream : filtered };
}
