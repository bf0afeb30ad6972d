import { cholesky } from './cholesky';
import { logSphericity } from './log-det';
import { singularValues } from './singular-values';
import { dot, sum } from './vectors';

/** The change of logdet S' between two covariances, and its two voices; `total` = `scale` + `shape`, in nats. */
export interface LogDetSplit {
  readonly total: number;
  /** d times the change of log(tr S' / d). */
  readonly scale: number;
  /** The change of the log of Mauchly's sphericity (Mauchly 1940). */
  readonly shape: number;
}

/**
 * S' = S + relativeRidge (tr S / d) I on each side.
 * @param before eigenvalues of the first S, not all zero; those not listed are 0 @param after of the second
 */
export function logDetSplit(before: Float64Array, after: Float64Array, d: number, relativeRidge: number): LogDetSplit {
  const shape = logSphericity(after, d, relativeRidge) - logSphericity(before, d, relativeRidge);
  const scale = d * Math.log(sum(after) / sum(before));
  return { total: scale + shape, scale, shape };
}

/**
 * Stein's divergence tr(A' B'^-1) - logdet(A' B'^-1) - d >= 0 (James and Stein 1961): twice the Kullback-Leibler divergence of the
 * zero-mean Gaussians with these covariances. One-sided: it grows without bound as B collapses. A' = A + relativeRidge (tr A / d) I.
 *
 * With A' = R^T R and B' = U^T U the trace is |R U^-1|_F^2: no eigenvectors are needed.
 * @param a upper triangle of A, d x d @param b of B
 * @returns 0 where what is left is rounding
 * @throws RangeError where A' or B' is not positive definite to working precision
 */
export function steinDivergence(a: Float64Array, b: Float64Array, d: number, relativeRidge: number, poll: () => void = () => {}): number {
  const [first, second] = [a, b].map((matrix) => {
    const factor = matrix.slice();
    const ridge = (relativeRidge * traceOf(matrix, d)) / d;
    for (let j = 0; j < d; j++) factor[j * d + j] += ridge;
    if (!cholesky(factor, d, poll)) throw new RangeError('A covariance is not positive definite.');
    return factor;
  });
  let trace = 0;
  let logDet = 0;
  for (let i = 0; i < d; i++) {
    poll();
    logDet += 2 * Math.log(first[i * d + i] / second[i * d + i]);
    // Row i of R U^-1, in the place of row i of R.
    const row = first.subarray(i * d, (i + 1) * d);
    for (let k = i; k < d; k++) {
      const x = row[k] / second[k * d + k];
      trace += x * x;
      if (x !== 0) for (let j = k + 1; j < d; j++) row[j] -= x * second[k * d + j];
    }
  }
  const divergence = trace - logDet - d;
  return divergence > ROUNDING * (trace + Math.abs(logDet) + d) ? divergence : 0;
}

/**
 * The Bures distance of two covariances, sqrt tr(A + B - 2 (A^1/2 B A^1/2)^1/2), in units of the rows: the 2-Wasserstein distance of
 * the zero-mean Gaussians with these covariances (Bhatia, Jain, Lim 2019).
 *
 * tr (A^1/2 B A^1/2)^1/2 is the sum of the singular values of F^T G for any A = F F^T and B = G G^T. They are found without squaring
 * F^T G, which would lose half of the digits.
 * @param a upper triangle of A, d x d, positive semidefinite @param b of B
 * @returns 0 where what is left is rounding
 */
export function buresDistance(a: Float64Array, b: Float64Array, d: number, poll: () => void = () => {}): number {
  const f = spanCoordinates(a, d, poll);
  const g = spanCoordinates(b, d, poll);
  // Square, with zeros, which add singular values that are 0.
  const side = Math.max(f.rank, g.rank);
  const w = new Float64Array(side * side);
  for (let i = 0; i < d; i++) {
    poll();
    const [first, second] = [f, g].map(({ coordinates, rank }) => withoutTrailingZeros(coordinates.subarray(i * rank, (i + 1) * rank)));
    for (let p = 0; p < first.length; p++) {
      const x = first[p];
      const out = p * side;
      for (let q = 0; q < second.length; q++) w[out + q] += x * second[q];
    }
  }
  const total = squaredNorm(f.coordinates) + squaredNorm(g.coordinates);
  const square = total - 2 * sum(singularValues(w, side, poll));
  return square > ROUNDING * d * total ? Math.sqrt(square) : 0;
}

/**
 * Share of one k-dimensional space that lies in another: ||U V^T||_F^2 / k, the mean squared cosine of the principal angles
 * (Bjorck and Golub 1973). 1 when they are the same, k / d on average for unrelated ones.
 * @param u orthonormal rows, k x d, row-major @param v likewise
 */
export function subspaceOverlap(u: Float64Array, v: Float64Array, k: number): number {
  const d = u.length / k;
  let square = 0;
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) square += dot(u.subarray(i * d, (i + 1) * d), v, j * d) ** 2;
  return Math.min(1, square / k);
}

