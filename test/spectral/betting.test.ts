import { describe, expect, test } from 'vitest';
import { bettingUpperBound } from '../../src/spectral/betting';
import { uniform } from '../../src/spectral/random';
import { shuffled } from './row-samples';

test('the population gives its mean, no sample the range', () => {
  expect(bettingUpperBound(Float64Array.of(0.25, 0.5, 0.75), 1, 3, 0.05)).toBeCloseTo(0.5, 12);
  expect(bettingUpperBound(new Float64Array(0), 3, 10, 0.05)).toBe(3);
});

test('one value, by hand', () => {
  // 1 + stake (m - x) = 1 / eta, with the stake min(3/4, sqrt(2 log(1 / eta) 4)) = 3/4 and range 1.
  expect(bettingUpperBound(Float64Array.of(0.25), 1, 1e12, 0.8)).toBeCloseTo(0.25 + (1 / 0.8 - 1) / 0.75, 9);
});

test('fails with probability at most eta over all ordered samples of small populations, by exact enumeration', () => {
  // The order counts, so that the fixed shuffle of each ordered sample is one of all orders, each as often.
  let worst = 0;
  for (const values of [
    [0, 0, 0, 0, 0, 1],
    [0, 0, 1, 1, 1, 1],
    [0, 0.1, 0.2, 0.3, 0.9, 1],
    [0, 0, 0, 1, 1, 0.5],
  ]) {
    const mean = values.reduce((s, x) => s + x, 0) / values.length;
    for (const n of [1, 2, 3, 4]) {
      for (const eta of [0.3, 0.5, 0.7, 0.9]) {
        let failures = 0;
        let total = 0;
        for (const order of orders(values.length, n)) {
          total++;
          if (
            bettingUpperBound(
              Float64Array.from(order, (i) => values[i]),
              1,
              values.length,
              eta,
            ) <
            mean - 1e-10
          )
            failures++;
        }
        expect(failures / total).toBeLessThanOrEqual(eta);
        worst = Math.max(worst, failures / total / eta);
      }
    }
  }
  expect(worst).toBeGreaterThan(0.5);
});

function* orders(N: number, n: number, chosen: number[] = []): Generator<number[]> {
  if (chosen.length === n) yield chosen;
  else for (let i = 0; i < N; i++) if (!chosen.includes(i)) yield* orders(N, n, [...chosen, i]);
}

describe('simulated populations', () => {
  const N = 2000;
  const random = uniform(1);
  const populations: Record<string, Float64Array> = {
    narrow: Float64Array.from({ length: N }, () => 0.3 + 0.02 * random()),
    skewed: Float64Array.from({ length: N }, () => random() ** 20),
    rare: Float64Array.from({ length: N }, (_, i) => (i < 10 ? 1 : 0.01)),
  };
  for (const [name, values] of Object.entries(populations)) {
    test(`${name}: 400 draws of 500`, () => {
      const mean = values.reduce((s, x) => s + x, 0) / N;
      let failures = 0;
      let excess = 0;
      for (let draw = 0; draw < 400; draw++) {
        const upper = bettingUpperBound(Float64Array.from(shuffled([...values], random).slice(0, 500)), 1, N, 0.05);
        if (upper < mean) failures++;
        excess += (upper - mean) / 400;
      }
      expect(failures).toBeLessThanOrEqual(20);
      // Serfling's bound, which knows the range alone, is sqrt(rho log(1 / eta) / (2 n)) = 0.047 above.
      expect(excess).toBeLessThan(0.024);
    });
  }
});
