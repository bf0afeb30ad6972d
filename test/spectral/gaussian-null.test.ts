import { describe, expect, test } from 'vitest';
import { digamma, gaussianLogDetNull, trigamma } from '../../src/spectral/gaussian-null';

describe('polygamma functions', () => {
  // mpmath with 30 digits, rounded: digamma(x), psi(1, x).
  test.each([
    [0.5, -1.9635100260214235, 4.934802200544679],
    [1, -0.5772156649015329, 1.6449340668482264],
    [1.5, 0.03648997397857652, 0.9348022005446793],
    [2.5, 0.7031566406452432, 0.49035775610023485],
    [7, 1.8727843350984672, 0.15354517795933756],
    [14.5, 2.6392697253489863, 0.07139825615164695],
    [15, 2.6743466616607936, 0.0689382278476838],
    [100.5, 4.605174352581845, 0.009999916669583104],
    [1e6, 13.815510057964191, 1.0000005000001667e-6],
  ])('at %d', (x, psi, derivative) => {
    expect(Math.abs(digamma(x) - psi)).toBeLessThan(1e-13 * Math.max(1, Math.abs(psi)));
    expect(Math.abs(trigamma(x) / derivative - 1)).toBeLessThan(1e-13);
  });

  test('trigamma is the slope of digamma', () => {
    for (const x of [0.7, 3, 14.9, 15.1, 80]) expect((digamma(x + 1e-4) - digamma(x - 1e-4)) / 2e-4).toBeCloseTo(trigamma(x), 6);
  });
});

describe('the log-determinant of Gaussian rows', () => {
  // scipy: sum(psi((n - i) / 2)) - d log(n / 2), sqrt(sum(polygamma(1, (n - i) / 2))), i = 0 to 383.
  test.each([
    [400, -334.10210262803, 2.5489255530497252],
    [500, -215.2518741267861, 1.7113283069933645],
    [1000, -85.78507975707271, 0.984702865777073],
    [2000, -39.586342433120535, 0.6530736793128818],
    [10000, -7.48860465007283, 0.2798525033138045],
  ])('d = 384, n = %d', (n, mean, sd) => {
    const found = gaussianLogDetNull(n, 384)!;
    expect(found.mean).toBeCloseTo(mean, 9);
    expect(found.sd).toBeCloseTo(sd, 11);
  });

  test('one row, one dimension: log chi^2_1, of mean -gamma - log 2 and variance pi^2 / 2', () => {
    const { mean, sd } = gaussianLogDetNull(1, 1)!;
    expect(mean).toBeCloseTo(-0.5772156649015329 - Math.LN2, 12);
    expect(sd).toBeCloseTo(Math.PI / Math.SQRT2, 12);
  });

  test('large d at a fixed share d / n: mean -d - (n - d) log(1 - d / n) + log(1 - d / n) / 2, variance -2 log(1 - d / n)', () => {
    const [n, d] = [4000, 2000];
    const { mean, sd } = gaussianLogDetNull(n, d)!;
    const log = Math.log(1 - d / n);
    expect(mean).toBeCloseTo(-d - (n - d) * log + log / 2, 3);
    expect(sd).toBeCloseTo(Math.sqrt(-2 * log), 3);
  });

  test('fewer rows than dimensions have no log-determinant', () => {
    expect(gaussianLogDetNull(9, 10)).toBeNull();
    expect(gaussianLogDetNull(10, 10)).not.toBeNull();
  });
});
