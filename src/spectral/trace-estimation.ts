import { type Operator, orthogonalize } from './lanczos';
import { normal, uniform } from './random';
import { dot } from './vectors';

/** A random estimate of a trace, and its own estimate of its standard deviation. */
export interface TraceEstimate {
  readonly trace: number;
  /** Infinite when one probe is all there is. */
  readonly standardError: number;
}

/** count x d entries +1 or -1. */
export function rademacherProbes(d: number, count: number, seed: number): Float64Array {
  const random = uniform(seed);
  return Float64Array.from({ length: count * d }, () => (random() < 0.5 ? -1 : 1));
}

function normalProbes(d: number, count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count * d }, normal(uniform(seed)));
}

/** Mean, and standard deviation of the mean. */
export function meanAndError(values: readonly number[]): { mean: number; standardError: number } {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : Number.POSITIVE_INFINITY };
}

function rowsOf(a: Float64Array, d: number): Float64Array[] {
  return Array.from({ length: a.length / d }, (_, i) => a.subarray(i * d, (i + 1) * d));
}

/** An orthonormal basis of the span of the rows, less the rows that depend on those before to 1e-13 of the longest. @returns rank x d, row-major */
function rangeBasis(rows: readonly Float64Array[], d: number): Float64Array {
  const basis = new Float64Array(rows.length * d);
  const longest = Math.sqrt(rows.reduce((most, row) => Math.max(most, dot(row, row)), 0));
  let rank = 0;
  for (const row of rows) {
    const x = row.slice();
    let length = orthogonalize(x, basis, rank);
    if (rank === d || length <= 1e-13 * longest) continue;
    for (let j = 0; j < d; j++) x[j] /= length;
    // A short remainder is mostly rounding until it has been cleaned at its own scale.
    length = orthogonalize(x, basis, rank);
    for (let j = 0; j < d; j++) basis[rank * d + j] = x[j] / length;
    rank++;
  }
  return basis.subarray(0, rank * d);
}

/** Mean of x^T A x over Rademacher probes x (Hutchinson 1990; Girard 1987). @param probes applications of the operator, all at once */
export async function hutchinson(operator: Operator, d: number, probes: number, seed: number): Promise<TraceEstimate> {
  const x = rademacherProbes(d, probes, seed);
  const images = rowsOf(await operator(x, probes), d);
  const { mean, standardError } = meanAndError(rowsOf(x, d).map((row, i) => dot(row, images[i])));
  return { trace: mean, standardError };
}

/**
 * Hutch++ (Meyer, Musco, Musco, Woodruff 2021): the trace on the range of A S exactly, the rest by Hutchinson.
 * @param applications of the operator; a third each for the range, its trace and the rest
 */
export async function hutchPlusPlus(operator: Operator, d: number, applications: number, seed: number): Promise<TraceEstimate> {
  const count = Math.max(1, Math.floor(applications / 3));
  const x = rademacherProbes(d, 2 * count, seed);
  const basis = rangeBasis(rowsOf(await operator(x.subarray(0, count * d), count), d), d);
  const rank = basis.length / d;
  let captured = 0;
  if (rank > 0) captured = dot(basis, await operator(basis, rank));
  if (rank === d) return { trace: captured, standardError: 0 };
  const rest = x.slice(count * d);
  for (const row of rowsOf(rest, d)) orthogonalize(row, basis, rank);
  const images = rowsOf(await operator(rest, count), d);
  const { mean, standardError } = meanAndError(rowsOf(rest, d).map((row, i) => dot(row, images[i])));
  return { trace: captured + mean, standardError };
}

/**
 * XTrace (Epperly, Tropp, Webber 2024, SIAM J. Matrix Anal. Appl. 45), with its normalisation of the residual, for a symmetric A:
 * each of N Gaussian vectors in turn probes what the range of A applied to the others leaves, and the N estimates are averaged.
 * Exact, up to rounding, when the rank of A is below N or N = d.
 *
 * @param applications of the operator, in two blocks of N = min(d, floor(applications / 2)); at least 4 for an error estimate
 * @returns the leave-one-out error estimate, which ignores that the N estimates depend on each other
 */
export async function xTrace(operator: Operator, d: number, applications: number, seed: number): Promise<TraceEstimate> {
  const n = Math.max(1, Math.min(d, Math.floor(applications / 2)));
  const omega = normalProbes(d, n, seed);
  const probes = rowsOf(omega, d);
  const images = rowsOf(await operator(omega, n), d);
  const q = rangeBasis(images, d);
  const rank = q.length / d;
  if (rank === 0) return { trace: 0, standardError: 0 };
  const basis = rowsOf(q, d);
  const z = rowsOf(await operator(q, rank), d);
  const h = basis.map((row) => z.map((image) => dot(row, image)));
  const captured = h.reduce((sum, row, i) => sum + row[i], 0);
  // A Gaussian block of more columns than the rank of A spans its range.
  if (rank < n) return { trace: captured, standardError: 0 };

  const r = basis.map((row) => images.map((image) => dot(row, image)));
  const form = (x: readonly number[]): number => x.reduce((sum, xi, i) => sum + xi * h[i].reduce((s, hij, j) => s + hij * x[j], 0), 0);
  const estimates = probes.map((probe, i) => {
    const direction = unitColumnOfInverseTranspose(r, i);
    const w = basis.map((row) => dot(row, probe));
    const along = w.reduce((sum, x, k) => sum + x * direction[k], 0);
    // u = probe - Q inside, the part of the probe outside the range of the other images.
    const inside = w.map((x, k) => x - along * direction[k]);
    const u = probe.slice();
    for (const [k, row] of basis.entries()) for (let j = 0; j < d; j++) u[j] -= inside[k] * row[j];
    const ofU = dot(probe, images[i]) - 2 * inside.reduce((sum, x, k) => sum + x * r[k][i], 0) + form(inside);
    return captured - form(direction) + ((d - n + 1) * ofU) / dot(u, u);
  });
  const { mean, standardError } = meanAndError(estimates);
  return { trace: mean, standardError };
}

/** The unit vector orthogonal to every column of the upper triangular R but column i: R^-T e_i, normalised. */
function unitColumnOfInverseTranspose(r: readonly (readonly number[])[], i: number): number[] {
  const x = new Array<number>(r.length).fill(0);
  for (let k = i; k < r.length; k++) {
    let sum = k === i ? 1 : 0;
    for (let j = i; j < k; j++) sum -= r[j][k] * x[j];
    x[k] = sum / r[k][k];
  }
  const length = Math.hypot(...x);
  return x.map((value) => value / length);
}
