import { ridgeLogDet } from './log-det';

/**
 * SIGMA-UB, Algorithm 1, as reconstructed from public implementations of arXiv:2601.03385 (equation numbers are theirs).
 * G_A = sum over the observed rows of v v^T, feature side, not centred.
 */
export interface SigmaUb {
  /** Rows observed. */
  readonly n_A: number;
  /** Rows of the checkpoint. */
  readonly n_k: number;
  /** Dimension of a row. */
  readonly m: number;
  readonly delta: number;
  /** Bound on the squared length of a row: 1 for unit rows. */
  readonly rho: number;
  /** (n_k - n_A) rho. */
  readonly beta: number;
  /** logdet(G_A + delta I). */
  readonly S: number;
  /** Track II (eq. 3.19): S - m log n_A. */
  readonly U_cov: number;
  /** Track I (eqs 3.16-3.18): sum log(1 + l_j(G_A) / (beta + delta)). Null when every row is observed (beta = 0). */
  readonly G_KF: number | null;
}

/** @param eigenvalues of G_A; those not listed are 0 */
export function sigmaUb(eigenvalues: Float64Array, n_A: number, n_k: number, m: number, delta: number, rho: number): SigmaUb {
  const S = ridgeLogDet(eigenvalues, m, delta);
  const beta = (n_k - n_A) * rho;
  let G_KF: number | null = null;
  if (beta > 0) {
    G_KF = 0;
    for (const l of eigenvalues) G_KF += Math.log1p(Math.max(l, 0) / (beta + delta));
  }
  return { n_A, n_k, m, delta, rho, beta, S, U_cov: S - m * Math.log(n_A), G_KF };
}

/** Track I as a bound: logdet(G + delta I) <= G_KF + m log(beta + delta). Equals S when every row is observed. */
export function trackOneUpperBound(sigma: SigmaUb): number {
  return sigma.G_KF === null ? sigma.S : sigma.G_KF + sigma.m * Math.log(sigma.beta + sigma.delta);
}

/**
 * Half-width of Track II's own interval for U_cov of all n_k rows (eq. 3.8), by the fixed-dimension central limit theorem:
 * |U_cov(n_A) - U_cov(n_k)| < z sd(q) sqrt(1 / n_A - 1 / n_k), q_i = v_i^T C^-1 v_i.
 * It ignores the bias of log-determinants (`gaussianBias`) and is worthless where that is not small beside it.
 * @param z two-sided normal quantile of the confidence level
 */
export function trackTwoHalfWidth(sigma: SigmaUb, sdOfMahalanobis: number, z: number): number {
  return z * sdOfMahalanobis * Math.sqrt(1 / sigma.n_A - 1 / sigma.n_k);
}

/**
 * By how much U_cov of n_A rows lies below U_cov of all n_k on average, for Gaussian rows: b(n_A) - b(n_k) with
 * b(n) = -m - (n - m) log(1 - m / n), the large-m form of the exact chi-squared pivot. Negative; -Infinity where n_A <= m.
 */
export function gaussianBias({ n_A, n_k, m }: SigmaUb): number {
  const bias = (n: number): number => (n > m ? -m - (n - m) * Math.log1p(-m / n) : Number.NEGATIVE_INFINITY);
  return n_A > m ? bias(n_A) - bias(n_k) : Number.NEGATIVE_INFINITY;
}
