import type { Tridiagonal } from '../spectral/tridiagonal';

/** A symmetric matrix in a basis where it is tridiagonal, and whose first vector is parallel to a given border. */
export interface Tridiagonalization extends Tridiagonal {
  /** The border's one component in the new basis, along its first vector: plus or minus the border's Euclidean norm. */
  readonly borderCoordinate: number;
  /**
   * Vectors into the new basis.
   * @param vectors count x d, row-major; overwritten
   * @param poll called between short stretches; throws to stop
   */
  toBasis(vectors: Float64Array, count: number, poll: () => void): void;
  /** Leaves its memory to the next reduction; `toBasis` cannot be called any more. Without, the memory waits for the garbage collector. */
  release(): void;
}

/** Of the products that enter a Gram matrix. */
export type Precision = 'float64' | 'float32';

/** Y^T Y of many blocks of rows, on its way into a Gram matrix. */
export interface GramSum {
  /** As `Kernels.addGram`, but that the Gram matrix may lag behind; `y` may be changed once this resolves. */
  add(y: Float64Array, count: number, poll: () => void, precision?: Precision): Promise<void>;
  /** Resolves when all that was added is in the Gram matrix. */
  settle(poll: () => void): Promise<void>;
}

/** Rows that are multiplied again and again where they lie. Every method rejects once they are lost: their owner reads them anew. */
export interface HeldRows {
  /** @param y count x d, row-major; may be changed once this resolves */
  add(y: Float64Array, count: number, poll: () => void): Promise<void>;
  /** As `Kernels.applyGram` for all rows together, in float32; where it rejects, nothing has been added to `out`. */
  applyGram(x: Float64Array, vectors: number, out: Float64Array, poll: () => void): Promise<void>;
  release(): void;
}

/** Where the flops happen. */
export interface Kernels {
  /**
   * Adds Y^T Y to the upper triangle of `gram`.
   * @param y count x d, row-major float64
   * @param gram d x d, row-major float64; only entries with column >= row are touched
   * @param poll called between short stretches of arithmetic; throws to stop
   * @param precision that is enough, `float64` by default. With `float32`, entries are rounded to it and products of at most 64 rows are
   *   summed in it, where that is faster; entries above 2^60 may then overflow.
   */
  addGram(y: Float64Array, count: number, d: number, gram: Float64Array, poll: () => void, precision?: Precision): Promise<void>;
  /**
   * Y^T Y of blocks that come one after the other, while their reader goes on; one sum at a time.
   * @param gram d x d, row-major; the upper triangle is added to as sums come, and holds all of them once the sum is settled
   */
  sumGram(d: number, gram: Float64Array): Promise<GramSum>;
  /**
   * Adds X Y^T Y to `out`: to each of its rows Y^T (Y x) of the same row x of X. Never forms Y^T Y.
   * @param y count x d, row-major float64
   * @param x vectors x d, row-major float64
   * @param out vectors x d
   * @param poll as for `addGram`
   */
  applyGram(
    y: Float64Array,
    count: number,
    d: number,
    x: Float64Array,
    vectors: number,
    out: Float64Array,
    poll: () => void,
  ): Promise<void>;
  /**
   * Rows that travel once for many products.
   * @param rows that will be added at most
   * @returns null where there is no room for them, or no memory but the processor's own
   */
  holdRows(rows: number, d: number): Promise<HeldRows | null>;
  /**
   * Orthogonal reduction of a symmetric matrix to tridiagonal form.
   * @param a d x d, row-major; the upper triangle is read, nothing is changed
   * @param border length d, parallel to the first vector of the new basis; where it is zero, that vector is e_1
   * @param poll called between short stretches with the part of the work that is done, in [0, 1]; throws to stop
   */
  tridiagonalize(a: Float64Array, d: number, border: Float64Array, poll: (done: number) => void): Promise<Tridiagonalization>;
  /** Ends threads and lets go of devices. */
  close(): Promise<void>;
}

/** Kernels that have passed their self-test, with the label that says so. */
export interface Backend {
  readonly description: BackendDescription;
  readonly kernels: Kernels;
}

export type BackendChoice = 'auto' | 'webgpu' | 'cpu';

/** The truthful compute label. */
export interface BackendDescription {
  readonly name: 'cpu' | 'webgpu';
  /** E.g. the adapter's name, or the processor's. */
  readonly device: string;
  /** Of the products that enter the Gram matrix; sums and eigenvalues are float64 everywhere. */
  readonly precision: Precision;
  /** Largest error of the self-test at start, relative to the exact answer's largest entry. */
  readonly selfTestError: number;
  /** Why a faster backend, or the one asked for, is not in use. Null when it is. */
  readonly fallbackReason: string | null;
}
