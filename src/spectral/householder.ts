/**
 * The reflection I - tau u u^T, u = (1, v), that maps (alpha, x) to (beta, 0), for x = a[first..last), which v overwrites.
 * @throws Error when an entry is not finite
 */
export function reflect(a: Float64Array, first: number, last: number, alpha: number): { tau: number; beta: number } {
  let scale = 0;
  for (let i = first; i < last; i++) scale = Math.max(scale, Math.abs(a[i]));
  if (scale === 0) return { tau: 0, beta: alpha };
  // In units of the largest entry, so that squares neither overflow nor lose digits among the subnormals.
  scale = Math.max(scale, Math.abs(alpha));
  if (!Number.isFinite(scale)) throw new Error('The matrix has entries that are not finite.');
  const pivot = alpha / scale;
  let sum = 0;
  for (let i = first; i < last; i++) {
    const x = a[i] / scale;
    a[i] = x;
    sum += x * x;
  }
  const length = Math.sqrt(pivot * pivot + sum);
  const beta = alpha > 0 ? -length : length;
  for (let i = first; i < last; i++) a[i] /= pivot - beta;
  return { tau: (beta - pivot) / beta, beta: beta * scale };
}
