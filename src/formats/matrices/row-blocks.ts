import type { MatrixSource, RowBlock } from '../matrix-source';

/** Bytes of a block at most, unless one row has more. */
const BLOCK_BYTES = 8 * 2 ** 20;

/** Rows per block that keep a block small. */
export function rowsPerBlockOf(columns: number, rowsPerBlock: number, rows: number): number {
  return Math.max(1, Math.min(rowsPerBlock, rows, Math.floor(BLOCK_BYTES / 8 / columns)));
}

/** @throws RangeError unless rows [first, first + count) are among so many */
export function checkRows(first: number, count: number, rows: number): void {
  if (!(first >= 0 && count >= 0 && first + count <= rows))
    throw new RangeError(`Rows ${first} to ${first + count} of a matrix of ${rows}.`);
}

/** The stream of a matrix whose rows can be read anywhere: by reading them in order. */
export async function* readInOrder(
  read: MatrixSource['read'],
  rows: number,
  columns: number,
  rowsPerBlock: number,
): AsyncGenerator<RowBlock> {
  const perBlock = rowsPerBlockOf(columns, rowsPerBlock, rows);
  const values = new Float64Array(perBlock * columns);
  for (let first = 0; first < rows; first += perBlock) {
    const count = Math.min(perBlock, rows - first);
    await read(first, count, values);
    yield { first, count, values };
  }
}

/** Collects rows that come in pieces of any length into blocks. */
export class RowBlocks {
  private readonly values: Float64Array;
  private first = 0;
  private filled = 0;

  constructor(
    private readonly columns: number,
    perBlock: number,
  ) {
    this.values = new Float64Array(perBlock * columns);
  }

  /** Elements of the last row so far, 0 between rows. */
  get partial(): number {
    return this.filled % this.columns;
  }

  /** Rows that are whole, of all blocks. */
  get rows(): number {
    return this.first + Math.floor(this.filled / this.columns);
  }

  /** Elements that fit in the block. */
  get room(): number {
    return this.values.length - this.filled;
  }

  /** At most `room` elements. */
  add(values: Float64Array): void {
    this.values.set(values, this.filled);
    this.filled += values.length;
  }

  fill(value: number, count: number): void {
    this.values.fill(value, this.filled, this.filled + count);
    this.filled += count;
  }

  /** The block, if it is full, or if it holds any row and `last` is set; the next one then begins. */
  take(last = false): RowBlock | null {
    if (this.filled === 0 || (!last && this.room > 0)) return null;
    const count = Math.floor(this.filled / this.columns);
    const block = { first: this.first, count, values: this.values };
    this.first += count;
    this.filled = 0;
    return block;
  }
}
