import type { MatrixSource } from '../../../src/formats/matrix-source';

/** The matrix of 0, 1, 2, ... row by row, with or without random access. */
export function countingMatrix(rows: number, columns: number, access: 'random' | 'sequential'): MatrixSource {
  return {
    rows,
    columns,
    access,
    async read(first, count, into) {
      if (access === 'sequential') throw new Error('This matrix can only be streamed.');
      for (let i = 0; i < count * columns; i++) into[i] = first * columns + i;
    },
    async *stream(rowsPerBlock) {
      for (let first = 0; first < rows; first += rowsPerBlock) {
        const count = Math.min(rowsPerBlock, rows - first);
        yield { first, count, values: Float64Array.from({ length: count * columns }, (_, i) => first * columns + i) };
      }
    },
  };
}
