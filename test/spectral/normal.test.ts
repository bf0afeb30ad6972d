import { expect, test } from 'vitest';
import { normalCdf, normalQuantile } from '../../src/spectral/normal';

// By SciPy: norm.ppf.
test.each([
  [0.5, 0],
  [0.975, 1.959963984540054],
  [0.995, 2.5758293035489004],
  [0.9, 1.2815515655446004],
  [0.6, 0.2533471031357997],
  [1e-10, -6.361340902404056],
  [0.001, -3.090232306167813],
])('quantile of %d', (p, x) => {
  expect(normalQuantile(p)).toBeCloseTo(x, 12);
  expect(normalCdf(x)).toBeCloseTo(p, 14);
});

test('is odd and inverts the distribution', () => {
  for (let x = -8; x <= 8; x += 0.37) {
    expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 15);
    if (x < 5) expect(normalQuantile(normalCdf(x))).toBeCloseTo(x, 9);
  }
});
