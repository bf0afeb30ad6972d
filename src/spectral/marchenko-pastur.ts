/** Upper edge sigma^2 (1 + sqrt(gamma))^2 of the spectrum of X^T X / n for n x d independent noise, gamma = d / n. */
export function marchenkoPasturEdge(variance: number, gamma: number): number {
  return variance * (1 + Math.sqrt(gamma)) ** 2;
}

/**
 * Median of the Marchenko-Pastur law of the non-zero eigenvalues of X^T X / n, for unit variance.
 * For gamma > 1 these are gamma times those of the transposed matrix.
 */
export function marchenkoPasturMedian(gamma: number): number {
  if (gamma > 1) return gamma * marchenkoPasturMedian(1 / gamma);
  const low = (1 - Math.sqrt(gamma)) ** 2;
  const high = (1 + Math.sqrt(gamma)) ** 2;
  // x = centre - half cos t takes the square roots at both edges out of the integrand.
  const centre = (low + high) / 2;
  const half = (high - low) / 2;
  const steps = 2000;
  const density = (t: number): number => (half * Math.sin(t)) ** 2 / (2 * Math.PI * gamma * (centre - half * Math.cos(t)));
  // With gamma = 1 the density at t = 0 is 0 / 0; its limit is finite, and one of 2000 cells does not matter at the midpoint rule.
  let mass = 0;
  const width = Math.PI / steps;
  for (let i = 0; i < steps; i++) {
    const cell = density((i + 0.5) * width) * width;
    if (mass + cell >= 0.5) return centre - half * Math.cos((i + (0.5 - mass) / cell) * width);
    mass += cell;
  }
  return high;
}

/**
 * Noise variance under the hypothesis that most directions are noise: median eigenvalue over the law's median (Gavish and Donoho 2014).
 * @param eigenvalues non-zero ones of X^T X / n, descending
 */
export function noiseVariance(eigenvalues: Float64Array, gamma: number): number {
  const n = eigenvalues.length;
  const median = n % 2 === 1 ? eigenvalues[(n - 1) / 2] : (eigenvalues[n / 2 - 1] + eigenvalues[n / 2]) / 2;
  return median / marchenkoPasturMedian(gamma);
}
