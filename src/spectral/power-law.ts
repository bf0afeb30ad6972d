/**
 * Minus the least-squares slope of log l_i on log i over ranks first..last (1-based, inclusive). Agrawal et al. 2022.
 * @param eigenvalues descending, positive on the range
 */
export function decayExponent(eigenvalues: Float64Array, first: number, last: number): number {
  const n = last - first + 1;
  let sumX = 0;
  let sumY = 0;
  for (let i = first; i <= last; i++) {
    sumX += Math.log(i);
    sumY += Math.log(eigenvalues[i - 1]);
  }
  let covariance = 0;
  let variance = 0;
  for (let i = first; i <= last; i++) {
    const x = Math.log(i) - sumX / n;
    covariance += x * (Math.log(eigenvalues[i - 1]) - sumY / n);
    variance += x * x;
  }
  return -covariance / variance;
}

/**
 * The ranks over which {@link decayExponent} is taken for alpha-ReQ: the fifth to the fiftieth, or to the last that is resolved.
 * Null where these are fewer than ten.
 */
export function decayRange(resolved: number): readonly [first: number, last: number] | null {
  const last = Math.min(LAST_RANK, resolved);
  return last - FIRST_RANK + 1 >= FEWEST_RANKS ? [FIRST_RANK, last] : null;
}

const FIRST_RANK = 5;
const LAST_RANK = 50;
const FEWEST_RANKS = 10;

/** A fitted tail p(x) ~ x^-alpha for x >= xMin. */
export interface PowerLawFit {
  readonly alpha: number;
  /** (alpha - 1) / sqrt(tailCount): of independent values above a known xMin (Clauset et al. 2009, eq. 3.2). With xMin fitted it is too small. */
  readonly standardError: number;
  readonly xMin: number;
  /** How many values are in the tail, xMin among them. */
  readonly tailCount: number;
  /** Kolmogorov-Smirnov distance between the fit and the tail, the empirical distribution function taken below each step. */
  readonly distance: number;
}

/**
 * Continuous power-law tail by maximum likelihood, with the x_min of least Kolmogorov-Smirnov distance (Clauset, Shalizi, Newman 2009,
 * sections 3.1-3.3). O(n^2). Every value but the largest is tried as x_min, the smaller one wins a tie.
 *
 * The same search as WeightWatcher's, so that values can be compared. Its distance is max |F(x_i) - i / n|, i = 0 ... n - 1, as in the
 * authors' plfit and the package powerlaw: less than the two-sided one by 1 / n at most. Two differences: WeightWatcher first drops
 * s^2 <= 1e-5, an absolute threshold under which alpha would depend on the scale of the weights; here the caller drops what is rounding.
 * Its eigenvalues are s^2 of W^T W, those of C are s^2 / n: alpha and the distance are the same, xMin is in the units of `values`.
 * @param values descending, positive
 * @param poll called once per x_min that is tried; throws to stop
 * @returns null without two different values
 */
export function fitPowerLaw(values: Float64Array, poll: () => void = () => {}): PowerLawFit | null {
  const logs = values.map(Math.log);
  let best: PowerLawFit | null = null;
  let sum = logs[0];
  for (let count = 2; count <= values.length; count++) {
    poll();
    sum += logs[count - 1];
    const logMin = logs[count - 1];
    const spread = sum - count * logMin;
    if (!(spread > 0)) continue;
    const alpha = 1 + count / spread;
    let distance = 0;
    for (let i = 0; i < count; i++) {
      const cdf = 1 - Math.exp((1 - alpha) * (logs[i] - logMin));
      distance = Math.max(distance, Math.abs(cdf - (count - 1 - i) / count));
      if (best !== null && distance > best.distance) break;
    }
    if (best !== null && distance > best.distance) continue;
    best = { alpha, standardError: (alpha - 1) / Math.sqrt(count), xMin: values[count - 1], tailCount: count, distance };
  }
  return best;
}

/**
 * alpha log10 l_max (Martin, Peng, Mahoney 2021; WeightWatcher's alpha_weighted).
 * @param largest square of the largest singular value of the weight matrix, that is of W^T W and not of C = W^T W / n: it is not scale free
 */
export function alphaHat(alpha: number, largest: number): number {
  return alpha * Math.log10(largest);
}
