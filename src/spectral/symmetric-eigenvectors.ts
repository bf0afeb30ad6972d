import { fromTridiagonalBasis, tridiagonalize } from './symmetric-eigen';
import { implicitQl, type Rotation } from './tridiagonal';

/** A symmetric matrix as sum l_k v_k v_k^T. */
export interface EigenDecomposition {
  /** Length d, descending. */
  readonly values: Float64Array;
  /** d x d, row-major: row k is the unit eigenvector of `values[k]`. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and orthonormal eigenvectors of a symmetric matrix, by Householder reduction (Golub and Van Loan, Matrix
 * Computations, 8.3.1) and implicit QL (EISPACK imtql2). The vectors are kept as rows, so that every reflection and rotation runs
 * through memory in order. O(d^3), about ten times the eigenvalues alone.
 * @param a d x d, row-major; the upper triangle is read
 * @param poll called once per column and per eigenvalue; throws to stop
 * @throws Error when the matrix has entries that are not finite
 */
export function symmetricEigenvectors(a: Float64Array, d: number, poll: () => void = () => {}): EigenDecomposition {
  const m = new Float64Array(d * d);
  let scale = 0;
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++) {
      const x = a[i * d + j];
      if (!Number.isFinite(x)) throw new Error('The matrix has entries that are not finite.');
      scale = Math.max(scale, Math.abs(x));
      m[i * d + j] = x;
    }
  }
  const vectors = new Float64Array(d * d);
  for (let i = 0; i < d; i++) vectors[i * d + i] = 1;
  if (scale === 0) return { values: new Float64Array(d), vectors };
  // In units of the largest entry squares neither overflow nor vanish.
  for (let k = 0; k < m.length; k++) m[k] /= scale;

  const t = tridiagonalize(m, d, new Float64Array(d), poll);
  for (let k = 0; k < d; k++) {
    poll();
    fromTridiagonalBasis(m, d, t.tau, vectors.subarray(k * d, (k + 1) * d));
  }
  const rotate: Rotation = (a, b, c, s) => {
    const [from, to] = [a * d, b * d];
    for (let k = 0; k < d; k++) {
      const x = vectors[from + k];
      const y = vectors[to + k];
      vectors[to + k] = s * x + c * y;
      vectors[from + k] = c * x - s * y;
    }
  };
  const eigenvalues = implicitQl(t, rotate, poll);

  const order = Array.from(eigenvalues.keys()).sort((i, j) => eigenvalues[j] - eigenvalues[i]);
  const values = Float64Array.from(order, (i) => eigenvalues[i] * scale);
  const sorted = new Float64Array(d * d);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * d, (from + 1) * d), to * d);
  });
  return { values, vectors: sorted };
}
