/** sum log(l_i + delta) over all d dimensions; eigenvalues not listed are 0. Small negative eigenvalues are rounding and count as 0. */
export function ridgeLogDet(eigenvalues: Float64Array, d: number, delta: number): number {
  let sum = eigenvalues.length < d ? (d - eigenvalues.length) * Math.log(delta) : 0;
  for (const l of eigenvalues) sum += Math.log(Math.max(l, 0) + delta);
  return sum;
}

/**
 * Log of Mauchly's sphericity of S' = S + relativeRidge (tr S / d) I: logdet S' - d log(tr S' / d), at most 0.
 * @param centred eigenvalues of S
 */
export function logSphericity(centred: Float64Array, d: number, relativeRidge: number): number {
  let trace = 0;
  for (const l of centred) trace += l;
  const ridge = (relativeRidge * trace) / d;
  return ridgeLogDet(centred, d, ridge) - d * Math.log(trace / d + ridge);
}

/** f_alpha = logdet(I + alpha C); twice the coding rate of MCR^2 at alpha = d / eps^2. */
export function codingLogDet(eigenvalues: Float64Array, alpha: number): number {
  let sum = 0;
  for (const l of eigenvalues) sum += Math.log1p(alpha * Math.max(l, 0));
  return sum;
}

/** d_eff(alpha) = tr alpha C (I + alpha C)^-1 = d f_alpha / d log alpha. */
export function effectiveDimension(eigenvalues: Float64Array, alpha: number): number {
  let sum = 0;
  for (const l of eigenvalues) {
    const x = alpha * Math.max(l, 0);
    sum += x / (1 + x);
  }
  return sum;
}
