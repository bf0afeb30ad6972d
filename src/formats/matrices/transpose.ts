/** Eight numbers are a cache line. Larger tiles collide in the cache where a dimension is a power of two. */
const TILE = 8;

/** Writes the transpose of `from` (rows x columns, row-major) to `into` from index `at`. */
export function transpose(from: Float64Array, rows: number, columns: number, into: Float64Array, at: number): void {
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(left + TILE, columns);
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) into[at + j * rows + i] = from[i * columns + j]!;
      }
    }
  }
}
