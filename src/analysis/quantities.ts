import { type Bound, type Bounded, certificate, exact, unavailable } from '../spectral/bounded';
import { isExact } from '../spectral/distinct-rows';
import {
  countAbove,
  debiasedParticipationRatio,
  effectiveRank,
  isoScore,
  participationRatio,
  rankMe,
  stableRank,
} from '../spectral/effective-rank';
import { codingLogDet, effectiveDimension, logSphericity, remainingTraceSandwich, ridgeLogDet } from '../spectral/log-det';
import { marchenkoPasturEdge, noiseVariance } from '../spectral/marchenko-pastur';
import { normalQuantile } from '../spectral/normal';
import { decayExponent, fitPowerLaw } from '../spectral/power-law';
import { gaussianBias, type SigmaUb, trackOneUpperBound, trackTwoHalfWidth } from '../spectral/sigma-ub';
import type { RowFacts } from './prepare-rows';
import type { Quantities } from './report';
import type { Spectra } from './spectra';

/** alpha / d of the curve alpha -> (f_alpha, d_eff). */
const SCALES = [0.1, 1, 10, 100];
/** Of S', relative to its mean eigenvalue. */
const SHAPE_RIDGE = 1e-6;

/** Of the half-width of Track II's interval: more bias than this share, and it would cover too rarely to be shown. */
const TOLERATED_BIAS = 0.25;

/** What the quantities are computed from. */
export interface Evidence {
  readonly spectra: Spectra;
  readonly facts: RowFacts;
  readonly sigma: SigmaUb;
  /** Of v^T C^-1 v over the observed rows; null where it was not measured. */
  readonly sdOfMahalanobis: number | null;
  /** Level of stochastic intervals. */
  readonly confidence: number;
  readonly normalized: boolean;
  /** Unit roundoff of the products in the Gram matrix. */
  readonly roundoff: number;
  /** Whether the matrix is a weight of a model rather than a set of embeddings. */
  readonly weights: boolean;
}

/** Below this, eigenvalues of C are rounding: d eps l_1 in float64 (NumPy's tolerance for the rank of a symmetric matrix), 2^-24 tr C for float32 products. */
export function noiseFloor(eigenvalues: Float64Array, columns: number, roundoff: number): number {
  if (roundoff <= Number.EPSILON) return columns * Number.EPSILON * (eigenvalues[0] ?? 0);
  return roundoff * sum(eigenvalues);
}

/** Upper edge of the random bulk of C, or null where the median eigenvalue is not resolved. */
export function bulkEdge(spectra: Spectra, floor: number): number | null {
  const { uncentred, rows, columns } = spectra;
  if (uncentred.length < 2 || uncentred[Math.floor(uncentred.length / 2)] <= floor) return null;
  return marchenkoPasturEdge(noiseVariance(uncentred, columns / rows), columns / rows);
}

