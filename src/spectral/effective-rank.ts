import { jackknife, logIncrement, type PopulationEstimate } from './jackknife';

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

/** What RankMe adds to every share. */
export const RANKME_OFFSET = 1e-7;

/**
 * RankMe (Garrido et al. 2023, eq. 1): exp(-sum p log p), p = s / sum s + 1e-7, over min(n, d) singular values.
 * @param singularValues of X, uncentred
 */
export function rankMe(singularValues: Float64Array): number {
  let sum = 0;
  for (const s of singularValues) sum += s;
  let h = 0;
  for (const s of singularValues) {
    const p = s / sum + RANKME_OFFSET;
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

/** What the unbiased squares are computed from, of n rows. */
export interface CentredMoments {
  /** Eigenvalues of the covariance S with divisor n. */
  readonly eigenvalues: Float64Array;
  readonly rows: number;
  /** sum |y|^4, y = x - mean. */
  readonly fourthMoment: number;
}

/**
 * (tr Sigma)^2 / tr(Sigma^2) of the distribution, each estimated without bias from independent rows with four moments.
 * @returns null when an estimate is not positive, or n < 4
 */
export function debiasedParticipationRatio(moments: CentredMoments): number | null {
  const squares = populationSquares(moments, Number.POSITIVE_INFINITY);
  return squares === null ? null : squares.ofTrace / squares.ofMatrix;
}

/**
 * Log of the plain participation ratio of all N rows, of which the moments are those of a sample; with infinite N, of the distribution.
 * @param squares |y_i|^2 of some of the rows, drawn without regard to their values @param forms y_i^T S y_i of the same rows
 * @returns null when an estimate is not positive, or n < 4
 */
export function populationParticipationRatio(
  moments: CentredMoments,
  population: number,
  squares: Float64Array,
  forms: Float64Array,
): PopulationEstimate | null {
  const found = populationSquares(moments, population);
  if (found === null) return null;
  const { rows: n } = moments;
  const trace = Math.sqrt(found.ofTrace);
  // Both squares are averages over pairs.
  const increments = squares.map((square, i) => {
    const withOthers = (n * forms[i] - square * square) / (n - 1);
    return logIncrement(square / trace, n, 2) - logIncrement(withOthers / found.ofMatrix, n, 2);
  });
  return jackknife({ rows: n, population }, Math.log(found.ofTrace / found.ofMatrix), increments);
}

/**
 * (tr S)^2 and tr(S^2) of all N rows, S with divisor N - 1, without bias from n of them.
 *
 * The unbiased estimates of (tr Sigma)^2 and tr(Sigma^2) are averages over tuples of distinct rows (Himeno and Yamada 2014, J. Multivariate
 * Analysis 130), so that those of a sample are on average those of all rows: what they add to the plain squares of n rows is taken off
 * again for N. The fourth moment that this takes is that of the sample.
 */
function populationSquares(
  { eigenvalues, rows: n, fourthMoment }: CentredMoments,
  N: number,
): { ofTrace: number; ofMatrix: number } | null {
  if (n < 4) return null;
  let trace = 0;
  let matrix = 0;
  for (const l of eigenvalues) {
    trace += l;
    matrix += l * l;
  }
  const unbiased = (n / (n - 1)) ** 2;
  const fourth = fourthMoment / (n - 1);
  const here = himenoYamada(n);
  const there = himenoYamada(N);
  const ofMatrix = unbiased * (here.own * matrix + here.cross * trace * trace) + (there.fourth - here.fourth) * fourth;
  const ofTrace = unbiased * (here.other * trace * trace + 2 * here.cross * matrix) + (there.fourth - here.fourth) * fourth;
  const determinant = there.own * there.other - 2 * there.cross ** 2;
  const squares = {
    ofTrace: (there.own * ofTrace - 2 * there.cross * ofMatrix) / determinant,
    ofMatrix: (there.other * ofMatrix - there.cross * ofTrace) / determinant,
  };
  return squares.ofMatrix > 0 && squares.ofTrace > 0 ? squares : null;
}

/**
 * Himeno and Yamada 2014, with Q = sum |y|^4 / (n - 1) and S with divisor n - 1:
 *   tr(Sigma^2):  own tr(S^2) + cross (tr S)^2 - fourth Q      (tr Sigma)^2: other (tr S)^2 + 2 cross tr(S^2) - fourth Q
 */
function himenoYamada(n: number): { own: number; other: number; cross: number; fourth: number } {
  const r = 1 / n;
  const scale = (1 - r) / ((1 - 2 * r) * (1 - 3 * r));
  return { own: scale * (1 - r) * (1 - 2 * r), other: scale * (1 - 3 * r + r * r), cross: scale * r * r, fourth: scale * r };
}
