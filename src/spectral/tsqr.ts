import { reflect } from './householder';
import { transpose } from './vectors';

/**
 * The triangular factor R of [1, X] = Q R, where 1 is a column of ones and X has n rows and d columns, in O(d^2) memory whatever n.
 *
 * Singular values from R carry an error of eps times the largest of them; from X^T X, whose condition number is the square, each
 * carries eps sigma_1^2 / sigma_i and those below sqrt(eps) sigma_1 are lost (Golub and Van Loan, Matrix Computations, 5.3).
 * With R = [[r, s], [0, T]] the mean is s / r, T^T T is the scatter about it, and X^T X = s^T s + T^T T: centring costs no subtraction of
 * a large product.
 *
 * Factors of blocks of rows combine like the blocks themselves (TSQR: Demmel, Grigori, Hoemmen, Langou 2012,
 * SIAM J. Sci. Comput. 34, A206).
 */
export interface TriangularFactor {
  readonly columns: number;
  rows: number;
  /** d + 1, rounded up to a whole number of groups of reflections. */
  readonly order: number;
  /** order x order, row-major, upper triangular; zero from row and column d + 1 on. */
  readonly r: Float64Array;
}

/** Rows per panel: few enough that the panel stays in the second-level cache up to about a thousand columns. */
const PANEL = 128;
/** Reflections applied to the later columns in one pass. */
const GROUP = 4;

const never = (): void => {};

export function emptyFactor(columns: number): TriangularFactor {
  const order = Math.ceil((columns + 1) / GROUP) * GROUP;
  return { columns, rows: 0, order, r: new Float64Array(order * order) };
}

/**
 * R := triangular factor of R above the new rows, in 2 d^2 flops a row.
 * @param x count x d, row-major
 * @param poll called once per four columns of each 128 rows; throws to stop, which spoils the factor
 * @throws Error when an entry is not finite, which spoils the factor
 */
export function addRows(factor: TriangularFactor, x: Float64Array, count: number, poll: () => void = never): void {
  const { columns, order, r } = factor;
  const panel = new Float64Array(order * Math.min(count, PANEL));
  for (let first = 0; first < count; first += PANEL) {
    const rows = Math.min(PANEL, count - first);
    panel.fill(1, 0, rows);
    transpose(x, first, rows, columns, panel.subarray(rows));
    panel.fill(0, (columns + 1) * rows);
    absorb(r, order, panel, rows, poll);
  }
  factor.rows += count;
}

/** The factor of the union of two disjoint sets of rows, left in `into`, in 2 d^3 flops. */
export function mergeFactors(into: TriangularFactor, other: TriangularFactor, poll: () => void = never): void {
  if (into.columns !== other.columns) throw new Error(`Factors of ${into.columns} and ${other.columns} columns cannot be merged.`);
  const { order } = into;
  const panel = new Float64Array(order * Math.min(order, PANEL));
  for (let first = 0; first < order; first += PANEL) {
    const rows = Math.min(PANEL, order - first);
    transpose(other.r, first, rows, order, panel);
    absorb(into.r, order, panel, rows, poll);
  }
  into.rows += other.rows;
}

/** Mean of the rows, length d; there must be at least one row. */
export function meanOf({ columns, r }: TriangularFactor): Float64Array {
  return r.slice(1, columns + 1).map((x) => x / r[0]);
}

/**
 * T, d x d, row-major, upper triangular: its singular values are those of X with the mean removed from every row. Their error is eps times
 * the largest singular value of X itself, about |mean| sqrt(n) when the mean is large beside the spread.
 */
export function centredFactor({ columns, order, r }: TriangularFactor): Float64Array {
  return withoutOnes(r, order, columns);
}

/** The triangular factor of X itself, d x d, row-major, in 2 d^2 flops. */
export function uncentredFactor({ columns, order, r }: TriangularFactor, poll: () => void = never): Float64Array {
  const below = r.slice();
  const meanRow = r.slice(0, order);
  meanRow[0] = 0;
  below.fill(0, 0, order);
  absorb(below, order, meanRow, 1, poll);
  return withoutOnes(below, order, columns);
}

function withoutOnes(r: Float64Array, order: number, columns: number): Float64Array {
  const t = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    const row = (i + 1) * order + 1;
    t.set(r.subarray(row, row + columns), i * columns);
  }
  return t;
}

/**
 * R := triangular factor of R above the rows of a panel. Because R is triangular, the reflection that clears column k of the panel has
 * one entry in R, in row k, and the zeros below the diagonal of R are never touched.
 * @param r order x order, row-major, upper triangular; overwritten
 * @param panel order columns of length `rows`; destroyed
 */
