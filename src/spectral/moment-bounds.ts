import type { Bound } from './bounded';

/** Where a quantity lies for certain; null on an open side. */
export type Interval = Pick<Bound, 'lower' | 'upper'>;

/** What is known of a symmetric positive semidefinite d x d matrix A in this file. */
export interface Moments {
  readonly d: number;
  /** tr A */
  readonly trace: number;
  /** tr A^2 = |A|_F^2 */
  readonly squares: number;
}

/**
 * Relative error that every bound here allows in the trace and in the squares: 1e-12 + 4 d eps.
 * A recursive sum of d non-negative terms, or of d rows of d each, is right to d eps (Higham, Accuracy and Stability, 4.2);
 * the rest covers the rounding of the terms and of the bounds' own formulas, each a few eps, thousands of times smaller than 1e-12.
 */
export function momentError(d: number): number {
  return 1e-12 + 4 * d * Number.EPSILON;
}

/**
 * In units of |A|_F, where squares = 1, what remains is t = tr A / |A|_F between 1 and sqrt d; t^2 is the participation ratio.
 * All bounds are monotone in t, or sums of terms that are, so they are taken at the ends of the interval in which t lies for certain.
 * That also covers cancellation, as of d - t^2 near a multiple of I: its rounding amounts to a far smaller change of t.
 * For that reason the ends are not cut off at 1 and sqrt d.
 */
interface Shape {
  readonly norm: number;
  readonly error: number;
  readonly low: number;
  readonly high: number;
}

/** @returns null for the zero matrix */
function shapeOf({ d, trace, squares }: Moments): Shape | null {
  if (trace === 0 && squares === 0) return null;
  if (!(squares >= 1e-290 && squares <= 1e300)) {
    throw new RangeError('The sum of squares is outside 1e-290 to 1e300: the matrix has to be scaled first.');
  }
  const error = momentError(d);
  const norm = Math.sqrt(squares);
  const t = trace / norm;
  const low = t * (1 - 2 * error);
  const high = t * (1 + 2 * error);
  if (!(high >= 1 && low <= Math.sqrt(d))) {
    throw new RangeError('These are not the trace and the sum of squares of a positive semidefinite matrix.');
  }
  return { norm, error: 2 * error, low, high };
}

/** Standard deviation of the eigenvalues in units of |A|_F. */
function spread(d: number, t: number): number {
  return Math.sqrt(Math.max(0, d - t * t)) / d;
}

/** The least l_max of a positive semidefinite matrix of any dimension: k equal eigenvalues and a remainder. */
function sharpLargest(t: number): number {
  const k = Math.floor(t * t);
  return (t + Math.sqrt(Math.max(0, k + 1 - t * t) / k)) / (k + 1);
}

/**
 * Bounds on l_k, the k-th largest eigenvalue, k = 1 ... d.
 *
 * With m = T / d and s^2 = Q / d - m^2 (Wolkowicz and Styan 1980, Linear Algebra Appl. 29, Theorems 2.1 and 2.2):
 *   m - s sqrt((k-1) / (d-k+1)) <= l_k <= m + s sqrt((d-k) / k),  and  l_d <= m - s / sqrt(d-1).
 * Semidefiniteness adds l_k >= 0, l_k <= T / k and the sharp lower side of l_1, which is attained by
 * k = floor(T^2 / Q) equal eigenvalues and a remainder: l_1 >= [T + sqrt(((k+1) Q - T^2) / k)] / (k+1) >= Q / T.
 *
 * Slack: T and Q each wrong by `momentError(d)`, relative. Near a multiple of I, s is then uncertain by about 1e-6 m, and so are the bounds.
 *
 * @throws RangeError when no positive semidefinite matrix has these moments, or Q is outside 1e-290 to 1e300
 */
export function eigenvalueBounds(moments: Moments, k: number): Interval {
  const { d } = moments;
  const shape = shapeOf(moments);
  if (shape === null) return { lower: 0, upper: 0 };
  const { norm, error, low, high } = shape;
  const wide = spread(d, low);
  const narrow = spread(d, high);
  const lower = k === 1 ? sharpLargest(high) : low / d - wide * Math.sqrt((k - 1) / (d - k + 1));
  const upper = k === d && d > 1 ? high / d - narrow / Math.sqrt(d - 1) : Math.min(high / k, high / d + wide * Math.sqrt((d - k) / k));
  return { lower: Math.max(0, lower) * norm * (1 - error), upper: upper * norm * (1 + error) };
}

