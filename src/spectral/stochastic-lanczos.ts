import type { Bound } from './bounded';
import { type AlternatingFunction, gauss, integrate, type Quadrature, quadratureBracket } from './gauss-quadrature';
import { type LanczosTridiagonal, lanczos, type Operator, orthogonalize } from './lanczos';
import type { Interval } from './moment-bounds';
import { normal, uniform } from './random';
import { studentQuantile } from './student';
import { meanAndError, rademacherProbes } from './trace-estimation';

export type ProbeDistribution = 'rademacher' | 'sphere';

/** Probes of squared length d, so that E x x^T = I; the same for the same seed, which makes estimates of two operators comparable. @returns count x d */
export function probes(distribution: ProbeDistribution, d: number, count: number, seed: number): Float64Array {
  if (distribution === 'rademacher') return rademacherProbes(d, count, seed);
  const x = Float64Array.from({ length: count * d }, normal(uniform(seed)));
  for (let i = 0; i < count; i++) {
    const row = x.subarray(i * d, (i + 1) * d);
    let square = 0;
    for (const value of row) square += value * value;
    const factor = Math.sqrt(d / square);
    for (let j = 0; j < d; j++) row[j] *= factor;
  }
  return x;
}

/**
 * Probes uniform on the sphere of what `basis` leaves, of squared length d - h: E x x^T = I - Q^T Q, so that
 * tr f(A) = sum q_i^T f(A) q_i + E x^T f(A) x, whatever Q is (Hutch++: Meyer, Musco, Musco, Woodruff 2021).
 * @param basis Q: h x d, orthonormal rows @returns count x d
 */
export function probesOutside(basis: Float64Array, d: number, count: number, seed: number): Float64Array {
  const h = basis.length / d;
  const x = probes('sphere', d, count, seed);
  for (let i = 0; i < count; i++) {
    const row = x.subarray(i * d, (i + 1) * d);
    const factor = Math.sqrt(d - h) / orthogonalize(row, basis, h);
    for (let j = 0; j < d; j++) row[j] *= factor;
  }
  return x;
}

export interface SpectralSum {
  /** Mean over the probes of Gauss's values. */
  readonly estimate: number;
  /** Of the estimate, over the draw of the probes. */
  readonly standardError: number;
  /** For each probe x, where x^T f(A) x lies: a certificate. */
  readonly brackets: readonly Interval[];
  /** Of tr f(A), see `intervalOfMean`. */
  readonly interval: Bound;
}

/**
 * tr f(A) from Lanczos processes of random probes: stochastic Lanczos quadrature (Bai, Fahey, Golub 1996; Ubaru, Chen, Saad 2017).
 * The interval's confidence supposes the mean over the probes to be normal; it is approximate for few probes.
 *
 * @param processes of `lanczos`, one a probe of `probes`
 * @param below, above as for `quadratureBracket`
 * @param confidence in (0, 1)
 */
export function spectralSum(
  processes: readonly LanczosTridiagonal[],
  f: AlternatingFunction,
  below: number | null,
  above: number | null,
  confidence: number,
): SpectralSum {
  const { mean, standardError } = meanAndError(processes.map((t) => t.startNorm ** 2 * integrate(gauss(t), f.value)));
  const brackets = processes.map((t) => quadratureBracket(t, f, below, above));
  return { estimate: mean, standardError, brackets, interval: intervalOfMean(brackets, confidence) };
}

/** Of the expectation of what each bracket holds: [mean lower - e, mean upper + e], e Student's half-width, each side from its own values. */
export function intervalOfMean(brackets: readonly Interval[], confidence: number): Bound {
  const end = (values: readonly (number | null)[], sign: number): number | null => {
    if (values.length < 2 || !values.every((x) => x !== null)) return null;
    const side = meanAndError(values);
    return side.mean + sign * studentQuantile((1 + confidence) / 2, values.length - 1) * side.standardError;
  };
  return {
    lower: end(
      brackets.map(({ lower }) => lower),
      -1,
    ),
    upper: end(
      brackets.map(({ upper }) => upper),
      1,
    ),
    kind: 'stochastic',
    confidence,
    method: 'stochastic Lanczos quadrature',
  };
}

/** The spectral measure of A, mass 1, as the mean of the probes' Gauss rules. */
export function spectralMeasure(processes: readonly LanczosTridiagonal[]): Quadrature {
  const points = processes.flatMap((t) => {
    const { nodes, weights } = gauss(t);
    return Array.from(nodes, (node, k) => ({ node, weight: weights[k] / processes.length }));
  });
  points.sort((a, b) => b.node - a.node);
  return { nodes: Float64Array.from(points, ({ node }) => node), weights: Float64Array.from(points, ({ weight }) => weight) };
}

/** The mass of a measure on (-infinity, x]. */
export function cumulativeDistribution(measure: Quadrature, x: number): number {
  return integrate(measure, (node) => (node <= x ? 1 : 0));
}

/** The density at x of a measure smoothed by a Gaussian of this standard deviation (Lin, Saad, Yang 2016, SIAM Review 58). */
export function smoothedDensity(measure: Quadrature, x: number, deviation: number): number {
  return integrate(measure, (node) => Math.exp(-0.5 * ((x - node) / deviation) ** 2)) / (deviation * Math.sqrt(2 * Math.PI));
}

/**
 * Lanczos steps and sphere probes after which the spectral distribution is within t (l_max - l_min) in Wasserstein distance
 * with probability 1 - eta (Chen, Trogdon, Ubaru 2021).
 */
export function wassersteinBudget(d: number, t: number, eta: number): { steps: number; probes: number } {
  return { steps: Math.ceil(12 / t + 0.5), probes: Math.ceil((4 / ((d + 2) * t * t)) * Math.log((2 * d) / eta)) };
}

/**
 * The half-width e with P(|mean of N Rademacher probes of B - tr B| >= e) <= eta: 2 exp(-N e^2 / (8 (F^2 + e s))) = eta
 * (Cortinovis and Kressner 2022; the constants of Rademacher probes are checked by simulation alone).
 * @param frobenius F, at least the Frobenius norm of B without its diagonal
 * @param spectral s, at least its spectral norm
 */
export function cortinovisKressner(count: number, frobenius: number, spectral: number, eta: number): number {
  const l = Math.log(2 / eta);
  return (4 * l * spectral + Math.sqrt((4 * l * spectral) ** 2 + 8 * count * l * frobenius ** 2)) / count;
}

/** Runs the probes' Lanczos processes, all at once: `steps` applications of the operator to `count` vectors. */
export function probeProcesses(
  operator: Operator,
  d: number,
  distribution: ProbeDistribution,
  count: number,
  steps: number,
  seed: number,
  poll: () => void = () => {},
): Promise<LanczosTridiagonal[]> {
  return lanczos(operator, d, probes(distribution, d, count, seed), steps, poll);
}
