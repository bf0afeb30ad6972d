import { type Bound, type Bounded, certificate, exact, unavailable } from '../spectral/bounded';
import {
  populationEffectiveDimension,
  populationEntropy,
  populationLogDet,
  populationLogSphericity,
  populationRootEntropy,
  type ResolventCurve,
  resolventCurve,
  type SampledMoment,
} from '../spectral/deterministic-equivalent';
import {
  countAbove,
  effectiveRank,
  isoScore,
  participationRatio,
  populationParticipationRatio,
  RANKME_OFFSET,
  rankMe,
  stableRank,
} from '../spectral/effective-rank';
import { jackknife, logIncrement, type PopulationEstimate } from '../spectral/jackknife';
import { codingLogDet, effectiveDimension, logSphericity, ridgeLogDet } from '../spectral/log-det';
import { marchenkoPasturEdge, noiseVariance } from '../spectral/marchenko-pastur';
import { largestEigenvalueOfAll, smallestEigenvalueOfAll } from '../spectral/matrix-concentration';
import { alphaHat, decayExponent, decayRange, fitPowerLaw } from '../spectral/power-law';
import { type SampledRows, sigmaS } from '../spectral/sigma-s';
import { type SigmaUb, trackOneUpperBound } from '../spectral/sigma-ub';
import { gainBound } from '../spectral/subset-extrapolation';
import { populationTopEigenvalue } from '../spectral/top-eigenvalue';
import { countSpikes } from '../spectral/tracy-widom';
import { type ExtremeSpectra, extremeSpectra } from '../spectral/unseen-trace';
import { sum } from '../spectral/vectors';
import { estimateOfAll, withoutInterval } from './estimate-of-all';
import { grouped } from './grouped';
import type { RowFacts } from './prepare-rows';
import type { Quantities } from './report';
import { rowQuantities } from './row-quantities';
import { SCALES, SHAPE_RIDGE } from './scales';
import { once, type Spectra } from './spectra';

/** What the quantities are computed from. */
export interface Evidence {
  readonly spectra: Spectra;
  readonly facts: RowFacts;
  readonly sigma: SigmaUb;
  /** Level of stochastic intervals. */
  readonly confidence: number;
  readonly normalized: boolean;
  /** Below these, eigenvalues of C and of S are rounding. */
  readonly floors: { readonly uncentred: number; readonly centred: number };
  /** Rows beyond the sample: x^T (C + lambda I)^-1 x / n of each at any lambda. Null where there are none. */
  readonly heldOut: ((lambda: number) => Float64Array) | null;
  /** Whether the matrix is a weight of a model rather than a set of embeddings. */
  readonly weights: boolean;
  readonly poll: () => void;
}

/** Below this, eigenvalues are rounding: d eps l_1 in float64 (NumPy's tolerance for the rank of a symmetric matrix), or what products in float32 made them wrong by. */
export function noiseFloor(eigenvalues: Float64Array, { columns, productError }: Spectra): number {
  return Math.max(columns * Number.EPSILON * (eigenvalues[0] ?? 0), productError ?? 0);
}

/** Upper edge of the random bulk of C, or null where the median eigenvalue is not resolved. */
export function bulkEdge(spectra: Spectra, floor: number): number | null {
  const { uncentred, rows, columns } = spectra;
  if (uncentred.length < 2 || uncentred[Math.floor(uncentred.length / 2)] <= floor) return null;
  return marchenkoPasturEdge(noiseVariance(uncentred, columns / rows), columns / rows);
}

