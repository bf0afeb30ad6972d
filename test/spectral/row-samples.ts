import { uniform } from '../../src/spectral/random';
import type { SampledRows } from '../../src/spectral/sigma-s';
import { symmetricEigenvalues, toTridiagonalBasis, tridiagonalize } from '../../src/spectral/symmetric-eigen';
import { shiftedInverseForms, tridiagonalEigenvalues } from '../../src/spectral/tridiagonal';
import { gaussians } from './gaussians';

/** Populations of N rows with |x|^2 <= 1, by kind. */
export const POPULATIONS: Record<string, (N: number, d: number, seed: number) => Float64Array[]> = {
  isotropic: (N, d, seed) => unit(N, d, seed, () => 1),
  'power law': (N, d, seed) => unit(N, d, seed, (j) => 1 / (j + 1)),
  'spiked, a cone about one direction': (N, d, seed) => unit(N, d, seed, (j) => (j === 0 ? 6 : 0.3)),
  // Few rows of full length among many short ones: what a sample easily misses.
  'heavy-tailed': (N, d, seed) => {
    const rows = unit(N, d, seed, () => 1);
    const random = uniform(seed);
    return rows.map((row) => row.map((x) => x * Math.max(0.05, Math.min(1, 0.02 / random()))));
  },
  'two points, one rare': (N, d) =>
    Array.from({ length: N }, (_, i) => new Float64Array(d).fill(1, i % 20 === 0 ? 1 : 0, i % 20 === 0 ? 2 : 1)),
};

function unit(N: number, d: number, seed: number, scale: (j: number) => number): Float64Array[] {
  const next = gaussians(seed);
  return Array.from({ length: N }, () => {
    const row = Float64Array.from({ length: d }, (_, j) => scale(j) * next());
    const length = Math.hypot(...row) * (1 + 1e-15);
    return row.map((x) => x / length);
  });
}

export function secondMoment(rows: readonly Float64Array[]): Float64Array {
  const d = rows[0].length;
  const c = new Float64Array(d * d);
  for (const row of rows) for (let i = 0; i < d; i++) for (let j = i; j < d; j++) c[i * d + j] += (row[i] * row[j]) / rows.length;
  return c;
}

export function spectrum(rows: readonly Float64Array[]): Float64Array {
  return symmetricEigenvalues(secondMoment(rows), rows[0].length).map((l) => Math.max(l, 0));
}

/** The rows in an order without preference (Fisher and Yates). */
export function shuffled<T>(rows: readonly T[], random: () => number): T[] {
  const order = [...rows];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** The first n of the rows as the sample, the next as held out: x^T (Ch + lambda I)^-1 x / n, and x^T Ch x. */
export function sampleOf(
  order: readonly Float64Array[],
  n: number,
  heldOut: number,
): { sample: SampledRows; leverages: (lambda: number) => Float64Array; forms: Float64Array } {
  const d = order[0].length;
  const c = secondMoment(order.slice(0, n));
  const factored = c.slice();
  const t = tridiagonalize(factored, d, new Float64Array(d));
  const y = order.slice(n, n + heldOut).map((row) => {
    const z = row.slice();
    toTridiagonalBasis(factored, d, t.tau, z);
    return z;
  });
  const eigenvalues = tridiagonalEigenvalues(t).map((l) => Math.max(l, 0));
  return {
    sample: { eigenvalues, dimension: d, rows: n, population: order.length, rho: 1 },
    forms: Float64Array.from(order.slice(n, n + heldOut), (row) => {
      let form = 0;
      for (let i = 0; i < d; i++) for (let j = i; j < d; j++) form += (i === j ? 1 : 2) * c[i * d + j] * row[i] * row[j];
      return form;
    }),
    leverages: (lambda) => shiftedInverseForms(t, y, lambda).map((q) => q / n),
  };
}

/** P(k of the `ones` among N are in a sample of n without replacement), for k = 0 to n. */
export function hypergeometric(N: number, ones: number, n: number): Float64Array {
  const logFactorial = new Float64Array(N + 1);
  for (let i = 1; i <= N; i++) logFactorial[i] = logFactorial[i - 1] + Math.log(i);
  const logChoose = (a: number, b: number): number =>
    b < 0 || b > a ? Number.NEGATIVE_INFINITY : logFactorial[a] - logFactorial[b] - logFactorial[a - b];
  return Float64Array.from({ length: n + 1 }, (_, k) => Math.exp(logChoose(ones, k) + logChoose(N - ones, n - k) - logChoose(N, n)));
}
