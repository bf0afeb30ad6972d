import type { Kernels, Precision } from '../compute/kernels';
import { type TopEigenvalues, topEigenvalues } from '../spectral/block-lanczos';
import { deflatedSum, eigenvalueDensity, type Sought, type SpectralEvidence } from '../spectral/deflated-sums';
import { type LanczosTridiagonal, lanczos, norm } from '../spectral/lanczos';
import { sharing } from '../spectral/shared-operator';
import { probesOutside } from '../spectral/stochastic-lanczos';
import { meanAndError } from '../spectral/trace-estimation';
import { matrixFreeQuantities, ROUNDING, soughtOfC, soughtOfS, varies } from './matrix-free-quantities';
import type { Density, DensitySpectrum, Quantities } from './report';
import { type Covariance, covarianceOperator, type Passes, type RowMoments, rowMoments, withMean } from './row-operator';

/** Random probes of C, and as many of S. */
const PROBES = 8;
/** Lanczos steps of a probe at most, each of them a pass over the rows. */
const STEPS = 60;
/** Elements of the probes' bases at most, 1 GiB: wider matrices take fewer steps. */
const BASIS_ELEMENTS = 2 ** 27;
/** The largest eigenvalues of C, and of S, that are looked for, in blocks of as many vectors. */
const HEAD = { count: 8, blockSize: 8, dimension: 240, applications: 24, tolerance: 1e-8 };
/** Steps from each of their vectors, all but invariant. */
const HEAD_STEPS = 5;

/** One for the moments, one for the head's residuals. */
const MOST_PASSES = 1 + HEAD.applications + 1 + STEPS;

export interface MatrixFreeOptions {
  readonly seed: number;
  /** Level of stochastic intervals, in (0, 1). */
  readonly confidence: number;
  /** delta of logdet(G + delta I). */
  readonly ridge: number;
  /** Whether rows have unit length. */
  readonly normalized: boolean;
  readonly weights: boolean;
}

export interface MatrixFreeSpectra {
  readonly rows: number;
  readonly columns: number;
  /** Passes over the rows that were made. */
  readonly passes: number;
  /** Of the products: float32 where the kernels held the rows. */
  readonly precision: Precision;
  /** All but those that rows tell without a spectrum: mean cosine, distinct rows, uniformity. */
  readonly quantities: Quantities;
  readonly spectrum: DensitySpectrum;
}

/**
 * The spectra of C and S of rows whose d x d matrices are too large to form: S is applied by passes over the rows, or to rows that the
 * kernels hold, where one pass more than the moments' is made.
 *
 * One pass gives the moments. Block Lanczos then finds the 8 largest eigenvalues of either with their vectors, in at most 25 passes; those
 * of C are reported where it settles which they are. What functions hold along those vectors is computed, the rest estimated from 8
 * probes a side outside of them, whose Lanczos processes share each pass: they take steps until the brackets of every function are
 * narrower than its standard error over the probes, at most 60. So at most 86 passes.
 * The confidence of intervals over so few probes is approximate: with 100 columns 0.90 to 0.98 where 0.95 is asked for.
 *
 * Memory: d numbers for each of 8 probes, two sides and the steps taken, at most 1 GiB, and 240 vectors a side in the block search.
 *
 * @param columns far more than the 8 directions of the head
 * @throws Error when there are no rows, or all are zero
 */
export async function matrixFreeSpectra(
  passes: Passes,
  columns: number,
  kernels: Kernels,
  { seed, ...options }: MatrixFreeOptions,
  { poll, progress }: { poll(): void; progress(fraction: number, stage: string): void },
): Promise<MatrixFreeSpectra> {
  let made = 0;
  let steps = 0;
  const step = (what: string): void => {
    progress(steps / MOST_PASSES, `${what}: step ${++steps} of at most ${MOST_PASSES}`);
  };
  const counted: Passes = () => {
    made++;
    step('Pass over the rows');
    return passes();
  };
  const moments = await rowMoments(counted, columns, poll);
  if (moments.trace === 0) throw new Error('There are no rows, or all of them are zero.');
  const covariance = await covarianceOperator(counted, moments, kernels, poll, () => step('Product with the rows on the GPU'));
  try {
    const found = await spectraOf(moments, covariance, seed, options, poll);
    return { ...found, passes: made };
  } finally {
    covariance.release();
  }
}

