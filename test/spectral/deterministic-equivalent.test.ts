import { describe, expect, test } from 'vitest';
import {
  equivalentResolution,
  populationEffectiveDimension,
  populationEntropy,
  populationLogDet,
  populationLogSphericity,
  populationRootEntropy,
  resolventCurve,
  type SampledMoment,
} from '../../src/spectral/deterministic-equivalent';
import { effectiveRank } from '../../src/spectral/effective-rank';
import type { PopulationEstimate } from '../../src/spectral/jackknife';
import { codingLogDet, effectiveDimension, logSphericity } from '../../src/spectral/log-det';
import { symmetricEigenvalues, toTridiagonalBasis, tridiagonalize } from '../../src/spectral/symmetric-eigen';
import { shiftedInverseForms, tridiagonalEigenvalues } from '../../src/spectral/tridiagonal';

/** Gaussian rows of variances i^-decay, by Box and Muller over a congruential generator. */
function rows(n: number, d: number, decay: number, seed: number): Float64Array[] {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return Array.from({ length: n }, () => Float64Array.from({ length: d }, (_, j) => (j + 1) ** (-decay / 2) * normal()));
}

function moment(x: readonly Float64Array[]): Float64Array {
  const d = x[0].length;
  const c = new Float64Array(d * d);
  for (const row of x) for (let i = 0; i < d; i++) for (let j = i; j < d; j++) c[i * d + j] += (row[i] * row[j]) / x.length;
  return c;
}

function sampled(x: readonly Float64Array[], population: number): SampledMoment {
  const d = x[0].length;
  const c = moment(x);
  const t = tridiagonalize(c, d, new Float64Array(d));
  const y = x.map((row) => {
    const z = row.slice();
    toTridiagonalBasis(c, d, t.tau, z);
    return z;
  });
  return {
    eigenvalues: tridiagonalEigenvalues(t).map((l) => Math.max(l, 0)),
    dimension: d,
    rows: x.length,
    population,
    leverages: (lambda) => shiftedInverseForms(t, y, lambda).map((q) => q / x.length),
  };
}

const d = 30;
const rootEntropy = (l: Float64Array): number => Math.log(effectiveRank(l.map(Math.sqrt)));
const population = rows(2000, d, 1, 7);
const truth = symmetricEigenvalues(moment(population), d);

describe('a sample that is the whole population', () => {
  const whole = sampled(population, population.length);
  const is = (estimate: PopulationEstimate | null, value: number): void => {
    expect(estimate!.value).toBeCloseTo(value, 6);
    expect(estimate!.standardError).toBe(0);
    expect(estimate!.biasAllowance).toBeLessThan(1e-6);
  };

  test('gives the very functions of its spectrum', () => {
    is(populationLogDet(whole, 300), codingLogDet(truth, 300));
    is(populationEffectiveDimension(whole, 300), effectiveDimension(truth, 300));
    is(populationLogSphericity(whole, 1e-6), logSphericity(truth, d, 1e-6));
    const entropy = populationEntropy(resolventCurve(whole));
    expect(Math.exp(entropy.value)).toBeCloseTo(effectiveRank(truth), 6);
    expect(entropy.standardError).toBe(0);
    const roots = populationRootEntropy(resolventCurve(whole))!;
    expect(roots.value).toBeCloseTo(rootEntropy(truth), 5);
    expect(roots.standardError).toBe(0);
    expect(roots.biasAllowance).toBeLessThan(1e-5);
  });
});

describe('a sample of 1.5 rows per direction', () => {
  const draws = Array.from({ length: 40 }, (_, k) => sampled(population.slice(45 * k, 45 * (k + 1)), population.length));
  const mean = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

  test.each([
    [
      'logdet',
      (s: SampledMoment) => populationLogDet(s, 300),
      codingLogDet(truth, 300),
      (s: SampledMoment) => codingLogDet(s.eigenvalues, 300),
    ],
    [
      'entropy',
      (s: SampledMoment) => populationEntropy(resolventCurve(s)),
      Math.log(effectiveRank(truth)),
      (s: SampledMoment) => Math.log(effectiveRank(s.eigenvalues)),
    ],
    [
      'entropy of the roots',
      (s: SampledMoment) => populationRootEntropy(resolventCurve(s)),
      rootEntropy(truth),
      (s: SampledMoment) => rootEntropy(s.eigenvalues),
    ],
  ] as const)('%s: a tenth of the bias of the plain value, and intervals that cover', (_, of, value, plain) => {
    const estimates = draws.map((s) => of(s)!);
    const bias = Math.abs(mean(estimates.map((e) => e.value)) - value);
    expect(bias).toBeLessThan(0.1 * Math.abs(mean(draws.map(plain)) - value));
    const covered = estimates.filter((e) => Math.abs(e.value - value) <= 1.96 * e.standardError + e.biasAllowance).length;
    expect(covered).toBeGreaterThanOrEqual(36);
    // Neither are they wide for nothing.
    const centre = mean(estimates.map((e) => e.value));
    const spread = Math.sqrt(mean(estimates.map((e) => (e.value - centre) ** 2)));
    const stated = mean(estimates.map((e) => e.standardError));
    expect(stated / spread).toBeGreaterThan(0.7);
    expect(stated / spread).toBeLessThan(2);
  });

  test('says so where the directions to tell are too many', () => {
    const few = sampled(population.slice(0, 36), population.length);
    expect(populationLogDet(few, 1e9)).toBeNull();
    expect(populationLogSphericity(few, 1e-12)).toBeNull();
    expect(populationRootEntropy(resolventCurve(sampled(population.slice(0, 33), population.length)))).toBeNull();
  });
});

describe('the curve over the resolution', () => {
  const eigenvalues = Float64Array.from({ length: 20 }, (_, i) => (i + 1) ** -1.2);

  test('of all rows is the plain one', () => {
    for (const alpha of [0.3, 4, 500]) {
      const curve = equivalentResolution({ eigenvalues, rows: 60, population: 60 }, alpha)!;
      expect(curve.logDet).toBeCloseTo(codingLogDet(eigenvalues, alpha), 9);
      expect(curve.effectiveDimension).toBeCloseTo(effectiveDimension(eigenvalues, alpha), 9);
    }
  });

  test('of a sample is the estimate where the leverages of all rows are alike', () => {
    const sample = { eigenvalues, rows: 60, population: 6000 };
    const alike: SampledMoment = { ...sample, dimension: 20, leverages: () => new Float64Array(60).fill(0.1) };
    for (const alpha of [0.3, 4, 500]) {
      expect(equivalentResolution(sample, alpha)!.logDet).toBeCloseTo(populationLogDet(alike, alpha)!.value, 9);
      expect(equivalentResolution(sample, alpha)!.effectiveDimension).toBeCloseTo(populationEffectiveDimension(alike, alpha)!.value, 9);
    }
  });

  test('ends where so few rows tell nothing', () => {
    expect(equivalentResolution({ eigenvalues, rows: 20, population: 6000 }, 1e12)).toBeNull();
  });
});
