import type { MatrixSource, TensorFile } from '../../src/formats/matrix-source';

/** A file of one matrix in memory. */
export function memoryFile(
  values: Float64Array,
  columns: number,
  { access = 'random', dtype = 'float64', name = '', format = 'npy', countsRows = true }: MemoryFileOptions = {},
): TensorFile {
  const rows = columns === 0 ? 0 : values.length / columns;
  const source: MatrixSource = {
    rows: countsRows ? rows : null,
    columns,
    access,
    async read(first, count, into) {
      into.set(values.subarray(first * columns, (first + count) * columns));
    },
    async *stream(rowsPerBlock) {
      for (let first = 0; first < rows; first += rowsPerBlock) {
        const count = Math.min(rowsPerBlock, rows - first);
        yield { first, count, values: values.slice(first * columns, (first + count) * columns) };
      }
    },
  };
  const bytes = 8 * values.length;
  return {
    path: 'memory',
    format,
    bytes,
    tensors: [{ name, dtype, shape: [rows, columns], bytes, matrix: source, note: null }],
    warnings: [],
    fingerprint: '',
    matrix: () => source,
    async close() {},
  };
}

export interface MemoryFileOptions {
  readonly access?: MatrixSource['access'];
  readonly dtype?: string;
  readonly name?: string;
  readonly format?: string;
  /** Text formats tell how many rows there are only at their end. */
  readonly countsRows?: boolean;
}