async function spectraOf(
  moments: RowMoments,
  { apply: covariance, precision }: Covariance,
  seed: number,
  options: Omit<MatrixFreeOptions, 'seed'>,
  poll: () => void,
): Promise<Omit<MatrixFreeSpectra, 'passes'>> {
  const { columns, mean, trace, centredTrace } = moments;
  const wanted = { ...HEAD, tolerance: precision === 'float32' ? ROUNDING.float32 : HEAD.tolerance };
  const [head, centredHead] = await sharing(covariance, columns, [
    (operator) => topEigenvalues(withMean(operator, mean), columns, wanted, seed, poll),
    (operator) => topEigenvalues(operator, columns, wanted, seed, poll),
  ]);

  const steps = Math.min(STEPS, Math.max(4, Math.floor(BASIS_ELEMENTS / (2 * PROBES * columns))));
  const c = soughtOfC(moments, options.ridge, precision);
  const s = soughtOfS(moments, precision);
  // The slowest first: what fails there need not be tried further.
  const enoughOfC = narrowerThanSpread(columns, trace, [c.gram, c.rootLogRoot, c.root, ...c.coding, ...c.dimension, c.entropy]);
  const enoughOfS = narrowerThanSpread(columns, centredTrace, varies(moments) ? [s.shape, s.entropy] : []);
  // Not the draws that the head grew from.
  const outside = ({ vectors }: TopEigenvalues): Float64Array => probesOutside(vectors, columns, PROBES, seed + 1);
  const [headOfC, headOfS, probesOfC, probesOfS] = await sharing(covariance, columns, [
    (operator) => lanczos(withMean(operator, mean), columns, head.vectors, HEAD_STEPS, poll),
    (operator) => lanczos(operator, columns, centredHead.vectors, HEAD_STEPS, poll),
    (operator) => lanczos(withMean(operator, mean), columns, outside(head), steps, poll, enoughOfC),
    (operator) => lanczos(operator, columns, outside(centredHead), steps, poll, enoughOfS),
  ]);
  const ofC: SpectralEvidence = { dimension: columns, trace, head: headOfC, probes: probesOfC };
  const ofS: SpectralEvidence = { dimension: columns, trace: centredTrace, head: headOfS, probes: probesOfS };
  const density = withinRank(eigenvalueDensity(ofC), moments.rows);
  return {
    rows: moments.rows,
    columns,
    precision,
    quantities: matrixFreeQuantities({ moments, ofC, ofS, precision, headResidual: norm(head.residuals), steps, ...options }),
    spectrum: {
      kind: 'density',
      eigenvalues: head.complete ? head.values.map((l) => Math.max(l, 0)) : new Float64Array(0),
      density,
      centredDensity: withinRank(eigenvalueDensity(ofS), moments.rows - 1),
      noiseFloor: Math.max(columns * Number.EPSILON, precision === 'float32' ? ROUNDING.float32 : 0) * density.nodes[0],
      marchenkoPasturEdge: null,
    },
  };
}

/** The density with 0 for what lies beyond the rank, which Lanczos sees as small eigenvalues until it converges there. */
function withinRank({ nodes, weights }: Density, rank: number): Density {
  const points: { node: number; weight: number }[] = [];
  let left = rank;
  for (let k = 0; k < nodes.length; k++) {
    const within = Math.min(weights[k], left);
    if (within > 0) points.push({ node: nodes[k], weight: within });
    if (within < weights[k]) points.push({ node: 0, weight: weights[k] - within });
    left -= within;
  }
  return { nodes: Float64Array.from(points, ({ node }) => node), weights: Float64Array.from(points, ({ weight }) => weight) };
}

/** Whether more steps would no longer narrow an interval much: the mean width of its brackets is below its standard error over the probes. */
function narrowerThanSpread(dimension: number, trace: number, sought: readonly Sought[]) {
  return (probes: readonly LanczosTridiagonal[]): boolean =>
    sought.every((wanted) => {
      const brackets = deflatedSum({ dimension, trace, head: [], probes }, [wanted]).probes;
      if (brackets.some(({ lower, upper }) => lower === null || upper === null)) return false;
      const width = meanAndError(brackets.map(({ lower, upper }) => upper! - lower!)).mean;
      const middle = meanAndError(brackets.map(({ lower, upper }) => (lower! + upper!) / 2));
      return width <= Math.max(middle.standardError, 1e-9 * Math.abs(middle.mean));
    });
}
