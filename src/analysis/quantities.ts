import { type Bound, type Bounded, certificate, exact, unavailable } from '../spectral/bounded';
import {
  type PopulationEstimate,
  populationEffectiveDimension,
  populationEntropy,
  populationLogDet,
  populationLogSphericity,
  type SampledMoment,
} from '../spectral/deterministic-equivalent';
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
import { codingLogDet, effectiveDimension, logSphericity, ridgeLogDet } from '../spectral/log-det';
import { marchenkoPasturEdge, noiseVariance } from '../spectral/marchenko-pastur';
import { alphaHat, decayExponent, fitPowerLaw } from '../spectral/power-law';
import { type SigmaUb, trackOneUpperBound } from '../spectral/sigma-ub';
import { studentQuantile } from '../spectral/student';
import { countSpikes } from '../spectral/tracy-widom';
import { type ExtremeSpectra, extremeSpectra } from '../spectral/unseen-trace';
import type { RowFacts } from './prepare-rows';
import type { Quantities } from './report';
import type { Spectra } from './spectra';

/** alpha / d of the curve alpha -> (f_alpha, d_eff). */
const SCALES = [0.1, 1, 10, 100];
/** Of S', relative to its mean eigenvalue. */
const SHAPE_RIDGE = 1e-6;

/** What the quantities are computed from. */
export interface Evidence {
  readonly spectra: Spectra;
  readonly facts: RowFacts;
  readonly sigma: SigmaUb;
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
  const { spectra, facts, sigma, confidence, normalized, roundoff, weights } = evidence;
  const { uncentred, centred, rows, columns } = spectra;
  const complete = sigma.n_A === sigma.n_k;
  const floor = noiseFloor(uncentred, columns, roundoff);
  const centredFloor = noiseFloor(centred, columns, roundoff);
  const total = sum(uncentred);
  const variance = sum(centred);
  // Rounding of the rows themselves leaves eps^2 tr C where all rows are equal.
  const varies = rows > 1 && variance > 16 * Number.EPSILON ** 2 * total;

  const sampled = `Estimated from ${count(sigma.n_A)} of ${count(sigma.n_k)} rows, without a confidence interval.`;
  const value = (x: number): Bounded => (complete ? exact(x) : { value: x, exact: false, bounds: [], reason: sampled });
  const noVariance = unavailable(rows > 1 ? 'All rows are the same: there is no variance.' : 'One row has no variance.');
  // Unit rows that were not read have a known trace: C lies between the two spectra that it allows.
  const seen = sigma.n_A / sigma.n_k;
  const extremes =
    normalized && !complete
      ? extremeSpectra(
          uncentred.map((l) => l * seen),
          columns,
          1 - seen,
        )
      : null;
  const ofVariance = (compute: () => number): Bounded => (varies ? value(compute()) : noVariance);

  const resolved = countAbove(uncentred, floor);
  const centredResolved = countAbove(centred, centredFloor);
  const smallest = uncentred[uncentred.length - 1];

