import { cpuKernels } from '../compute/cpu';
import type { Backend } from '../compute/kernels';
import type { MatrixSource, TensorFile } from '../formats/matrix-source';
import { cholesky } from '../spectral/cholesky';
import { centreBlock } from '../spectral/gram-summary';
import { symmetricEigenvectors } from '../spectral/symmetric-eigenvectors';
import {
  buresDistance,
  debiasedLinearCka,
  eigenvectorProducts,
  type LogDetSplit,
  logDetSplit,
  spanCoordinates,
  steinDivergence,
  subspaceOverlap,
} from '../spectral/two-sample';
import { type AnalysisHooks, analyze, isWeight } from './analyze';
import { RowPreparation } from './prepare-rows';
import { type Rows, readRows, sampleStream } from './read-rows';
import type { AnalysisOptions, Reason, SpectralReport } from './report';
import { type JsonValue, reportToJson } from './report-json';
import { nestedSample, rowHash } from './sample';

export const COMPARISON_SCHEMA = 'sigma.compare/1';

/** Rows of each side for distances and test. */
const MOST_ROWS = 2000;
/** Columns up to which so many rows are taken; wider matrices are compared on the few rows that keep their joint span as small. */
const WIDE = 1024;
const ROWS_IF_WIDE = WIDE / 2;
/** Multiply-adds that the permutations may take. */
const BUDGET = 4e9;
const MOST_PERMUTATIONS = 199;
const FEWEST_PERMUTATIONS = 39;
/** Of S', relative to its mean eigenvalue: that of `shape`. */
const SHAPE_RIDGE = 1e-6;
const LARGEST_SUBSPACE = 10;
/** In nats: statistics this near to each other differ by rounding only. */
const TIE = 1e-9;

/** Which rows distances and test come from. */
export interface ComparedRows {
  /** Row i of one file is compared with row i of the other. */
  readonly paired: boolean;
  /** Rows used of each side; equal when paired. */
  readonly a: number;
  readonly b: number;
  /** Sampled rows left out, which hold NaN or infinities, or are zero and were to be scaled; pairwise when paired. */
  readonly dropped: number;
  readonly seed: number;
}

/** Change from A to B, of all rows that the reports rest on; nats. */
export interface ComparisonDrift {
  /** SIGMA-UB (eq. 3.20 of {@link SpectralReport.sigma}). Null unless both sides have equally many rows. */
  readonly dU_cov: number | null;
  readonly dG_KF: number | null;
  /** Of logdet S', S centred. */
  readonly logDet: LogDetSplit | null;
}

export interface Distances {
  /** Stein's divergence of B's covariance, seen from A's: nats (twice the Kullback-Leibler divergence of Gaussians). */
  readonly stein: number | null;
  /** Between the covariances, and between the means; both in units of the rows. */
  readonly bures: number | null;
  readonly meanShift: number | null;
  /** Of the k directions of largest variance; unrelated ones overlap by `chance` on average. */
  readonly subspaceOverlap: { readonly k: number; readonly value: number; readonly chance: number } | null;
  /** Linear CKA, debiased. Null unless rows are paired. */
  readonly cka: number | null;
}

/** One statistic of the permutation test: B minus A, on the rows of the test. */
export interface Permuted {
  readonly statistic: number;
  readonly p: number;
  /** Holm-adjusted for both statistics. */
  readonly adjusted: number;
}

/** Exact if it makes no difference to a pair of rows which file each came from. */
export interface PermutationTest {
  readonly method: 'paired permutation';
  readonly rows: number;
  readonly permutations: number;
  readonly shape: Permuted;
  readonly logScale: Permuted;
}

/** Two summaries against each other; A is the baseline. */
export interface Comparison {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly a: SpectralReport;
  readonly b: SpectralReport;
  readonly rows: ComparedRows;
  readonly drift: ComparisonDrift;
  readonly distances: Distances;
  readonly test: PermutationTest | null;
  /** Why something is null, or what it must not be mistaken for; `code` is the name of the member. */
  readonly reasons: readonly Reason[];
}

