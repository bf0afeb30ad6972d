import { reflect } from './householder';
import { tridiagonalEigenvalues } from './tridiagonal';

/** Upper bidiagonal matrix: `diagonal` of length d, `superdiagonal` of length d - 1 (or 0). */
export interface Bidiagonal {
  readonly diagonal: Float64Array;
  readonly superdiagonal: Float64Array;
}

const never = (): void => {};

/**
 * Orthogonal reduction of a square matrix to upper bidiagonal form by Householder reflections, in 8/3 d^3 flops
 * (Golub and Kahan 1965; Golub and Van Loan, Matrix Computations, 5.4).
 *
 * Each step's two rank-one updates wait for the next step, which applies them and multiplies by its left vector in a single pass;
 * a second pass multiplies by its right vector. That halves the memory traffic of the textbook order
 * (Howell, Demmel, Fulton, Hammarling, Marmol 2008, ACM Trans. Math. Softw. 34, 14).
 *
 * @param a d x d, row-major; destroyed
 * @param poll called once per column; throws to stop
 * @throws Error when an entry is not finite
 */
export function bidiagonalize(a: Float64Array, d: number, poll: () => void = never): Bidiagonal {
  const diagonal = new Float64Array(d);
  const superdiagonal = new Float64Array(Math.max(0, d - 1));
  // Rows and columns from k on still lack the update -(u z^T + w v^T) of the step before.
  let u = new Float64Array(d);
  let z = new Float64Array(d);
  const w = new Float64Array(d);
  const v = new Float64Array(d);
  let left = new Float64Array(d);
  let y = new Float64Array(d);

  for (let k = 0; k < d; k++) {
    poll();
    for (let i = k; i < d; i++) left[i] = a[i * d + k] - u[i] * z[k] - w[i] * v[k];
    const column = reflect(left, k + 1, d, left[k]);
    left[k] = 1;
    diagonal[k] = column.beta;
    if (k + 1 === d) break;

    y.fill(0, k + 1);
    updateAndMultiply(a, d, k, u, z, w, v, left, y);
    for (let j = k + 1; j < d; j++) {
      y[j] *= column.tau;
      v[j] = a[k * d + j] - y[j];
    }
    [u, left] = [left, u];
    [z, y] = [y, z];
    const row = reflect(v, k + 2, d, v[k + 1]);
    v[k + 1] = 1;
    superdiagonal[k] = row.beta;

    multiply(a, d, k + 1, v, w);
    let zv = 0;
    for (let j = k + 1; j < d; j++) zv += z[j] * v[j];
    for (let i = k + 1; i < d; i++) w[i] = row.tau * (w[i] - zv * u[i]);
  }
  return { diagonal, superdiagonal };
}

/** Rows >= k and columns > k: A -= u z^T + w v^T, and y += A^T left. Two rows at a time, so that z, v and y are loaded half as often. */
function updateAndMultiply(
  a: Float64Array,
  d: number,
  k: number,
  u: Float64Array,
  z: Float64Array,
  w: Float64Array,
  v: Float64Array,
  left: Float64Array,
  y: Float64Array,
): void {
  let i = k;
  for (; i + 1 < d; i += 2) {
    const row0 = i * d;
    const row1 = row0 + d;
    const u0 = u[i];
    const w0 = w[i];
    const l0 = left[i];
    const u1 = u[i + 1];
    const w1 = w[i + 1];
    const l1 = left[i + 1];
    for (let j = k + 1; j < d; j++) {
      const zj = z[j];
      const vj = v[j];
      const x0 = a[row0 + j] - u0 * zj - w0 * vj;
      const x1 = a[row1 + j] - u1 * zj - w1 * vj;
      a[row0 + j] = x0;
      a[row1 + j] = x1;
      y[j] += x0 * l0 + x1 * l1;
    }
  }
  if (i < d) {
    const row = i * d;
    for (let j = k + 1; j < d; j++) {
      const x = a[row + j] - u[i] * z[j] - w[i] * v[j];
      a[row + j] = x;
      y[j] += x * left[i];
    }
  }
}

/** w = A v over rows and columns >= k, two rows at a time. */
function multiply(a: Float64Array, d: number, k: number, v: Float64Array, w: Float64Array): void {
  for (let i = k; i < d; i += 2) {
    const row0 = i * d;
    const row1 = i + 1 < d ? row0 + d : row0;
    let sum0 = 0;
    let sum1 = 0;
    for (let j = k; j < d; j++) {
      sum0 += a[row0 + j] * v[j];
      sum1 += a[row1 + j] * v[j];
    }
    w[i] = sum0;
    if (i + 1 < d) w[i + 1] = sum1;
  }
}

/**
 * Singular values of a bidiagonal matrix, descending: the eigenvalues of the tridiagonal matrix of order 2d with zero diagonal and
 * off-diagonal b_1, c_1, b_2, c_2, ..., b_d are these and their negatives (Golub and Kahan 1965). No entry is squared.
 */
export function bidiagonalSingularValues({ diagonal, superdiagonal }: Bidiagonal, poll: () => void = never): Float64Array {
  const d = diagonal.length;
  const offDiagonal = new Float64Array(Math.max(0, 2 * d - 1));
  for (let k = 0; k < d; k++) {
    offDiagonal[2 * k] = diagonal[k];
    if (k + 1 < d) offDiagonal[2 * k + 1] = superdiagonal[k];
  }
  return tridiagonalEigenvalues({ diagonal: new Float64Array(2 * d), offDiagonal }, poll)
    .slice(0, d)
    .map((x) => Math.max(0, x));
}

/**
 * Singular values of a square matrix, descending. Backward stable: each is right to a small multiple of sqrt(d) eps times the largest,
 * so what lies below that is rounding.
 * @param a d x d, row-major; destroyed
 * @throws Error when an entry is not finite
 */
export function singularValues(a: Float64Array, d: number, poll: () => void = never): Float64Array {
  return bidiagonalSingularValues(bidiagonalize(a, d, poll), poll);
}
