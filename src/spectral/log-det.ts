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

/**
 * The sharp bounds on logdet(G_A + delta I + B) over all B >= 0 with tr B = unseen: water-filling above, the top eigenvector below.
 * No bound from the same knowledge is better. O(d log d).
 * @param eigenvalues of G_A, any order; those not listed are 0
 * @param d dimension
 * @param unseen trace of the unseen block, >= 0
 */
export function remainingTraceSandwich(
  eigenvalues: Float64Array,
  d: number,
  delta: number,
  unseen: number,
): { lower: number; upper: number } {
  const a = new Float64Array(d).fill(delta);
  for (let i = 0; i < eigenvalues.length; i++) a[i] = Math.max(eigenvalues[i], 0) + delta;
  a.sort();
  let observed = 0;
  for (const x of a) observed += Math.log(x);
  const lower = observed + Math.log1p(unseen / a[d - 1]);
  // The largest k whose level mu_k = (unseen + a_1 + ... + a_k) / k covers a_k.
  let sum = unseen;
  let level = Number.NaN;
  let k = 0;
  for (; k < d; k++) {
    const mu = (sum + a[k]) / (k + 1);
    if (mu < a[k]) break;
    sum += a[k];
    level = mu;
  }
  let upper = k * Math.log(level);
  for (let i = k; i < d; i++) upper += Math.log(a[i]);
  return { lower, upper: Math.max(upper, observed) };
}