/** One side of a comparison. */
export interface Side {
  readonly file: TensorFile;
  readonly tensor: string;
}

/**
 * Reports of both matrices, the drift from `a` to `b`, distances, and a test whether the files can be told apart.
 * Distances and test are computed in float64 whatever the backend is.
 * @throws Error when the two have different numbers of columns; FormatError when a file turns out to be unsound while it is read
 */
export async function compare(a: Side, b: Side, asked: AnalysisOptions, backend: Backend, hooks: AnalysisHooks): Promise<Comparison> {
  const sources = [a.file.matrix(a.tensor), b.file.matrix(b.tensor)] as const;
  const { columns } = sources[0];
  if (sources[1].columns !== columns) throw new Error(`The two have ${columns} and ${sources[1].columns} columns.`);
  const weights = isWeight(a.file.format, a.tensor) && isWeight(b.file.format, b.tensor);
  const normalize = asked.normalize ?? !weights;
  const options = { ...asked, normalize };
  const during = (from: number, to: number, name: string): AnalysisHooks => ({
    poll: hooks.poll,
    progress: (fraction, stage) => hooks.progress(from + (to - from) * fraction, `${name} · ${stage}`),
    refined: null,
  });
  const reportA = await analyze(a.file, a.tensor, options, backend, during(0, 0.25, 'A'));
  const reportB = await analyze(b.file, b.tensor, options, backend, during(0.25, 0.5, 'B'));

  const reasons: Reason[] = [];
  const because = (code: string, message: string): null => {
    reasons.push({ code, message });
    return null;
  };
  const paired = reportA.source.rows === reportB.source.rows;
  const wanted = Math.min(options.rows ?? MOST_ROWS, columns > WIDE ? ROWS_IF_WIDE : MOST_ROWS);
  hooks.progress(0.5, 'Reading the rows to compare');
  const sampleA = await sampleRows(sources[0], reportA.source.rows, wanted, options.seed, hooks.poll);
  const sampleB = await sampleRows(sources[1], reportB.source.rows, wanted, options.seed, hooks.poll);
  const usableA = usableRows(sampleA, columns, normalize);
  const usableB = usableRows(sampleB, columns, normalize);
  const kept = (own: Usable, other: Usable): Rows => gather(own, columns, (i) => !paired || other.rows[i] !== null);
  const x = kept(usableA, usableB);
  const y = kept(usableB, usableA);
  const dropped = paired ? sampleA.count - x.count : sampleA.count + sampleB.count - x.count - y.count;

  hooks.progress(0.55, 'Computing distances');
  const distances = await measureDistances();
  const test = await testPairs();
  return {
    schema: COMPARISON_SCHEMA,
    a: reportA,
    b: reportB,
    rows: { paired, a: x.count, b: y.count, dropped, seed: options.seed },
    drift: measureDrift(),
    distances,
    test,
    reasons,
  };

  function measureDrift(): ComparisonDrift {
    return { ...sigmaDrift(), logDet: covarianceDrift() };
  }

  function sigmaDrift(): Omit<ComparisonDrift, 'logDet'> {
    const [before, now] = [reportA.sigma, reportB.sigma];
    const neither = (message: string) => ({ dU_cov: because('dU_cov', message), dG_KF: because('dG_KF', message) });
    if (before === null || now === null) return neither(NO_ROWS);
    if (before.n_A !== now.n_A) {
      return neither(`SIGMA-UB can be compared on equally many rows only; here are ${count(before.n_A)} and ${count(now.n_A)}.`);
    }
    const bothBounded = before.G_KF !== null && now.G_KF !== null && before.beta === now.beta;
    return { dU_cov: now.U_cov - before.U_cov, dG_KF: bothBounded ? now.G_KF! - before.G_KF! : because('dG_KF', NO_G_KF) };
  }

  function covarianceDrift(): LogDetSplit | null {
    if ([reportA, reportB].some(({ quantities }) => (quantities.logScale?.value ?? null) === null)) return because('logDet', NO_VARIANCE);
    return logDetSplit(reportA.spectrum!.centred, reportB.spectrum!.centred, columns, SHAPE_RIDGE);
  }

  async function measureDistances(): Promise<Distances> {
    const none: Distances = { stein: null, bures: null, meanShift: null, subspaceOverlap: null, cka: null };
    if (x.count < 2 || y.count < 2) {
      because('distances', x.count === 0 || y.count === 0 ? NO_ROWS : 'One row has no variance.');
      return none;
    }
    const meanShift = distanceOfMeans(x, y, columns);
    // Nothing below depends on the basis, and the rows span no more than x.count + y.count directions.
    const joint = reduced(x, y, columns, hooks.poll);
    const p = centreBlock(joint.x, x.count, joint.columns);
    const q = centreBlock(joint.y, y.count, joint.columns);
    if (!varies(p.trace, p.mean, x.count) || !varies(q.trace, q.mean, y.count)) {
      because('distances', NO_VARIANCE);
      return { ...none, meanShift };
    }
    const s = symmetricEigenvectors(await covariance(p.centred, x.count, joint.columns, hooks.poll), joint.columns, hooks.poll);
    hooks.progress(0.62, 'Computing distances');
    const t = symmetricEigenvectors(await covariance(q.centred, y.count, joint.columns, hooks.poll), joint.columns, hooks.poll);
    hooks.progress(0.69, 'Computing distances');
    const products = eigenvectorProducts(s, t, hooks.poll);
    const fewest = Math.min(x.count, y.count);
    const k = Math.min(LARGEST_SUBSPACE, Math.max(1, Math.floor(columns / 2)), fewest - 1);
    return {
      stein:
        fewest > columns
          ? steinDivergence(s.values, t.values, products, SHAPE_RIDGE)
          : because('stein', `${count(fewest)} rows are too few for a Stein divergence of ${count(columns)} columns.`),
      bures: buresDistance(s.values, t.values, products, hooks.poll),
      meanShift,
      subspaceOverlap: { k, value: subspaceOverlap(products, joint.columns, k), chance: k / columns },
      cka: paired
        ? (debiasedLinearCka(p.centred, q.centred, x.count, joint.columns, hooks.poll) ??
          because('cka', 'The rows of one side do not differ by more than chance.'))
        : because('cka', `Linear CKA needs the same rows on both sides; ${unequal()}`),
    };
  }

  async function testPairs(): Promise<PermutationTest | null> {
    if (!paired) return because('test', `The permutation test needs the same rows on both sides; ${unequal()}`);
    if (x.count < 6) return because('test', 'Fewer than 6 pairs of rows cannot give a small p-value.');
    const plan = planTest(x.count, columns);
    if (plan.permutations < MOST_PERMUTATIONS) {
      const rows = plan.rows < x.count ? ` and ${count(plan.rows)} of ${count(x.count)} pairs of rows` : '';
      because('permutations', `${plan.permutations} permutations${rows} instead of ${MOST_PERMUTATIONS}, to keep the test quick.`);
    }
    const chosen = nestedSample(x.count, plan.rows, options.seed);
    const select = ({ values }: Rows): Rows => {
      const out = new Float64Array(plan.rows * columns);
      chosen.forEach((from, to) => {
        out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
      });
      return { count: plan.rows, values: out };
    };
    const joint = reduced(select(x), select(y), columns, hooks.poll);
    const found = await permute(joint, plan, columns, options.seed, (fraction) => {
      hooks.poll();
      hooks.progress(0.75 + 0.25 * fraction, 'Permuting pairs of rows');
    });
    return found ?? because('test', NO_VARIANCE);
  }

  function unequal(): string {
    return `the files have ${count(reportA.source.rows)} and ${count(reportB.source.rows)}.`;
  }
}

