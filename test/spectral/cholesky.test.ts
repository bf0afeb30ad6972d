import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cholesky } from '../../src/spectral/cholesky';

test('R^T R = A', () => {
  const vector = (d: number) => fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: d, maxLength: d });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }).chain((d) => fc.tuple(fc.constant(d), fc.array(vector(d), { minLength: d, maxLength: d }))),
      ([d, rows]) => {
        // A = X^T X + I.
        const a = Float64Array.from({ length: d * d }, (_, k) => {
          const [i, j] = [Math.floor(k / d), k % d];
          return rows.reduce((s, x) => s + x[i] * x[j], i === j ? 1 : 0);
        });
        const r = a.slice();
        expect(cholesky(r, d)).toBe(true);
        for (let i = 0; i < d; i++) {
          for (let j = i; j < d; j++) {
            let sum = 0;
            for (let k = 0; k <= i; k++) sum += r[k * d + i] * r[k * d + j];
            expect(sum).toBeCloseTo(a[i * d + j], 9);
          }
        }
      },
    ),
  );
});

test('says so when the matrix is not positive definite', () => {
  expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBe(false);
  expect(cholesky(Float64Array.of(0), 1)).toBe(false);
  expect(cholesky(Float64Array.of(Number.NaN), 1)).toBe(false);
});
