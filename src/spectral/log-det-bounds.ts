import { cholesky } from './cholesky';
import { choleskyShift } from './inertia';
import { type Interval, type Moments, momentError } from './moment-bounds';

/** Moments of A + delta I: T + d delta and Q + 2 delta T + d delta^2. @param delta >= 0 */
export function ridgedMoments({ d, trace, squares }: Moments, delta: number): Moments {
  return { d, trace: trace + d * delta, squares: squares + delta * (2 * trace + d * delta) };
}

/** logdet A <= d log(T / d), the inequality of the means. Slack: T wrong by `momentError(d)`, relative, and 4 eps of the value. */
export function arithmeticMeanLogDet(d: number, trace: number): Interval {
  const value = d * Math.log(trace / d);
  return { lower: null, upper: value + d * momentError(d) + rounding(value) };
}

/**
 * logdet A <= sum log a_ii (Hadamard). The gap is the total correlation of a Gaussian with covariance A.
 * Slack: each a_ii wrong by `momentError(d)`, relative, and d eps of the sum of absolute values, for the order of summation.
 */
export function hadamardLogDet(diagonal: Float64Array): Interval {
  const d = diagonal.length;
  let sum = 0;
  let size = 0;
  for (const x of diagonal) {
    const log = Math.log(x);
    sum += log;
    size += Math.abs(log);
  }
  if (sum === Number.NEGATIVE_INFINITY) return { lower: null, upper: sum };
  return { lower: null, upper: sum + d * momentError(d) + d * Number.EPSILON * size };
}

/**
 * logdet A <= sum_b logdet A_bb over consecutive diagonal blocks of `blockSize` (Fischer); the last block may be smaller.
 *
 * Slack: each block gets a diagonal shift that outweighs the backward error of its Cholesky factorisation (`choleskyShift`),
 * so that the factor belongs to a matrix >= A_bb however ill-conditioned that is. Entries are taken as exact.
 * A block that is not semidefinite to this precision falls back to Hadamard.
 *
 * @param a d x d, row-major, positive semidefinite; the upper triangle is read
 */
export function fischerLogDet(a: Float64Array, d: number, blockSize: number, poll: () => void = () => {}): Interval {
  let upper = 0;
  for (let from = 0; from < d; from += blockSize) {
    const size = Math.min(blockSize, d - from);
    const block = new Float64Array(size * size);
    const diagonal = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const row = (from + i) * d + from;
      for (let j = i; j < size; j++) block[i * size + j] = a[row + j];
      diagonal[i] = a[row + i];
    }
    const shift = choleskyShift(diagonal);
    for (let i = 0; i < size; i++) block[i * size + i] += shift;
    const hadamard = hadamardLogDet(diagonal).upper!;
    if (!cholesky(block, size, poll)) {
      upper += hadamard;
      continue;
    }
    const pivots = new Float64Array(size);
    for (let i = 0; i < size; i++) pivots[i] = block[i * size + i];
    upper += Math.min(hadamard, 2 * hadamardLogDet(pivots).upper!);
  }
  return { lower: null, upper: upper + rounding(upper) };
}

function rounding(value: number): number {
  return Number.isFinite(value) ? 4 * Number.EPSILON * Math.abs(value) : 0;
}

/**
 * Bai and Golub 1996 (Annals of Numerical Mathematics 4, 29-38), Theorem 2: the two-node Gauss-Radau rule of the spectral measure.
 * With m = T / d and s^2 = Q / d - m^2, the measure on {x, t} that has these moments puts weight d s^2 / (s^2 + (x-m)^2) on x, and
 * t = m + s^2 / (m - x). Its integral of log is at most logdet A for x <= l_min, and at least for x >= l_max. Exact when A has two levels, one of them x.
 *
 * Slack: T and Q wrong by `momentError(d)`, relative. The rule is increasing in T and decreasing in Q (the quadratic that touches
 * log at t and meets it at x has a positive linear and a negative leading coefficient), so each side is taken at the worse end of both.
 * Then 16 eps d times the size of the logarithms.
 *
 * @param smallest certified <= l_min, taken as exact; the lower side is open unless it is positive
 * @param largest certified >= l_max, taken as exact; null to use |A|_F
 * @throws RangeError when these numbers contradict each other, or Q is outside 1e-290 to 1e300
 */
export function baiGolubLogDet({ d, trace, squares }: Moments, smallest: number, largest: number | null): Interval {
  if (!(squares >= 1e-290 && squares <= 1e300)) {
    throw new RangeError('The sum of squares is outside 1e-290 to 1e300: the matrix has to be scaled first.');
  }
  const error = momentError(d);
  // In units of the norm, so that no square over- or underflows.
  const norm = Math.sqrt(squares);
  const mean = trace / norm / d;
  const low = mean * (1 - error);
  const high = mean * (1 + error);
  const unit = d * Math.log(norm);

  let lower: number | null = null;
  if (smallest > 0) {
    const a = smallest / norm;
    // Not the logarithm of a, which may have lost its digits among the subnormals.
    const logA = Math.log(smallest) - Math.log(norm);
    if (a > high) throw new RangeError('The lower bound on the eigenvalues exceeds their mean.');
    // No smaller than d log a, which is all that is known when the mean is a.
    const value = low > a ? twoNodeLogDet(d, a, logA, low, (1 + error) / d - low * low) : d * logA;
    lower = value + unit - slackOf(d, logA, norm);
  }
  // l_max <= |A|_F always.
  const b = Math.min((largest ?? Number.POSITIVE_INFINITY) / norm, 1 + error);
  if (b < low) throw new RangeError('The upper bound on the eigenvalues is below their mean.');
  const logB = Math.log(b);
  const variance = (1 - error) / d - high * high;
  const value = b > high && variance > 0 ? twoNodeLogDet(d, b, logB, high, variance) : d * Math.log(Math.min(b, high) * (1 + error));
  if (Number.isNaN(value)) throw new RangeError('The upper bound on the eigenvalues contradicts their sum of squares.');
  return { lower, upper: value + unit + slackOf(d, logB, norm) };
}

function twoNodeLogDet(d: number, x: number, logX: number, mean: number, variance: number): number {
  const node = mean + variance / (mean - x);
  const ratio = (mean - x) ** 2 / variance;
  const weight = d / (1 + ratio);
  return weight * logX + (d - weight) * Math.log(node);
}

function slackOf(d: number, logX: number, norm: number): number {
  // 64: the other node lies within a factor 1e20 of the norm.
  return 16 * Number.EPSILON * d * (Math.abs(logX) + Math.abs(Math.log(norm)) + 64);
}
