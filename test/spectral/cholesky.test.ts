import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cholesky, inverseQuadraticForm } from '../../src/spectral/cholesky';

test('R^T R = A, and v^T A^-1 v solves A', () => {
  const vector = (d: number) => fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: d, maxLength: d });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }).chain((d) => fc.tuple(fc.constant(d), fc.array(vector(d), { minLength: d, maxLength: d }), vector(d))),
      ([d, rows, w]) => {
        // A = X^T X + I, and v = A w, so that v^T A^-1 v = w^T A w.
        const a = Float64Array.from({ length: d * d }, (_, k) => {
          const [i, j] = [Math.floor(k / d), k % d];
          return rows.reduce((s, x) => s + x[i] * x[j], i === j ? 1 : 0);
        });
        const v = Float64Array.from({ length: d }, (_, i) => w.reduce((s, x, j) => s + a[i * d + j] * x, 0));
        const expected = w.reduce((s, x, i) => s + x * v[i], 0);
        const r = a.slice();
        expect(cholesky(r, d)).toBe(true);
        for (let i = 0; i < d; i++) {
          for (let j = i; j < d; j++) {
            let sum = 0;
            for (let k = 0; k <= i; k++) sum += r[k * d + i] * r[k * d + j];
            expect(sum).toBeCloseTo(a[i * d + j], 9);
          }
        }
        expect(inverseQuadraticForm(r, d, v)).toBeCloseTo(expected, 7);
      },
    ),
  );
});

test('says so when the matrix is not positive definite', () => {
  expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
  expect(cholesky(Float64Array.of(0), 1)).toBe(false);
  expect(cholesky(Float64Array.of(Number.NaN), 1)).toBe(false);
});
