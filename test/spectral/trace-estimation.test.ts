import { describe, expect, test } from 'vitest';
import type { Operator } from '../../src/spectral/lanczos';
import { normal, uniform } from '../../src/spectral/random';
import { hutchinson, hutchPlusPlus, meanAndError, rademacherProbes, xTrace } from '../../src/spectral/trace-estimation';

const dense =
  (a: Float64Array, d: number): Operator =>
  async (x, count) => {
    const y = new Float64Array(count * d);
    for (let r = 0; r < count; r++)
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) y[r * d + i] += a[Math.min(i, j) * d + Math.max(i, j)] * x[r * d + j];
    return y;
  };

/** sum_i l_i u_i u_i^T with u_i random (Householder) orthonormal columns. */
function rotated(l: ArrayLike<number>, seed: number): { a: Float64Array; trace: number } {
  const d = l.length;
  const v = Float64Array.from({ length: d }, normal(uniform(seed)));
  const square = v.reduce((s, x) => s + x * x, 0);
  const h = (i: number, j: number): number => (i === j ? 1 : 0) - (2 * v[i] * v[j]) / square;
  const a = new Float64Array(d * d);
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) for (let k = 0; k < d; k++) a[i * d + j] += h(i, k) * l[k] * h(j, k);
  return { a, trace: Array.from(l).reduce((s, x) => s + x, 0) };
}

const estimators = [
  ['Hutchinson', hutchinson],
  ['Hutch++', hutchPlusPlus],
  ['XTrace', xTrace],
] as const;

describe.each(estimators)('%s', (_, estimate) => {
  test('is unbiased, and its standard error is the right size, over 400 seeds', async () => {
    const d = 40;
    const { a, trace } = rotated(
      Float64Array.from({ length: d }, (_, i) => (i + 1) ** -0.5 - 0.2),
      3,
    );
    const operator = dense(a, d);
    const runs = await Promise.all(Array.from({ length: 400 }, (_, seed) => estimate(operator, d, 24, seed)));
    const { mean, standardError } = meanAndError(runs.map((run) => run.trace));
    expect(Math.abs(mean - trace)).toBeLessThan(4 * standardError);
    const stated = Math.sqrt(runs.reduce((s, run) => s + run.standardError ** 2, 0) / runs.length);
    expect(stated / (standardError * Math.sqrt(400))).toBeGreaterThan(0.7);
    expect(stated / (standardError * Math.sqrt(400))).toBeLessThan(1.6);
  });

  test('identity with as many probes as dimensions, and zero operator', async () => {
    const identity = await estimate(async (x) => x.slice(), 12, 36, 1);
    expect(identity.trace).toBeCloseTo(12, 11);
    expect(identity.standardError).toBeLessThan(1e-12);
    expect(await estimate(async (x) => new Float64Array(x.length), 12, 6, 1)).toEqual({ trace: 0, standardError: 0 });
  });

  test('the seed decides', async () => {
    const operator = dense(rotated([5, 3, 2, 1, 1, 0.5, 0.2, 0.1], 1).a, 8);
    expect(await estimate(operator, 8, 6, 4)).toEqual(await estimate(operator, 8, 6, 4));
    expect(await estimate(operator, 8, 6, 4)).not.toEqual(await estimate(operator, 8, 6, 5));
  });
});

test('Hutchinson has the variance 2 (|A|_F^2 - sum a_ii^2) / N of Rademacher probes', async () => {
  const d = 10;
  const { a } = rotated(
    Float64Array.from({ length: d }, (_, i) => i),
    2,
  );
  const expected = (2 * a.reduce((s, x, k) => s + (k % (d + 1) === 0 ? 0 : x * x), 0)) / 5;
  const runs = await Promise.all(Array.from({ length: 2000 }, (_, seed) => hutchinson(dense(a, d), d, 5, seed)));
  const variance = meanAndError(runs.map(({ trace }) => trace)).standardError ** 2 * runs.length;
  expect(variance / expected).toBeGreaterThan(0.85);
  expect(variance / expected).toBeLessThan(1.15);
});

describe('XTrace', () => {
  test('is exact with d vectors, definite or not, singular or not', async () => {
    for (const l of [
      [4, 3, -2, 1, 0.5, -0.1],
      [4, 3, 2, 0, 0, 0],
      [1, 1, 1, 1, 1, 2],
    ]) {
      const { a, trace } = rotated(l, 7);
      for (const applications of [12, 30]) {
        const found = await xTrace(dense(a, 6), 6, applications, 1);
        expect(found.trace).toBeCloseTo(trace, 9);
        expect(found.standardError).toBeLessThan(1e-9);
      }
    }
  });

  test('is exact for a rank below the number of vectors', async () => {
    const { a, trace } = rotated([9, 5, 3, 1, ...new Array(26).fill(0)], 5);
    expect((await xTrace(dense(a, 30), 30, 10, 1)).trace).toBeCloseTo(trace, 9);
  });

  test('beats Hutchinson a hundredfold on a decaying spectrum, and says so', async () => {
    const d = 60;
    const { a, trace } = rotated(
      Float64Array.from({ length: d }, (_, i) => 0.7 ** i),
      4,
    );
    const x = await xTrace(dense(a, d), d, 40, 1);
    const h = await hutchinson(dense(a, d), d, 40, 1);
    expect(Math.abs(x.trace - trace)).toBeLessThan(5 * x.standardError);
    expect(x.standardError).toBeLessThan(0.01 * h.standardError);
  });
});

test('probes are signs', () => {
  const x = rademacherProbes(50, 4, 1);
  expect(x.length).toBe(200);
  expect(new Set(x)).toEqual(new Set([-1, 1]));
});
