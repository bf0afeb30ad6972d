import { expect, test } from 'vitest';
import { alphaHat, decayExponent, fitPowerLaw } from '../../src/spectral/power-law';
import expected from '../fixtures/weights/expected.json';

test('the decay exponent of an exact power law, whatever the range', () => {
  const l = Float64Array.from({ length: 60 }, (_, i) => 3 * (i + 1) ** -1.4);
  expect(decayExponent(l, 5, 50)).toBeCloseTo(1.4, 12);
  expect(decayExponent(l, 1, 60)).toBeCloseTo(1.4, 12);
});

test('maximum likelihood finds the exponent of quantiles of a power law', () => {
  const [n, alpha, xMin] = [400, 2.5, 0.7];
  const values = Float64Array.from({ length: n }, (_, i) => xMin * ((i + 0.5) / n) ** (-1 / (alpha - 1)));
  const fit = fitPowerLaw(values)!;
  expect(fit.alpha).toBeCloseTo(alpha, 1);
  expect(fit.distance).toBeLessThan(0.01);
});

test('x_min is found where the power law begins', () => {
  const tail = Array.from({ length: 200 }, (_, i) => ((i + 0.5) / 200) ** (-1 / 2));
  const body = Array.from({ length: 200 }, (_, i) => (i + 0.5) / 200);
  const fit = fitPowerLaw(
    Float64Array.from([...tail, ...body])
      .sort()
      .reverse(),
  )!;
  expect(fit.alpha).toBeCloseTo(3, 0);
  expect(fit.xMin).toBeGreaterThan(0.85);
  expect(fit.xMin).toBeLessThan(1.4);
});

test('equal values have no tail', () => {
  expect(fitPowerLaw(new Float64Array(60).fill(2))).toBeNull();
});

test.each(Object.entries(expected.matrices))('exponent of %s by brute force', (_, { rows, squaredSingularValues, fit, ...of }) => {
  const found = fitPowerLaw(Float64Array.from(squaredSingularValues, (s) => s / rows))!;
  expect(Math.abs(found.alpha - fit.alpha)).toBeLessThan(1e-9);
  expect(Math.abs(found.distance - fit.distance)).toBeLessThan(1e-9);
  expect(Math.abs(found.xMin * rows - fit.xMin)).toBeLessThan(1e-9);
  expect(Math.abs(found.standardError - fit.standardError)).toBeLessThan(1e-9);
  expect(found.tailCount).toBe(fit.tailCount);
  expect(Math.abs(alphaHat(found.alpha, squaredSingularValues[0]) - of.alphaHat)).toBeLessThan(1e-9);
});

test('the exponent has no scale, x_min has', () => {
  const values = Float64Array.from(expected.matrices.trained.squaredSingularValues);
  const [one, other] = [fitPowerLaw(values)!, fitPowerLaw(values.map((x) => 1e-9 * x))!];
  expect(other.alpha).toBeCloseTo(one.alpha, 9);
  expect(other.distance).toBeCloseTo(one.distance, 9);
  expect(other.xMin * 1e9).toBeCloseTo(one.xMin, 9);
});

test('two values: the smaller one is x_min', () => {
  const fit = fitPowerLaw(Float64Array.of(Math.E, 1))!;
  expect(fit.alpha).toBeCloseTo(3, 12);
  expect(fit).toMatchObject({ xMin: 1, tailCount: 2 });
  expect(fit.standardError).toBeCloseTo(Math.SQRT2, 12);
  // F = 0, 1 - e^-2 against 0, 1 / 2.
  expect(fit.distance).toBeCloseTo(0.5 - Math.exp(-2), 12);
});

test('4,096 values in less than a second', () => {
  const values = Float64Array.from({ length: 4096 }, (_, i) => 1 / (1 + i) ** 0.6 + 1e-3 * (4096 - i));
  const start = performance.now();
  fitPowerLaw(values);
  expect(performance.now() - start).toBeLessThan(1000);
});
