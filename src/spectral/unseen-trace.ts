/**
 * The two extreme spectra of A + B over all B >= 0 with a given trace, for a positive semidefinite A. `even` fills the smallest eigenvalues
 * like water, `steep` adds everything to the largest. Every possible spectrum majorises `even` and is majorised by `steep` (Ky Fan;
 * Marshall, Olkin, Arnold, Inequalities, 9.G), so Schur-concave functions (log-determinants, effective dimension, entropy, smallest
 * eigenvalue) lie between their values at `steep` and at `even`, Schur-convex ones (largest eigenvalue) the other way round. Both are
 * attained: no bound from the same knowledge is better. O(d log d).
 */
export interface ExtremeSpectra {
  /** Descending, all d of them. */
  readonly even: Float64Array;
  readonly steep: Float64Array;
}

/**
 * @param eigenvalues of A, any order; those not listed are 0
 * @param d dimension
 * @param unseen tr B >= 0
 */
export function extremeSpectra(eigenvalues: Float64Array, d: number, unseen: number): ExtremeSpectra {
  const ascending = new Float64Array(d);
  for (let i = 0; i < eigenvalues.length; i++) ascending[i] = Math.max(eigenvalues[i], 0);
  ascending.sort();
  const steep = Float64Array.from(ascending).reverse();
  steep[0] += unseen;
  // The largest k whose level (unseen + a_1 + ... + a_k) / k covers a_k.
  let sum = unseen;
  let level = 0;
  let k = 0;
  for (; k < d; k++) {
    const next = (sum + ascending[k]) / (k + 1);
    if (next < ascending[k]) break;
    sum += ascending[k];
    level = next;
  }
  const even = Float64Array.from(ascending).fill(level, 0, k).reverse();
  return { even, steep };
}
