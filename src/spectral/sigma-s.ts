import { bettingUpperBound } from './betting';
import type { Bound } from './bounded';
import { codingLogDet, effectiveDimension } from './log-det';
import { extremeSpectra } from './unseen-trace';

/** A uniform sample of rows without replacement, and what is known of all rows. */
export interface SampledRows {
  /** Of the second moment Ch = X^T X / n of the sampled rows, descending; those not listed, up to `dimension`, are 0. */
  readonly eigenvalues: Float64Array;
  readonly dimension: number;
  /** n. */
  readonly rows: number;
  /** N >= n. */
  readonly population: number;
  /** Upper bound of |x|^2 over all N rows. */
  readonly rho: number;
}

/**
 * f_alpha(C) = logdet(I + alpha C) of the second moment C of all N rows, each side with failure probability eta / 2: no assumption on the
 * rows but |x|^2 <= rho, and none on n, N and the dimension.
 *
 * Above: logdet is concave, so that it lies below its tangent plane at Ch. With h(x) = x^T (Ch + I / alpha)^-1 x, in
 * [0, alpha rho / (1 + alpha l_min(Ch))],
 *
 *   f(C) <= f(Ch) + (1 - n / N) (mean of h over the rows not sampled - d_eff(Ch)),
 *
 * and the held-out rows bound that mean (see `bettingUpperBound`). Below: see `exceedance`. Both are cut down to what holds for
 * any other rows at all: f(n Ch / N), and the most even spectrum of the trace that is left (see `extremeSpectra`).
 * @param alpha > 0
 * @param heldOut h(x) / n of a uniform sample without replacement from the N - n other rows, not looked at before
 */
export function sigmaS(sample: SampledRows, alpha: number, heldOut: Float64Array, confidence: number): Bound {
  const { eigenvalues, dimension: d, rows: n, population: N, rho } = sample;
  const eta = (1 - confidence) / 2;
  const share = n / N;
  const plugIn = codingLogDet(eigenvalues, alpha);

  const { even } = extremeSpectra(
    eigenvalues.map((l) => share * l),
    d,
    (1 - share) * rho,
  );
  let upper = codingLogDet(even, alpha);
  if (n < N) {
    const largest = (alpha * rho) / (1 + alpha * smallest(sample));
    const unseen = bettingUpperBound(
      heldOut.map((l) => n * l),
      largest,
      N - n,
      eta,
    );
    upper = Math.min(upper, plugIn + (1 - share) * (unseen - effectiveDimension(eigenvalues, alpha)));
  }

  // The exceedance grows with f, so that f + exceedance(f) = f(Ch) has one root; the lower end of the last bracket is below it.
  let low = 0;
  let high = plugIn;
  for (let middle = high / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (middle + exceedance(middle, sample, alpha, eta) < plugIn) low = middle;
    else high = middle;
  }
  const lower = Math.max(codingLogDet(eigenvalues, alpha * share), low);

  return { lower, upper, kind: 'stochastic', confidence, method: 'SIGMA-S' };
}

/** l_min(Ch), 0 where fewer than `dimension` eigenvalues are listed. */
export function smallest({ eigenvalues, dimension }: SampledRows): number {
  return eigenvalues.length < dimension ? 0 : Math.max(0, eigenvalues[dimension - 1]);
}

/**
 * What f(Ch) exceeds f(C) by with probability at most eta: the smallest of three bounds by quantities of all rows, which do not
 * depend on the sample, so that the choice among them costs nothing.
 *
 * 1. Bounded differences without replacement (El-Yaniv and Pechyony 2009, J. Artif. Intell. Res. 35: the i-th step of Doob's martingale
 *    has the range b (N - n) / (N - i), or b n / (N - i) by the rows left out). One row for another moves f(Ch) by at most
 *    b = log(1 + alpha rho / n), since f with a row is at most b more than f without it; and E f(Ch) <= f(C) by Jensen.
 * 2. The tangent plane at C: f(Ch) - f(C) <= mean of h_C over the sample - its mean m over all rows, where
 *    h_C(x) = alpha x^T (I + alpha C)^-1 x is in [0, R], R = alpha rho / (1 + alpha l_min(C)), and m = d_eff(C) <= d (1 - exp(-f(C) / d)),
 *    by concavity of 1 - exp(-y) in y = log(1 + alpha l). Bernstein's inequality with E h_C^2 <= R m, which holds without replacement
 *    too (Hoeffding 1963, theorem 4). That l_min(C) is at least n / N times l_min(Ch) is certain.
 * 3. The same from the rows left out: their sum is then too small, and non-negative numbers have a Gaussian lower tail of variance at
 *    most R m (Maurer 2003, J. Inequal. Pure Appl. Math. 4).
 * @param f f(C)
 */
function exceedance(f: number, sample: SampledRows, alpha: number, eta: number): number {
  const { dimension: d, rows: n, population: N, rho } = sample;
  const l = Math.log(1 / eta);
  const b = Math.log1p((alpha * rho) / n);
  const swaps = (n * (N - n)) / (N - 0.5) / (1 - 1 / (2 * Math.max(n, N - n)));
  const boundedDifferences = b * Math.sqrt((swaps * l) / 2);
  const largest = (alpha * rho) / (1 + (alpha * smallest(sample) * n) / N);
  const spread = 2 * largest * -d * Math.expm1(-f / d) * l;
  return Math.min(boundedDifferences, Math.sqrt(spread / n) + (largest * l) / (3 * n), Math.sqrt(spread * (N - n)) / n);
}