/** A comparison as a JSON value; see {@link reportToJson}. */
export function comparisonToJson(comparison: Comparison): JsonValue {
  return {
    ...(comparison as unknown as { readonly [key: string]: JsonValue }),
    a: reportToJson(comparison.a),
    b: reportToJson(comparison.b),
  };
}

const NO_ROWS = 'No row of one side could be used.';
const NO_VARIANCE = 'All rows of one side are the same: there is no variance.';
const NO_G_KF = 'G_KF needs rows that were not read, equally many on both sides, and rows scaled to unit length.';

/** The sampled rows of one file, in the order of their indices. */
async function sampleRows(source: MatrixSource, total: number, wanted: number, seed: number, poll: () => void): Promise<Rows> {
  if (source.access === 'sequential') return (await sampleStream(source, wanted, seed, poll)).rows;
  const indices = nestedSample(total, wanted, seed);
  const values = new Float64Array(indices.length * source.columns);
  let read = 0;
  for await (const rows of readRows(source, indices)) {
    poll();
    values.set(rows.values.subarray(0, rows.count * source.columns), read * source.columns);
    read += rows.count;
  }
  return { count: read, values };
}

/** Each sampled row as the statistics use it, or null where they cannot. */
interface Usable {
  readonly rows: readonly (Float64Array | null)[];
}

