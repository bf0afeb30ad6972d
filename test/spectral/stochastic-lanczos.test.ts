import { describe, expect, test } from 'vitest';
import { codingLog, shiftedLog, squareRoot } from '../../src/spectral/gauss-quadrature';
import type { Operator } from '../../src/spectral/lanczos';
import { normal, uniform } from '../../src/spectral/random';
import {
  cortinovisKressner,
  cumulativeDistribution,
  type ProbeDistribution,
  probeProcesses,
  probes,
  smoothedDensity,
  spectralMeasure,
  spectralSum,
  wassersteinBudget,
} from '../../src/spectral/stochastic-lanczos';
import { hutchinson } from '../../src/spectral/trace-estimation';

/** H diag(l) H, H the reflection of a random vector: not diagonal, so that probes of signs have a variance. */
function reflected(l: Float64Array): Operator {
  const d = l.length;
  const v = Float64Array.from({ length: d }, normal(uniform(99)));
  const square = v.reduce((s, x) => s + x * x, 0);
  const reflect = (row: Float64Array): void => {
    const dot = row.reduce((s, x, j) => s + x * v[j], 0);
    for (let j = 0; j < d; j++) row[j] -= (2 * dot * v[j]) / square;
  };
  return async (x, count) => {
    const y = x.slice();
    for (let i = 0; i < count; i++) {
      const row = y.subarray(i * d, (i + 1) * d);
      reflect(row);
      for (let j = 0; j < d; j++) row[j] *= l[j];
      reflect(row);
    }
    return y;
  };
}

const d = 60;
const l = Float64Array.from({ length: d }, (_, i) => (i + 1) ** -1.2);

test.each<ProbeDistribution>(['rademacher', 'sphere'])(
  '%s: the interval of confidence 0.9 covers on 300 seeds, and brackets hold the estimate',
  async (distribution) => {
    const delta = 1e-2;
    const truth = l.reduce((s, x) => s + Math.log(x + delta), 0);
    const operator = reflected(l);
    let misses = 0;
    for (let seed = 0; seed < 300; seed++) {
      const found = spectralSum(await probeProcesses(operator, d, distribution, 8, 10, seed), shiftedLog(delta), -1e-3 * delta, 1.01, 0.9);
      if (found.interval.lower! > truth || found.interval.upper! < truth) misses++;
      for (const { lower, upper } of found.brackets) expect(lower).toBeLessThan(upper!);
      expect(found.interval.lower).toBeLessThan(found.estimate);
      expect(found.interval.upper).toBeGreaterThan(found.estimate);
    }
    expect(misses).toBeLessThanOrEqual(30 + 3 * Math.sqrt(300 * 0.09));
    // It is not wide beyond need either.
    expect(misses).toBeGreaterThan(3);
  },
);

test('the brackets close on the quadratic forms as steps grow', async () => {
  const operator = reflected(l);
  const width = async (steps: number): Promise<number> => {
    const { brackets } = spectralSum(await probeProcesses(operator, d, 'sphere', 4, steps, 1), codingLog(100), -1e-5, null, 0.95);
    return Math.max(...brackets.map(({ lower, upper }) => upper! - lower!));
  };
  expect(await width(5)).toBeGreaterThan(10 * (await width(10)));
  expect(await width(30)).toBeLessThan(1e-9);
});

test('identity: the value, with no spread; zero operator too', async () => {
  const one = spectralSum(await probeProcesses(async (x) => x.slice(), d, 'rademacher', 4, 10, 1), codingLog(3), null, null, 0.95);
  expect(one.estimate).toBeCloseTo(d * Math.log(4), 9);
  expect(one.interval.lower).toBeCloseTo(d * Math.log(4), 9);
  expect(one.interval.upper).toBeCloseTo(d * Math.log(4), 9);
  const zero = await probeProcesses(async (x) => new Float64Array(x.length), d, 'sphere', 3, 10, 1);
  expect(spectralSum(zero, squareRoot, null, null, 0.95).estimate).toBe(0);
});

