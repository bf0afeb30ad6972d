import { expect, test } from 'vitest';
import { decayExponent, fitPowerLaw } from '../../src/spectral/power-law';

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
