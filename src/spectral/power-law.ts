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

/** A fitted tail p(x) ~ x^-alpha for x >= xMin. */
export interface PowerLawFit {
  readonly alpha: number;
  readonly xMin: number;
  /** Kolmogorov-Smirnov distance between the fit and the tail. */
  readonly distance: number;
}

/**
 * Continuous power-law tail by maximum likelihood, with the x_min of least Kolmogorov-Smirnov distance (Clauset, Shalizi, Newman 2009,
 * sections 3.1-3.3). O(n^2). Every value but the largest is tried as x_min.
 * @param values descending, positive, at least 2
 */
export function fitPowerLaw(values: Float64Array): PowerLawFit | null {
  const logs = values.map(Math.log);
  let best: PowerLawFit | null = null;
  let sum = logs[0];
  for (let count = 2; count <= values.length; count++) {
    sum += logs[count - 1];
    const logMin = logs[count - 1];
    const spread = sum - count * logMin;
    if (!(spread > 0)) continue;
    const alpha = 1 + count / spread;
    let distance = 0;
    // Descending order: value i of the tail has empirical CDF between (count - i - 1) / count and (count - i) / count.
    for (let i = 0; i < count; i++) {
      const cdf = 1 - Math.exp((1 - alpha) * (logs[i] - logMin));
      distance = Math.max(distance, Math.abs(cdf - (count - i - 1) / count), Math.abs(cdf - (count - i) / count));
      if (best !== null && distance >= best.distance) break;
    }
    if (best === null || distance < best.distance) best = { alpha, xMin: values[count - 1], distance };
  }
  return best;
}
