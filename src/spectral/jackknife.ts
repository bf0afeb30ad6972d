/** An estimate for the whole population. */
export interface PopulationEstimate {
  readonly value: number;
  readonly standardError: number;
  /** Of the standard error, for Student's t, rounded down: fewer where the increments have heavy tails. */
  readonly degreesOfFreedom: number;
  /** Bound on what is left of the bias, on either side. */
  readonly biasAllowance: number;
}

/** Of a simple random sample without replacement. */
export interface SampleSize {
  /** n. */
  readonly rows: number;
  /** N >= n; infinite for independent draws from a distribution. */
  readonly population: number;
}

/**
 * Jackknife over rows whose increments are known, with the correction for a finite population (Tukey 1958; Cochran 1977, 2.8).
 * @param increments by how much each of two or more rows, drawn without regard to their values, moves the estimate of n rows; a common
 * constant does not matter
 */
export function jackknife(
  { rows: n, population: N }: SampleSize,
  value: number,
  increments: Float64Array,
  biasAllowance = 0,
): PopulationEstimate {
  const m = increments.length;
  let mean = 0;
  for (const x of increments) mean += x / m;
  let square = 0;
  let fourth = 0;
  for (const x of increments) {
    square += (x - mean) ** 2;
    fourth += (x - mean) ** 4;
  }
  // Satterthwaite: var s^2 = sigma^4 (kurtosis - 1) / m, which 2 sigma^4 / (m - 1) matches for Gaussian increments.
  const kurtosis = square > 0 ? Math.max(3, (m * fourth) / square ** 2) : 3;
  return {
    value,
    standardError: Math.sqrt((square / (m - 1)) * n * (1 - n / N)),
    degreesOfFreedom: Math.max(1, Math.floor((2 * (m - 1)) / (kurtosis - 1))),
    biasAllowance,
  };
}

/**
 * By how much a row moves the logarithm of a positive U-statistic of n rows (Arvesen 1969).
 * @param share mean of the kernel over the tuples that hold the row, relative to the statistic
 * @param order rows in a tuple
 */
export function logIncrement(share: number, n: number, order: number): number {
  return -Math.log(Math.max(1 - (order / (n - order)) * (share - 1), 1 / n));
}
