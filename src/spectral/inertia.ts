import { cholesky } from './cholesky';
import type { Interval } from './moment-bounds';
import { tridiagonalize } from './symmetric-eigen';
import type { Tridiagonal } from './tridiagonal';

/**
 * A number that exceeds, in the spectral norm, the backward error of a completed Cholesky factorisation of a matrix with this diagonal,
 * and the rounding of adding it to the diagonal: (d + 4) eps tr A, and the underflow term 4 d (2 (d + 2) + max a_ii) eta.
 *
 * The error has |E_ij| <= (d+1) u / (1 - 2 (d+1) u) sqrt(a_ii a_jj), u = eps / 2, hence norm <= that times the trace
 * (Demmel 1989; Rump 2006, BIT 46, Theorem 2.3, whose constants these double).
 */
export function choleskyShift(diagonal: Float64Array): number {
  const d = diagonal.length;
  let trace = 0;
  let largest = 0;
  for (const x of diagonal) {
    trace += Math.max(0, x);
    largest = Math.max(largest, x);
  }
  return (d + 4) * Number.EPSILON * trace + 4 * d * (2 * (d + 2) + largest) * Number.MIN_VALUE;
}

/**
 * A certificate that l_min > tau: a Cholesky factorisation of A - tau I - shift I that completes (Rump 2006, BIT 46, 433-452).
 *
 * Slack: the shift is `choleskyShift` of A - tau I and 4 eps (max |a_ii| + |tau|) for the rounding of the diagonal, so that the verdict
 * holds for the given entries without error. It fails for l_min within about twice the shift of tau, and says nothing then.
 *
 * @param a d x d, row-major, symmetric; the upper triangle is read, and destroyed
 * @returns lower = tau, or open when there is no certificate
 */
export function smallestEigenvalueCertificate(a: Float64Array, d: number, tau: number, poll: () => void = () => {}): Interval {
  const diagonal = new Float64Array(d);
  let largest = 0;
  for (let i = 0; i < d; i++) {
    const x = a[i * d + i];
    diagonal[i] = x - tau;
    largest = Math.max(largest, Math.abs(x));
  }
  const shift = choleskyShift(diagonal) + 4 * Number.EPSILON * (largest + Math.abs(tau));
  for (let i = 0; i < d; i++) a[i * d + i] = diagonal[i] - shift;
  return { lower: cholesky(a, d, poll) ? tau : null, upper: null };
}

/**
 * The number of eigenvalues of a symmetric tridiagonal matrix below tau: negative pivots of T - tau I (Sylvester; Givens 1954).
 * In floating point it is the count of a matrix whose entries differ by a few eps, relative to the largest (Kahan 1966; Demmel, Dhillon, Ren 1995).
 */
export function sturmCount({ diagonal, offDiagonal }: Tridiagonal, tau: number): number {
  let scale = Math.abs(tau);
  for (const x of diagonal) scale = Math.max(scale, Math.abs(x));
  for (const x of offDiagonal) scale = Math.max(scale, Math.abs(x));
  if (scale === 0) return 0;
  // In units of the largest, so that no square overflows.
  const shift = tau / scale;
  let count = 0;
  let pivot = 1;
  for (let i = 0; i < diagonal.length; i++) {
    const coupling = i === 0 ? 0 : offDiagonal[i - 1] / scale;
    const square = coupling * coupling;
    // An uncoupled row starts anew, also where 0 / 0 would follow a pivot of zero.
    pivot = diagonal[i] / scale - shift - (square === 0 ? 0 : square / pivot);
    if (pivot < 0 || Object.is(pivot, -0)) count++;
  }
  return count;
}

/**
 * The number of eigenvalues below tau of a symmetric matrix, by Householder reduction and Sturm counts at tau -+ slack.
 *
 * Slack: 8 d (d + 2) eps (|A|_F + |tau|). The 2 d reflections each add at most about 6 d u |A|_F, u = eps / 2 (Higham, Accuracy and
 * Stability, Lemma 19.3), and Weyl's inequality turns that into a shift of the eigenvalues. Practice is better by about d; the two
 * sides agree unless an eigenvalue is that near to tau.
 *
 * @param a d x d, row-major; the upper triangle is read, and destroyed
 */
export function countBelowBounds(a: Float64Array, d: number, tau: number, poll: () => void = () => {}): { lower: number; upper: number } {
  let largest = 0;
  for (let i = 0; i < d; i++) for (let j = i; j < d; j++) largest = Math.max(largest, Math.abs(a[i * d + j]));
  let squares = 0;
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d && largest > 0; j++) squares += (i === j ? 1 : 2) * (a[i * d + j] / largest) ** 2;
  }
  const slack = 8 * d * (d + 2) * Number.EPSILON * (largest * Math.sqrt(squares) + Math.abs(tau));
  const form = tridiagonalize(a, d, new Float64Array(d), poll);
  return { lower: sturmCount(form, tau - slack), upper: sturmCount(form, tau + slack) };
}

/**
 * Slack on computed eigenvalues: (1e-12 + 16 d eps) times the largest absolute one. The solvers of `symmetric-eigen` are backward stable,
 * with errors of a small multiple of eps |A|_2 that grows slower than d in practice.
 */
function eigenvalueError(d: number, largest: number): number {
  return (1e-12 + 16 * d * Number.EPSILON) * largest;
}

/**
 * Cauchy's interlacing: with mu_1 >= ... >= mu_k of a k x k principal submatrix of a symmetric n x n matrix,
 * mu_i <= l_i for i <= k, and l_i <= mu_{i-n+k} for i > n - k.
 * Slack: (1e-12 + 16 k eps) max |mu|, for the computed mu.
 * @param principal mu, descending, all k of them
 * @param i 1 ... n
 */
export function interlacingBounds(principal: Float64Array, n: number, i: number): Interval {
  const k = principal.length;
  const slack = k === 0 ? 0 : eigenvalueError(k, Math.max(Math.abs(principal[0]), Math.abs(principal[k - 1])));
  return {
    lower: i <= k ? principal[i - 1] - slack : null,
    upper: i > n - k ? principal[i - n + k - 1] + slack : null,
  };
}

/**
 * Weyl's inequality: |l_i(A + E) - l_i(A)| <= |E|_2 <= |E|_F for every i.
 * Slack: (1e-12 + 16 d eps) (max |l| + |E|), for the computed spectrum.
 * @param eigenvalues of one of the two matrices, descending, all d of them
 * @param norm |E|_2, or a number above it such as |E|_F
 * @param i 1 ... d
 */
export function weylBounds(eigenvalues: Float64Array, norm: number, i: number): { lower: number; upper: number } {
  const d = eigenvalues.length;
  const slack = eigenvalueError(d, Math.max(Math.abs(eigenvalues[0]), Math.abs(eigenvalues[d - 1])) + norm);
  return { lower: eigenvalues[i - 1] - norm - slack, upper: eigenvalues[i - 1] + norm + slack };
}
