import { logSphericity } from './log-det';
import { symmetricEigenvalues } from './symmetric-eigen';
import type { EigenDecomposition } from './symmetric-eigenvectors';

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

/** Inner products of the eigenvectors of two matrices of the same size: entry (i, j) is v_i . w_j; d x d, row-major. */
export function eigenvectorProducts(a: EigenDecomposition, b: EigenDecomposition, poll: () => void = () => {}): Float64Array {
  const d = a.values.length;
  const products = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    poll();
    for (let j = 0; j < d; j++) {
      let dot = 0;
      for (let k = 0; k < d; k++) dot += a.vectors[i * d + k] * b.vectors[j * d + k];
      products[i * d + j] = dot;
    }
  }
  return products;
}

/**
 * Stein's divergence tr(A' B'^-1) - logdet(A' B'^-1) - d >= 0 (James and Stein 1961): twice the Kullback-Leibler divergence of the
 * zero-mean Gaussians with these covariances. One-sided: it grows without bound as B collapses. A' = A + relativeRidge (tr A / d) I.
 * @param a eigenvalues of A, not all zero @param b of B
 * @param products from {@link eigenvectorProducts}
 * @returns 0 where what is left is rounding
 */
export function steinDivergence(a: Float64Array, b: Float64Array, products: Float64Array, relativeRidge: number): number {
  const d = a.length;
  const ridged = (l: Float64Array): Float64Array => {
    const ridge = (relativeRidge * sum(l)) / d;
    return l.map((x) => Math.max(x, 0) + ridge);
  };
  const first = ridged(a);
  const second = ridged(b);
  let trace = 0;
  let logDet = 0;
  for (let i = 0; i < d; i++) {
    logDet += Math.log(first[i] / second[i]);
    for (let j = 0; j < d; j++) trace += (first[i] / second[j]) * products[i * d + j] ** 2;
  }
  const divergence = trace - logDet - d;
  return divergence > ROUNDING * (trace + Math.abs(logDet) + d) ? divergence : 0;
}

/**
 * The Bures distance of two covariances, sqrt tr(A + B - 2 (A^1/2 B A^1/2)^1/2), in units of the rows: the 2-Wasserstein distance of
 * the zero-mean Gaussians with these covariances (Bhatia, Jain, Lim 2019).
 *
 * tr (A^1/2 B A^1/2)^1/2 is the sum of the singular values of A^1/2 B^1/2. They are read off the symmetric matrix with blocks
 * (0, W; W^T, 0), whose eigenvalues are +-sigma: eigenvalues of W^T W would lose half of the digits.
 * @returns 0 where what is left is rounding
 */
export function buresDistance(a: Float64Array, b: Float64Array, products: Float64Array, poll: () => void = () => {}): number {
  const d = a.length;
  const [rows, columns] = [countResolved(b), countResolved(a)];
  const w = new Float64Array(rows * columns);
  for (let j = 0; j < rows; j++) for (let i = 0; i < columns; i++) w[j * columns + i] = Math.sqrt(a[i] * b[j]) * products[i * d + j];
  // The same singular values without the zeros of a wide W.
  const { coordinates, rank } = spanCoordinates(w, rows, columns, poll);
  const side = rows + rank;
  const block = new Float64Array(side * side);
  for (let j = 0; j < rows; j++) block.set(coordinates.subarray(j * rank, (j + 1) * rank), j * side + rows);
  const singular = symmetricEigenvalues(block, side, poll).subarray(0, rank);
  const total = sum(a) + sum(b);
  const square = total - 2 * sum(singular);
  return square > ROUNDING * d * total ? Math.sqrt(square) : 0;
}

/**
 * Share of the top-k eigenspace of one matrix that lies in that of the other: ||U^T V||_F^2 / k, the mean squared cosine of the
 * principal angles (Bjorck and Golub 1973). 1 when they are the same, k / d on average for unrelated ones.
 * @param products from {@link eigenvectorProducts}, d x d
 */
export function subspaceOverlap(products: Float64Array, d: number, k: number): number {
  let square = 0;
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) square += products[i * d + j] ** 2;
  return Math.min(1, square / k);
}

