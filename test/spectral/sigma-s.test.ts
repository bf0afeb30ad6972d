import { describe, expect, test } from 'vitest';
import { codingLogDet } from '../../src/spectral/log-det';
import { uniform } from '../../src/spectral/random';
import { sigmaS } from '../../src/spectral/sigma-s';
import { hypergeometric, POPULATIONS, sampleOf, shuffled, spectrum } from './row-samples';

const SLACK = 1e-10;

test('all rows sampled: the value itself', () => {
  const rows = shuffled(POPULATIONS['power law'](50, 4, 1), uniform(1));
  const { sample } = sampleOf(rows, 50, 0);
  const { lower, upper, method, kind } = sigmaS(sample, 30, new Float64Array(0), 0.95);
  expect(lower).toBeCloseTo(codingLogDet(sample.eigenvalues, 30), 12);
  expect(upper).toBeCloseTo(codingLogDet(sample.eigenvalues, 30), 12);
  expect([method, kind]).toEqual(['SIGMA-S', 'stochastic']);
});

test('no rows held out: what holds for any other rows', () => {
  const { sample } = sampleOf(POPULATIONS.isotropic(1000, 4, 1), 10, 0);
  const { upper } = sigmaS(sample, 8, new Float64Array(0), 0.95);
  expect(upper).toBeLessThanOrEqual(4 * Math.log(1 + 8 / 4));
});

test('rows 0 and 1 in one dimension: each side fails with probability at most eta / 2, by exact enumeration of sample and held-out rows', () => {
  const eta = 0.5;
  let failed = 0;
  for (const [N, n, held] of [
    [40, 10, 10],
    [40, 30, 8],
    [200, 20, 30],
  ]) {
    for (const ones of [0, 1, 2, N / 4, N / 2, N - 1]) {
      for (const alpha of [0.5, 5, 100]) {
        const truth = Math.log1p((alpha * ones) / N);
        let below = 0;
        let above = 0;
        hypergeometric(N, ones, n).forEach((p, k) => {
          if (p === 0) return;
          const sample = { eigenvalues: Float64Array.of(k / n), dimension: 1, rows: n, population: N, rho: 1 };
          const leverage = 1 / (k / n + 1 / alpha) / n;
          hypergeometric(N - n, ones - k, held).forEach((q, j) => {
            const { lower, upper } = sigmaS(sample, alpha, new Float64Array(held).fill(leverage, 0, j), 1 - eta);
            if (lower! > truth + SLACK) below += p * q;
            if (upper! < truth - SLACK) above += p * q;
          });
        });
        expect(below).toBeLessThanOrEqual(eta / 2);
        expect(above).toBeLessThanOrEqual(eta / 2);
        failed = Math.max(failed, below, above);
      }
    }
  }
  expect(failed).toBeGreaterThan(0);
});

test.each([
  ['a small share of the rows: Bernstein from the sample', 20_000, 200, 1000, 5],
  ['most of the rows: the lower tail of those left out', 2000, 100, 1600, 1],
])('%s: the lower side fails with probability at most eta / 2, by exact enumeration', (_, N, ones, n, alpha) => {
  const truth = Math.log1p((alpha * ones) / N);
  let below = 0;
  hypergeometric(N, ones, n).forEach((p, k) => {
    const sample = { eigenvalues: Float64Array.of(k / n), dimension: 1, rows: n, population: N, rho: 1 };
    if (sigmaS(sample, alpha, new Float64Array(0), 0.98).lower! > truth + SLACK) below += p;
  });
  expect(below).toBeLessThanOrEqual(0.01);
  expect(below).toBeGreaterThan(1e-5);
});

describe('coverage, 200 draws in 8 dimensions at 60 % and 95 %', () => {
  const [N, d] = [1200, 8];
  for (const [name, make] of Object.entries(POPULATIONS)) {
    test(name, () => {
      const rows = make(N, d, 5);
      const truth = spectrum(rows);
      const random = uniform(17);
      for (const [n, held] of [
        [12, 40],
        [150, 150],
        [900, 200],
      ]) {
        const failures = new Float64Array(6);
        for (let draw = 0; draw < 200; draw++) {
          const { sample, leverages } = sampleOf(shuffled(rows, random), n, held);
          [1, 10, 300].forEach((alpha, a) => {
            [0.6, 0.95].forEach((confidence, c) => {
              const { lower, upper } = sigmaS(sample, alpha, leverages(1 / alpha), confidence);
              const f = codingLogDet(truth, alpha);
              if (lower! > f + SLACK || upper! < f - SLACK) failures[2 * a + c]++;
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

test('it narrows with the sample: isotropic rows, 95 %', () => {
  const rows = shuffled(POPULATIONS.isotropic(40_000, 8, 5), uniform(2));
  const truth = codingLogDet(spectrum(rows), 8);
  const widths = [200, 2000, 18_000].map((n) => {
    const { sample, leverages } = sampleOf(rows, n, n);
    const { lower, upper } = sigmaS(sample, 8, leverages(1 / 8), 0.95);
    expect(lower).toBeLessThanOrEqual(truth);
    expect(upper).toBeGreaterThanOrEqual(truth);
    return upper! - lower!;
  });
  expect(widths[1]).toBeLessThan(0.5 * widths[0]);
  expect(widths[2]).toBeLessThan(0.5 * widths[1]);
  expect(widths[2]).toBeLessThan(0.03 * truth);
});
