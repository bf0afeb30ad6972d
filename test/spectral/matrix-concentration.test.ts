import { describe, expect, test } from 'vitest';
import {
  eigenvalueOfAll,
  largestEigenvalueOfAll,
  secondMomentBound,
  smallestEigenvalueOfAll,
} from '../../src/spectral/matrix-concentration';
import { uniform } from '../../src/spectral/random';
import type { SampledRows } from '../../src/spectral/sigma-s';
import { hypergeometric, POPULATIONS, sampleOf, shuffled, spectrum } from './row-samples';

const SLACK = 1e-12;
const end = (eigenvalue: number, dimension: number, rows: number, population: number): SampledRows => ({
  eigenvalues: new Float64Array(dimension).fill(eigenvalue),
  dimension,
  rows,
  population,
  rho: 1,
});

test('closed form: no sampled row along a direction, P = (1 - q)^n', () => {
  const [n, d, confidence] = [50, 8, 0.95];
  const { lower, upper } = smallestEigenvalueOfAll(end(0, d, n, 1e12), confidence);
  expect(lower).toBe(0);
  // eta / 2 = d (1 - q)^n; here above the trace bound 1 / d, which counts.
  expect(1 - (0.025 / d) ** (1 / n)).toBeLessThan(1 / d);
  expect(upper).toBeCloseTo(1 - (0.025 / d) ** (1 / n), 10);
});

test('the largest is bounded above without a factor of dimension, below with one', () => {
  const small = largestEigenvalueOfAll(end(0.3, 2, 1000, 1e12), 0.95);
  const large = largestEigenvalueOfAll(end(0.3, 2000, 1000, 1e12), 0.95);
  expect(large.upper).toBe(small.upper);
  expect(large.lower).toBeLessThan(small.lower!);
});

test('at rho = 4 everything is four times as large', () => {
  const one = largestEigenvalueOfAll(end(0.3, 5, 100, 400), 0.9);
  const four = largestEigenvalueOfAll({ ...end(1.2, 5, 100, 400), rho: 4 }, 0.9);
  expect(four.lower).toBeCloseTo(4 * one.lower!, 12);
  expect(four.upper).toBeCloseTo(4 * one.upper!, 12);
});

test('all rows sampled: the eigenvalue itself', () => {
  for (const bound of [largestEigenvalueOfAll(end(0.3, 5, 40, 40), 0.95), smallestEigenvalueOfAll(end(0.03, 5, 40, 40), 0.95)]) {
    expect(bound.upper! - bound.lower!).toBeLessThan(1e-15);
  }
});

test('rows 0 and 1 in one dimension: each side fails with probability at most eta / 2, by exact enumeration', () => {
  let worst = 0;
  for (const N of [12, 60, 400]) {
    for (const n of [1, Math.floor(N / 5), Math.floor(N / 2), N - 1]) {
      for (let ones = 0; ones <= N; ones += Math.ceil(N / 40)) {
        const probability = hypergeometric(N, ones, n);
        for (const eta of [0.02, 0.1, 0.8]) {
          for (const of of [largestEigenvalueOfAll, smallestEigenvalueOfAll]) {
            let below = 0;
            let above = 0;
            for (let k = 0; k <= n; k++) {
              const { lower, upper } = of(end(k / n, 1, n, N), 1 - eta);
              if (lower! > ones / N + SLACK) below += probability[k];
              if (upper! < ones / N - SLACK) above += probability[k];
            }
            expect(below).toBeLessThanOrEqual(eta / 2);
            expect(above).toBeLessThanOrEqual(eta / 2);
            worst = Math.max(worst, below / eta, above / eta);
          }
        }
      }
    }
  }
  // Chernoff's bound is within a factor of ten of the truth here: a wrong constant would show.
  expect(worst).toBeGreaterThan(0.05);
});

describe('coverage, 300 draws of 200 of 1,000 rows in 6 dimensions at 60 % and 95 %', () => {
  const [N, n, d] = [1000, 200, 6];
  for (const [name, make] of Object.entries(POPULATIONS)) {
    test(name, () => {
      const rows = make(N, d, 3);
      const truth = spectrum(rows);
      const random = uniform(9);
      const failures = [0, 0];
      let width = 0;
      for (let draw = 0; draw < 300; draw++) {
        const found = spectrum(shuffled(rows, random).slice(0, n));
        [0.6, 0.95].forEach((confidence, i) => {
          const top = largestEigenvalueOfAll(end(found[0], d, n, N), confidence);
          const bottom = smallestEigenvalueOfAll(end(found[d - 1], d, n, N), confidence);
          if (top.lower! > truth[0] + SLACK || top.upper! < truth[0] - SLACK) failures[i]++;
          if (bottom.lower! > truth[d - 1] + SLACK || bottom.upper! < truth[d - 1] - SLACK) failures[i]++;
          if (i === 1) width = Math.max(width, top.upper! - top.lower!);
        });
      }
      expect(failures[0]).toBeLessThanOrEqual(0.4 * 300);
      expect(failures[1]).toBeLessThanOrEqual(0.05 * 300);
      expect(width).toBeLessThan(0.25);
    });
  }
});

