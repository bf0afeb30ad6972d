import { describe, expect, test } from 'vitest';
import { codingLogDet } from '../../src/spectral/log-det';
import { uniform } from '../../src/spectral/random';
import { gainBound, hanBound, twoPointBound } from '../../src/spectral/subset-extrapolation';
import { hypergeometric, POPULATIONS, sampleOf, shuffled, spectrum } from './row-samples';

const SLACK = 1e-10;

test('all rows sampled: the value itself', () => {
  const { sample } = sampleOf(POPULATIONS['power law'](50, 4, 1), 50, 0);
  const { lower, upper, method } = gainBound(sample, 2, new Float64Array(0), 0.95);
  expect(lower).toBeCloseTo(codingLogDet(sample.eigenvalues, 100), 12);
  expect(upper).toBeCloseTo(lower!, 12);
  expect(method).toBe('Submodular gain bound');
});

test('rows 0 and 1 in one dimension: the upper side fails with probability at most eta, by exact enumeration', () => {
  const eta = 0.5;
  for (const [N, n, held] of [
    [40, 10, 10],
    [40, 30, 8],
    [200, 20, 30],
  ]) {
    for (const ones of [0, 1, 2, N / 4, N / 2, N - 1]) {
      for (const c of [0.01, 1, 50]) {
        const truth = Math.log1p(c * ones);
        let above = 0;
        hypergeometric(N, ones, n).forEach((p, k) => {
          if (p === 0) return;
          const sample = { eigenvalues: Float64Array.of(k / n), dimension: 1, rows: n, population: N, rho: 1 };
          hypergeometric(N - n, ones - k, held).forEach((q, j) => {
            if (q === 0) return;
            const { lower, upper } = gainBound(sample, c, new Float64Array(held).fill(1 / (k + 1 / c), 0, j), 1 - eta);
            expect(lower).toBeLessThanOrEqual(truth + SLACK);
            if (upper! < truth - SLACK) above += p * q;
          });
        });
        expect(above).toBeLessThanOrEqual(eta);
      }
    }
  }
});

describe('coverage, 200 draws in 8 dimensions at 60 % and 95 %', () => {
  const [N, d] = [600, 8];
  for (const [name, make] of Object.entries(POPULATIONS)) {
    test(name, () => {
      const rows = make(N, d, 5);
      const truth = spectrum(rows);
      const random = uniform(23);
      for (const [n, held] of [
        [12, 40],
        [400, 150],
      ]) {
        const failures = new Float64Array(6);
        for (let draw = 0; draw < 200; draw++) {
          const { sample, leverages } = sampleOf(shuffled(rows, random), n, held);
          [0.01, 1, 30].forEach((c, a) => {
            [0.6, 0.95].forEach((confidence, i) => {
              const { lower, upper } = gainBound(sample, c, leverages(1 / (c * n)), confidence);
              const f = codingLogDet(truth, c * N);
              expect(lower).toBeLessThanOrEqual(f + SLACK);
              if (upper! < f - SLACK) failures[2 * a + i]++;
            });
          });
        }
        failures.forEach((count, k) => {
          expect(count).toBeLessThanOrEqual((k % 2 === 0 ? 0.4 : 0.05) * 200);
        });
      }
    });
  }
});

test('held-out gains bring the upper side below what holds for any rows', () => {
  const rows = shuffled(POPULATIONS['spiked, a cone about one direction'](20_000, 8, 5), uniform(2));
  const { sample, leverages } = sampleOf(rows, 12_000, 4000);
  const blind = gainBound(sample, 1, new Float64Array(0), 0.95);
  const { lower, upper } = gainBound(sample, 1, leverages(1 / 12_000), 0.95);
  const truth = codingLogDet(spectrum(rows), 20_000);
  expect(lower).toBeLessThanOrEqual(truth);
  expect(upper).toBeGreaterThanOrEqual(truth);
  expect(upper! - truth).toBeLessThan(0.5 * (blind.upper! - truth));
});

test("two-point and Han's bounds, over all subsets of nine rows", () => {
  const rows = POPULATIONS['power law'](9, 3, 1);
  const sums = new Float64Array(10);
  const counts = new Float64Array(10);
  for (let mask = 1; mask < 2 ** 9; mask++) {
    const subset = rows.filter((_, i) => (mask >> i) & 1);
    counts[subset.length]++;
    sums[subset.length] += codingLogDet(spectrum(subset), 5 * subset.length);
  }
  const mean = (k: number): number => (k === 0 ? 0 : sums[k] / counts[k]);
  for (let k2 = 1; k2 <= 9; k2++) {
    expect(hanBound(k2, mean(k2), 9)).toBeGreaterThanOrEqual(mean(9) - SLACK);
    for (let k1 = 0; k1 < k2; k1++) {
      const bound = twoPointBound(k1, mean(k1), k2, mean(k2), 9);
      expect(bound).toBeGreaterThanOrEqual(mean(9) - SLACK);
      expect(bound).toBeLessThanOrEqual(hanBound(k2, mean(k2), 9) + SLACK);
    }
  }
});