/**
 * l_max / l_min is at least the quotient of the bounds on both (Wolkowicz and Styan 1980). Slack as in `eigenvalueBounds`.
 * @throws RangeError as `eigenvalueBounds`
 */
export function conditionNumberBounds(moments: Moments): Interval {
  const largest = eigenvalueBounds(moments, 1).lower!;
  const smallest = eigenvalueBounds(moments, moments.d).upper!;
  return { lower: smallest > 0 ? Math.max(1, largest / smallest) : null, upper: null };
}

/**
 * The effective rank exp H(l / T) from the purity Q / T^2, both sides attained (Harremoes and Topsoe 2001, IEEE Trans. Inf. Theory 47):
 * least for floor(T^2 / Q) equal eigenvalues and a remainder, greatest for one large eigenvalue and d - 1 equal ones.
 *
 * Slack: T and Q as in `eigenvalueBounds`, and 1e-12 + 64 d eps nats, because a mass wrong by eps is wrong by eps log(1 / eps) < 37 eps in entropy.
 *
 * @throws RangeError as `eigenvalueBounds`, and for the zero matrix, which has no effective rank
 */
export function effectiveRankBounds(moments: Moments): Interval {
  const { d } = moments;
  const shape = shapeOf(moments);
  if (shape === null) throw new RangeError('The zero matrix has no effective rank.');
  const { low, high } = shape;
  const slack = 1e-12 + 64 * d * Number.EPSILON;

  const t = Math.max(1, low);
  const k = Math.floor(t * t);
  const equal = sharpLargest(t) / t;
  const least = k * surprisal(equal) + surprisal(1 - k * equal);

  const first = (1 + Math.sqrt((d - 1) * Math.max(0, d / (high * high) - 1))) / d;
  const greatest = surprisal(first) + (d > 1 ? (d - 1) * surprisal((1 - first) / (d - 1)) : 0);

  return { lower: Math.max(1, Math.exp(least - slack)), upper: Math.min(d, Math.exp(greatest + slack)) };
}

function surprisal(p: number): number {
  return p > 0 ? -p * Math.log(p) : 0;
}

/**
 * The number of eigenvalues above tau, at least d (m - tau)^2 / ((m - tau)^2 + s^2) for tau < m = T / d:
 * the one-sided Chebyshev inequality of Cantelli for the eigenvalues. At tau = 0, rank A >= T^2 / Q.
 *
 * Slack as in `eigenvalueBounds`; the lower side is an integer.
 *
 * @param tau >= 0
 * @throws RangeError as `eigenvalueBounds`, and for tau < 0
 */
export function countAboveBounds(moments: Moments, tau: number): Interval {
  const { d } = moments;
  if (!(tau >= 0)) throw new RangeError('The threshold is negative.');
  const shape = shapeOf(moments);
  if (shape === null) return { lower: 0, upper: 0 };
  const { norm, error, low } = shape;
  const above = low / d - (tau / norm) * (1 + error);
  if (!(above > 0)) return { lower: 0, upper: null };
  const s = spread(d, low);
  // Divided first: above may be so small that its square underflows.
  const ratio = s / above;
  return { lower: Math.ceil((d / (1 + ratio * ratio)) * (1 - error)), upper: null };
}

/**
 * l_min of a positive definite matrix from its determinant and trace, in logarithms:
 * det A ((d-1) / T)^(d-1) <= l_min <= det(A)^(1/d), by the inequality of the means for the other d - 1 eigenvalues, and for all d.
 *
 * Slack: T wrong by `momentError(d)`, relative, and logDet by 1e-12 (|logDet| + d).
 *
 * @param logDet log det A; -Infinity for a singular matrix
 * @throws RangeError for a trace that is not positive
 */
export function smallestEigenvalueFromLogDet(d: number, trace: number, logDet: number): Interval {
  if (!(trace > 0)) throw new RangeError('The trace is not positive.');
  if (logDet === Number.NEGATIVE_INFINITY) return { lower: 0, upper: 0 };
  const slack = 1e-12 * (Math.abs(logDet) + d);
  const others = d > 1 ? (d - 1) * Math.log((d - 1) / trace) : 0;
  // The products of d - 1 logarithms round by eps of their size, and Math.exp by eps of its argument.
  const rounding = 4 * Number.EPSILON * (Math.abs(logDet) + Math.abs(others));
  return {
    lower: Math.exp(logDet + others - slack - d * momentError(d) - rounding),
    upper: Math.exp((logDet + slack + rounding) / d + Number.EPSILON),
  };
}