  return {
    effectiveRank: varies ? populationRank(centred, centredSample) : noVariance,
    vendiScore: populationRank(uncentred, uncentredSample, effectiveRank),
    rankMe: value(rankMe(uncentred.map((l) => (l > floor ? Math.sqrt(l) : 0)))),
    participationRatio: participation(),
    participationRatioPlain: ofVariance(() => participationRatio(centred)),
    stableRank: { ...value(stableRank(uncentred)), bounds: certificates(stableRank) },
    numericalRank: value(resolved),
    isoScore: columns > 1 ? ofVariance(() => isoScore(participationRatio(centred), columns)) : unavailable('One column has no shape.'),
    shape: shape(),
    logScale: ofVariance(() => Math.log(variance)),
    meanCosine: rows > 1 ? value((rows * facts.meanDirectionSquared - 1) / (rows - 1)) : unavailable('One row has no pairs.'),
    distinctRowRatio: distinctRows(),
    uniformity: unavailable('Needs pairs of rows, which this version does not read.'),
    logDetGram: logDetGram(),
    lambdaMax: lambdaMax(),
    lambdaMin: lambdaMin(),
    conditionNumber: conditionNumber(),
    trace: normalized ? exact(1) : value(total),
    codingLogDet: SCALES.map((alphaOverD) => ({ alphaOverD, ...atScale(alphaOverD * columns, codingLogDet, populationLogDet) })),
    effectiveDimension: SCALES.map((alphaOverD) => ({
      alphaOverD,
      ...atScale(alphaOverD * columns, effectiveDimension, populationEffectiveDimension),
    })),
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

  /** The sample as the population sees it: for the centred moment one degree of freedom goes to the mean. */
  function uncentredSample(): SampledMoment {
    return {
      eigenvalues: uncentred,
      dimension: columns,
      rows,
      population: sigma.n_k,
      leverages: spectra.leverages.uncentred,
    };
  }

  function centredSample(): SampledMoment {
    const shrunk = (rows - 1) / rows;
    return {
      eigenvalues: centred.subarray(0, rows - 1).map((l) => l / shrunk),
      dimension: columns,
      rows: rows - 1,
      population: sigma.n_k - 1,
      leverages: (lambda) => spectra.leverages.centred(lambda * shrunk),
    };
  }

  /** An estimate for all rows with its interval, outside of it the certificate; without an estimate the certificate alone. */
  function estimated(population: PopulationEstimate | null, certificates: readonly Bound[], transform = (x: number) => x): Bounded {
    if (population === null) return unavailable(notIdentifiable(sigma.n_A, columns), certificates);
    const t = studentQuantile((1 + confidence) / 2, population.degreesOfFreedom);
    const half = t * population.standardError + population.biasAllowance;
    const interval: Bound = {
      lower: transform(population.value - half),
      upper: transform(population.value + half),
      kind: 'stochastic',
      confidence,
      method: 'Deterministic equivalent, jackknife',
    };
    return { value: transform(population.value), exact: false, bounds: [interval, ...certificates], reason: null };
  }

  function certificates(of: (spectrum: Float64Array) => number): Bound[] {
    return extremes === null ? [] : [between(extremes, floor, of)];
  }

  function atScale(
    alpha: number,
    of: (spectrum: Float64Array, alpha: number) => number,
    population: (sample: SampledMoment, alpha: number) => PopulationEstimate | null,
  ): Bounded {
    if (complete) return exact(of(uncentred, alpha));
    return estimated(
      population(uncentredSample(), alpha),
      certificates((l) => of(l, alpha)),
    );
  }

  function populationRank(eigenvalues: Float64Array, sample: () => SampledMoment, certified?: (spectrum: Float64Array) => number): Bounded {
    if (complete) return exact(effectiveRank(eigenvalues));
    if (rows < 3) return unavailable(notIdentifiable(sigma.n_A, columns));
    return estimated(populationEntropy(sample()), certified === undefined ? [] : certificates(certified), Math.exp);
  }

  function shape(): Bounded {
    if (!varies) return noVariance;
    if (complete) return exact(logSphericity(centred, columns, SHAPE_RIDGE));
    return estimated(populationLogSphericity(centredSample(), SHAPE_RIDGE), []);
  }

  /** logdet(G + delta I) = d log delta + f_alpha at alpha = n_k / delta. */
  function logDetGram(): Bounded {
    if (complete) return exact(sigma.S);
    const ofGram = (l: Float64Array): number =>
      ridgeLogDet(
        l.map((x) => x * sigma.n_k),
        columns,
        sigma.delta,
      );
    const outside = [
      ...(extremes === null ? [certificate(sigma.S, null, 'Loewner monotonicity')] : [between(extremes, floor, ofGram)]),
      ...(normalized ? [certificate(sigma.S, trackOneUpperBound(sigma), 'SIGMA-UB Track I')] : []),
    ];
    return estimated(populationLogDet(uncentredSample(), sigma.n_k / sigma.delta), outside, (f) => f + columns * Math.log(sigma.delta));
  }

  function lambdaMax(): Bounded {
    if (complete) return exact(uncentred[0]);
    const bounds =
      extremes === null
        ? [certificate(seen * uncentred[0], null, 'Loewner monotonicity')]
        : [certificate(extremes.even[0] - floor, extremes.steep[0] + floor, MAJORISATION)];
    return { value: uncentred[0], exact: false, bounds, reason: sampled };
  }

  function lambdaMin(): Bounded {
    if (complete && rows < columns) return exact(0);
    const bounds = complete ? [] : [certificate(lowest(), extremes === null ? null : extremes.even[columns - 1] + floor, MAJORISATION)];
    if (rows < columns) return unavailable(notIdentifiable(sigma.n_A, columns), bounds);
    if (smallest > floor) return { ...value(smallest), bounds };
    return unavailable('Below the noise floor of the arithmetic.', complete ? [certificate(0, floor, 'Weyl, rounding')] : bounds);
  }

  /** No unseen row takes energy away from a direction. */
  function lowest(): number {
    return rows < columns ? 0 : Math.max(0, seen * smallest - floor);
  }

  function conditionNumber(): Bounded {
    if (complete && rows < columns) return unavailable('Fewer rows than columns: the smallest eigenvalue is 0.');
    const bounds = complete ? [] : conditionCertificate();
    if (rows < columns) return unavailable(notIdentifiable(sigma.n_A, columns), bounds);
    if (smallest > floor) return { ...value(uncentred[0] / smallest), bounds };
    return unavailable(
      'The smallest eigenvalue lies below the noise floor of the arithmetic.',
      complete ? [certificate(uncentred[0] / floor, null, 'Weyl, rounding')] : bounds,
    );
  }

  function conditionCertificate(): Bound[] {
    if (extremes === null) return [];
    const { even, steep } = extremes;
    const least = (even[0] - floor) / (even[columns - 1] + floor);
    return [certificate(least, lowest() > 0 ? (steep[0] + floor) / lowest() : null, MAJORISATION)];
  }

  function alphaReq(): Bounded {
    const first = 5;
    const last = Math.min(50, centredResolved);
    return last - first + 1 >= 10
      ? value(decayExponent(centred, first, last))
      : unavailable('Fewer than 10 resolved eigenvalues in the range of the fit.');
  }

  function ofWeights(): Pick<Quantities, 'powerLawAlpha' | 'alphaHat' | 'mpSoftRank' | 'spikes'> {
    const tail = uncentred.subarray(0, resolved);
    const fit = tail.length >= 50 ? fitPowerLaw(tail) : null;
    const noFit = unavailable(tail.length >= 50 ? 'All resolved eigenvalues are equal.' : 'Fewer than 50 resolved eigenvalues.');
    const edge = bulkEdge(spectra, floor);
    const noBulk = unavailable('No bulk of resolved eigenvalues to compare with.');
    return {
      // The eigenvalues of one matrix depend on each other and x_min is fitted: the standard error of independent values bounds nothing.
      powerLawAlpha: fit === null ? noFit : value(fit.alpha),
      // The squared singular values of all rows: n_k C.
      alphaHat: fit === null ? noFit : value(alphaHat(fit.alpha, sigma.n_k * uncentred[0])),
      mpSoftRank: edge === null ? noBulk : value(Math.min(1, edge / uncentred[0])),
      spikes: edge === null ? noBulk : value(countSpikes(uncentred, rows, columns)),
    };
  }
}

const MAJORISATION = 'Majorisation by the unseen trace';

/** Where a Schur-concave function of the spectrum of C can lie; each eigenvalue may be off by the floor, on the side that does not help. */
function between({ even, steep }: ExtremeSpectra, floor: number, of: (spectrum: Float64Array) => number): Bound {
  const lower = of(steep.map((l) => Math.max(0, l - floor)));
  const upper = of(even.map((l) => l + floor));
  return certificate(lower, upper, MAJORISATION);
}

function notIdentifiable(rows: number, columns: number): string {
  return `Not identifiable from ${count(rows)} rows of ${count(columns)} columns: too many directions for so few rows.`;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const x of values) total += x;
  return total;
}

const count = (n: number): string => n.toLocaleString('en');
