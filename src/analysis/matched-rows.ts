import type { MatrixSource } from '../formats/matrix-source';
import { RowPreparation } from './prepare-rows';
import { type Rows, readRows, sampleStream } from './read-rows';
import { nestedSample } from './sample';

/** Rows of two matrices with equally many columns, as the statistics use them. */
export interface MatchedRows {
  readonly columns: number;
  /** Rows of each matrix, sampled or not. */
  readonly total: readonly [number, number];
  /** Both matrices have equally many rows: row i of `x` belongs to row i of `y`. */
  readonly paired: boolean;
  readonly x: Rows;
  readonly y: Rows;
  /** Sampled rows that cannot be used; when paired, the pairs with such a row. */
  readonly dropped: number;
}

/** @param total rows of each matrix @param wanted rows of each matrix, at most */
export async function matchedRows(
  sources: readonly [MatrixSource, MatrixSource],
  total: readonly [number, number],
  { wanted, seed, normalize }: { wanted: number; seed: number; normalize: boolean },
  poll: () => void,
): Promise<MatchedRows> {
  const { columns } = sources[0];
  const paired = total[0] === total[1];
  const sampledA = await sampleRows(sources[0], total[0], wanted, seed, poll);
  const sampledB = await sampleRows(sources[1], total[1], wanted, seed, poll);
  const usableA = usableRows(sampledA, columns, normalize);
  const usableB = usableRows(sampledB, columns, normalize);
  const gather = (own: readonly Usable[], other: readonly Usable[]): Rows =>
    stacked(
      own.filter((row, i): row is Float64Array => row !== null && (!paired || other[i] !== null)),
      columns,
    );
  const x = gather(usableA, usableB);
  const y = gather(usableB, usableA);
  const dropped = paired ? sampledA.count - x.count : sampledA.count + sampledB.count - x.count - y.count;
  return { columns, total, paired, x, y, dropped };
}

/** The sampled rows of one file, in the order of their indices. */
async function sampleRows(source: MatrixSource, total: number, wanted: number, seed: number, poll: () => void): Promise<Rows> {
  if (source.access === 'sequential') return (await sampleStream(source, wanted, 0, seed, poll)).rows;
  const indices = nestedSample(total, wanted, seed);
  const values = new Float64Array(indices.length * source.columns);
  let read = 0;
  for await (const rows of readRows(source, indices)) {
    poll();
    values.set(rows.values.subarray(0, rows.count * source.columns), read * source.columns);
    read += rows.count;
  }
  return { count: read, values };
}

/** A sampled row as the statistics use it, or null where they cannot. */
type Usable = Float64Array | null;

function usableRows({ count, values }: Rows, columns: number, normalize: boolean): Usable[] {
  const preparation = new RowPreparation(columns, normalize);
  return Array.from({ length: count }, (_, i) => {
    const row = preparation.prepare({ count: 1, values: values.subarray(i * columns, (i + 1) * columns) });
    return row.count === 1 ? row.values : null;
  });
}

function stacked(rows: readonly Float64Array[], columns: number): Rows {
  const values = new Float64Array(rows.length * columns);
  for (const [i, row] of rows.entries()) values.set(row, i * columns);
  return { count: rows.length, values };
}