/**
 * Linear centred kernel alignment of paired rows (Kornblith et al. 2019), from the unbiased HSIC_1 of Song et al. 2012 (eq. 5), so
 * that unrelated rows give 0 on average however few they are. In [-1, 1]. O(n d^2): the n x n kernels are never formed.
 * @param x n x d, row-major; row i belongs to row i of y. Near-zero means keep the most digits; the value does not depend on them.
 * @returns null with fewer than 4 rows, or where the rows of one side do not differ by more than chance
 */
export function debiasedLinearCka(x: Float64Array, y: Float64Array, n: number, d: number, poll: () => void = () => {}): number | null {
  if (n < 4) return null;
  const kernelX = kernelSums(x, n, d);
  const kernelY = kernelSums(y, n, d);
  const hsic = (p: Float64Array, q: Float64Array, k: KernelSums, l: KernelSums): number => {
    let product = squaredCrossNorm(p, q, n, d, poll);
    let rowSums = 0;
    for (let i = 0; i < n; i++) {
      product -= k.diagonal[i] * l.diagonal[i];
      rowSums += k.offDiagonal[i] * l.offDiagonal[i];
    }
    return product + (k.total * l.total) / ((n - 1) * (n - 2)) - (2 * rowSums) / (n - 2);
  };
  const own = hsic(x, x, kernelX, kernelX) * hsic(y, y, kernelY, kernelY);
  if (!(own > 0)) return null;
  return Math.max(-1, Math.min(1, hsic(x, y, kernelX, kernelY) / Math.sqrt(own)));
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

/** ||X^T Y||_F^2 = sum over pairs of rows of K_ij L_ij. */
function squaredCrossNorm(x: Float64Array, y: Float64Array, n: number, d: number, poll: () => void): number {
  const cross = new Float64Array(d * d);
  for (let i = 0; i < n; i++) {
    poll();
    const row = i * d;
    for (let j = 0; j < d; j++) {
      const value = x[row + j];
      const out = j * d;
      for (let k = 0; k < d; k++) cross[out + k] += value * y[row + k];
    }
  }
  let square = 0;
  for (const value of cross) square += value * value;
  return square;
}

/**
 * The rows in an orthonormal basis of their span, by Gram-Schmidt with one repetition (Giraud, Langou, Rozloznik 2005). Inner products
 * stay as they are, and with them everything that does not depend on the basis; the dimension falls to at most `count`.
 * @param x count x d, row-major
 * @returns count x rank, row-major
 */
export function spanCoordinates(
  x: Float64Array,
  count: number,
  d: number,
  poll: () => void = () => {},
): { coordinates: Float64Array; rank: number } {
  const basis: Float64Array[] = [];
  const found: number[][] = [];
  for (let i = 0; i < count; i++) {
    poll();
    const rest = x.slice(i * d, (i + 1) * d);
    const length = norm(rest);
    const coefficients = new Array<number>(basis.length).fill(0);
    for (let pass = 0; pass < 2; pass++) {
      basis.forEach((q, k) => {
        let dot = 0;
        for (let j = 0; j < d; j++) dot += q[j] * rest[j];
        coefficients[k] += dot;
        for (let j = 0; j < d; j++) rest[j] -= dot * q[j];
      });
    }
    const height = norm(rest);
    // What is left of a dependent row is the rounding of its own entries.
    if (height > 16 * Number.EPSILON * length) {
      basis.push(rest.map((value) => value / height));
      coefficients.push(height);
    }
    found.push(coefficients);
  }
  const rank = basis.length;
  const coordinates = new Float64Array(count * rank);
  found.forEach((row, i) => {
    coordinates.set(row, i * rank);
  });
  return { coordinates, rank };
}

/** Eigenvalues that are more than rounding (NumPy's tolerance for the rank of a symmetric matrix). @param values descending */
function countResolved(values: Float64Array): number {
  const floor = values.length * Number.EPSILON * values[0];
  let count = 0;
  while (count < values.length && values[count] > floor) count++;
  return count;
}

/** Relative to the sums that cancel. */
const ROUNDING = 32 * Number.EPSILON;

function norm(x: Float64Array): number {
  let square = 0;
  for (const value of x) square += value * value;
  return Math.sqrt(square);
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const x of values) total += x;
  return total;
}
