import type { MatrixSource, RowBlock } from '../matrix-source';
import { checkRows, readInOrder } from './row-blocks';

/** Two matrices in memory, row-major: rows x rank and rank x columns. */
export interface Factors {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/**
 * The rows of `left right`, or of `base + left right`, computed as they are asked for: rank multiply-adds an element, and the product is
 * never formed.
 * @param factors asked for once, before the first row; again after it failed
 * @param base of the same size, or null
 */
export function lowRankMatrix(
  { rows, columns, rank }: { readonly rows: number; readonly columns: number; readonly rank: number },
  factors: () => Promise<Factors>,
  base: MatrixSource | null,
): MatrixSource {
  let loading: Promise<Factors> | null = null;
  const loaded = (): Promise<Factors> => {
    loading ??= factors().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
  const add = ({ left, right }: Factors, first: number, count: number, into: Float64Array): void => {
    for (let i = 0; i < count; i++) {
      const row = into.subarray(i * columns, (i + 1) * columns);
      addProduct(left, (first + i) * rank, rank, right, row);
    }
  };
  const read = async (first: number, count: number, into: Float64Array): Promise<void> => {
    checkRows(first, count, rows);
    if (base === null) into.fill(0, 0, count * columns);
    else await base.read(first, count, into);
    add(await loaded(), first, count, into);
  };
  async function* stream(rowsPerBlock: number): AsyncGenerator<RowBlock> {
    if (base !== null) {
      const both = await loaded();
      for await (const block of base.stream(rowsPerBlock)) {
        add(both, block.first, block.count, block.values);
        yield block;
      }
      return;
    }
    yield* readInOrder(read, rows, columns, rowsPerBlock);
  }
  return { rows, columns, access: base?.access ?? 'random', read, stream };
}

/** Adds the combination of the rows of `right` with the weights at `from` in `left`; four rows at a time, for fewer passes over `row`. */
function addProduct(left: Float64Array, from: number, rank: number, right: Float64Array, row: Float64Array): void {
  const columns = row.length;
  let k = 0;
  for (; k + 4 <= rank; k += 4) {
    const [a, b, c, d] = [left[from + k]!, left[from + k + 1]!, left[from + k + 2]!, left[from + k + 3]!];
    const [second, third, fourth] = [columns, 2 * columns, 3 * columns];
    for (let j = 0, at = k * columns; j < columns; j++, at++)
      row[j] = row[j]! + a * right[at]! + b * right[at + second]! + c * right[at + third]! + d * right[at + fourth]!;
  }
  for (; k < rank; k++) {
    const weight = left[from + k]!;
    for (let j = 0, at = k * columns; j < columns; j++, at++) row[j] = row[j]! + weight * right[at]!;
  }
}
