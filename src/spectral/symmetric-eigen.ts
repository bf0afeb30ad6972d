import { reflect } from './householder';
import { type Tridiagonal, tridiagonalEigenvalues } from './tridiagonal';

/** A tridiagonal form together with the border that fixed its first basis vector. */
export interface BorderedTridiagonal extends Tridiagonal {
  /** Factors of the reflections I - tau u u^T, whose vectors `tridiagonalize` leaves in the rows of the upper triangle. */
  readonly tau: Float64Array;
  /** The border's one component in the new basis, along its first vector: plus or minus the border's Euclidean norm. */
  readonly borderCoordinate: number;
}

const never = (): void => {};

/**
 * Orthogonal reduction to tridiagonal form by Householder reflections, in a basis whose first vector is parallel to `border`.
 *
 * The choice of the first basis vector is what lets one O(d^3) reduction serve two spectra: with border = mean,
 * A + mean mean^T is this form with |mean|^2 added to its first diagonal entry.
 *
 * Each trailing row is updated by the reflection of one step and multiplied by the vector of the next in a single pass,
 * which halves the memory traffic of the textbook order (Golub and Van Loan, Matrix Computations, 8.3.1).
 *
 * @param a d x d, row-major; the upper triangle is read, and replaced by the vectors of the reflections (see `toTridiagonalBasis`)
 * @param border length d; a zero vector leaves the first basis vector at e_1
 * @param poll called once per column; throws to stop
 */
export function tridiagonalize(a: Float64Array, d: number, border: Float64Array, poll: () => void = never): BorderedTridiagonal {
  const diagonal = new Float64Array(d);
  const offDiagonal = new Float64Array(Math.max(0, d - 1));
  // v, w: the reflection still to be applied to the trailing rows; u: the next one; p: the product of the trailing matrix with u.
  let v = new Float64Array(d);
  const w = new Float64Array(d);
  let u = Float64Array.from(border);
  const p = new Float64Array(d);

  const tau = new Float64Array(d);
  let reflection = reflectTail(u, 0);
  const borderCoordinate = reflection.beta;
  for (let k = 0; k < d; k++) {
    poll();
    // Here u reflects the space of indices >= k, and rows >= k still lack the update -(v w^T + w v^T) of the step before.
    p.fill(0, k);
    updateAndMultiply(a, d, k, v, w, u, p);
    tau[k] = reflection.tau;
    let dot = 0;
    for (let j = k; j < d; j++) dot += p[j] * u[j];
    const half = 0.5 * tau[k] * tau[k] * dot;
    for (let j = k; j < d; j++) w[j] = tau[k] * p[j] - half * u[j];

    const row = k * d;
    diagonal[k] = a[row + k] - 2 * u[k] * w[k];
    const spare = v;
    v = u;
    u = spare;
    for (let j = k + 1; j < d; j++) u[j] = a[row + j] - v[k] * w[j] - w[k] * v[j];
    a.set(v.subarray(k), row + k);
    if (k + 1 === d) break;
    reflection = reflectTail(u, k + 1);
    offDiagonal[k] = reflection.beta;
  }
  return { diagonal, offDiagonal, tau, borderCoordinate };
}

/** x -> Q^T x, the coordinates of x in the basis of the tridiagonal form. @param a, tau as `tridiagonalize` leaves them @param x length d, overwritten */
export function toTridiagonalBasis(a: Float64Array, d: number, tau: Float64Array, x: Float64Array): void {
  for (let k = 0; k < d; k++) reflectBy(a, d, tau, k, x);
}

/** x -> Q x, back from the basis of the tridiagonal form. @param a, tau as `tridiagonalize` leaves them @param x length d, overwritten */
export function fromTridiagonalBasis(a: Float64Array, d: number, tau: Float64Array, x: Float64Array): void {
  for (let k = d - 1; k >= 0; k--) reflectBy(a, d, tau, k, x);
}

function reflectBy(a: Float64Array, d: number, tau: Float64Array, k: number, x: Float64Array): void {
  const row = k * d;
  let dot = 0;
  for (let j = k; j < d; j++) dot += a[row + j] * x[j];
  if (dot === 0) return;
  dot *= tau[k];
  for (let j = k; j < d; j++) x[j] -= dot * a[row + j];
}

/** Turns x[from..] into the vector u, u[from] = 1, of the reflection I - tau u u^T that maps x to beta e_1. */
function reflectTail(x: Float64Array, from: number): { tau: number; beta: number } {
  const reflection = reflect(x, from + 1, x.length, x[from]);
  x[from] = 1;
  return reflection;
}

/** Upper triangle of rows >= k: A -= v w^T + w v^T, and p += A u. Two rows at a time, so that v, w, u and p are loaded half as often. */
function updateAndMultiply(
  a: Float64Array,
  d: number,
  k: number,
  v: Float64Array,
  w: Float64Array,
  u: Float64Array,
  p: Float64Array,
): void {
  let i = k;
  for (; i + 1 < d; i += 2) {
    const row0 = i * d;
    const row1 = row0 + d;
    const v0 = v[i];
    const w0 = w[i];
    const u0 = u[i];
    const v1 = v[i + 1];
    const w1 = w[i + 1];
    const u1 = u[i + 1];
    const corner = a[row0 + i] - 2 * v0 * w0;
    const middle = a[row0 + i + 1] - v0 * w1 - w0 * v1;
    const last = a[row1 + i + 1] - 2 * v1 * w1;
    a[row0 + i] = corner;
    a[row0 + i + 1] = middle;
    a[row1 + i + 1] = last;
    let sum0 = corner * u0 + middle * u1;
    let sum1 = middle * u0 + last * u1;
    for (let j = i + 2; j < d; j++) {
      const vj = v[j];
      const wj = w[j];
      const uj = u[j];
      const x0 = a[row0 + j] - v0 * wj - w0 * vj;
      const x1 = a[row1 + j] - v1 * wj - w1 * vj;
      a[row0 + j] = x0;
      a[row1 + j] = x1;
      sum0 += x0 * uj;
      sum1 += x1 * uj;
      p[j] += x0 * u0 + x1 * u1;
    }
    p[i] += sum0;
    p[i + 1] += sum1;
  }
  if (i < d) {
    const x = a[i * d + i] - 2 * v[i] * w[i];
    a[i * d + i] = x;
    p[i] += x * u[i];
  }
}

/**
 * Eigenvalues of a symmetric matrix, descending.
 * @param a d x d, row-major; the upper triangle is read, and destroyed
 */
export function symmetricEigenvalues(a: Float64Array, d: number, poll: () => void = never): Float64Array {
  return tridiagonalEigenvalues(tridiagonalize(a, d, new Float64Array(d), poll), poll);
}
