/** Float64 rows, row-major. `values` is valid until the next block is asked for. */
export interface RowBlock {
  /** Index of the first row in the matrix. */
  readonly first: number;
  readonly count: number;
  readonly values: Float64Array;
}

/** A matrix in a file, never wholly in memory. */
export interface MatrixSource {
  /** Null when only reading to the end can tell (text formats). */
  readonly rows: number | null;
  readonly columns: number;
  /** `random`: any rows can be read at a cost that does not depend on the file's size. `sequential`: only from the start to the end. */
  readonly access: 'random' | 'sequential';
  /**
   * Rows [first, first + count) into the head of `into` (length >= count * columns).
   * @throws FormatError when the file ends early; Error when access is sequential
   */
  read(first: number, count: number, into: Float64Array): Promise<void>;
  /** Every row, in order, in blocks of at most `rowsPerBlock`, which the caller may change. */
  stream(rowsPerBlock: number): AsyncIterable<RowBlock>;
}

/** One tensor of a file, as its header describes it. */
export interface TensorInfo {
  /** Empty when the file holds one unnamed array. */
  readonly name: string;
  /** As the format writes it, e.g. `F32`, `<f4`, `BFloat16Storage` become `float32`, `float32`, `bfloat16`; `text` for numbers written out. */
  readonly dtype: string;
  /** Empty where only reading to the end can tell (text formats). */
  readonly shape: readonly number[];
  /** Bytes of the tensor's elements in the file, decompressed. */
  readonly bytes: number;
  /** The matrix that `TensorFile.matrix` gives, or null when the tensor cannot be one. */
  readonly matrix: { readonly rows: number | null; readonly columns: number } | null;
  /** What was done to make it a matrix, or why that is not possible; null for a plain 2-D tensor. */
  readonly note: string | null;
}

/** One opened file, or one model in several (sharded) files. */
export interface TensorFile {
  readonly path: string;
  /** Registry id of the format: `npy`, `npz`, `safetensors`, `torch`, `csv`. */
  readonly format: string;
  /** Bytes of all files together. */
  readonly bytes: number;
  /** In the file's order. */
  readonly tensors: readonly TensorInfo[];
  /** Things a person should know that did not stop the reading, each one sentence. */
  readonly warnings: readonly string[];
  /** Changes when any of the files does: their paths, sizes and modification times. */
  readonly fingerprint: string;
  /** @throws FormatError when there is no such tensor or it is not a matrix */
  matrix(name: string): MatrixSource;
  close(): Promise<void>;
}
