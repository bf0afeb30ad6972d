import { expect, test } from 'vitest';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { countSpikes, largestNoiseEigenvalue, tracyWidomCdf, tracyWidomQuantile } from '../../src/spectral/tracy-widom';
import expected from '../fixtures/weights/expected.json';
import { gaussians } from './gaussians';

test('the distribution function by Painleve II', () => {
  const { points, cdf } = expected.tracyWidom;
  expect(points.length).toBeGreaterThan(50);
  points.forEach((x, i) => {
    expect(Math.abs(tracyWidomCdf(x) - cdf[i])).toBeLessThan(6e-7);
  });
});

test.each([-40, -8, 8, 40])('far out, at %d', (x) => {
  expect(Math.abs(tracyWidomCdf(x) - (x < 0 ? 0 : 1))).toBeLessThan(6e-7);
});

test('the distribution function rises everywhere in its range', () => {
  for (let x = -6.5; x < 6.49; x += 0.01) expect(tracyWidomCdf(x + 0.01)).toBeGreaterThan(tracyWidomCdf(x));
});

test.each([
  // Roots of the Fredholm determinant.
  [0.9, 0.4501432891],
  [0.95, 0.9793160535],
  [0.99, expected.tracyWidom.quantile99],
  [0.999, 3.272196059],
])('quantile %d', (p, x) => {
  expect(Math.abs(tracyWidomQuantile(p) - x)).toBeLessThan(1e-3);
  expect(tracyWidomCdf(tracyWidomQuantile(p))).toBeCloseTo(p, 12);
});

test('the largest eigenvalue of noise does not know a matrix from its transpose', () => {
  expect(90 * largestNoiseEigenvalue(90, 30, 0.99)).toBeCloseTo(30 * largestNoiseEigenvalue(30, 90, 0.99), 10);
});

test.each(Object.entries(expected.matrices))('spikes of %s', (_, { rows, columns, squaredSingularValues, spikes }) => {
  const l = Float64Array.from(squaredSingularValues, (s) => s / rows);
  expect(countSpikes(l, rows, columns)).toBe(spikes);
});

test('the count has no scale', () => {
  const { rows, columns, squaredSingularValues, spikes } = expected.matrices.trained;
  for (const scale of [1e-12, 1, 1e12]) {
    expect(
      countSpikes(
        Float64Array.from(squaredSingularValues, (s) => scale * s),
        rows,
        columns,
      ),
    ).toBe(spikes);
  }
});

/** Eigenvalues of X^T X / n of an n x d draw, n >= d, its first columns stretched. */
function draw(n: number, d: number, seed: number, stretched = 0): Float64Array {
  const next = gaussians(seed);
  const x = Float64Array.from({ length: n * d }, (_, k) => next() * (k % d < stretched ? 4 : 1));
  const c = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += x[k * d + i] * x[k * d + j];
      c[i * d + j] = sum / n;
    }
  }
  return symmetricEigenvalues(c, d);
}

test.each([
  [80, 40],
  [60, 60],
])('200 draws of %d x %d noise: the largest eigenvalue has the law, and one in a hundred has spikes', (n, d) => {
  const spectra = Array.from({ length: 200 }, (_, i) => draw(n, d, 1000 + i));
  const above = (p: number): number => spectra.filter((l) => l[0] > largestNoiseEigenvalue(n, d, p)).length;
  // Central 99.9 % of binomial(200, 1/2) and (200, 0.1).
  expect(above(0.5)).toBeGreaterThanOrEqual(77);
  expect(above(0.5)).toBeLessThanOrEqual(123);
  expect(above(0.9)).toBeGreaterThanOrEqual(8);
  expect(above(0.9)).toBeLessThanOrEqual(35);
  // binomial(200, 0.01) is above 6 in 0.4 % of cases.
  expect(spectra.filter((l) => countSpikes(l, n, d) > 0).length).toBeLessThanOrEqual(6);
});

test('all spikes and no more, in 100 draws with 5 strong directions', () => {
  const right = Array.from({ length: 100 }, (_, i) => countSpikes(draw(80, 40, 5000 + i, 5), 80, 40)).filter((k) => k === 5).length;
  expect(right).toBeGreaterThanOrEqual(95);
});
