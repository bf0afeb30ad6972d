import type { Kernels } from './kernels';

/** Y^T Y of many blocks of rows, on its way into a Gram matrix. */
export interface GramSum {
  /** @param y count x d, row-major; may be changed once this resolves */
  add(y: Float64Array | Float32Array, count: number, poll: () => void): Promise<void>;
  /** Resolves when all that was added is in the Gram matrix. */
  settle(poll: () => void): Promise<void>;
}

/** Rows that are multiplied again and again where they lie. Every method rejects once they are lost: their owner reads them anew. */
export interface HeldRows {
  /** @param y count x d, row-major; may be changed once this resolves */
  add(y: Float64Array | Float32Array, count: number, poll: () => void): Promise<void>;
  /** As `Kernels.applyGram` for all rows together, in float32. */
  applyGram(x: Float64Array, vectors: number, out: Float64Array, poll: () => void): Promise<void>;
  release(): void;
}

/** What kernels with a memory of their own do better than block by block: results travel once for many rows, or rows once for many products. */
export interface ResidentKernels extends Kernels {
  /**
   * Y^T Y of blocks that come one after the other; one sum at a time.
   * @param gram d x d, row-major; the upper triangle is added to as sums come, and holds all of them once the sum is settled
   */
  sumGram(d: number, gram: Float64Array): Promise<GramSum>;
  /** @param rows that will be added at most @returns null where there is no room for them */
  holdRows(rows: number, d: number): Promise<HeldRows | null>;
}
