import { bettingUpperBound } from './betting';
import type { Bound } from './bounded';
import { codingLogDet } from './log-det';
import { type SampledRows, smallest } from './sigma-s';
import { extremeSpectra } from './unseen-trace';

/**
 * f(all) = logdet(I + c X^T X) over all N rows, from a uniform sample S without replacement.
 *
 * f is monotone and submodular in the set of rows (Kelmans and Kimelfeld 1983, Discrete Appl. Math. 5), so that with the gain
 * g(x) = log(1 + x^T (X_S^T X_S + I / c)^-1 x) of one more row
 *
 *   f(S) <= f(all) <= f(S) + (N - n) (mean of g over the rows not sampled).
 *
 * Held-out rows bound that mean (see `bettingUpperBound`): g is in [0, log(1 + c rho / (1 + c n l_min(Ch)))]. The lower side and
 * the cap of the upper side, the most even spectrum of the trace that is left (see `extremeSpectra`), hold always: only the upper side
 * can fail, with probability at most eta.
 * @param c > 0
 * @param heldOut x^T (X_S^T X_S + I / c)^-1 x = x^T (Ch + I / (c n))^-1 x / n of a uniform sample without replacement from the N - n
 *   other rows, not looked at before
 */
export function gainBound(sample: SampledRows, c: number, heldOut: Float64Array, confidence: number): Bound {
  const { eigenvalues, dimension, rows, population, rho } = sample;
  const unseen = population - rows;
  const lower = codingLogDet(eigenvalues, c * rows);
  const { even } = extremeSpectra(
    eigenvalues.map((l) => rows * l),
    dimension,
    unseen * rho,
  );
  let upper = codingLogDet(even, c);
  if (unseen > 0) {
    const largest = Math.log1p((c * rho) / (1 + c * rows * smallest(sample)));
    const gain = bettingUpperBound(heldOut.map(Math.log1p), largest, unseen, 1 - confidence);
    upper = Math.min(upper, lower + unseen * gain);
  }
  return { lower, upper, kind: 'stochastic', confidence, method: 'Submodular gain bound' };
}

/**
 * F(N) <= F(k2) + (N - k2) (F(k2) - F(k1)) / (k2 - k1) for the expectation F(k) of logdet(I + c X_S^T X_S) over uniform k-subsets S of
 * the N rows, which is concave in k because gains shrink as sets grow. A statement about expectations: from one subset of each size it
 * is an estimate, not a bound.
 * @param k1 < k2 <= N
 */
export function twoPointBound(k1: number, mean1: number, k2: number, mean2: number, population: number): number {
  return mean2 + ((population - k2) * (mean2 - mean1)) / (k2 - k1);
}

/** Han's inequality: F(N) <= (N / k) F(k) (Dembo, Cover and Thomas 1991, doi 10.1109/18.104312): the two-point bound from k1 = 0, F(0) = 0. */
export function hanBound(k: number, mean: number, population: number): number {
  return twoPointBound(0, 0, k, mean, population);
}
