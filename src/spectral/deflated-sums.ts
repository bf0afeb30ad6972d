import type { Bound } from './bounded';
import { type AlternatingFunction, gauss, integrate, type Quadrature, quadratureBracket } from './gauss-quadrature';
import type { LanczosTridiagonal } from './lanczos';
import type { Interval } from './moment-bounds';
import { intervalOfMean, spectralMeasure } from './stochastic-lanczos';

/** What Lanczos tells of the spectrum of a positive semidefinite A of known trace, a few directions apart from the rest. */
export interface SpectralEvidence {
  readonly dimension: number;
  readonly trace: number;
  /** Processes of orthonormal starts, best near the largest eigenvectors: what these hold needs no probes. */
  readonly head: readonly LanczosTridiagonal[];
  /** Processes of `probesOutside` of those starts. */
  readonly probes: readonly LanczosTridiagonal[];
}

/** A term of a function whose trace is wanted: factor times f. */
export interface Sought {
  readonly f: AlternatingFunction;
  /** Where the Radau rule of f may have its lower node; null where it has none, and one side stays open. */
  readonly below: number | null;
  /** Positive. */
  readonly factor: number;
}

/** Where the head's part of tr f(A) lies for certain, and for each probe where its estimate of the rest does. */
export interface DeflatedSum {
  readonly head: Interval;
  readonly probes: readonly Interval[];
}

/**
 * tr f(A) for a sum f of terms. The trace outside the head is known: from each probe b (x^T A x - tr) is taken off, b the slope of f on
 * the eigenvalues, which leaves the mean where it is and takes away the variance that f shares with the trace (a control variate).
 */
export function deflatedSum({ dimension, trace, head, probes }: SpectralEvidence, terms: readonly Sought[]): DeflatedSum {
  const brackets = (t: LanczosTridiagonal): Interval =>
    terms.reduce<Interval>(
      (sum, { f, below, factor }) => {
        const { lower, upper } = quadratureBracket(t, f, below, null);
        return { lower: plus(sum.lower, lower, factor), upper: plus(sum.upper, upper, factor) };
      },
      { lower: 0, upper: 0 },
    );
  const known = trace - head.reduce((sum, t) => sum + quadraticForm(t), 0);
  const b =
    dimension > head.length ? slope(spectralMeasure(probes), (x) => terms.reduce((sum, { f, factor }) => sum + factor * f.value(x), 0)) : 0;
  return {
    head: head
      .map(brackets)
      .reduce<Interval>((sum, part) => ({ lower: plus(sum.lower, part.lower, 1), upper: plus(sum.upper, part.upper, 1) }), {
        lower: 0,
        upper: 0,
      }),
    probes: probes.map((t) => {
      const { lower, upper } = brackets(t);
      const excess = quadraticForm(t) - known;
      return { lower: plus(lower, excess, -b), upper: plus(upper, excess, -b) };
    }),
  };
}

/** tr f(A): the head's certificate and Student's interval over the probes. */
export function spectralInterval(evidence: SpectralEvidence, terms: readonly Sought[], confidence: number): Bound {
  const { head, probes } = deflatedSum(evidence, terms);
  const rest = intervalOfMean(probes, confidence);
  return { ...rest, lower: plus(rest.lower, head.lower, 1), upper: plus(rest.upper, head.upper, 1) };
}

/** Of an eigenvalue: what a rule puts on eigenvalues that its start hardly has a part in is left out. */
const LEAST_WEIGHT = 1e-12;

/** An estimate of how many eigenvalues stand where; the weights add up to the dimension. */
export function eigenvalueDensity({ dimension, head, probes }: SpectralEvidence): Quadrature {
  const rest = spectralMeasure(probes);
  const points = head.flatMap((t) => pointsOf(gauss(t), 1)).concat(pointsOf(rest, dimension - head.length));
  const told = points.filter(({ weight }) => weight > LEAST_WEIGHT).sort((a, b) => b.node - a.node);
  return { nodes: Float64Array.from(told, ({ node }) => node), weights: Float64Array.from(told, ({ weight }) => weight) };
}

function pointsOf({ nodes, weights }: Quadrature, mass: number): { node: number; weight: number }[] {
  return Array.from(nodes, (node, k) => ({ node: Math.max(node, 0), weight: mass * weights[k] }));
}

/** x^T A x of the start x, from the first step. */
function quadraticForm(t: LanczosTridiagonal): number {
  return t.diagonal.length === 0 ? 0 : t.startNorm ** 2 * t.diagonal[0];
}

/** Of the line through f that is nearest in the measure's mean square. */
function slope(measure: Quadrature, f: (x: number) => number): number {
  const mean = integrate(measure, (x) => x);
  const meanF = integrate(measure, f);
  const variance = integrate(measure, (x) => (x - mean) ** 2);
  const covariance = integrate(measure, (x) => (x - mean) * (f(x) - meanF));
  return variance > 0 && Number.isFinite(covariance) ? covariance / variance : 0;
}

function plus(x: number | null, y: number | null, factor: number): number | null {
  return x === null || y === null ? null : x + factor * y;
}
