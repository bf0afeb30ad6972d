import { describe, expect, test } from 'vitest';
import { kuczynskiWozniakowskiError, kuczynskiWozniakowskiSteps, largestEigenvalue } from '../../src/spectral/extreme-eigenvalues';
import type { Operator } from '../../src/spectral/lanczos';

const diagonal =
  (l: ArrayLike<number>): Operator =>
  async (x) =>
    x.map((value, k) => value * l[k % l.length]);

describe('steps of Kuczynski and Wozniakowski', () => {
  test.each([
    [768, 55],
    [4096, 59],
    [16384, 62],
  ])('d = %i, eps = 0.01, eta = 1e-3: %i', (d, k) => {
    expect(kuczynskiWozniakowskiSteps(d, 0.01, 1e-3)).toBe(k);
    expect(kuczynskiWozniakowskiError(d, k, 1e-3)).toBeLessThanOrEqual(0.01);
    expect(kuczynskiWozniakowskiError(d, k - 1, 1e-3)).toBeGreaterThan(0.01);
  });

  test('never more than d, and then no error', () => {
    expect(kuczynskiWozniakowskiSteps(10, 1e-4, 1e-3)).toBe(10);
    expect(kuczynskiWozniakowskiError(10, 10, 1e-3)).toBe(0);
  });
});

test('covers the largest eigenvalue with at least its confidence, on 300 starts each', async () => {
  const d = 400;
  const spectra = [
    Float64Array.from({ length: d }, (_, i) => 1 - i / d),
    Float64Array.from({ length: d }, (_, i) => (i + 1) ** -0.5),
    Float64Array.from({ length: d }, (_, i) => (i === 0 ? 1 : 0.99 - 0.3 * Math.cos((Math.PI * i) / d) ** 2)),
  ];
  const eta = 0.1;
  for (const l of spectra) {
    let misses = 0;
    for (let seed = 0; seed < 300; seed++) {
      const { lower, upper } = await largestEigenvalue(diagonal(l), d, 12, eta, seed);
      expect(lower).toBeLessThanOrEqual(1 + 1e-14);
      if (upper! < 1) misses++;
    }
    expect(misses).toBeLessThanOrEqual(300 * eta + 3 * Math.sqrt(300 * eta * (1 - eta)));
  }
});

test('too few steps give no upper end', async () => {
  const { upper } = await largestEigenvalue(diagonal(Float64Array.from({ length: 100 }, (_, i) => i)), 100, 2, 1e-3, 1);
  expect(upper).toBeNull();
});

test('identity and zero operator: both ends are the value', async () => {
  for (const value of [1, 0]) {
    const { lower, upper } = await largestEigenvalue(diagonal(new Array(50).fill(value)), 50, 9, 0.05, 1);
    expect(lower).toBeCloseTo(value, 14);
    expect(upper).toBe(lower);
  }
});
