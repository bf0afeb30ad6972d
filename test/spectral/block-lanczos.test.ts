import { describe, expect, test } from 'vitest';
import { topEigenvalues } from '../../src/spectral/block-lanczos';
import type { Operator } from '../../src/spectral/lanczos';
import { normal, uniform } from '../../src/spectral/random';

const diagonal =
  (l: ArrayLike<number>): Operator =>
  async (x) =>
    x.map((value, k) => value * l[k % l.length]);

async function check(
  l: number[],
  options: { count: number; blockSize: number; dimension: number; tolerance: number },
  seed = 1,
): Promise<void> {
  const d = l.length;
  const found = await topEigenvalues(diagonal(l), d, { ...options, applications: Number.POSITIVE_INFINITY }, seed);
  const truth = [...l].sort((a, b) => b - a);
  const scale = Math.max(...l.map(Math.abs));
  expect(found.complete).toBe(true);
  expect(found.values.length).toBe(Math.min(options.count, d));
  for (const [k, value] of found.values.entries()) {
    expect(found.residuals[k]).toBeLessThanOrEqual(2 * options.tolerance * scale);
    expect(Math.abs(value - truth[k])).toBeLessThanOrEqual(found.residuals[k] + 1e-13 * scale);
    for (let i = 0; i <= k; i++) {
      let dot = 0;
      for (let j = 0; j < d; j++) dot += found.vectors[i * d + j] * found.vectors[k * d + j];
      expect(Math.abs(dot - (i === k ? 1 : 0))).toBeLessThan(1e-8);
    }
  }
}

const usual = { count: 6, blockSize: 4, dimension: 120, tolerance: 1e-9 };

describe('diagonal operators', () => {
  test.each<[string, number[]]>([
    ['power law', Array.from({ length: 300 }, (_, i) => (i + 1) ** -1.2)],
    ['multiplicity above the block size', Array.from({ length: 200 }, (_, i) => (i < 11 ? 5 : 4 / (i - 9)))],
    ['the whole list in one cluster of copies', [3, 3, 3, 3, 3, 3, 3, 3, 3, ...Array.from({ length: 150 }, (_, i) => 2 * 0.9 ** i)]],
    ['identity', new Array(50).fill(1)],
    ['zero', new Array(50).fill(0)],
    ['rank 3', [4, 4, 1, ...new Array(80).fill(0)]],
    ['negative', Array.from({ length: 60 }, (_, i) => -(i + 1) / 60)],
    ['a close cluster', [1, 1 - 1e-7, 1 - 2e-7, 1 - 3e-7, ...Array.from({ length: 100 }, (_, i) => 0.5 - i / 300)]],
    ['smaller than the block', [2, 1, 1]],
    ['one', [7]],
  ])('%s', async (_, l) => {
    for (let seed = 1; seed <= 5; seed++) await check(l, usual, seed);
  });

  test('copies for blocks of one', async () => {
    await check([...new Array(5).fill(2), ...Array.from({ length: 90 }, (_, i) => 0.95 ** i)], { ...usual, blockSize: 1 });
  });

  test('a space too small for one search is made up by several', async () => {
    await check(
      Array.from({ length: 300 }, (_, i) => 0.8 ** i),
      { count: 12, blockSize: 2, dimension: 30, tolerance: 1e-6 },
    );
  });
});

test('a spectrum too flat for the space is not called complete', async () => {
  const l = Array.from({ length: 1000 }, (_, i) => 1 - i * 1e-6);
  const found = await topEigenvalues(diagonal(l), 1000, { count: 5, blockSize: 2, dimension: 20, applications: 100, tolerance: 1e-10 }, 1);
  expect(found.complete).toBe(false);
});

test('a budget of applications is kept, and what it did not suffice for is not called complete', async () => {
  const l = Array.from({ length: 300 }, (_, i) => 0.9 ** i);
  for (const applications of [3, 8, 20, 60]) {
    let used = 0;
    const counting: Operator = (x, count) => {
      used++;
      return diagonal(l)(x, count);
    };
    const found = await topEigenvalues(counting, 300, { count: 6, blockSize: 4, dimension: 100, applications, tolerance: 1e-6 }, 1);
    expect(used).toBeLessThanOrEqual(applications + 1);
    expect(found.complete).toBe(applications === 60);
    for (const [k, value] of found.values.entries()) {
      const nearest = Math.min(...l.map((x) => Math.abs(x - value)));
      expect(nearest).toBeLessThanOrEqual(found.residuals[k] + 1e-13);
    }
  }
});

test('a dense operator: residuals measured independently bound the error', async () => {
  const d = 80;
  const x = Float64Array.from({ length: 30 * d }, normal(uniform(4)));
  const gram: Operator = async (v, count) => {
    const out = new Float64Array(count * d);
    for (let r = 0; r < count; r++) {
      for (let i = 0; i < 30; i++) {
        let dot = 0;
        for (let j = 0; j < d; j++) dot += x[i * d + j] * v[r * d + j];
        for (let j = 0; j < d; j++) out[r * d + j] += dot * x[i * d + j];
      }
    }
    return out;
  };
  const found = await topEigenvalues(gram, d, { count: 40, blockSize: 5, dimension: 80, applications: 100, tolerance: 1e-10 }, 2);
  const trace = x.reduce((s, v) => s + v * v, 0);
  expect(found.complete).toBe(true);
  expect(found.values.reduce((s, v) => s + v, 0) / trace).toBeCloseTo(1, 12);
  expect(found.values[29]).toBeGreaterThan(1);
  for (const value of found.values.subarray(30)) expect(Math.abs(value)).toBeLessThan(1e-10 * trace);
});
