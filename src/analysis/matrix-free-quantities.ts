import type { Precision } from '../compute/kernels';
import { type Bound, type Bounded, certificate, exact, unavailable } from '../spectral/bounded';
import { type Sought, type SpectralEvidence, spectralInterval } from '../spectral/deflated-sums';
import { isoScore } from '../spectral/effective-rank';
import { kuczynskiWozniakowskiError } from '../spectral/extreme-eigenvalues';
import { codingLog, gauss, shiftedLog } from '../spectral/gauss-quadrature';
import type { LanczosTridiagonal } from '../spectral/lanczos';
import { type Interval, momentError } from '../spectral/moment-bounds';
import type { Quantities } from './report';
import type { RowMoments } from './row-operator';
import { SCALES, SHAPE_RIDGE } from './scales';

/**
 * What rounding may move an eigenvalue by, relative to the trace: in float64 a thousand units in the last place of sums over rows and
 * columns. In float32 more than twice what was measured, relative to the largest: 3.3e-7 of Ritz values of a spectrum from 1 to 1e-8, 3.9e-7 of
 * a Rayleigh quotient with 32,768 columns.
 */
export const ROUNDING = { float64: 1e-13, float32: 1e-6 } as const satisfies Record<Precision, number>;
/** What RankMe adds to each share. */
const RANK_ME_SHIFT = 1e-7;

/** log(x + shift), its node so far below 0 that rounding does not reach it. */
function ridgeLog(shift: number, trace: number, rounding: number): Sought {
  const below = -Math.max(shift / 1000, rounding * trace);
  return { f: shiftedLog(shift), below: below > -shift / 2 ? below : null, factor: 1 };
}

/** log(1 + alpha x). */
function coding(alpha: number, trace: number, rounding: number): Sought {
  return { f: codingLog(alpha), below: ridgeLog(1 / alpha, trace, rounding).below, factor: 1 };
}

/** alpha x / (1 + alpha x): its derivatives are those of -1 / (1 + alpha x). */
function dimension(alpha: number, trace: number, rounding: number): Sought {
  const value = (x: number): number => (alpha * x > -1 ? (alpha * x) / (1 + alpha * x) : Number.NEGATIVE_INFINITY);
  return { f: { value, evenDerivatives: -1 }, below: ridgeLog(1 / alpha, trace, rounding).below, factor: 1 };
}

/** p log p of the share p = x / trace, shifted by rounding so that it is smooth at 0. */
function entropyTerm(trace: number, rounding: number): Sought {
  const value = (x: number): number => {
    const p = x / trace + rounding;
    return p > 0 ? p * Math.log(p) : 0;
  };
  return { f: { value, evenDerivatives: 1 }, below: -rounding * trace, factor: 1 };
}

/** What `entropyTerm` can be wrong by in the sum over d eigenvalues: |p' log p' - p log p| <= rounding (1 + |log rounding|). */
function entropyAllowance(d: number, rounding: number): number {
  return d * rounding * (1 - Math.log(rounding));
}

/** Shares that stay below 1, where sqrt(p) log p has derivatives of alternating sign. */
const shareBelowOne = (x: number, trace: number, rounding: number): number => (x / trace + rounding) / (1 + 4 * rounding);

/** sqrt(p). */
function root(trace: number, rounding: number): Sought {
  const value = (x: number): number => Math.sqrt(Math.max(0, shareBelowOne(x, trace, rounding)));
  return { f: { value, evenDerivatives: -1 }, below: -rounding * trace, factor: 1 };
}

/** sqrt(p) log sqrt(p): its n-th derivative is (a log p + b) p^(1/2 - n), a and b of the sign of (-1)^(n-1) and (-1)^n or 0, so it alternates on p <= 1. */
function rootLogRoot(trace: number, rounding: number): Sought {
  const value = (x: number): number => {
    const p = shareBelowOne(x, trace, rounding);
    return p > 0 ? (Math.sqrt(p) * Math.log(p)) / 2 : 0;
  };
  return { f: { value, evenDerivatives: 1 }, below: -rounding * trace, factor: 1 };
}

/** x^2, which two steps integrate exactly. */
function square(trace: number, rounding: number): Sought {
  return { f: { value: (x) => x * x, evenDerivatives: 1 }, below: -rounding * trace, factor: 1 };
}

