import { describe, expect, test } from 'vitest';
import { jackknife, logIncrement } from '../../src/spectral/jackknife';

describe('jackknife', () => {
  const x = Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6);
  const mean = x.reduce((s, v) => s + v, 0) / x.length;
  const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / (x.length - 1);

  test('of a mean it is the textbook standard error, with the correction for a finite population', () => {
    const increments = x.map((v) => v / x.length);
    const infinite = jackknife({ rows: 8, population: Number.POSITIVE_INFINITY }, mean, increments);
    expect(infinite.standardError).toBeCloseTo(Math.sqrt(variance / 8), 12);
    const finite = jackknife({ rows: 8, population: 20 }, mean, increments);
    expect(finite.standardError).toBeCloseTo(Math.sqrt((variance / 8) * (1 - 8 / 20)), 12);
    expect(jackknife({ rows: 8, population: 8 }, mean, increments).standardError).toBe(0);
  });

  test('a common constant does not matter, and equal increments have no spread', () => {
    const size = { rows: 100, population: 1000 };
    const moved = jackknife(
      size,
      0,
      x.map((v) => v + 17),
    );
    expect(moved.standardError).toBeCloseTo(jackknife(size, 0, x).standardError, 12);
    expect(jackknife(size, 0, new Float64Array(5).fill(2)).standardError).toBe(0);
  });

  test('heavy tails leave fewer degrees of freedom', () => {
    const size = { rows: 100, population: 1000 };
    const light = jackknife(
      size,
      0,
      Float64Array.from({ length: 101 }, (_, i) => i),
    );
    expect(light.degreesOfFreedom).toBe(100);
    const heavy = jackknife(
      size,
      0,
      Float64Array.from({ length: 101 }, (_, i) => (i === 0 ? 1 : 0)),
    );
    expect(heavy.degreesOfFreedom).toBeLessThan(3);
  });
});

test('logIncrement is what leaving a row out does to the logarithm of a U-statistic', () => {
  const x = [3, 1, 4, 1, 5, 9, 2, 6];
  const n = x.length;
  const ofPairs = (values: readonly number[]): number => {
    let sum = 0;
    values.forEach((a, i) => {
      values.forEach((b, j) => {
        if (i !== j) sum += a * b;
      });
    });
    return sum / (values.length * (values.length - 1));
  };
  const ofOne = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;
  x.forEach((value, i) => {
    const rest = x.filter((_, j) => j !== i);
    expect(logIncrement(value / ofOne(x), n, 1)).toBeCloseTo(Math.log(ofOne(x) / ofOne(rest)), 12);
    expect(logIncrement((value * ofOne(rest)) / ofPairs(x), n, 2)).toBeCloseTo(Math.log(ofPairs(x) / ofPairs(rest)), 12);
  });
});
