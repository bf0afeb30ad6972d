import type { LanczosTridiagonal } from './lanczos';
import type { Interval } from './moment-bounds';
import { implicitQl, type Rotation, type Tridiagonal } from './tridiagonal';

/** A discrete probability measure: nodes descending, weights that sum to 1 (an empty rule has none). */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** A function whose derivatives from the second on alternate in sign, as the sign rule of Gauss-type quadrature needs. */
export interface AlternatingFunction {
  /** Infinite, or the limit at the end, outside the domain. */
  readonly value: (x: number) => number;
  /** Sign of the second, fourth, ... derivatives; the third, fifth, ... have the other. */
  readonly evenDerivatives: 1 | -1;
}

/** log(x + delta), delta >= 0, x > -delta. */
export function shiftedLog(delta: number): AlternatingFunction {
  return { value: (x) => (x + delta > 0 ? Math.log(x + delta) : Number.NEGATIVE_INFINITY), evenDerivatives: -1 };
}

/** log(1 + c x), c > 0, x > -1 / c. */
export function codingLog(c: number): AlternatingFunction {
  return { value: (x) => (c * x > -1 ? Math.log1p(c * x) : Number.NEGATIVE_INFINITY), evenDerivatives: -1 };
}

/** sqrt(x), x >= 0. */
export const squareRoot: AlternatingFunction = { value: (x) => Math.sqrt(Math.max(x, 0)), evenDerivatives: -1 };

/** 1 / x, x > 0. */
export const reciprocal: AlternatingFunction = { value: (x) => (x > 0 ? 1 / x : Number.POSITIVE_INFINITY), evenDerivatives: 1 };

/** x log x, x >= 0. */
export const xLogX: AlternatingFunction = { value: (x) => (x > 0 ? x * Math.log(x) : 0), evenDerivatives: 1 };

/**
 * Eigenvalues of a symmetric tridiagonal matrix, in no order, by implicit QL, and Z := Z S for rows Z in its basis, S its eigenvectors.
 * Rows e_i give the i-th components of the eigenvectors. (EISPACK imtql2; Golub and Welsch 1969, Math. Comp. 23, carry e_1 alone.)
 *
 * @param rows count x n, row-major, overwritten: column k belongs to the eigenvalue k
 * @throws Error when the matrix has entries that are not finite
 */
export function tridiagonalEigen(t: Tridiagonal, rows: Float64Array, poll: () => void = () => {}): Float64Array {
  const n = t.diagonal.length;
  const rotate: Rotation = (a, b, c, s) => {
    for (let row = 0; row < rows.length; row += n) {
      const x = rows[row + a];
      const y = rows[row + b];
      rows[row + b] = s * x + c * y;
      rows[row + a] = c * x - s * y;
    }
  };
  return implicitQl(t, rotate, poll);
}

/** Gauss rule of the measure whose Jacobi matrix is T: nodes its eigenvalues, weights the squared first components of the eigenvectors. */
export function gauss(t: Tridiagonal): Quadrature {
  const n = t.diagonal.length;
  const first = new Float64Array(n);
  if (n > 0) first[0] = 1;
  const nodes = tridiagonalEigen(t, first);
  const order = Array.from(nodes.keys()).sort((i, j) => nodes[j] - nodes[i]);
  return { nodes: Float64Array.from(order, (i) => nodes[i]), weights: Float64Array.from(order, (i) => first[i] ** 2) };
}

/** Last pivot of the LDL^T of T - node I, whose pivots must all have the sign of `side`. */
function lastPivot({ diagonal, offDiagonal }: Tridiagonal, node: number, side: 1 | -1): number {
  let pivot = 0;
  for (let k = 0; k < diagonal.length; k++) {
    pivot = diagonal[k] - node - (k === 0 ? 0 : offDiagonal[k - 1] ** 2 / pivot);
    if (!(side * pivot > 0)) throw new RangeError(`The node ${node} does not lie strictly outside the eigenvalues of T.`);
  }
  return pivot;
}

function extend(t: LanczosTridiagonal, last: number, coupling: number): Tridiagonal {
  return { diagonal: Float64Array.of(...t.diagonal, last), offDiagonal: Float64Array.of(...t.offDiagonal, coupling) };
}

