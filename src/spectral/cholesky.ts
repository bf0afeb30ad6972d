/**
 * A = R^T R of a symmetric positive definite matrix, in place: R takes the upper triangle's place.
 * @param a d x d, row-major; the upper triangle is read and overwritten
 * @returns false, with `a` spoilt, when A is not positive definite to working precision
 */
export function cholesky(a: Float64Array, d: number, poll: () => void = () => {}): boolean {
  for (let k = 0; k < d; k++) {
    poll();
    const row = k * d;
    const pivot = a[row + k];
    if (!(pivot > 0)) return false;
    const root = Math.sqrt(pivot);
    a[row + k] = root;
    for (let j = k + 1; j < d; j++) a[row + j] /= root;
    for (let i = k + 1; i < d; i++) {
      const x = a[row + i];
      if (x === 0) continue;
      const out = i * d;
      for (let j = i; j < d; j++) a[out + j] -= x * a[row + j];
    }
  }
  return true;
}
