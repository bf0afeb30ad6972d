import { tridiagonalEigen } from './gauss-quadrature';
import { norm, type Operator, orthogonalize } from './lanczos';
import { normal, uniform } from './random';
import { toTridiagonalBasis, tridiagonalize } from './symmetric-eigen';

export interface TopEigenvalues {
  /** Rayleigh quotients of orthonormal vectors, descending; fewer than asked for when the dimension did not suffice. */
  readonly values: Float64Array;
  /** For each, |A y - theta y|: some eigenvalue lies within it of theta, up to a few eps ||A|| of rounding (Parlett, The Symmetric Eigenvalue Problem). */
  readonly residuals: Float64Array;
  /** Their vectors, one a row: values.length x d. */
  readonly vectors: Float64Array;
  /** True when all converged and a search from fresh random directions, orthogonal to them, found no eigenvalue above the least.
   * Otherwise the values are eigenvalues all the same, but others may stand among them. */
  readonly complete: boolean;
}

interface TopOptions {
  readonly count: number;
  readonly blockSize: number;
  readonly dimension: number;
  readonly applications: number;
  readonly tolerance: number;
}

interface Ritz {
  readonly value: number;
  readonly vector: Float64Array;
}

/**
 * The largest eigenvalues, with multiplicity, by block Lanczos with full reorthogonalisation (Golub and Underwood 1977).
 * A block that loses rank is filled up with random directions, and after convergence the search starts again orthogonal to what it found,
 * so that multiplicity beyond the block size is found too, with probability 1.
 * Memory: O(d (dimension + count)).
 *
 * @param count how many eigenvalues
 * @param blockSize vectors per application of the operator
 * @param dimension largest Krylov space of one search; those that converged in it are deflated and another search goes on,
 *   and when none did the result is incomplete
 * @param applications of the operator, in all searches; one more measures the residuals
 * @param tolerance on the residuals, relative to the largest eigenvalue in absolute value
 * @param poll called once per vector
 */
export async function topEigenvalues(
  operator: Operator,
  d: number,
  { count, blockSize, dimension, applications, tolerance }: TopOptions,
  seed: number,
  poll: () => void = () => {},
): Promise<TopEigenvalues> {
  const random = normal(uniform(seed));
  const wanted = Math.min(count, d);
  let locked: Ritz[] = [];
  let complete = false;
  let left = applications;
  const counted: Operator = (x, vectors) => {
    left--;
    return operator(x, vectors);
  };
  while (!complete && left > 0) {
    const cutoff = locked.length < wanted ? Number.NEGATIVE_INFINITY : locked[wanted - 1].value;
    const size = Math.min(dimension, left * blockSize);
    const found = await search(counted, d, locked, { wanted, cutoff, blockSize, dimension: size, tolerance }, random, poll);
    locked = [...locked, ...found.pairs].sort((a, b) => b.value - a.value).slice(0, wanted);
    complete = locked.length === wanted && found.settled && (found.pairs.length === 0 || found.exhausted);
    if (found.pairs.length === 0) break;
  }
  return { ...(await residualsOf(operator, d, locked)), complete };
}

interface Search {
  /** New pairs above the cutoff that converged, no unconverged one among or above them. */
  readonly pairs: readonly Ritz[];
  /** The leading Ritz values converged: as many as wanted, or down to the first that is not above the cutoff. */
  readonly settled: boolean;
  /** The search spanned all of the space. */
  readonly exhausted: boolean;
}