export function quantities(evidence: Evidence): Quantities {
  const { spectra, facts, sigma, confidence, normalized, floors, heldOut, weights, poll } = evidence;
  const { uncentred, centred, rows, columns } = spectra;
  const complete = sigma.n_A === sigma.n_k;
  const floor = floors.uncentred;
  const total = sum(uncentred);
  const variance = sum(centred);
  // Rounding of the rows themselves leaves eps^2 tr C where all rows are equal.
  const varies = rows > 1 && variance > 16 * Number.EPSILON ** 2 * total && centred[0] > floors.centred;

  const sampled = withoutInterval(sigma.n_A, sigma.n_k);
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
  /** Rows from which a spread can be told. */
  const enough = rows > 2;

  const size = { rows, population: sigma.n_k };
  const largestRank = Math.min(columns, sigma.n_k);
  const resolved = countAbove(uncentred, floor);
  const centredResolved = countAbove(centred, floors.centred);
  const smallest = uncentred[uncentred.length - 1];
  // Eigenvalues that are rounding would count among the singular values with their square roots.
  const uncentredCurve = once(() => resolventCurve({ ...uncentredSample(), eigenvalues: uncentred.map((l) => (l > floor ? l : 0)) }));

  return {
    effectiveRank: varies ? populationRank(centred, () => resolventCurve(centredSample())) : noVariance,
    vendiScore: populationRank(uncentred, uncentredCurve, certificates(effectiveRank)),
    rankMe: rankMeOfAll(),
    // Rows of a weight are not drawn from a distribution.
    participationRatio: weights ? plainParticipation() : participation(),
    participationRatioPlain: plainParticipation(),
    stableRank: ofTop((top) => total / top, certificates(stableRank)),
    numericalRank: value(resolved),
    isoScore: columns > 1 ? plainParticipation((ratio) => isoScore(ratio, columns)) : unavailable('One column has no shape.'),
    shape: shape(),
    logScale: logScale(),
    ...rowQuantities({ facts, spread: spectra.spread, population: sigma.n_k, columns, confidence, normalized }),
    logDetGram: logDetGram(),
    lambdaMax: lambdaMax(),
    lambdaMin: lambdaMin(),
    conditionNumber: conditionNumber(),
    trace: normalized ? exact(1) : value(total),
    codingLogDet: SCALES.map((alphaOverD) => ({ alphaOverD, ...codingLogDetOfAll(alphaOverD * columns) })),
    effectiveDimension: SCALES.map((alphaOverD) => ({
      alphaOverD,
      ...atScale(alphaOverD * columns, effectiveDimension, populationEffectiveDimension),
    })),
    alphaReq: alphaReq(),
    ...(weights ? ofWeights() : {}),
  };

  function participation(): Bounded {
    if (!varies) return noVariance;
    const population = participationOf(Number.POSITIVE_INFINITY);
    if (population === null) return unavailable('Too few rows to correct for their number.');
    const reason = 'An unbiased estimate for the distribution that the rows come from.';
    return { ...ofMoments(population, Math.exp), reason };
  }

  function plainParticipation(transform = (ratio: number): number => ratio): Bounded {
    if (!varies) return noVariance;
    if (complete) return exact(transform(participationRatio(centred)));
    const population = participationOf(sigma.n_k);
    if (population === null) return unavailable('Too few rows to correct for their number.');
    return ofMoments(population, (log) => transform(Math.min(Math.exp(log), columns)));
  }

  /** Heavy tails do not show in few rows: with 50 the interval covered 90.8 % at 95 %. */
  function ofMoments(population: PopulationEstimate, transform: (log: number) => number): Bounded {
    if (rows < FEWEST_FOR_MOMENTS)
      return { value: transform(population.value), exact: false, bounds: [], reason: `${sampled} One needs ${FEWEST_FOR_MOMENTS} rows.` };
    return ofUnitRows(population, MOMENTS, [], transform);
  }

  function participationOf(population: number): PopulationEstimate | null {
    const moments = { eigenvalues: centred, rows, fourthMoment: spectra.fourthMoment };
    return populationParticipationRatio(moments, population, spectra.forms.centredSquares(), spectra.forms.centred());
  }

  function logScale(): Bounded {
    if (!varies) return noVariance;
    if (complete) return exact(Math.log(variance));
    if (!enough) return value(Math.log(variance));
    // tr S is unbiased with the divisor n - 1, and what is asked for has the divisor of all rows.
    const ofAll = Math.log((variance * rows * (sigma.n_k - 1)) / ((rows - 1) * sigma.n_k));
    const increments = spectra.forms.centredSquares().map((square) => logIncrement(square / variance, rows, 1));
    return ofUnitRows(jackknife(size, ofAll, increments), JACKKNIFE);
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

  /** Without an estimate the certificates alone. */
  function estimated(
    population: PopulationEstimate | null,
    method: string,
    outside: readonly Bound[] = [],
    transform = (x: number) => x,
  ): Bounded {
    if (population === null) return unavailable(notIdentifiable(sigma.n_A, columns), outside);
    return estimateOfAll(population, confidence, method, outside, transform);
  }

  /** What depends on lengths of rows or on shares of their squares: where lengths have heavy tails, no interval from a sample holds. */
  function ofUnitRows(...of: Parameters<typeof estimated>): Bounded {
    const found = estimated(...of);
    if (normalized || found.value === null) return found;
    return {
      ...found,
      bounds: found.bounds.filter(({ kind }) => kind === 'deterministic'),
      reason: `${sampled} One needs rows of unit length.`,
    };
  }

  /** What holds for any unit rows with the probability of the confidence, from rows that were not looked at. */
  function proven(bound: (sample: SampledRows) => Bound): Bound[] {
    if (complete || !normalized) return [];
    return [bound({ eigenvalues: uncentred, dimension: columns, rows, population: sigma.n_k, rho: 1 })];
  }

  function certificates(of: (spectrum: Float64Array) => number): Bound[] {
    return extremes === null ? [] : [between(extremes, floor, of)];
  }

  /** What grows with each eigenvalue of C. Exact, unless those below the noise floor, which are rounding, could move it. */
  function ofAllRows(of: (spectrum: Float64Array) => number): Bounded {
    const found = of(uncentred);
    const lower = of(uncentred.map((l) => Math.max(0, l - floor)));
    const upper = of(uncentred.map((l) => l + floor));
    if (upper - lower <= NOTICEABLE * Math.max(1, Math.abs(found))) return exact(found);
    return {
      value: found,
      exact: false,
      bounds: [certificate(lower, upper, 'Weyl, rounding')],
      reason: 'Eigenvalues below the noise floor of the arithmetic could move it.',
    };
  }

  function atScale(
    alpha: number,
    of: (spectrum: Float64Array, alpha: number) => number,
    population: (sample: SampledMoment, alpha: number) => PopulationEstimate | null,
    rigorous: readonly Bound[] = [],
  ): Bounded {
    if (complete) return ofAllRows((l) => of(l, alpha));
    return estimated(population(uncentredSample(), alpha), EQUIVALENT, [...rigorous, ...certificates((l) => of(l, alpha))]);
  }

  function codingLogDetOfAll(alpha: number): Bounded {
    const rigorous = heldOut === null ? [] : proven((sample) => sigmaS(sample, alpha, heldOut(1 / alpha), confidence));
    return atScale(alpha, codingLogDet, populationLogDet, rigorous);
  }

  function populationRank(eigenvalues: Float64Array, curve: () => ResolventCurve, certified: readonly Bound[] = []): Bounded {
    if (complete) return exact(effectiveRank(eigenvalues));
    if (!enough) return unavailable(notIdentifiable(sigma.n_A, columns));
    return ofUnitRows(populationEntropy(curve()), EQUIVALENT, certified, toRank);
  }

  function rankMeOfAll(): Bounded {
    const resolvedRoots = uncentred.map((l) => (l > floor ? Math.sqrt(l) : 0));
    if (complete) return exact(rankMe(resolvedRoots));
    if (!enough) return unavailable(notIdentifiable(sigma.n_A, columns));
    const population = populationRootEntropy(uncentredCurve());
    if (population === null) return unavailable(notIdentifiable(sigma.n_A, columns));
    // Added to every share, the offset raises -p log p by at most its own, at p = 0, and hardly lowers it.
    const offset = (largestRank * -RANKME_OFFSET * Math.log(RANKME_OFFSET)) / 2;
    const biasAllowance = population.biasAllowance + offset;
    return ofUnitRows({ ...population, value: population.value + offset, biasAllowance }, EQUIVALENT, [], toRank);
  }

  function toRank(entropy: number): number {
    return Math.min(Math.exp(entropy), largestRank);
  }

  /** What depends on the largest eigenvalue has an interval where that stands apart from the rest. */
  function ofTop(of: (top: number) => number, certified: readonly Bound[]): Bounded {
    if (complete) return exact(of(uncentred[0]));
    const population = enough ? populationTopEigenvalue(uncentred, size, spectra.forms.top()) : null;
    if (population !== null) return ofUnitRows(population, SPIKE, certified, (log) => of(Math.exp(log)));
    const reason = `${sampled} The largest eigenvalue does not stand apart enough for one.`;
    return { value: of(uncentred[0]), exact: false, bounds: certified, reason };
  }

  function shape(): Bounded {
    if (!varies) return noVariance;
    if (complete) return exact(logSphericity(centred, columns, SHAPE_RIDGE));
    return ofUnitRows(populationLogSphericity(centredSample(), SHAPE_RIDGE), EQUIVALENT);
  }

  /** logdet(G + delta I) = d log delta + f_alpha at alpha = n_k / delta. */
  function logDetGram(): Bounded {
    const ofGram = (l: Float64Array): number =>
      ridgeLogDet(
        l.map((x) => x * sigma.n_k),
        columns,
        sigma.delta,
      );
    if (complete) return ofAllRows(ofGram);
    const outside = [
      ...(extremes === null ? [certificate(sigma.S, null, 'Loewner monotonicity')] : [between(extremes, floor, ofGram)]),
      ...(normalized ? [certificate(sigma.S, trackOneUpperBound(sigma), 'SIGMA-UB Track I')] : []),
    ];
    const ridge = columns * Math.log(sigma.delta);
    const rigorous =
      heldOut === null
        ? []
        : proven((sample) => raised(gainBound(sample, 1 / sigma.delta, heldOut(sigma.delta / rows), confidence), ridge));
    return estimated(populationLogDet(uncentredSample(), sigma.n_k / sigma.delta), EQUIVALENT, [...rigorous, ...outside], (f) => f + ridge);
  }

  function lambdaMax(): Bounded {
    const bounds =
      extremes === null
        ? [certificate(seen * uncentred[0], null, 'Loewner monotonicity')]
        : [certificate(extremes.even[0] - floor, extremes.steep[0] + floor, MAJORISATION)];
    return ofTop((top) => top, [...proven((sample) => largestEigenvalueOfAll(sample, confidence)), ...bounds]);
  }

  function lambdaMin(): Bounded {
    if (complete && rows < columns) return exact(0);
    const bounds = complete ? [] : [certificate(lowest(), extremes === null ? null : extremes.even[columns - 1] + floor, MAJORISATION)];
    if (rows < columns) return unavailable(notIdentifiable(sigma.n_A, columns), bounds);
    if (smallest > floor)
      return { ...value(smallest), bounds: [...proven((sample) => smallestEigenvalueOfAll(sample, confidence)), ...bounds] };
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
    const range = decayRange(centredResolved);
    return range === null
      ? unavailable('Fewer than 10 resolved eigenvalues in the range of the fit.')
      : value(decayExponent(centred, ...range));
  }

  function ofWeights(): Pick<Quantities, 'powerLawAlpha' | 'alphaHat' | 'mpSoftRank' | 'spikes'> {
    const tail = uncentred.subarray(0, resolved);
    const fit = tail.length >= 50 ? fitPowerLaw(tail, poll) : null;
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

/** Share of a value by which rounding may move what is called exact. */
const NOTICEABLE = 1e-3;
/** Rows from which intervals of second moments of the spectrum hold in every cell of the coverage bench. */
const FEWEST_FOR_MOMENTS = 100;
const EQUIVALENT = 'Deterministic equivalent, jackknife';
const MOMENTS = 'Unbiased moments, jackknife';
const JACKKNIFE = 'Jackknife';
const SPIKE = 'Spiked spectrum, jackknife';
const MAJORISATION = 'Majorisation by the unseen trace';

/** Where a Schur-concave function of the spectrum of C can lie; each eigenvalue may be off by the floor, on the side that does not help. */
function between({ even, steep }: ExtremeSpectra, floor: number, of: (spectrum: Float64Array) => number): Bound {
  const lower = of(steep.map((l) => Math.max(0, l - floor)));
  const upper = of(even.map((l) => l + floor));
  return certificate(lower, upper, MAJORISATION);
}

function raised(bound: Bound, by: number): Bound {
  return { ...bound, lower: bound.lower! + by, upper: bound.upper! + by };
}

function notIdentifiable(rows: number, columns: number): string {
  return `Not identifiable from ${grouped(rows)} rows of ${grouped(columns)} columns: too many directions for so few rows.`;
}
