/** A GPU, in this process or another, as it is: nothing that it computes has been checked. Every method rejects once it is lost. */
export interface Gpu {
  /** @param d columns of the rows to come @throws Error when it has no room for that */
  openGram(d: number): Promise<GpuGram>;
  /** Room for so many rows of float32, to be multiplied again and again; null where it would take more than the GPU's share. */
  openRows(rows: number, d: number): Promise<GpuRows | null>;
  close(): Promise<void>;
}

/** Sums of Y^T Y in the memory of a GPU. */
export interface GpuGram {
  /** Resolves when the next rows may be handed over; `y` may be changed by then. @param y count x d, entries of magnitude 1 at most */
  add(y: Float32Array, count: number): Promise<void>;
  /** The sums since the last call, band by band from the first row to the last. @param each its argument is valid only during the call */
  take(each: (band: GramBand) => void): Promise<void>;
  release(): void;
}

/** Consecutive rows of the upper triangle. */
export interface GramBand {
  /** Of the Gram matrix; also the first column that the band holds. Beyond column d, and below the diagonal, entries mean nothing. */
  readonly firstRow: number;
  readonly rows: number;
  /** Entries of a row in `sums`. */
  readonly stride: number;
  /** Two words an entry, the low one first: a signed 64-bit multiple of 2^-46. */
  readonly sums: Uint32Array;
}

/** Rows in the memory of a GPU. */
export interface GpuRows {
  /** @param y count x d */
  add(y: Float32Array, count: number): Promise<void>;
  /**
   * Y^T (Y x) of each row x of X, in float32 for strips of rows.
   * @param x vectors x d
   * @returns strips x vectors x d, to be added
   */
  applyGram(x: Float32Array, vectors: number): Promise<Float32Array>;
  release(): void;
}