async function search(
  operator: Operator,
  d: number,
  locked: readonly Ritz[],
  {
    wanted,
    cutoff,
    blockSize,
    dimension,
    tolerance,
  }: { wanted: number; cutoff: number; blockSize: number; dimension: number; tolerance: number },
  random: () => number,
  poll: () => void,
): Promise<Search> {
  const fixed = locked.length;
  const limit = Math.min(dimension, d - fixed);
  if (limit === 0) return { pairs: [], settled: true, exhausted: true };
  // Rows: the locked vectors, then the basis of the Krylov space, in which A is `projected`.
  const basis = new Float64Array((fixed + limit) * d);
  for (const [i, { vector }] of locked.entries()) basis.set(vector, i * d);
  const projected = new Float64Array(limit * limit);
  let scale = locked.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  let size = 0;
  let checked = 0;

  /** Appends x / |x| after cleaning it at its own scale, when x, already orthogonal to the basis, is longer than the threshold. */
  const append = (x: Float64Array, threshold: number): boolean => {
    const length = norm(x);
    if (length <= threshold) return false;
    const row = basis.subarray((fixed + size) * d, (fixed + size + 1) * d);
    for (let j = 0; j < d; j++) row[j] = x[j] / length;
    const again = orthogonalize(row, basis, fixed + size);
    for (let j = 0; j < d; j++) row[j] /= again;
    size++;
    return true;
  };
  const fill = (target: number): void => {
    while (size < target) {
      const x = Float64Array.from({ length: d }, random);
      orthogonalize(x, basis, fixed + size);
      append(x, 0);
    }
  };

  fill(Math.min(blockSize, limit));
  for (let from = 0; ; ) {
    const width = size - from;
    const images = await operator(basis.slice((fixed + from) * d, (fixed + size) * d), width);
    const outside = Array.from({ length: width }, (_, j) => images.subarray(j * d, (j + 1) * d));
    for (const [j, w] of outside.entries()) {
      poll();
      const column = from + j;
      scale = Math.max(scale, norm(w));
      for (let i = 0; i <= column; i++) {
        const h = dotRow(basis, fixed + i, w);
        projected[i * limit + column] = h;
      }
      orthogonalize(w, basis, fixed + size);
    }
    const before = size;
    // Below this a remainder is the rounding of the operator and of the projections.
    const threshold = 4 * Math.sqrt(d) * Number.EPSILON * scale;
    const last = outside.map((w) => w.slice());
    for (const w of outside) {
      orthogonalize(w, basis, fixed + size);
      if (size < limit) append(w, threshold);
    }
    const full = size === limit || before === limit;
    if (full || before >= 1.2 * checked) {
      checked = before;
      const ritz = ritzPairs(projected, limit, before, last, threshold, poll);
      let settled = 0;
      const enough = (): boolean => settled === wanted || (settled > 0 && ritz.values[settled - 1] <= cutoff + tolerance * scale);
      while (settled < before && ritz.residuals[settled] <= tolerance * scale && !enough()) settled++;
      const exhausted = before === d - fixed;
      if (enough() || exhausted || before === limit) {
        const above = ritz.values.subarray(0, settled).filter((value) => value > cutoff + tolerance * scale).length;
        const vectors = ritz.vectors(above);
        const pairs = vectors.map((coordinates, k) => ({ value: ritz.values[k], vector: combine(basis, fixed, coordinates, d) }));
        return { pairs, settled: enough() || (exhausted && settled === before), exhausted };
      }
    }
    fill(Math.min(before + blockSize, limit));
    from = before;
  }
}

/**
 * Eigenvalues of the leading `size` x `size` part of `projected`, descending, and the norms of the residuals of their Ritz vectors,
 * which the images of the last vectors outside the basis alone make, plus a threshold of rounding.
 */
function ritzPairs(
  projected: Float64Array,
  stride: number,
  size: number,
  outside: readonly Float64Array[],
  threshold: number,
  poll: () => void,
): { values: Float64Array; residuals: Float64Array; vectors: (count: number) => Float64Array[] } {
  const a = new Float64Array(size * size);
  for (let i = 0; i < size; i++) a.set(projected.subarray(i * stride, i * stride + size), i * size);
  const t = tridiagonalize(a, size, new Float64Array(size), poll);
  const rows = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = rows.subarray(i * size, (i + 1) * size);
    row[i] = 1;
    toTridiagonalBasis(a, size, t.tau, row);
  }
  const found = tridiagonalEigen(t, rows, poll);
  const order = Array.from(found.keys()).sort((i, j) => found[j] - found[i]);
  const residuals = Float64Array.from(order, (k) => {
    const sum = new Float64Array(outside[0].length);
    for (const [j, w] of outside.entries()) {
      const s = rows[(size - outside.length + j) * size + k];
      for (let i = 0; i < sum.length; i++) sum[i] += s * w[i];
    }
    return norm(sum) + threshold;
  });
  const vectors = (count: number): Float64Array[] =>
    order.slice(0, count).map((k) => Float64Array.from({ length: size }, (_, i) => rows[i * size + k]));
  return { values: Float64Array.from(order, (k) => found[k]), residuals, vectors };
}

function dotRow(basis: Float64Array, row: number, x: Float64Array): number {
  const offset = row * x.length;
  let sum = 0;
  for (let j = 0; j < x.length; j++) sum += basis[offset + j] * x[j];
  return sum;
}

function combine(basis: Float64Array, from: number, coordinates: Float64Array, d: number): Float64Array {
  const x = new Float64Array(d);
  for (let i = 0; i < coordinates.length; i++) {
    const offset = (from + i) * d;
    for (let j = 0; j < d; j++) x[j] += coordinates[i] * basis[offset + j];
  }
  return x;
}

/** Rayleigh quotients and residuals by one more application, which owe nothing to the recurrence. */
async function residualsOf(operator: Operator, d: number, pairs: readonly Ritz[]): Promise<Omit<TopEigenvalues, 'complete'>> {
  const x = new Float64Array(pairs.length * d);
  for (const [i, { vector }] of pairs.entries()) x.set(vector, i * d);
  const images = pairs.length === 0 ? x : await operator(x, pairs.length);
  const measured = pairs.map(({ vector }, i) => {
    const image = images.slice(i * d, (i + 1) * d);
    const length = norm(vector);
    const value = dotRow(image, 0, vector) / length ** 2;
    for (let j = 0; j < d; j++) image[j] -= value * vector[j];
    return { value, residual: norm(image) / length, vector };
  });
  measured.sort((a, b) => b.value - a.value);
  for (const [i, { vector }] of measured.entries()) x.set(vector, i * d);
  return {
    values: Float64Array.from(measured, ({ value }) => value),
    residuals: Float64Array.from(measured, ({ residual }) => residual),
    vectors: x,
  };
}