describe('every eigenvalue', () => {
  const sample = { ...end(0, 6, 50, 400), eigenvalues: Float64Array.of(0.4, 0.3, 0.15, 0.1, 0.04, 0.01) };

  test('the first and the last are those that have a function of their own', () => {
    expect(eigenvalueOfAll(sample, 1, 0.95)).toEqual(largestEigenvalueOfAll(sample, 0.95));
    expect(eigenvalueOfAll(sample, 6, 0.95)).toEqual(smallestEigenvalueOfAll(sample, 0.95));
  });

  test('at 95 % each lies outside in at most 5 % of 300 draws', () => {
    const [N, n, d] = [1000, 200, 6];
    const rows = Object.values(POPULATIONS)[0](N, d, 3);
    const truth = spectrum(rows);
    const random = uniform(11);
    const failures = new Array<number>(d).fill(0);
    for (let draw = 0; draw < 300; draw++) {
      const eigenvalues = Float64Array.from(spectrum(shuffled(rows, random).slice(0, n)));
      for (let k = 1; k <= d; k++) {
        const { lower, upper } = eigenvalueOfAll({ ...end(0, d, n, N), eigenvalues }, k, 0.95);
        if (lower! > truth[k - 1] + SLACK || upper! < truth[k - 1] - SLACK) failures[k - 1]++;
      }
    }
    expect(Math.max(...failures)).toBeLessThanOrEqual(0.05 * 300);
  });
});

describe('tr C^2', () => {
  test('all rows sampled: the value itself', () => {
    const { lower, upper } = secondMomentBound(end(0.3, 3, 40, 40), new Float64Array(0), 0.95);
    expect(lower).toBeCloseTo(0.27, 14);
    expect(upper).toBeCloseTo(0.27, 14);
  });

  test('rows 0 and 1 in one dimension: each side fails with probability at most eta / 2, by exact enumeration of sample and held-out rows', () => {
    let worst = 0;
    for (const [N, n, held] of [
      [40, 10, 10],
      [40, 30, 8],
      [200, 20, 30],
    ]) {
      for (const ones of [0, 1, 2, N / 4, N / 2, N - 1]) {
        for (const eta of [0.1, 0.6]) {
          const truth = (ones / N) ** 2;
          let below = 0;
          let above = 0;
          hypergeometric(N, ones, n).forEach((p, k) => {
            if (p === 0) return;
            hypergeometric(N - n, ones - k, held).forEach((q, j) => {
              if (q === 0) return;
              const { lower, upper } = secondMomentBound(end(k / n, 1, n, N), new Float64Array(held).fill(k / n, 0, j), 1 - eta);
              if (lower! > truth + SLACK) below += p * q;
              if (upper! < truth - SLACK) above += p * q;
            });
          });
          expect(below).toBeLessThanOrEqual(eta / 2);
          expect(above).toBeLessThanOrEqual(eta / 2);
          worst = Math.max(worst, below / eta, above / eta);
        }
      }
    }
    expect(worst).toBeGreaterThan(0.02);
  });

  test.each([
    ['a small share of the rows', 20_000, 4000, 1000],
    ['most of the rows', 2000, 400, 1600],
  ])('%s: the upper side fails with probability at most eta / 2, by exact enumeration', (_, N, ones, n) => {
    let above = 0;
    hypergeometric(N, ones, n).forEach((p, k) => {
      if (p > 0 && secondMomentBound(end(k / n, 1, n, N), new Float64Array(0), 0.98).upper! < (ones / N) ** 2 - SLACK) above += p;
    });
    expect(above).toBeLessThanOrEqual(0.01);
    expect(above).toBeGreaterThan(1e-7);
  });

  test.each([
    ['a small share of the rows', 20_000, 4000, 1000],
    ['most of the rows', 2000, 400, 1600],
  ])('%s: the upper side fails with probability at most eta / 2, by exact enumeration', (_, N, ones, n) => {
    let above = 0;
    hypergeometric(N, ones, n).forEach((p, k) => {
      if (p > 0 && secondMomentBound(end(k / n, 1, n, N), new Float64Array(0), 0.98).upper! < (ones / N) ** 2 - SLACK) above += p;
    });
    expect(above).toBeLessThanOrEqual(0.01);
    expect(above).toBeGreaterThan(1e-7);
  });

  for (const [name, make] of Object.entries(POPULATIONS)) {
    test(`${name}: coverage, 300 draws of 200 + 200 of 1,000 rows in 6 dimensions at 60 % and 95 %`, () => {
      const [N, n, d] = [1000, 200, 6];
      const rows = make(N, d, 3);
      const truth = squared(spectrum(rows));
      const random = uniform(31);
      const failures = [0, 0];
      let width = 0;
      for (let draw = 0; draw < 300; draw++) {
        const order = shuffled(rows, random);
        const { sample, forms } = sampleOf(order, n, 200);
        [0.6, 0.95].forEach((confidence, i) => {
          const { lower, upper } = secondMomentBound(sample, forms, confidence);
          if (lower! > truth + SLACK || upper! < truth - SLACK) failures[i]++;
          if (i === 1) width += (upper! - lower!) / 300;
        });
      }
      expect(failures[0]).toBeLessThanOrEqual(0.4 * 300);
      expect(failures[1]).toBeLessThanOrEqual(0.05 * 300);
      // Hoeffding's inequality for the squared cosines of 100 disjoint pairs is 2 sqrt(log(40) / 200) = 0.27 wide.
      if (name === 'isotropic') expect(width).toBeLessThan(0.2);
    });
  }
});

function squared(eigenvalues: Float64Array): number {
  return eigenvalues.reduce((s, l) => s + l * l, 0);
}
