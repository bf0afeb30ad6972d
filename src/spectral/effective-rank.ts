/** Shannon entropy in nats of p / sum p, with 0 log 0 = 0. @param p non-negative, not all zero */
function entropy(p: Float64Array): number {
  let sum = 0;
  for (const x of p) sum += x;
  let h = 0;
  for (const x of p) if (x / sum > 0) h -= (x / sum) * Math.log(x / sum);
  return h;
}

/** exp H(l / sum l), on eigenvalues. Giraldo, Rao, Principe 2015; the Vendi score when l are those of C of unit rows. */
export function effectiveRank(eigenvalues: Float64Array): number {
  return Math.exp(entropy(eigenvalues));
}

/**
 * RankMe (Garrido et al. 2023, eq. 1): exp(-sum p log p), p = s / sum s + 1e-7, over min(n, d) singular values.
 * @param singularValues of X, uncentred
 */
export function rankMe(singularValues: Float64Array): number {
  let sum = 0;
  for (const s of singularValues) sum += s;
  let h = 0;
  for (const s of singularValues) {
    const p = s / sum + 1e-7;
    h -= p * Math.log(p);
  }
  return Math.exp(h);
}

/** (sum l)^2 / sum l^2. */
export function participationRatio(eigenvalues: Float64Array): number {
  let sum = 0;
  let squares = 0;
  for (const l of eigenvalues) {
    sum += l;
    squares += l * l;
  }
  return (sum * sum) / squares;
}

/** tr C / l_1. @param eigenvalues descending */
export function stableRank(eigenvalues: Float64Array): number {
  let sum = 0;
  for (const l of eigenvalues) sum += l;
  return sum / eigenvalues[0];
}

/** IsoScore (Rudman et al. 2022) in closed form: (PR - 1) / (d - 1), PR the participation ratio of the centred spectrum. */
export function isoScore(participation: number, d: number): number {
  return (participation - 1) / (d - 1);
}

/** Number of eigenvalues above the floor. @param eigenvalues descending */
export function countAbove(eigenvalues: Float64Array, floor: number): number {
  let count = 0;
  while (count < eigenvalues.length && eigenvalues[count] > floor) count++;
  return count;
}

/**
 * Unbiased (tr Sigma)^2 and tr(Sigma^2) for independent rows of any distribution with four moments, and their ratio.
 * Himeno and Yamada 2014 (J. Multivariate Analysis 130), with S the covariance with divisor n - 1 and Q = sum |x - mean|^4 / (n - 1):
 *   tr(Sigma^2):  (n-1) / (n (n-2) (n-3)) [ (n-1)(n-2) tr S^2 + (tr S)^2 - n Q ]
 *   (tr Sigma)^2: (n-1) / (n (n-2) (n-3)) [ 2 tr S^2 + (n^2-3n+1) (tr S)^2 - n Q ]
 *
 * @param centred eigenvalues of the covariance with divisor n
 * @param fourthMoment sum |x - mean|^4
 * @returns null when the estimate of tr(Sigma^2) is not positive, or n < 4
 */
export function debiasedParticipationRatio(centred: Float64Array, n: number, fourthMoment: number): number | null {
  if (n < 4) return null;
  let trace = 0;
  let squares = 0;
  for (const l of centred) {
    trace += l;
    squares += l * l;
  }
  const unbiased = n / (n - 1);
  trace *= unbiased;
  squares *= unbiased * unbiased;
  const q = fourthMoment / (n - 1);
  const ofSquare = (n - 1) * (n - 2) * squares + trace * trace - n * q;
  const squareOf = 2 * squares + (n * n - 3 * n + 1) * trace * trace - n * q;
  return ofSquare > 0 && squareOf > 0 ? squareOf / ofSquare : null;
}