/** Functions of the eigenvalues of C. */
export function soughtOfC({ rows, columns, trace }: RowMoments, ridge: number, precision: Precision) {
  const rounding = ROUNDING[precision];
  return {
    coding: SCALES.map((scale) => coding(scale * columns, trace, rounding)),
    dimension: SCALES.map((scale) => dimension(scale * columns, trace, rounding)),
    entropy: entropyTerm(trace, rounding),
    gram: ridgeLog(ridge / rows, trace, rounding),
    root: root(trace, rounding),
    rootLogRoot: rootLogRoot(trace, rounding),
  };
}

/** Functions of the eigenvalues of S. */
export function soughtOfS({ columns, centredTrace }: RowMoments, precision: Precision) {
  const rounding = ROUNDING[precision];
  return { entropy: entropyTerm(centredTrace, rounding), shape: ridgeLog((SHAPE_RIDGE * centredTrace) / columns, centredTrace, rounding) };
}

/** Whether there is no variance but rounding of the rows. */
export function varies({ rows, trace, centredTrace }: RowMoments): boolean {
  return rows > 1 && centredTrace > 16 * Number.EPSILON ** 2 * trace;
}

/** What the quantities are computed from. */
export interface MatrixFreeEvidence {
  readonly moments: RowMoments;
  readonly ofC: SpectralEvidence;
  readonly ofS: SpectralEvidence;
  /** Of the products that the evidence was found by. */
  readonly precision: Precision;
  /** |C Q - Q (Q^T C Q)|: how far the head is from invariant. */
  readonly headResidual: number;
  /** Most steps a process may take. */
  readonly steps: number;
  /** delta of logdet(G + delta I). */
  readonly ridge: number;
  /** Level of stochastic intervals. */
  readonly confidence: number;
  readonly normalized: boolean;
  readonly weights: boolean;
}