function absorb(r: Float64Array, order: number, panel: Float64Array, rows: number, poll: () => void): void {
  for (let k = 0; k < order; k += GROUP) {
    poll();
    const tau = factorGroup(r, order, panel, rows, k);
    applyGroup(r, order, panel, rows, k, tau);
  }
}

/** Columns [k, k + GROUP) of the panel become the vectors v of their reflections; returns the factors tau of these. */
function factorGroup(r: Float64Array, order: number, panel: Float64Array, rows: number, k: number): number[] {
  const factors: number[] = [];
  for (let i = k; i < k + GROUP; i++) {
    const row = i * order;
    const { tau, beta } = reflect(panel, i * rows, (i + 1) * rows, r[row + i]);
    r[row + i] = beta;
    for (let j = i + 1; j < k + GROUP; j++) {
      const w = tau * (r[row + j] + dot(panel, rows, i, j));
      r[row + j] -= w;
      for (let t = 0; t < rows; t++) panel[j * rows + t] -= w * panel[i * rows + t];
    }
    factors.push(tau);
  }
  return factors;
}

/** Inner product of columns i and j of the panel. */
function dot(panel: Float64Array, rows: number, i: number, j: number): number {
  let sum = 0;
  for (let t = 0; t < rows; t++) sum += panel[i * rows + t] * panel[j * rows + t];
  return sum;
}

/**
 * Applies the four reflections of columns [k, k + 4) to all later columns at once, two columns at a time:
 * column -= sum w_i u_i with w_i = tau_i (u_i . column - sum_{l < i} (u_l . u_i) w_l), the compact WY form
 * (Schreiber and Van Loan 1989) solved by substitution.
 */
function applyGroup(r: Float64Array, order: number, panel: Float64Array, rows: number, k: number, tau: readonly number[]): void {
  const [tau0, tau1, tau2, tau3] = tau;
  const g01 = dot(panel, rows, k, k + 1);
  const g02 = dot(panel, rows, k, k + 2);
  const g03 = dot(panel, rows, k, k + 3);
  const g12 = dot(panel, rows, k + 1, k + 2);
  const g13 = dot(panel, rows, k + 1, k + 3);
  const g23 = dot(panel, rows, k + 2, k + 3);
  const v0 = k * rows;
  const v1 = v0 + rows;
  const v2 = v1 + rows;
  const v3 = v2 + rows;
  const row0 = k * order;
  const row1 = row0 + order;
  const row2 = row1 + order;
  const row3 = row2 + order;
  for (let j = k + GROUP; j < order; j += 2) {
    const a = j * rows;
    const b = a + rows;
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    for (let t = 0; t < rows; t++) {
      const x = panel[a + t];
      const y = panel[b + t];
      const p0 = panel[v0 + t];
      const p1 = panel[v1 + t];
      const p2 = panel[v2 + t];
      const p3 = panel[v3 + t];
      a0 += x * p0;
      a1 += x * p1;
      a2 += x * p2;
      a3 += x * p3;
      b0 += y * p0;
      b1 += y * p1;
      b2 += y * p2;
      b3 += y * p3;
    }
    a0 = tau0 * (r[row0 + j] + a0);
    b0 = tau0 * (r[row0 + j + 1] + b0);
    a1 = tau1 * (r[row1 + j] + a1 - g01 * a0);
    b1 = tau1 * (r[row1 + j + 1] + b1 - g01 * b0);
    a2 = tau2 * (r[row2 + j] + a2 - g02 * a0 - g12 * a1);
    b2 = tau2 * (r[row2 + j + 1] + b2 - g02 * b0 - g12 * b1);
    a3 = tau3 * (r[row3 + j] + a3 - g03 * a0 - g13 * a1 - g23 * a2);
    b3 = tau3 * (r[row3 + j + 1] + b3 - g03 * b0 - g13 * b1 - g23 * b2);
    r[row0 + j] -= a0;
    r[row1 + j] -= a1;
    r[row2 + j] -= a2;
    r[row3 + j] -= a3;
    r[row0 + j + 1] -= b0;
    r[row1 + j + 1] -= b1;
    r[row2 + j + 1] -= b2;
    r[row3 + j + 1] -= b3;
    for (let t = 0; t < rows; t++) {
      const p0 = panel[v0 + t];
      const p1 = panel[v1 + t];
      const p2 = panel[v2 + t];
      const p3 = panel[v3 + t];
      panel[a + t] -= a0 * p0 + a1 * p1 + a2 * p2 + a3 * p3;
      panel[b + t] -= b0 * p0 + b1 * p1 + b2 * p2 + b3 * p3;
    }
  }
}
