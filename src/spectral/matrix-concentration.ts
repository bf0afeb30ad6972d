import { bettingUpperBound } from './betting';
import type { Bound } from './bounded';
import { type SampledRows, smallest } from './sigma-s';

/**
 * The largest eigenvalue of the second moment C of all N rows, each side with failure probability eta / 2.
 *
 * Above: for u the top eigenvector of C, fixed, l_max(Ch) >= u^T Ch u is a mean of (x^T u)^2 in [0, rho] with expectation l_max(C), so that
 * Chernoff's bound holds without a factor of dimension: P(l_max(Ch) <= y) <= exp(-n D(y || l_max(C))), with D the divergence of two coins
 * of these shares of rho. Below: the matrix Chernoff bound, P(l_max(Ch) >= y) <= d exp(-n D(y || l_max(C))) (Tropp 2012, Found. Comput.
 * Math. 12, theorem 5.1). Both bound moment generating functions, which sampling without replacement does not increase (Hoeffding 1963,
 * theorem 4; Gross and Nesme 2010, arXiv:1001.2738). Matrix Bernstein with the variance known from rho alone is never narrower.
 */
export function largestEigenvalueOfAll(sample: SampledRows, confidence: number): Bound {
  return chernoff(sample, sample.eigenvalues[0] ?? 0, confidence, sample.dimension, 1);
}

/**
 * The smallest eigenvalue of C, likewise: l_min(Ch) <= u^T Ch u for the bottom eigenvector u of C bounds it below, and
 * P(l_min(Ch) <= y) <= d exp(-n D(y || l_min(C))) bounds it above.
 */
export function smallestEigenvalueOfAll(sample: SampledRows, confidence: number): Bound {
  const { lower, upper, ...rest } = chernoff(sample, smallest(sample), confidence, 1, sample.dimension);
  // The mean of all d eigenvalues is at most rho / d.
  return { lower, upper: Math.min(upper!, sample.rho / sample.dimension), ...rest };
}

/**
 * The k-th largest eigenvalue of C, likewise. Above: in the span of the k strongest eigenvectors of C the least eigenvalue of Ch is at most
 * l_k(Ch), and there C has l_k(C) as its least; below: in the span of the others, of dimension d - k + 1, likewise with the greatest
 * (Gittens and Tropp 2011, arXiv:1104.4513). With k = 1 and k = d these are the two above.
 * @param k 1-based, among the eigenvalues listed
 */
export function eigenvalueOfAll(sample: SampledRows, k: number, confidence: number): Bound {
  const { lower, upper, ...rest } = chernoff(sample, sample.eigenvalues[k - 1], confidence, sample.dimension - k + 1, k);
  // The k strongest add up to at most rho.
  return { lower, upper: Math.min(upper!, sample.rho / k), ...rest };
}

/**
 * tr C^2 of all N rows, each side with failure probability eta / 2. For unit rows its inverse is the participation ratio about 0.
 *
 * Below: tr C^2 is convex, so that it lies above its tangent plane at Ch, 2 tr C Ch - tr Ch^2, where tr C Ch is n / N tr Ch^2 + (1 - n / N)
 * (mean of x^T Ch x over the rows not sampled), which held-out rows bound (see `bettingUpperBound`, turned round). Above: by the tangent
 * plane at C, tr Ch^2 >= tr C^2 - 2 e, where e is what the mean of x^T C x over the sample lacks of its mean over all rows,
 * s = tr C^2. With x^T C x in [0, R], R = rho l_max(C) <= rho sqrt(s), and so a mean square of at most R s, e exceeds
 * sqrt(2 R s L / n) with probability at most exp(-L) (Maurer 2003, J. Inequal. Pure Appl. Math. 4), and likewise
 * (sqrt(2 (N - n) R s L) + R L / 3) / n by the rows left out (Bernstein's inequality); without replacement by Hoeffding 1963, theorem 4.
 * The smaller of the two depends on C alone. Both sides are cut down to what holds whatever the other rows are.
 * @param heldOut x^T Ch x of a uniform sample without replacement from the N - n other rows, not looked at before
 */
export function secondMomentBound(sample: SampledRows, heldOut: Float64Array, confidence: number): Bound {
  const { eigenvalues, rows: n, population: N, rho } = sample;
  const eta = (1 - confidence) / 2;
  const share = n / N;
  const squares = eigenvalues.reduce((sum, l) => sum + l * l, 0);

  let lower = share ** 2 * squares;
  if (n < N) {
    const range = rho * (eigenvalues[0] ?? 0);
    const unseen =
      range -
      bettingUpperBound(
        heldOut.map((q) => range - q),
        range,
        N - n,
        eta,
      );
    lower = Math.max(lower, 2 * (share * squares + (1 - share) * unseen) - squares);
  }

  const l = Math.log(1 / eta);
  const shortfall = (s: number): number => {
    const range = rho * Math.sqrt(s);
    const spread = 2 * range * s * l;
    return Math.min(Math.sqrt(spread / n), (Math.sqrt(spread * (N - n)) + (range * l) / 3) / n);
  };
  // s - 2 shortfall(s) grows with s wherever it is positive: one root, and the upper end of the last bracket is above it.
  let low = squares;
  let high = Math.max(low, (share * Math.sqrt(squares) + (1 - share) * rho) ** 2);
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (middle - 2 * shortfall(middle) > squares) high = middle;
    else low = middle;
  }
  return { lower, upper: high, kind: 'stochastic', confidence, method: 'Bernstein and betting' };
}

/** Cut down to what holds whatever the other rows are: n Ch / N <= C <= n Ch / N + (1 - n / N) rho I. */
function chernoff({ rows, population, rho }: SampledRows, eigenvalue: number, confidence: number, below: number, above: number): Bound {
  const share = rows / population;
  const p = Math.min(1, Math.max(0, eigenvalue / rho));
  const level = (factor: number): number => Math.log((2 * factor) / (1 - confidence)) / rows;
  return {
    lower: rho * Math.max(share * p, compatible(p, 0, level(below))),
    upper: rho * Math.min(share * p + 1 - share, compatible(p, 1, level(above))),
    kind: 'stochastic',
    confidence,
    method: 'Matrix Chernoff',
  };
}

/** The share q between p and `end` (0 or 1) with D(p || q) = level, where D grows from p on; `end` if D never reaches it. Rounded towards `end`. */
function compatible(p: number, end: number, level: number): number {
  let inside = p;
  let outside = end;
  for (;;) {
    const q = (inside + outside) / 2;
    if (q === inside || q === outside) return outside;
    if (divergence(p, q) < level) inside = q;
    else outside = q;
  }
}

/** Kullback-Leibler divergence of a coin of bias p from one of bias q. */
function divergence(p: number, q: number): number {
  return (p > 0 ? p * Math.log(p / q) : 0) + (p < 1 ? (1 - p) * Math.log((1 - p) / (1 - q)) : 0);
}