/** All quantities but those that rows tell without a spectrum: mean cosine, distinct rows, uniformity. */
export function matrixFreeQuantities(evidence: MatrixFreeEvidence): Quantities {
  const { moments, ofC, ofS, precision, headResidual, steps, ridge, confidence, normalized, weights } = evidence;
  const { rows, columns, trace, centredTrace } = moments;
  const c = soughtOfC(moments, ridge, precision);
  const s = soughtOfS(moments, precision);
  /** Directions that rows can span. */
  const rank = Math.min(rows, columns);
  const centredRank = Math.min(rows - 1, columns);
  const relative = ROUNDING[precision];
  const rounding = relative * trace;
  const error = momentError(columns);
  const ritz = (processes: readonly LanczosTridiagonal[]): number[] => processes.flatMap((t) => Array.from(gauss(t).nodes));
  const [ofHead, ofProbes] = [ritz(ofC.head), ritz(ofC.probes)];
  const largest = Math.max(...ofHead, ...ofProbes);
  const smallestSeen = Math.min(...ofHead, ...ofProbes) + rounding;
  const noVariance = unavailable(rows > 1 ? 'All rows are the same: there is no variance.' : 'One row has no variance.');
  const ofVariance = (compute: () => Bounded): Bounded => (varies(moments) ? compute() : noVariance);
  const plainRatio = ofVariance(participation);
  const noTail = unavailable('Needs more of the spectrum than its largest eigenvalues and an estimate of its density.');

  return {
    effectiveRank: ofVariance(() => rankFromEntropy(ofS, s.entropy, centredRank)),
    vendiScore: rankFromEntropy(ofC, c.entropy, rank),
    rankMe: rankMe(),
    participationRatio: unavailable('Needs the fourth moment of the rows about their mean, which is not gathered for so wide a matrix.'),
    participationRatioPlain: plainRatio,
    stableRank: stableRank(),
    numericalRank: unavailable('Needs every eigenvalue near the noise floor.', [certificate(null, rank, 'Sides of the matrix')]),
    isoScore: isoScoreOf(plainRatio),
    shape: ofVariance(shape),
    logScale: ofVariance(() => exact(Math.log(centredTrace))),
    logDetGram: logDetGram(),
    lambdaMax: lambdaMax(),
    lambdaMin: rows < columns ? exact(0) : unavailable('Lanczos finds it from above only.', [certificate(0, smallestSeen, RITZ)]),
    conditionNumber: conditionNumber(),
    trace: exact(normalized ? 1 : trace),
    codingLogDet: atScales(c.coding, (alpha, x) => Math.log1p(alpha * x)),
    effectiveDimension: atScales(c.dimension, (alpha, x) => (alpha * x) / (1 + alpha * x)),
    alphaReq: noTail,
    ...(weights ? { powerLawAlpha: noTail, alphaHat: noTail, mpSoftRank: noTail, spikes: noTail } : {}),
  };

  /** tr f(C) for f concave with f(0) = 0 lies between all energy in one direction and energy spread evenly over the rank. */
  function atScales(sought: readonly Sought[], f: (alpha: number, x: number) => number) {
    return SCALES.map((alphaOverD, k) => {
      const alpha = alphaOverD * columns;
      const certain = certificate(f(alpha, trace * (1 - error)), rank * f(alpha, (trace / rank) * (1 + error)), CONCAVITY);
      return { alphaOverD, ...estimated(spectralInterval(ofC, [sought[k]], confidence), certain) };
    });
  }

  /** exp of an entropy -sum p log p. */
  function rankFromEntropy(side: SpectralEvidence, sought: Sought, most: number): Bounded {
    const { lower, upper, ...rest } = spectralInterval(side, [sought], confidence);
    const slack = entropyAllowance(columns, relative);
    return estimated(
      { ...rest, lower: upper === null ? null : Math.exp(-upper - slack), upper: lower === null ? null : Math.exp(-lower + slack) },
      certificate(1, most, 'Sides of the matrix'),
    );
  }

  /** (tr S)^2 / tr S^2. */
  function participation(): Bounded {
    const { lower, upper, ...rest } = spectralInterval(ofS, [square(centredTrace, relative)], confidence);
    const ratio = (x: number | null): number | null => (x === null || x <= 0 ? null : centredTrace ** 2 / x);
    return estimated({ ...rest, lower: ratio(upper), upper: ratio(lower) }, certificate(1, centredRank, 'Sides of the matrix'));
  }

  function isoScoreOf(ratio: Bounded): Bounded {
    if (columns < 2) return unavailable('One column has no shape.');
    const score = (x: number | null): number | null => (x === null ? null : isoScore(x, columns));
    const bounds = ratio.bounds.map((bound) => ({ ...bound, lower: score(bound.lower), upper: score(bound.upper) }));
    return { ...ratio, value: score(ratio.value), bounds };
  }

  function shape(): Bounded {
    const mean = centredTrace / columns;
    const even = columns * Math.log(mean * (1 + SHAPE_RIDGE));
    const steepest = (columns - 1) * Math.log(SHAPE_RIDGE * mean) + Math.log(centredTrace + SHAPE_RIDGE * mean);
    const certain = certificate(steepest - even - columns * error, 0, CONCAVITY);
    return estimated(moved(spectralInterval(ofS, [s.shape], confidence), -even), certain);
  }

  /** logdet(G + delta I) = d log n + tr log(C + delta / n). */
  function logDetGram(): Bounded {
    const base = columns * Math.log(ridge);
    const excess = (x: number): number => Math.log1p((rows * x) / ridge);
    const certain = certificate(base + excess(trace * (1 - error)), base + rank * excess((trace / rank) * (1 + error)), CONCAVITY);
    return estimated(moved(spectralInterval(ofC, [c.gram], confidence), columns * Math.log(rows)), certain);
  }

  /**
   * Outside the head l_max <= theta / (1 - eps), theta the largest Ritz value of probes uniform on that sphere; with the head,
   * l_max is at most the larger of both and what couples them.
   */
  function largestInterval(): Interval {
    const taken = ofC.probes.filter((t) => !t.exact).map((t) => t.diagonal.length);
    // Each independent start fails with eta^(1/s); the number of steps was chosen on the way, so eta is shared among all it could be.
    const eta = ((1 - confidence) / steps) ** (1 / ofC.probes.length);
    const eps = taken.length < ofC.probes.length ? 0 : kuczynskiWozniakowskiError(columns, Math.min(...taken), eta);
    const upper = Math.max(...ofHead, Math.max(...ofProbes) / (1 - eps)) + 2 * headResidual + rounding;
    return { lower: largest - rounding, upper: Math.min(eps < 1 ? upper : trace, trace) * (1 + error) };
  }

  function lambdaMax(): Bounded {
    const { lower, upper } = largestInterval();
    return {
      value: largest,
      exact: false,
      bounds: [
        { lower, upper, kind: 'stochastic', confidence, method: KW },
        certificate(Math.max(lower ?? 0, (trace / rank) * (1 - error)), trace * (1 + error), RITZ),
      ],
      reason: null,
    };
  }

  function stableRank(): Bounded {
    const { lower, upper } = largestInterval();
    return {
      value: trace / largest,
      exact: false,
      bounds: [
        { lower: trace / upper!, upper: trace / lower!, kind: 'stochastic', confidence, method: KW },
        certificate(1, Math.min(rank, (trace * (1 + error)) / lower!), RITZ),
      ],
      reason: null,
    };
  }

  function conditionNumber(): Bounded {
    if (rows < columns) return unavailable('Fewer rows than columns: the smallest eigenvalue is 0.');
    return unavailable('The smallest eigenvalue is known from above only.', [certificate((largest - rounding) / smallestSeen, null, RITZ)]);
  }

  /**
   * exp(-sum p log p), p = q + 1e-7, q = s / sum s. With R = sum sqrt(share) and any c, -sum q log q = log R + k - U / R,
   * U = sum sqrt(share) log(sqrt(share) / c) and k = -log c: with c where U is 0, the error of R hardly enters.
   * Then what 1e-7 adds to each of `rank` terms is least for equal q and greatest for one.
   */
  function rankMe(): Bounded {
    const middle = (sought: Sought): number => {
      const { lower, upper } = spectralInterval(ofC, [sought], confidence);
      return (lower! + upper!) / 2;
    };
    const k = -middle(c.rootLogRoot) / middle(c.root);
    // Both hold with the confidence asked for.
    const level = (1 + confidence) / 2;
    const r = spectralInterval(ofC, [c.root], level);
    const u = spectralInterval(ofC, [c.rootLogRoot, { ...c.root, factor: k }], level);
    // Of the shift by rounding: |sqrt(p + e) - sqrt(p)| <= sqrt(e), and its logarithm with it.
    const slack = columns * Math.sqrt(2 * relative);
    const [low, high] = [Math.max(1, r.lower! - slack), r.upper! + slack];
    const [least, most] = [u.lower! - slack * (k + 16), u.upper! + slack * (k + 16)];
    const certain = certificate(1, rank, 'Sides of the matrix');
    if (!(Number.isFinite(k) && low + least > 0)) return unavailable('The singular values of weak directions are not resolved.', [certain]);
    const added = (q: number): number => q * Math.log(q > 0 ? q : 1) - (q + RANK_ME_SHIFT) * Math.log(q + RANK_ME_SHIFT);
    return estimated(
      {
        lower: Math.exp(Math.min(...[low, high].map((x) => Math.log(x) - most / x)) + k + rank * added(1 / rank)),
        upper: Math.exp(Math.max(...[low, high].map((x) => Math.log(x) - least / x)) + k + (rank - 1) * added(0) + added(1)),
        kind: 'stochastic',
        confidence,
        method: u.method,
      },
      certain,
    );
  }
}

const KW = 'Kuczynski-Wozniakowski';
const RITZ = 'Rayleigh quotients and the trace';
const CONCAVITY = 'Concavity, from the trace';

function moved(bound: Bound, by: number): Bound {
  const add = (x: number | null): number | null => (x === null ? null : x + by);
  return { ...bound, lower: add(bound.lower), upper: add(bound.upper) };
}

/** The middle of the interval, cut to the certificate: where brackets are wide neither of their ends is the better guess. */
function estimated(interval: Bound, certain: Bound): Bounded {
  // Also where an interval misses the certificate altogether.
  const cut = (x: number): number => Math.min(Math.max(x, certain.lower!), certain.upper!);
  const lower = cut(interval.lower ?? certain.lower!);
  const upper = cut(interval.upper ?? certain.upper!);
  return { value: (lower + upper) / 2, exact: false, bounds: [{ ...interval, lower, upper }, certain], reason: null };
}