/**
 * Gauss-Radau rule with m + 1 nodes, one of them prescribed (Golub 1973, SIAM Review 15). Of an exact T, the Gauss rule.
 * @param side 1 when the node lies below the spectrum, -1 when above
 * @throws RangeError when the node does not lie strictly outside the eigenvalues of T, on its side
 */
export function gaussRadau(t: LanczosTridiagonal, node: number, side: 1 | -1): Quadrature {
  if (t.exact) return gauss(t);
  return gauss(extend(t, node + t.coupling ** 2 / lastPivot(t, node, side), t.coupling));
}

/**
 * Gauss-Lobatto rule with m + 1 nodes, both ends prescribed (Golub 1973). Of an exact T, the Gauss rule.
 * It does not use the coupling, one moment less than Radau's, and so is never sharper than Radau's rule at the lower end.
 * @throws RangeError when the eigenvalues of T do not lie strictly between the ends
 */
export function gaussLobatto(t: LanczosTridiagonal, lower: number, upper: number): Quadrature {
  if (t.exact) return gauss(t);
  const below = 1 / lastPivot(t, lower, 1);
  const above = 1 / lastPivot(t, upper, -1);
  const square = (upper - lower) / (below - above);
  return gauss(extend(t, lower + square * below, Math.sqrt(square)));
}

/** sum w f(node). */
export function integrate({ nodes, weights }: Quadrature, f: (x: number) => number): number {
  let sum = 0;
  for (let k = 0; k < nodes.length; k++) if (weights[k] > 0) sum += weights[k] * f(nodes[k]);
  return sum;
}

/**
 * What rounding can move an integral by: that of a Jacobi matrix wrong by h = 8 (m + 4) eps ||T|| in norm, to first order
 * sum w |f(x + h) - f(x - h)|, and of the values themselves. Infinite where a node lies within h of a pole.
 */
function roundingSlack({ nodes, weights }: Quadrature, f: (x: number) => number): number {
  const unit = 8 * (nodes.length + 4) * Number.EPSILON;
  const h = unit * Math.max(...nodes.map(Math.abs));
  return integrate({ nodes, weights }, (x) => Math.abs(f(x + h) - f(x - h)) + unit * (Math.abs(f(x)) + h));
}

/**
 * Bracket of x^T f(A) x, x the start of a Lanczos process with A (Golub and Meurant 2010, Matrices, Moments and Quadrature):
 * Gauss's rule errs to the side of the even derivatives, Radau's at a lower end to the other, Radau's at an upper end like Gauss's.
 * Each side is widened by `roundingSlack`, which supposes that the operator is right to a few eps ||A||,
 * and that |x|^2 does not underflow.
 *
 * @param below certified to be less than every eigenvalue, and in the domain of f, or null (that side is then open unless T is exact);
 *   for log(x + delta) with A positive semidefinite, -delta / 1000 serves
 * @param above certified to be more than every eigenvalue, or null; sharpens Gauss's side
 * @throws RangeError when an eigenvalue of T refutes `below` or `above`
 */
export function quadratureBracket(t: LanczosTridiagonal, f: AlternatingFunction, below: number | null, above: number | null): Interval {
  if (t.diagonal.length === 0) return { lower: 0, upper: 0 };
  const square = t.startNorm ** 2;
  // Direction 1 makes an upper bound of a rule, -1 a lower one.
  const side = (rule: Quadrature, direction: 1 | -1): number =>
    square * (integrate(rule, f.value) + direction * roundingSlack(rule, f.value));
  const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);

  const rule = gauss(t);
  if (t.exact) return { lower: finite(side(rule, -1)), upper: finite(side(rule, 1)) };
  const ofGauss = f.evenDerivatives === 1 ? -1 : 1;
  const sharper = ofGauss === 1 ? Math.min : Math.max;
  let like = side(rule, ofGauss);
  if (above !== null) {
    const other = side(gaussRadau(t, above, -1), ofGauss);
    like = Number.isFinite(like) ? sharper(like, other) : other;
  }
  const unlike = below === null ? Number.POSITIVE_INFINITY : side(gaussRadau(t, below, 1), ofGauss === 1 ? -1 : 1);
  return ofGauss === 1 ? { lower: finite(unlike), upper: finite(like) } : { lower: finite(like), upper: finite(unlike) };
}