test('one probe has no interval; no lower end leaves that side open', async () => {
  const one = spectralSum(await probeProcesses(reflected(l), d, 'sphere', 1, 5, 1), squareRoot, 0, 2, 0.95).interval;
  expect([one.lower, one.upper]).toEqual([null, null]);
  const open = spectralSum(await probeProcesses(reflected(l), d, 'sphere', 3, 5, 1), squareRoot, null, null, 0.95).interval;
  expect(open.lower).toBeNull();
  expect(open.upper).not.toBeNull();
});

test('common seeds: the difference of two near operators is far better known than either', async () => {
  const near = l.map((x, i) => x * (1 + 1e-3 * Math.sin(i)));
  const f = shiftedLog(1e-3);
  const of = async (values: Float64Array, seed: number): Promise<number> =>
    spectralSum(await probeProcesses(reflected(values), d, 'rademacher', 4, 40, seed), f, -1e-6, null, 0.9).estimate;
  const truth = l.reduce((s, x, i) => s + Math.log((near[i] + 1e-3) / (x + 1e-3)), 0);
  const [first, second] = [await of(l, 1), await of(l, 2)];
  expect(Math.abs((await of(near, 1)) - first - truth)).toBeLessThan(0.02 * Math.abs(first - second));
});

describe('spectral measure', () => {
  test('two levels: the steps of the distribution, and density at the levels', async () => {
    const levels = Float64Array.from({ length: 200 }, (_, i) => (i < 60 ? 3 : 1));
    const measure = spectralMeasure(await probeProcesses(async (x) => x.map((v, k) => v * levels[k % 200]), 200, 'rademacher', 5, 10, 1));
    expect(cumulativeDistribution(measure, 0.9)).toBe(0);
    expect(cumulativeDistribution(measure, 2)).toBeCloseTo(0.7, 12);
    expect(cumulativeDistribution(measure, 3.1)).toBeCloseTo(1, 12);
    expect(smoothedDensity(measure, 1, 0.1)).toBeCloseTo(0.7 / (0.1 * Math.sqrt(2 * Math.PI)), 9);
  });

  test('is within the Wasserstein distance of its budget', async () => {
    const t = 0.2;
    const budget = wassersteinBudget(d, t, 0.01);
    const measure = spectralMeasure(await probeProcesses(reflected(l), d, 'sphere', budget.probes, budget.steps, 5));
    let distance = 0;
    for (let x = 0.0005; x < 1; x += 0.001) {
      const truth = l.filter((value) => value <= x).length / d;
      distance += 0.001 * Math.abs(cumulativeDistribution(measure, x) - truth);
    }
    expect(distance).toBeLessThan(t * (l[0] - l[d - 1]));
  });

  test('budgets', () => {
    expect(wassersteinBudget(4096, 0.01, 0.01)).toEqual({ steps: 1201, probes: 133 });
    expect(wassersteinBudget(4096, 0.1, 0.01)).toEqual({ steps: 121, probes: 2 });
  });
});

test('the tail of Cortinovis and Kressner solves its equation, and holds on 400 seeds', async () => {
  const e = cortinovisKressner(7, 3, 0.5, 0.05);
  expect(2 * Math.exp((-7 * e * e) / (8 * (9 + e * 0.5)))).toBeCloseTo(0.05, 12);
  // Without the diagonal both norms are at most those of A itself.
  const frobenius = Math.sqrt(l.reduce((s, x) => s + x * x, 0));
  const half = cortinovisKressner(6, frobenius, 2 * l[0], 0.2);
  const trace = l.reduce((s, x) => s + x, 0);
  const operator = reflected(l);
  let misses = 0;
  for (let seed = 0; seed < 400; seed++) if (Math.abs((await hutchinson(operator, d, 6, seed)).trace - trace) > half) misses++;
  expect(misses).toBeLessThanOrEqual(80);
});

test('probes have squared length d', () => {
  for (const distribution of ['rademacher', 'sphere'] as const) {
    const x = probes(distribution, 9, 3, 1);
    for (let i = 0; i < 3; i++) expect(x.subarray(9 * i, 9 * i + 9).reduce((s, v) => s + v * v, 0)).toBeCloseTo(9, 12);
  }
});
