import type { Kernels } from './kernels';

/** Rows that are multiplied again and again where they lie. Every method rejects once they are lost: their owner reads them anew. */
export interface HeldRows {
  /** @param y count x d, row-major; may be changed once this resolves */
  add(y: Float64Array, count: number, poll: () => void): Promise<void>;
  /** As `Kernels.applyGram` for all rows together, in float32. */
  applyGram(x: Float64Array, vectors: number, out: Float64Array, poll: () => void): Promise<void>;
  release(): void;
}

/** What kernels with a memory of their own do better than block by block: results travel once for many rows, or rows once for many products. */
export interface ResidentKernels extends Kernels {
  /** @param rows that will be added at most @returns null where there is no room for them */
  holdRows(rows: number, d: number): Promise<HeldRows | null>;
}
