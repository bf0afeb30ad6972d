import { type Interval, momentError } from './moment-bounds';

/**
 * Sums of absolute values off the diagonal, R_i = sum_{j != i} |a_ij|.
 * @param a d x d, row-major; the upper triangle is read
 */
function offDiagonalSums(a: Float64Array, d: number, poll: () => void): Float64Array {
  const sums = new Float64Array(d);
  for (let i = 0; i < d; i++) {
    poll();
    const row = i * d;
    for (let j = i + 1; j < d; j++) {
      const x = Math.abs(a[row + j]);
      sums[i] += x;
      sums[j] += x;
    }
  }
  return sums;
}

/**
 * Relative slack of sums of d entries: (d + 8) eps, twice the error of recursive summation (Higham, Accuracy and Stability, 4.2)
 * and several times the few operations after it.
 */
function summationError(d: number): number {
  return (d + 8) * Number.EPSILON;
}

/**
 * All eigenvalues of a symmetric matrix lie between min (a_ii - R_i) and max (a_ii + R_i) (Gershgorin 1931).
 * Slack: (d + 8) eps (|a_ii| + R_i) on each disc; entries are taken as exact, and none as subnormal.
 * @param a d x d, row-major; the upper triangle is read
 */
export function gershgorinInterval(a: Float64Array, d: number, poll: () => void = () => {}): Interval {
  const sums = offDiagonalSums(a, d, poll);
  const error = summationError(d);
  let lower = Number.POSITIVE_INFINITY;
  let upper = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < d; i++) {
    const centre = a[i * d + i];
    const slack = error * (Math.abs(centre) + sums[i]);
    lower = Math.min(lower, centre - sums[i] - slack);
    upper = Math.max(upper, centre + sums[i] + slack);
  }
  return { lower, upper };
}

/**
 * Every eigenvalue lies in an oval of Cassini |l - a_ii| |l - a_jj| <= R_i R_j, i != j (Brauer 1947); this is the hull of their real parts,
 * with ends (a_ii + a_jj) / 2 -+ sqrt(((a_ii - a_jj) / 2)^2 + R_i R_j). Never wider than Gershgorin's. O(d^2) pairs.
 * Slack: (d + 8) eps (|a_ii| + |a_jj| + R_i + R_j) on each oval; entries are taken as exact, and none as subnormal.
 * @param a d x d, row-major; the upper triangle is read
 */
export function cassiniInterval(a: Float64Array, d: number, poll: () => void = () => {}): Interval {
  if (d === 1) return { lower: a[0], upper: a[0] };
  const sums = offDiagonalSums(a, d, poll);
  const error = summationError(d);
  let lower = Number.POSITIVE_INFINITY;
  let upper = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < d; i++) {
    poll();
    const p = a[i * d + i];
    for (let j = i + 1; j < d; j++) {
      const q = a[j * d + j];
      const middle = p / 2 + q / 2;
      const half = Math.hypot(p / 2 - q / 2, Math.sqrt(sums[i]) * Math.sqrt(sums[j]));
      const slack = error * (Math.abs(p) + Math.abs(q) + sums[i] + sums[j]);
      lower = Math.min(lower, middle - half - slack);
      upper = Math.max(upper, middle + half + slack);
    }
  }
  return { lower, upper };
}

/**
 * l_max >= 1^T A 1 / d, the Rayleigh quotient of the constant vector; for the kernel of n rows it is n |mean|^2.
 * Slack: 2 (d + 8) eps sum |a_ij| / d, for the row sums and the sum of those; entries are taken as exact, and none as subnormal.
 * @param a d x d, row-major; the upper triangle is read
 */
export function constantRayleighBounds(a: Float64Array, d: number, poll: () => void = () => {}): Interval {
  let sum = 0;
  let size = 0;
  for (let i = 0; i < d; i++) {
    poll();
    const row = i * d;
    let rowSum = a[row + i];
    let rowSize = Math.abs(rowSum);
    for (let j = i + 1; j < d; j++) {
      rowSum += 2 * a[row + j];
      rowSize += 2 * Math.abs(a[row + j]);
    }
    sum += rowSum / d;
    size += rowSize / d;
  }
  return { lower: sum - 2 * summationError(d) * size, upper: null };
}

/**
 * |l_i| <= |A|_F for every eigenvalue of a symmetric matrix. Slack: `momentError(d)`, relative, in the squares.
 * @param squares tr A^2, not under- or overflowed
 */
export function frobeniusInterval(d: number, squares: number): Interval {
  const upper = Math.sqrt(squares) * (1 + momentError(d));
  return { lower: -upper, upper };
}

/**
 * The largest absolute eigenvalue from the trace of an even power: (tr A^2p / d)^(1/2p) <= max |l_i| <= (tr A^2p)^(1/2p);
 * l_max, when A is positive semidefinite. The upper side is too large by at most d^(1/2p).
 * Slack: the trace wrong by p `momentError(d)`, relative, for p products of d terms a sum, which the root divides by 2p; the root adds 1e-12.
 * @param p >= 1, half the power
 * @param powerTrace tr A^2p, not under- or overflowed
 */
export function powerTraceBounds(d: number, p: number, powerTrace: number): Interval {
  const error = momentError(d) + 1e-12;
  return {
    lower: (powerTrace / d) ** (1 / (2 * p)) * (1 - error),
    upper: powerTrace ** (1 / (2 * p)) * (1 + error),
  };
}
