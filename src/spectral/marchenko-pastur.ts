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
  const root = Math.sqrt(gamma);
  // x = 1 + gamma - 2 sqrt(gamma) cos t, t in [0, pi], makes the distribution function elementary.
  const mass = (t: number): number => {
    const angle = Math.atan2((1 + root) * Math.sin(t / 2), (1 - root) * Math.cos(t / 2));
    return ((1 + gamma) * t + 2 * root * Math.sin(t) - 2 * (1 - gamma) * angle) / (2 * Math.PI * gamma);
  };
  let low = 0;
  let high = Math.PI;
  for (let i = 0; i < 53; i++) {
    const middle = (low + high) / 2;
    if (mass(middle) < 0.5) low = middle;
    else high = middle;
  }
  return 1 + gamma - 2 * root * Math.cos((low + high) / 2);
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