function usableRows({ count, values }: Rows, columns: number, normalize: boolean): Usable {
  const preparation = new RowPreparation(columns, normalize);
  return {
    rows: Array.from({ length: count }, (_, i) => {
      const row = preparation.prepare({ count: 1, values: values.subarray(i * columns, (i + 1) * columns) });
      return row.count === 1 ? row.values : null;
    }),
  };
}

function gather({ rows }: Usable, columns: number, wanted: (i: number) => boolean): Rows {
  const chosen = rows.filter((row, i) => row !== null && wanted(i)) as Float64Array[];
  const values = new Float64Array(chosen.length * columns);
  chosen.forEach((row, i) => {
    values.set(row, i * columns);
  });
  return { count: chosen.length, values };
}

interface Joint {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly columns: number;
}

/** Both sets of rows in memory of their own; where they span fewer directions than there are columns for sure, in a basis of their span. */
function reduced(x: Rows, y: Rows, columns: number, poll: () => void): Joint {
  if (columns <= x.count + y.count) return { x: x.values.slice(), y: y.values.slice(), columns };
  const stacked = new Float64Array(x.values.length + y.values.length);
  stacked.set(x.values);
  stacked.set(y.values, x.values.length);
  const { coordinates, rank } = spanCoordinates(stacked, x.count + y.count, columns, poll);
  return { x: coordinates.slice(0, x.count * rank), y: coordinates.slice(x.count * rank), columns: rank };
}

function distanceOfMeans(x: Rows, y: Rows, columns: number): number {
  const mean = new Float64Array(columns);
  for (let i = 0; i < x.values.length; i++) mean[i % columns] += x.values[i] / x.count;
  const other = new Float64Array(columns);
  for (let i = 0; i < y.values.length; i++) other[i % columns] += y.values[i] / y.count;
  return Math.sqrt(mean.reduce((sum, value, j) => sum + (value - other[j]) ** 2, 0));
}

/** @param centred rows with mean 0 @returns upper triangle of S */
async function covariance(centred: Float64Array, rows: number, columns: number, poll: () => void): Promise<Float64Array> {
  const gram = new Float64Array(columns * columns);
  await cpuKernels().addGram(centred, rows, columns, gram, poll);
  return gram.map((value) => value / rows);
}

/** Rounding of the rows themselves leaves eps^2 tr C where all rows are equal. */
function varies(scatterTrace: number, mean: Float64Array, rows: number): boolean {
  const meanSquare = mean.reduce((sum, value) => sum + value * value, 0);
  return scatterTrace / rows > 16 * Number.EPSILON ** 2 * (meanSquare + scatterTrace / rows);
}

