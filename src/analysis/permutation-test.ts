import { cholesky } from '../spectral/cholesky';
import { centreBlock } from '../spectral/gram-summary';
import { type Because, NO_VARIANCE, type PermutationTest } from './comparison';
import { grouped } from './grouped';
import type { MatchedRows } from './matched-rows';
import { columnMeans, columnProducts, columnSums, rowProducts, varies } from './row-products';
import { nestedSample, rowHash } from './sample';
import { SHAPE_RIDGE } from './scales';

/** Multiply-adds of Gram products that the permutations may take. */
const BUDGET = 6e9;
/** Time of a multiply-add of the Cholesky factorisation, in those of a Gram product. */
const CHOLESKY_COST = 4;
const MOST_PERMUTATIONS = 199;
const FEWEST_PERMUTATIONS = 39;
/** In nats: statistics this near to each other differ by rounding only, and count as equal. */
const TIE = 1e-6;

/**
 * Whether chance alone changes shape and log scale as much: swaps the files of each pair of rows with probability 1/2;
 * p = (1 + #{|t_b| >= |t|}) / (1 + B) (Phipson and Smyth 2010), exact under exchangeability of each pair.
 * @param progress told the share that is done
 * @returns null, with the reason, where there is no test
 */
export async function permutationTest(
  { x, y, columns, paired, total }: MatchedRows,
  seed: number,
  because: Because,
  poll: () => void,
  progress: (fraction: number) => void,
): Promise<PermutationTest | null> {
  if (!paired) {
    return because(
      'test',
      `The permutation test needs the same rows on both sides; the files have ${grouped(total[0])} and ${grouped(total[1])}.`,
    );
  }
  if (x.count < 6) return because('test', 'Fewer than 6 pairs of rows cannot give a small p-value.');
  const { rows, permutations } = planTest(x.count, columns);
  if (permutations < MOST_PERMUTATIONS) {
    const fewer = rows < x.count ? ` and ${grouped(rows)} of ${grouped(x.count)} pairs of rows` : '';
    because('permutations', `${permutations} permutations${fewer} instead of ${MOST_PERMUTATIONS}, to keep the test quick.`);
  }
  const chosen = nestedSample(x.count, rows, seed);
  const [first, second] = [x, y].map(({ values }) => select(values, chosen, columns));
  const observed = difference(await describeRows(first, rows, columns, poll), await describeRows(second, rows, columns, poll));
  if (observed === null) return because('test', NO_VARIANCE);
  const arrange = rows <= columns ? await byRows(first, second, rows, columns, poll) : await byColumns(first, second, rows, columns, poll);
  const exceeding = { shape: 0, logScale: 0 };
  for (let b = 0; b < permutations; b++) {
    poll();
    progress(b / permutations);
    const swapped = Uint8Array.from({ length: rows }, (_, i) => rowHash(b * rows + i, ~seed) >>> 31);
    const permuted = await statistics(swapped);
    if (permuted === null) return because('test', NO_VARIANCE);
    for (const name of ['shape', 'logScale'] as const) if (Math.abs(permuted[name]) >= Math.abs(observed[name]) - TIE) exceeding[name]++;
  }
  const p = { shape: (1 + exceeding.shape) / (1 + permutations), logScale: (1 + exceeding.logScale) / (1 + permutations) };
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

  async function statistics(swapped: Uint8Array): Promise<Statistics | null> {
    // With every pair swapped, or none, they are the observed ones but for the sign.
    if (swapped.every((value) => value === swapped[0])) return observed;
    const [before, after] = await arrange(swapped);
    return difference(describe(before, rows, columns, poll), describe(after, rows, columns, poll));
  }
}

/**
 * How many pairs and permutations fit the budget. A permutation of n pairs costs two Cholesky factors of order n where n <= d (the Gram
 * matrix of all rows is at hand), otherwise n d^2 / 2 for the Gram matrices and two factors of order d.
 */
export function planTest(pairs: number, d: number): { rows: number; permutations: number } {
  const factors = (order: number): number => (CHOLESKY_COST * order ** 3) / 3;
  const cost = pairs <= d ? factors(pairs) : (pairs * d ** 2) / 2 + factors(d);
  const affordable = Math.floor(BUDGET / cost);
  if (affordable >= FEWEST_PERMUTATIONS) return { rows: pairs, permutations: Math.min(MOST_PERMUTATIONS, affordable) };
  const limit = BUDGET / FEWEST_PERMUTATIONS;
  const fewerThanColumns = Math.min(d, Math.cbrt((3 * limit) / CHOLESKY_COST));
  const moreThanColumns = (2 * (limit - factors(d))) / d ** 2;
  return { rows: Math.floor(Math.max(fewerThanColumns, moreThanColumns)), permutations: FEWEST_PERMUTATIONS };
}

function select(values: Float64Array, chosen: Float64Array, columns: number): Float64Array {
  const out = new Float64Array(chosen.length * columns);
  for (const [to, from] of chosen.entries()) out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
  return out;
}