export function quantities(evidence: Evidence): Quantities {
  const { spectra, facts, sigma, sdOfMahalanobis, confidence, normalized, roundoff, weights } = evidence;
  const { uncentred, centred, rows, columns } = spectra;
  const complete = sigma.n_A === sigma.n_k;
  const floor = noiseFloor(uncentred, columns, roundoff);
  const centredFloor = noiseFloor(centred, columns, roundoff);
  const total = sum(uncentred);
  const variance = sum(centred);
  // Rounding of the rows themselves leaves eps^2 tr C where all rows are equal.
  const varies = rows > 1 && variance > 16 * Number.EPSILON ** 2 * total;

  const sampled = `Estimated from ${count(sigma.n_A)} of ${count(sigma.n_k)} rows; this version gives no interval for it.`;
  const value = (x: number): Bounded => (complete ? exact(x) : { value: x, exact: false, bounds: [], reason: sampled });
  const noVariance = unavailable(rows > 1 ? 'All rows are the same: there is no variance.' : 'One row has no variance.');
  const ofVariance = (compute: () => number): Bounded => (varies ? value(compute()) : noVariance);

  const resolved = countAbove(uncentred, floor);
  const centredResolved = countAbove(centred, centredFloor);
  const smallest = uncentred[uncentred.length - 1];

  return {
    effectiveRank: ofVariance(() => effectiveRank(centred)),
    vendiScore: value(effectiveRank(uncentred)),
    rankMe: value(rankMe(uncentred.map((l) => (l > floor ? Math.sqrt(l) : 0)))),
    participationRatio: participation(),
    participationRatioPlain: ofVariance(() => participationRatio(centred)),
    stableRank: value(stableRank(uncentred)),
    numericalRank: value(resolved),
    isoScore: columns > 1 ? ofVariance(() => isoScore(participationRatio(centred), columns)) : unavailable('One column has no shape.'),
    shape: ofVariance(() => logSphericity(centred, columns, SHAPE_RIDGE)),
    logScale: ofVariance(() => Math.log(variance)),
    meanCosine: rows > 1 ? value((rows * facts.meanDirectionSquared - 1) / (rows - 1)) : unavailable('One row has no pairs.'),
    distinctRowRatio: distinctRows(),
    uniformity: unavailable('Needs pairs of rows, which this version does not read.'),
    logDetGram: logDetGram(),
    lambdaMax: lambdaMax(),
    lambdaMin: lambdaMin(),
    conditionNumber: conditionNumber(),
    trace: normalized ? exact(1) : value(total),
    codingLogDet: SCALES.map((alphaOverD) => ({ alphaOverD, ...value(codingLogDet(uncentred, alphaOverD * columns)) })),
    effectiveDimension: SCALES.map((alphaOverD) => ({ alphaOverD, ...value(effectiveDimension(uncentred, alphaOverD * columns)) })),
    alphaReq: alphaReq(),
    ...(weights ? ofWeights() : {}),
  };

  function participation(): Bounded {
    if (!varies) return noVariance;
    const ratio = debiasedParticipationRatio(centred, rows, spectra.fourthMoment);
    if (ratio === null) return unavailable('Too few rows to correct for their number.');
    return { value: ratio, exact: false, bounds: [], reason: 'An unbiased estimate for the distribution that the rows come from.' };
  }

  function distinctRows(): Bounded {
    if (complete && isExact(facts.distinct)) return exact(facts.distinctRatio);
    return { value: facts.distinctRatio, exact: false, bounds: [], reason: complete ? 'Estimated by adaptive sampling.' : sampled };
  }

  function logDetGram(): Bounded {
    if (complete) return exact(sigma.S);
    const scale = sigma.n_k / sigma.n_A;
    const estimate = ridgeLogDet(
      uncentred.map((l) => l * rows * scale),
      columns,
      sigma.delta,
    );
    const bounds: Bound[] = [];
    const bias = gaussianBias(sigma);
    const half = sdOfMahalanobis === null ? 0 : trackTwoHalfWidth(sigma, sdOfMahalanobis, normalQuantile((1 + confidence) / 2));
    const unbiased = -bias <= half * TOLERATED_BIAS;
    if (unbiased) {
      const centre = sigma.U_cov + columns * Math.log(sigma.n_k);
      bounds.push({ lower: centre - half, upper: centre + half, kind: 'stochastic', confidence, method: 'SIGMA-UB Track II, CLT' });
    }
    if (normalized) {
      const gram = uncentred.map((l) => l * rows);
      const { upper } = remainingTraceSandwich(gram, columns, sigma.delta, sigma.beta);
      bounds.push(certificate(sigma.S, upper, 'Water-filling of the unseen trace'));
      bounds.push(certificate(sigma.S, trackOneUpperBound(sigma), 'SIGMA-UB Track I'));
    } else {
      bounds.push(certificate(sigma.S, null, 'Loewner monotonicity'));
    }
    return { value: estimate, exact: false, bounds, reason: unbiased ? null : biasedLow(bias) };
  }

  function biasedLow(bias: number): string {
    const few = `${count(sigma.n_A)} rows are too few for ${count(columns)} columns`;
    return Number.isFinite(bias)
      ? `Too low by about ${(-bias).toPrecision(2)} nats (if rows were Gaussian): ${few} to give an interval by Track II.`
      : `Far too low: ${few}.`;
  }

  /** n_A / n_k of C_A is below C, and unit rows unseen add at most their share of the trace to any direction. */
  function lambdaMax(): Bounded {
    if (complete) return exact(uncentred[0]);
    const share = sigma.n_A / sigma.n_k;
    const lower = share * uncentred[0];
    const bounds = [certificate(lower, normalized ? lower + 1 - share : null, 'Weyl')];
    return { value: uncentred[0], exact: false, bounds, reason: null };
  }

  function lambdaMin(): Bounded {
    if (rows < columns) return complete ? exact(0) : unavailable(`${count(rows)} rows cannot tell about ${count(columns)} directions.`);
    if (smallest > floor) return value(smallest);
    return unavailable('Below the noise floor of the arithmetic.', complete ? [certificate(0, floor, 'Weyl, rounding')] : []);
  }

  function conditionNumber(): Bounded {
    if (rows < columns) return unavailable('Fewer rows than columns: the smallest eigenvalue is 0.');
    if (smallest > floor) return value(uncentred[0] / smallest);
    return unavailable(
      'The smallest eigenvalue lies below the noise floor of the arithmetic.',
      complete ? [certificate(uncentred[0] / floor, null, 'Weyl, rounding')] : [],
    );
  }

  function alphaReq(): Bounded {
    const first = 5;
    const last = Math.min(50, centredResolved);
    return last - first + 1 >= 10
      ? value(decayExponent(centred, first, last))
      : unavailable('Fewer than 10 resolved eigenvalues in the range of the fit.');
  }

  function ofWeights(): Pick<Quantities, 'powerLawAlpha' | 'mpSoftRank' | 'spikes'> {
    const tail = uncentred.subarray(0, resolved);
    const fit = tail.length >= 50 ? fitPowerLaw(tail) : null;
    const edge = bulkEdge(spectra, floor);
    const noBulk = unavailable('No bulk of resolved eigenvalues to compare with.');
    return {
      powerLawAlpha: fit === null ? unavailable('Fewer than 50 resolved eigenvalues.') : value(fit.alpha),
      mpSoftRank: edge === null ? noBulk : value(Math.min(1, edge / uncentred[0])),
      spikes: edge === null ? noBulk : value(countAbove(uncentred, edge)),
    };
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const x of values) total += x;
  return total;
}

const count = (n: number): string => n.toLocaleString('en');
