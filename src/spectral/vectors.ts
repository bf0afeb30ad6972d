/** x . y[from...], in four sums, so that none waits for the one before. @param from where in y the vector begins */
export function dot(x: Float64Array, y: Float64Array, from = 0): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let k = 0;
  for (; k + 3 < x.length; k += 4) {
    s0 += x[k] * y[from + k];
    s1 += x[k + 1] * y[from + k + 1];
    s2 += x[k + 2] * y[from + k + 2];
    s3 += x[k + 3] * y[from + k + 3];
  }
  for (; k < x.length; k++) s0 += x[k] * y[from + k];
  return s0 + s1 + (s2 + s3);
}

/** One after the other. */
export function sum(values: Float64Array): number {
  let total = 0;
  for (const x of values) total += x;
  return total;
}

/** Rows [first, first + rows) of x into columns of length `rows`, so that the inner products run through memory in order. */
export function transpose(x: Float64Array, first: number, rows: number, columns: number, panel: Float64Array): void {
  for (let j0 = 0; j0 < columns; j0 += 16) {
    const j1 = Math.min(columns, j0 + 16);
    for (let r = 0; r < rows; r++) {
      const row = (first + r) * columns;
      for (let j = j0; j < j1; j++) panel[j * rows + r] = x[row + j];
    }
  }
}