/**
 * Linear centred kernel alignment of paired rows (Kornblith et al. 2019), from the unbiased HSIC_1 of Song et al. 2012 (eq. 5), so
 * that unrelated rows give 0 on average however few they are. In [-1, 1]. The n x n kernels are never formed: the sum over all pairs of
 * rows of K_ij L_ij is ||X^T Y||_F^2.
 * @param x n x d, row-major; row i belongs to row i of y. Near-zero means keep the most digits; the value does not depend on them.
 * @param gram upper triangle of Z^T Z, Z = [X Y] side by side; 2d x 2d
 * @returns null with fewer than 4 rows, or where the rows of one side do not differ by more than chance
 */
export function debiasedLinearCka(x: Float64Array, y: Float64Array, n: number, d: number, gram: Float64Array): number | null {
  if (n < 4) return null;
  const kernelX = kernelSums(x, n, d);
  const kernelY = kernelSums(y, n, d);
  const hsic = (squares: number, k: KernelSums, l: KernelSums): number => {
    let product = squares;
    let rowSums = 0;
    for (let i = 0; i < n; i++) {
      product -= k.diagonal[i] * l.diagonal[i];
      rowSums += k.offDiagonal[i] * l.offDiagonal[i];
    }
    return product + (k.total * l.total) / ((n - 1) * (n - 2)) - (2 * rowSums) / (n - 2);
  };
  const squares = squaredBlockNorms(gram, d);
  const own = hsic(squares.first, kernelX, kernelX) * hsic(squares.second, kernelY, kernelY);
  if (!(own > 0)) return null;
  return Math.max(-1, Math.min(1, hsic(squares.across, kernelX, kernelY) / Math.sqrt(own)));
}

/** Of K = X X^T: its diagonal, its row sums without the diagonal, and the sum of these. */
interface KernelSums {
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
  readonly total: number;
}

function kernelSums(x: Float64Array, n: number, d: number): KernelSums {
  const columnSums = new Float64Array(d);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) columnSums[j] += x[i * d + j];
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let square = 0;
    let rowSum = 0;
    for (let j = 0; j < d; j++) {
      const value = x[i * d + j];
      square += value * value;
      rowSum += value * columnSums[j];
    }
    diagonal[i] = square;
    offDiagonal[i] = rowSum - square;
  }
  return { diagonal, offDiagonal, total: sum(offDiagonal) };
}

/** ||X^T X||_F^2, ||Y^T Y||_F^2 and ||X^T Y||_F^2 of the Gram matrix of [X Y]. @param gram upper triangle, 2d x 2d */
function squaredBlockNorms(gram: Float64Array, d: number): { first: number; second: number; across: number } {
  const squares = { first: 0, second: 0, across: 0 };
  for (let i = 0; i < 2 * d; i++) {
    const row = gram.subarray(2 * d * i, 2 * d * (i + 1));
    const own = i < d ? 'first' : 'second';
    squares[own] += row[i] ** 2;
    for (let j = i + 1; j < (i < d ? d : 2 * d); j++) squares[own] += 2 * row[j] * row[j];
    if (i < d) squares.across += squaredNorm(row.subarray(d));
  }
  return squares;
}

/**
 * Vectors with given inner products, in an orthonormal basis of their span: the rows of F, where G = F F^T, by Cholesky with complete
 * pivoting (Higham 2002, Accuracy and Stability of Numerical Algorithms, 10.3). It ends at a remainder of n eps times the largest entry.
 * @param gram upper triangle of G, n x n, positive semidefinite
 * @returns n x rank, row-major
 */
export function spanCoordinates(gram: Float64Array, n: number, poll: () => void = () => {}): { coordinates: Float64Array; rank: number } {
  const factor = new Float64Array(n * n);
  const rest = Float64Array.from({ length: n }, (_, i) => gram[i * n + i]);
  const floor = n * Number.EPSILON * rest.reduce((most, x) => Math.max(most, x), 0);
  const open = Array.from({ length: n }, (_, i) => i);
  let rank = 0;
  while (open.length > 0) {
    poll();
    const at = open.reduce((best, i, k) => (rest[i] > rest[open[best]] ? k : best), 0);
    const pivot = open[at];
    const row = factor.subarray(pivot * n, pivot * n + rank);
    const inner = (i: number): number => (i < pivot ? gram[i * n + pivot] : gram[pivot * n + i]) - dot(row, factor, i * n);
    const square = inner(pivot);
    if (!(square > floor)) break;
    open.splice(at, 1);
    const height = Math.sqrt(square);
    for (const i of open) {
      const x = inner(i) / height;
      factor[i * n + rank] = x;
      rest[i] -= x * x;
    }
    factor[pivot * n + rank] = height;
    rank++;
  }
  const coordinates = new Float64Array(n * rank);
  for (let i = 0; i < n; i++) coordinates.set(factor.subarray(i * n, i * n + rank), i * rank);
  return { coordinates, rank };
}

/** Relative to the sums that cancel. */
const ROUNDING = 32 * Number.EPSILON;

/** Half of a triangular factor. */
function withoutTrailingZeros(row: Float64Array): Float64Array {
  let length = row.length;
  while (length > 0 && row[length - 1] === 0) length--;
  return row.subarray(0, length);
}

function traceOf(matrix: Float64Array, d: number): number {
  let trace = 0;
  for (let j = 0; j < d; j++) trace += matrix[j * d + j];
  return trace;
}

function squaredNorm(x: Float64Array): number {
  let square = 0;
  for (const value of x) square += value * value;
  return square;
}
