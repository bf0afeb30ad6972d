/** Symmetric tridiagonal matrix: `diagonal` of length n, `offDiagonal` of length n - 1 (or 0). */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly offDiagonal: Float64Array;
}

const never = (): void => {};

/** Sweeps of QL for one eigenvalue, before what is below rounding of the largest entry counts as 0. Two or three are usual. */
const PATIENCE = 30;

/** x_a, x_b := c x_a - s x_b, s x_a + c x_b for every vector x that is to follow the diagonalisation. */
export type Rotation = (a: number, b: number, c: number, s: number) => void;

/**
 * Eigenvalues of a symmetric tridiagonal matrix by implicit QL (EISPACK imtql2), in no order. Vectors in the basis of T that follow the
 * rotations end in the basis of the eigenvectors, coordinate k belonging to eigenvalue k.
 *
 * @param poll called once per eigenvalue; throws to stop
 * @throws Error when the matrix has entries that are not finite
 */
export function implicitQl(t: Tridiagonal, rotate: Rotation | null, poll: () => void = never): Float64Array {
  const n = t.diagonal.length;
  const d = Float64Array.from(t.diagonal);
  const e = new Float64Array(n);
  e.set(t.offDiagonal.subarray(0, Math.max(0, n - 1)));
  // QL settles the top first and is most accurate when the small entries are there.
  const reversed = n > 1 && Math.abs(d[0]) > Math.abs(d[n - 1]);
  if (reversed) {
    d.reverse();
    e.subarray(0, n - 1).reverse();
  }
  let scale = 0;
  for (let i = 0; i < n; i++) scale = Math.max(scale, Math.abs(d[i]), Math.abs(e[i]));
  if (scale === 0) return d;
  if (!Number.isFinite(scale)) throw new Error('The matrix has entries that are not finite.');
  for (let i = 0; i < n; i++) {
    d[i] /= scale;
    e[i] /= scale;
  }
  for (let l = 0; l < n; l++) {
    poll();
    for (let iteration = 0; ; iteration++) {
      let m = l;
      for (; m + 1 < n; m++) {
        const neighbours = Math.abs(d[m]) + Math.abs(d[m + 1]);
        // Squared, where both neighbours are far below the largest entry, which is 1; but in a null space of rounding noise the sweeps
        // themselves may keep a coupling alive that is nothing beside that entry.
        const floor = iteration < PATIENCE ? Number.EPSILON : 1;
        if (Math.abs(e[m]) <= Number.EPSILON * Math.max(neighbours, floor)) break;
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
        if (rotate !== null) rotate(reversed ? n - 1 - i : i, reversed ? n - 2 - i : i + 1, c, s);
      }
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  for (let i = 0; i < n; i++) d[i] *= scale;
  return reversed ? d.reverse() : d;
}

/**
 * Eigenvalues of a symmetric tridiagonal matrix by the implicit QL method with Wilkinson's shift, in descending order.
 * Backward stable: each is right to a small multiple of eps times the largest in absolute value.
 * (Bowdler, Martin, Reinsch, Wilkinson 1968; EISPACK imtql1.)
 *
 * @throws Error when an eigenvalue does not converge, which only non-finite input can cause
 */
export function tridiagonalEigenvalues(t: Tridiagonal, poll: () => void = never): Float64Array {
  return implicitQl(t, null, poll).sort().reverse();
}

/**
 * y^T (T + shift I)^-1 y for several vectors, by one LDL^T of the shifted positive semidefinite tridiagonal matrix.
 * @param y vectors of the length of the diagonal, in the basis of T
 * @param shift > 0
 */
export function shiftedInverseForms(t: Tridiagonal, y: readonly Float64Array[], shift: number): Float64Array {
  const { diagonal, offDiagonal } = t;
  const n = diagonal.length;
  const inversePivot = new Float64Array(n);
  const ratio = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const e = k === 0 ? 0 : offDiagonal[k - 1];
    ratio[k] = k === 0 ? 0 : e * inversePivot[k - 1];
    // A pivot of a positive semidefinite T is at least the shift; rounding may take it below.
    inversePivot[k] = 1 / Math.max(diagonal[k] + shift - e * ratio[k], shift);
  }
  return Float64Array.from(y, (vector) => {
    let sum = 0;
    let z = 0;
    for (let k = 0; k < n; k++) {
      z = vector[k] - ratio[k] * z;
      sum += z * z * inversePivot[k];
    }
    return sum;
  });
}
