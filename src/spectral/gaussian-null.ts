/** Coefficients B_2k / (2k) of the asymptotic series of psi, k = 1 to 7 (Abramowitz and Stegun, 6.3.18). */
const SERIES = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];
/** From here on the first term left out is below 1e-17. */
const ASYMPTOTIC = 15;

/** psi(x), the derivative of log Gamma, to 1e-13 relative to max(1, |psi|). @param x > 0 */
export function digamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < ASYMPTOTIC; y++) shift += 1 / y;
  const z = 1 / (y * y);
  return Math.log(y) - 1 / (2 * y) - z * SERIES.reduceRight((sum, c) => sum * z + c, 0) - shift;
}

/** psi'(x), to 1e-13 relative. @param x > 0 */
export function trigamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < ASYMPTOTIC; y++) shift += 1 / (y * y);
  const z = 1 / (y * y);
  return shift + 1 / y + z / 2 + (z / y) * SERIES.reduceRight((sum, c, k) => sum * z + 2 * (k + 1) * c, 0);
}

/**
 * The law of logdet(Ch) - logdet(C) for the second moment Ch about 0 of n independent Gaussian rows of mean 0 and any regular covariance C:
 * the sum of log chi^2_{n - i} - log n over i = 0 to d - 1, chi-squares independent (Bartlett's decomposition; Anderson, An Introduction
 * to Multivariate Statistical Analysis, section 7.5). It does not depend on C. For the covariance about the sample mean with divisor
 * n - 1, pass n - 1 for n.
 *
 * An exact law, but of Gaussian rows: rows of other tails have another spread.
 * @param n rows
 * @param d dimension
 * @returns null for n < d: the determinant is 0
 */
export function gaussianLogDetNull(n: number, d: number): { mean: number; sd: number } | null {
  if (n < d) return null;
  let mean = 0;
  let variance = 0;
  for (let i = 0; i < d; i++) {
    mean += digamma((n - i) / 2) - Math.log(n / 2);
    variance += trigamma((n - i) / 2);
  }
  return { mean, sd: Math.sqrt(variance) };
}