/** How many pairs and permutations fit the budget: n min(d, 2n)^2 multiply-adds for both Gram matrices of one permutation. */
export function planTest(pairs: number, columns: number): { rows: number; permutations: number } {
  const affordable = Math.floor(BUDGET / (pairs * Math.min(columns, 2 * pairs) ** 2));
  if (affordable >= FEWEST_PERMUTATIONS) return { rows: pairs, permutations: Math.min(MOST_PERMUTATIONS, affordable) };
  const limit = BUDGET / FEWEST_PERMUTATIONS;
  const rows = Math.max(Math.floor(limit / columns ** 2), Math.floor(Math.cbrt(limit / 4)));
  return { rows: Math.min(pairs, rows), permutations: FEWEST_PERMUTATIONS };
}

/**
 * Swaps the files of each pair with probability 1/2: p = (1 + #{|t_b| >= |t|}) / (1 + B) (Phipson and Smyth 2010), exact under
 * exchangeability of each pair.
 * @param columns of the file: more than the rows have where they are in a basis of their span
 * @returns null where one arrangement has no variance
 */
async function permute(
  joint: Joint,
  plan: { rows: number; permutations: number },
  columns: number,
  seed: number,
  progress: (fraction: number) => void,
): Promise<PermutationTest | null> {
  const { rows, permutations } = plan;
  const observed = await statistics(() => false);
  if (observed === null) return null;
  let shape = 1;
  let logScale = 1;
  for (let b = 0; b < permutations; b++) {
    progress(b / permutations);
    const permuted = await statistics((i) => rowHash(b * rows + i, ~seed) >>> 31 === 1);
    if (permuted === null) return null;
    if (Math.abs(permuted.shape) >= Math.abs(observed.shape) - TIE) shape++;
    if (Math.abs(permuted.logScale) >= Math.abs(observed.logScale) - TIE) logScale++;
  }
  const p = { shape: shape / (1 + permutations), logScale: logScale / (1 + permutations) };
  const smaller = Math.min(1, 2 * Math.min(p.shape, p.logScale));
  const larger = Math.max(smaller, p.shape, p.logScale);
  const adjusted = (own: number, other: number): number => (own <= other ? smaller : larger);
  return {
    method: 'paired permutation',
    rows,
    permutations,
    shape: { statistic: observed.shape, p: p.shape, adjusted: adjusted(p.shape, p.logScale) },
    logScale: { statistic: observed.logScale, p: p.logScale, adjusted: adjusted(p.logScale, p.shape) },
  };

  /** Second minus first. */
  async function statistics(swapped: (i: number) => boolean): Promise<{ shape: number; logScale: number } | null> {
    const first = joint.x.slice();
    const second = joint.y.slice();
    const d = joint.columns;
    for (let i = 0; i < rows; i++) {
      if (!swapped(i)) continue;
      first.set(joint.y.subarray(i * d, (i + 1) * d), i * d);
      second.set(joint.x.subarray(i * d, (i + 1) * d), i * d);
    }
    const before = await describeRows(first, rows, d, columns);
    const after = await describeRows(second, rows, d, columns);
    if (before === null || after === null) return null;
    return { shape: after.shape - before.shape, logScale: after.logScale - before.logScale };
  }
}

/** `shape` and `logScale` by Cholesky. @param x rows x d; destroyed @param columns the dimension that the rows live in, >= d */
async function describeRows(
  x: Float64Array,
  rows: number,
  d: number,
  columns: number,
): Promise<{ shape: number; logScale: number } | null> {
  const { centred, trace, mean } = centreBlock(x, rows, d);
  if (!varies(trace, mean, rows)) return null;
  const variance = trace / rows;
  const ridge = (SHAPE_RIDGE * variance) / columns;
  const factor = await covariance(centred, rows, d, () => {});
  for (let j = 0; j < d; j++) factor[j * d + j] += ridge;
  if (!cholesky(factor, d)) return null;
  let logDet = (columns - d) * Math.log(ridge);
  for (let j = 0; j < d; j++) logDet += 2 * Math.log(factor[j * d + j]);
  return { shape: logDet - columns * Math.log(variance / columns + ridge), logScale: Math.log(variance) };
}

const count = (n: number): string => n.toLocaleString('en');
