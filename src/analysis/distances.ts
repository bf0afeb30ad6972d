import { cpuKernels } from '../compute/cpu';
import { topEigenvalues } from '../spectral/block-lanczos';
import { type CentredBlock, centreBlock } from '../spectral/gram-summary';
import { buresDistance, debiasedLinearCka, spanCoordinates, steinDivergence, subspaceOverlap } from '../spectral/two-sample';
import { type Because, type Distances, NO_ROWS, NO_VARIANCE } from './comparison';
import { grouped } from './grouped';
import type { MatchedRows } from './matched-rows';
import { columnMeans, columnProducts, rowProducts, varies } from './row-products';
import { SHAPE_RIDGE } from './scales';

const LARGEST_SUBSPACE = 10;

/** How far apart two sets of rows are, in float64. @param progress told the share that is done */
export async function measureDistances(
  { x, y, columns, paired, total }: MatchedRows,
  because: Because,
  poll: () => void,
  progress: (fraction: number) => void,
): Promise<Distances> {
  const fewest = Math.min(x.count, y.count);
  const none: Distances = { stein: null, bures: null, meanShift: null, subspaceOverlap: null, cka: null };
  if (fewest < 2) {
    because('distances', fewest === 0 ? NO_ROWS : 'One row has no variance.');
    return none;
  }
  const meanShift = distanceOfMeans(x.values, y.values, columns);
  const centred = [centreBlock(x.values.slice(), x.count, columns), centreBlock(y.values.slice(), y.count, columns)] as const;
  if (!centred.every(varies)) {
    because('distances', NO_VARIANCE);
    return { ...none, meanShift };
  }
  const [p, q] = columns <= x.count + y.count ? centred : await inTheirSpan(...centred, poll);
  progress(0.2);
  const d = p.columns;
  const { first, second, both } = await products(p, q, paired, poll);
  const s = first.map((value) => value / x.count);
  const t = second.map((value) => value / y.count);
  progress(0.4);
  const k = Math.min(LARGEST_SUBSPACE, Math.max(1, Math.floor(columns / 2)), fewest - 1, d);
  const overlap = subspaceOverlap(await topDirections(p, k, poll), await topDirections(q, k, poll), k);
  progress(0.6);
  return {
    stein:
      fewest > columns
        ? steinDivergence(s, t, d, SHAPE_RIDGE, poll)
        : because('stein', `${grouped(fewest)} rows are too few for a Stein divergence of ${grouped(columns)} columns.`),
    bures: buresDistance(s, t, d, poll),
    meanShift,
    subspaceOverlap: { k, value: overlap, chance: k / columns },
    cka:
      both === null
        ? because('cka', `Linear CKA needs the same rows on both sides; the files have ${grouped(total[0])} and ${grouped(total[1])}.`)
        : (debiasedLinearCka(p.centred, q.centred, x.count, d, both) ??
          because('cka', 'The rows of one side do not differ by more than chance.')),
  };
}

function distanceOfMeans(x: Float64Array, y: Float64Array, columns: number): number {
  const other = columnMeans(y, columns);
  return Math.sqrt(columnMeans(x, columns).reduce((sum, value, j) => sum + (value - other[j]) ** 2, 0));
}

/** Both sets of rows, fewer than their columns, in a basis of their span: no distance depends on the basis. */
async function inTheirSpan(p: CentredBlock, q: CentredBlock, poll: () => void): Promise<[CentredBlock, CentredBlock]> {
  // At one scale, so that the directions of the smaller side are not rounding of the larger.
  const scale = Math.sqrt(p.trace / q.trace);
  const all = new Float64Array(p.centred.length + q.centred.length);
  all.set(p.centred);
  all.set(
    q.centred.map((value) => value * scale),
    p.centred.length,
  );
  const rows = p.rows + q.rows;
  const { coordinates, rank } = spanCoordinates(await rowProducts(all, rows, p.columns, poll), rows, poll);
  const [first, second] = [coordinates.slice(0, p.rows * rank), coordinates.slice(p.rows * rank).map((value) => value / scale)];
  return [centreBlock(first, p.rows, rank), centreBlock(second, q.rows, rank)];
}

/** Upper triangles of P^T P and Q^T Q; of paired rows also of Z^T Z, Z = [P Q] side by side, which holds both. */
async function products(p: CentredBlock, q: CentredBlock, paired: boolean, poll: () => void) {
  const d = p.columns;
  if (!paired) {
    const [first, second] = [await columnProducts(p.centred, p.rows, d, poll), await columnProducts(q.centred, q.rows, d, poll)];
    return { first, second, both: null };
  }
  const side = new Float64Array(p.rows * 2 * d);
  for (let i = 0; i < p.rows; i++) {
    side.set(p.centred.subarray(i * d, (i + 1) * d), 2 * i * d);
    side.set(q.centred.subarray(i * d, (i + 1) * d), (2 * i + 1) * d);
  }
  const both = await columnProducts(side, p.rows, 2 * d, poll);
  const block = (from: number): Float64Array => {
    const out = new Float64Array(d * d);
    for (let i = 0; i < d; i++) out.set(both.subarray((from + i) * 2 * d + from, (from + i) * 2 * d + from + d), i * d);
    return out;
  };
  return { first: block(0), second: block(d), both };
}

/** The k directions of largest variance: k x d, row-major, orthonormal. */
async function topDirections({ centred, rows, columns }: CentredBlock, k: number, poll: () => void): Promise<Float64Array> {
  const scatter = async (vectors: Float64Array, many: number): Promise<Float64Array> => {
    const out = new Float64Array(vectors.length);
    await cpuKernels().applyGram(centred, rows, columns, vectors, many, out, poll);
    return out;
  };
  const options = { count: k, blockSize: 4, dimension: columns, applications: 4 * columns, tolerance: 1e-10 };
  return (await topEigenvalues(scatter, columns, options, 0, poll)).vectors;
}
