import { describe, expect, test } from 'vitest';
import { populationUniformity } from '../../src/spectral/uniformity';
import { gaussians } from './gaussians';

/** Unit rows around a common direction. */
function unitRows(count: number, d: number, seed: number): Float64Array[] {
  const next = gaussians(seed);
  return Array.from({ length: count }, () => {
    const x = Float64Array.from({ length: d }, (_, j) => next() + (j === 0 ? 1 : 0));
    const length = Math.hypot(...x);
    return x.map((v) => v / length);
  });
}

/** The definition, pair by pair. */
function uniformity(rows: readonly Float64Array[]): number {
  let sum = 0;
  rows.forEach((x, i) => {
    rows.forEach((y, j) => {
      if (i !== j) sum += Math.exp(-2 * x.reduce((s, v, k) => s + (v - y[k]) ** 2, 0));
    });
  });
  return Math.log(sum / (rows.length * (rows.length - 1)));
}

describe('populationUniformity', () => {
  test('of all rows it is the definition, without error', () => {
    for (const [count, d] of [
      [3, 1],
      [33, 6],
      [70, 7],
    ]) {
      const rows = unitRows(count, d, count);
      const found = populationUniformity(rows, count);
      expect(found.value).toBeCloseTo(uniformity(rows), 12);
      expect(found.standardError).toBe(0);
    }
  });

  test('orthonormal rows: -4; equal rows: 0', () => {
    const identity = Array.from({ length: 9 }, (_, i) => Float64Array.from({ length: 9 }, (_, j) => (i === j ? 1 : 0)));
    expect(populationUniformity(identity, 9).value).toBeCloseTo(-4, 12);
    expect(populationUniformity(new Array<Float64Array>(5).fill(identity[0]), 5).value).toBeCloseTo(0, 12);
  });

  test('the jackknife is that of leaving rows out one by one', () => {
    const rows = unitRows(40, 5, 3);
    const without = rows.map((_, i) => uniformity(rows.filter((_, j) => j !== i)));
    const mean = without.reduce((s, v) => s + v, 0) / 40;
    const direct = Math.sqrt((39 / 40) * without.reduce((s, v) => s + (v - mean) ** 2, 0));
    expect(populationUniformity(rows, Number.POSITIVE_INFINITY).standardError / direct).toBeCloseTo(1, 1);
  });

  test('intervals of samples cover all rows', () => {
    const rows = unitRows(1200, 6, 5);
    const truth = uniformity(rows);
    const estimates = Array.from({ length: 40 }, (_, k) => populationUniformity(rows.slice(30 * k, 30 * (k + 1)), 1200));
    const covered = estimates.filter(({ value, standardError }) => Math.abs(value - truth) <= 2.05 * standardError);
    expect(covered.length).toBeGreaterThanOrEqual(35);
    // And are not wide for nothing.
    const spread = Math.sqrt(estimates.reduce((s, { value }) => s + (value - truth) ** 2, 0) / 40);
    for (const { standardError } of estimates) expect(standardError / spread).toBeLessThan(2.5);
  });
});
