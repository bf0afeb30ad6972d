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
      m[j * d + i] = x;
    }
  }
  const vectors = new Float64Array(d * d);
  for (let i = 0; i < d; i++) vectors[i * d + i] = 1;
  if (scale === 0) return { values: new Float64Array(d), vectors };
  // In units of the largest entry squares neither overflow nor vanish.
  for (let k = 0; k < m.length; k++) m[k] /= scale;

  const { diagonal, offDiagonal, reflections } = tridiagonalForm(m, d, poll);
  // Q^T = H_last ... H_0. Rows up to k + 1 are still those of the identity when H_k comes.
  for (let k = reflections.length - 1; k >= 0; k--) {
    poll();
    const { u, tau } = reflections[k];
    if (tau === 0) continue;
    for (let r = k + 1; r < d; r++) {
      const row = r * d;
      let dot = 0;
      for (let j = k + 1; j < d; j++) dot += vectors[row + j] * u[j];
      dot *= tau;
      for (let j = k + 1; j < d; j++) vectors[row + j] -= dot * u[j];
    }
  }
  implicitQl(diagonal, offDiagonal, vectors, poll);

  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j] - diagonal[i]);
  const values = Float64Array.from(order, (i) => diagonal[i] * scale);
  const sorted = new Float64Array(d * d);
  order.forEach((from, to) => {
    sorted.set(vectors.subarray(from * d, (from + 1) * d), to * d);
  });
  return { values, vectors: sorted };
}

/** I - tau u u^T, with u zero up to its step. */
interface Reflection {
  readonly u: Float64Array;
  readonly tau: number;
}

/** @param m d x d, both triangles; destroyed */
function tridiagonalForm(m: Float64Array, d: number, poll: () => void) {
  const diagonal = new Float64Array(d);
  const offDiagonal = new Float64Array(d);
  const reflections: Reflection[] = [];
  const w = new Float64Array(d);
  for (let k = 0; k < d; k++) {
    poll();
    const row = k * d;
    diagonal[k] = m[row + k];
    if (k + 1 === d) break;
    const u = new Float64Array(d);
    let below = 0;
    for (let j = k + 2; j < d; j++) below = Math.max(below, Math.abs(m[row + j]));
    const first = m[row + k + 1];
    if (below === 0) {
      offDiagonal[k] = first;
      reflections.push({ u, tau: 0 });
      continue;
    }
    const size = Math.max(below, Math.abs(first));
    let sum = 0;
    for (let j = k + 1; j < d; j++) {
      u[j] = m[row + j] / size;
      sum += u[j] * u[j];
    }
    const beta = u[k + 1] > 0 ? -Math.sqrt(sum) : Math.sqrt(sum);
    const head = u[k + 1] - beta;
    const tau = -head / beta;
    for (let j = k + 2; j < d; j++) u[j] /= head;
    u[k + 1] = 1;
    offDiagonal[k] = beta * size;
    reflections.push({ u, tau });

    let dot = 0;
    for (let i = k + 1; i < d; i++) {
      const at = i * d;
      let p = 0;
      for (let j = k + 1; j < d; j++) p += m[at + j] * u[j];
      w[i] = tau * p;
      dot += w[i] * u[i];
    }
    for (let i = k + 1; i < d; i++) w[i] -= 0.5 * tau * dot * u[i];
    for (let i = k + 1; i < d; i++) {
      const at = i * d;
      const ui = u[i];
      const wi = w[i];
      for (let j = k + 1; j < d; j++) m[at + j] -= ui * w[j] + wi * u[j];
    }
  }
  return { diagonal, offDiagonal, reflections };
}

/** Diagonalises the tridiagonal matrix in place: eigenvalues in `d`, unsorted; the rows of `z` are rotated along. Entries are at most about 1. */
function implicitQl(d: Float64Array, e: Float64Array, z: Float64Array, poll: () => void): void {
  const n = d.length;
  // QL settles the top first and is most accurate when the small entries are there.
  if (Math.abs(d[0]) > Math.abs(d[n - 1])) {
    d.reverse();
    e.subarray(0, n - 1).reverse();
    const swapped = new Float64Array(n);
    for (let i = 0; i < n >> 1; i++) {
      const low = z.subarray(i * n, (i + 1) * n);
      const high = z.subarray((n - 1 - i) * n, (n - i) * n);
      swapped.set(low);
      low.set(high);
      high.set(swapped);
    }
  }
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      poll();
      let m = l;
      for (; m + 1 < n; m++) {
        const neighbours = Math.abs(d[m]) + Math.abs(d[m + 1]);
        // Never asks for less than rounding of the largest entry, 1: the null space of a singular matrix would not settle.
        if (Math.abs(e[m]) <= Number.EPSILON * Math.max(neighbours, 1)) break;
      }
      if (m === l) break;
      if (iteration === 60) throw new Error('An eigenvalue did not converge.');
      let g = (d[l + 1] - d[l]) / (2 * e[l]);
      let r = Math.sqrt(g * g + 1);
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r));
      let s = 1;
      let c = 1;
      let p = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i];
        const b = c * e[i];
        r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotateRows(z, n, i, c, s);
      }
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** Rows i and i + 1 of z, rotated. */
function rotateRows(z: Float64Array, n: number, i: number, c: number, s: number): void {
  const upper = i * n;
  const lower = upper + n;
  for (let k = 0; k < n; k++) {
    const x = z[upper + k];
    const y = z[lower + k];
    z[lower + k] = s * x + c * y;
    z[upper + k] = c * x - s * y;
  }
}