/** x above y, about the mean of all their rows. @returns row-major, in memory of its own */
function pooled(x: Float64Array, y: Float64Array, d: number): Float64Array {
  const all = new Float64Array(x.length + y.length);
  all.set(x);
  all.set(y, x.length);
  const mean = columnMeans(all, d);
  for (let from = 0; from < all.length; from += d) for (let j = 0; j < d; j++) all[from + j] -= mean[j];
  return all;
}

/** Upper triangle of the scatter of rows about their mean, or of their inner products about it: both have the same eigenvalues but for zeros. */
interface Scatter {
  readonly values: Float64Array;
  readonly order: number;
}

/** The scatters of both sides once the pairs with a 1 are swapped. */
type Arrange = (swapped: Uint8Array) => Promise<readonly [Scatter, Scatter]>;

/** No products are left to do: each side's inner products stand in those of all rows. */
async function byRows(x: Float64Array, y: Float64Array, n: number, d: number, poll: () => void): Promise<Arrange> {
  const all = await rowProducts(pooled(x, y, d), 2 * n, d, poll);
  for (let i = 0; i < 2 * n; i++) for (let j = 0; j < i; j++) all[i * 2 * n + j] = all[j * 2 * n + i];
  return async (swapped) => {
    const side = (other: number): Scatter => {
      const from = Array.from(swapped, (value, i) => (value === other ? i : n + i));
      const values = new Float64Array(n * n);
      const means = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        const row = from[i] * 2 * n;
        for (let j = 0; j < n; j++) {
          const value = all[row + from[j]];
          values[i * n + j] = value;
          means[i] += value / n;
        }
      }
      const mean = means.reduce((sum, value) => sum + value / n, 0);
      for (let i = 0; i < n; i++) for (let j = i; j < n; j++) values[i * n + j] -= means[i] + means[j] - mean;
      return { values, order: n };
    };
    return [side(0), side(1)];
  };
}

/** Products of the rows that stay; those of the rows that change sides are what is missing to their own file's. */
async function byColumns(x: Float64Array, y: Float64Array, n: number, d: number, poll: () => void): Promise<Arrange> {
  const all = pooled(x, y, d);
  const sums = async (rows: Float64Array, count: number) => ({
    total: columnSums(rows, d),
    gram: await columnProducts(rows, count, d, poll),
  });
  const [first, second] = [all.subarray(0, n * d), all.subarray(n * d)];
  const [wholeX, wholeY] = [await sums(first, n), await sums(second, n)];
  return async (swapped) => {
    const staying = Float64Array.from(swapped.keys()).filter((i) => swapped[i] === 0);
    const [stayX, stayY] = [await sums(select(first, staying, d), staying.length), await sums(select(second, staying, d), staying.length)];
    const side = (own: typeof stayX, other: typeof stayX, whole: typeof stayX): Scatter => {
      const total = own.total.map((value, j) => value + (whole.total[j] - other.total[j]));
      const values = own.gram.map((value, k) => value + (whole.gram[k] - other.gram[k]));
      for (let i = 0; i < d; i++) for (let j = i; j < d; j++) values[i * d + j] -= (total[i] * total[j]) / n;
      return { values, order: d };
    };
    return [side(stayX, stayY, wholeY), side(stayY, stayX, wholeX)];
  };
}

interface Statistics {
  readonly shape: number;
  readonly logScale: number;
}

/** Second minus first. */
function difference(first: Statistics | null, second: Statistics | null): Statistics | null {
  if (first === null || second === null) return null;
  return { shape: second.shape - first.shape, logScale: second.logScale - first.logScale };
}

/** @param x n x d */
async function describeRows(x: Float64Array, n: number, d: number, poll: () => void): Promise<Statistics | null> {
  const block = centreBlock(x.slice(), n, d);
  if (!varies(block)) return null;
  const values = n <= d ? await rowProducts(block.centred, n, d, poll) : await columnProducts(block.centred, n, d, poll);
  return describe({ values, order: Math.min(n, d) }, n, d, poll);
}

/** `shape` and `logScale` by Cholesky. @param scatter destroyed @param d the dimension that the n rows live in @returns null without variance */
function describe({ values, order }: Scatter, n: number, d: number, poll: () => void): Statistics | null {
  let variance = 0;
  for (let j = 0; j < order; j++) variance += values[j * order + j] / n;
  const ridge = (SHAPE_RIDGE * variance) / d;
  for (let k = 0; k < values.length; k++) values[k] /= n;
  for (let j = 0; j < order; j++) values[j * order + j] += ridge;
  if (!cholesky(values, order, poll)) return null;
  let logDet = (d - order) * Math.log(ridge);
  for (let j = 0; j < order; j++) logDet += 2 * Math.log(values[j * order + j]);
  return { shape: logDet - d * Math.log(variance / d + ridge), logScale: Math.log(variance) };
}
