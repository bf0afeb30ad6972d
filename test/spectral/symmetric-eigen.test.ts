import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { symmetricEigenvalues, tridiagonalize } from '../../src/spectral/symmetric-eigen';
import { tridiagonalEigenvalues } from '../../src/spectral/tridiagonal';

const lapack = JSON.parse(readFileSync(join(__dirname, '..', 'fixtures', 'analysis', 'eigen.json'), 'utf8')) as Record<
  string,
  { matrix: number[]; eigenvalues: number[] }
>;

describe('against LAPACK', () => {
  test.each(Object.keys(lapack))('%s', (name) => {
    const { matrix, eigenvalues } = lapack[name];
    const found = symmetricEigenvalues(Float64Array.from(matrix), eigenvalues.length);
    const scale = Math.max(...eigenvalues.map(Math.abs));
    for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - eigenvalues[i])).toBeLessThan(1e-13 * scale);
  });
});

describe('closed forms', () => {
  test.each([1, 2, 3, 7, 64, 201])('tridiagonal Toeplitz (2, -1), d = %i (R4)', (d) => {
    const a = new Float64Array(d * d);
    for (let i = 0; i < d; i++) {
      a[i * d + i] = 2;
      if (i + 1 < d) a[i * d + i + 1] = -1;
    }
    const found = symmetricEigenvalues(a, d);
    for (let j = 1; j <= d; j++) expect(found[d - j]).toBeCloseTo(2 - 2 * Math.cos((j * Math.PI) / (d + 1)), 13);
    // det = d + 1
    expect(found.reduce((sum, l) => sum + Math.log(l), 0)).toBeCloseTo(Math.log(d + 1), 9);
  });

  test('Hilbert matrix of order 5: the determinant is 3.749295e-12 (R4)', () => {
    const d = 5;
    const found = symmetricEigenvalues(
      Float64Array.from({ length: d * d }, (_, k) => 1 / (Math.floor(k / d) + (k % d) + 1)),
      d,
    );
    expect(found.reduce((product, l) => product * l, 1) / 3.749295e-12).toBeCloseTo(1, 6);
  });

  test('AR(1) correlations: det = (1 - r^2)^(d - 1) (R4)', () => {
    const d = 30;
    const r = 0.6;
    const found = symmetricEigenvalues(
      Float64Array.from({ length: d * d }, (_, k) => r ** Math.abs(Math.floor(k / d) - (k % d))),
      d,
    );
    expect(found.reduce((sum, l) => sum + Math.log(l), 0)).toBeCloseTo((d - 1) * Math.log(1 - r * r), 10);
  });

  test('zero and diagonal matrices', () => {
    expect([...symmetricEigenvalues(new Float64Array(9), 3)]).toEqual([0, 0, 0]);
    expect([...symmetricEigenvalues(Float64Array.of(1, 0, 0, 0, -5, 0, 0, 0, 3), 3)]).toEqual([3, 1, -5]);
    expect([...symmetricEigenvalues(Float64Array.of(4), 1)]).toEqual([4]);
    expect([...symmetricEigenvalues(new Float64Array(0), 0)]).toEqual([]);
  });

  test('extreme scales neither overflow nor vanish', () => {
    for (const scale of [1e200, 1e-200]) {
      const found = symmetricEigenvalues(
        Float64Array.of(2, 1, 1, 2).map((x) => x * scale),
        2,
      );
      expect(found[0] / scale).toBeCloseTo(3, 12);
      expect(found[1] / scale).toBeCloseTo(1, 12);
    }
  });
});

const entry = fc.double({ min: -10, max: 10, noNaN: true });

test('trace, Frobenius norm and the rank-one update through the border, for any symmetric matrix', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 12 })
        .chain((d) =>
          fc.tuple(
            fc.constant(d),
            fc.array(entry, { minLength: d * d, maxLength: d * d }),
            fc.array(entry, { minLength: d, maxLength: d }),
          ),
        ),
      ([d, entries, border]) => {
        const a = Float64Array.from(entries);
        for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) a[i * d + j] = a[j * d + i];
        const trace = Array.from({ length: d }, (_, i) => a[i * d + i]).reduce((s, x) => s + x, 0);
        const squares = a.reduce((s, x) => s + x * x, 0);
        const plain = symmetricEigenvalues(a.slice(), d);
        expect(plain.reduce((s, l) => s + l, 0)).toBeCloseTo(trace, 9);
        expect(plain.reduce((s, l) => s + l * l, 0)).toBeCloseTo(squares, 8);

        // A + b b^T, by the border of the reduction and by forming it.
        const t = tridiagonalize(a.slice(), d, Float64Array.from(border));
        const diagonal = t.diagonal.slice();
        diagonal[0] += t.borderCoordinate ** 2;
        const updated = a.map((x, k) => x + border[Math.floor(k / d)] * border[k % d]);
        const direct = symmetricEigenvalues(updated, d);
        const found = tridiagonalEigenvalues({ ...t, diagonal });
        for (let i = 0; i < d; i++)
          expect(Math.abs(found[i] - direct[i])).toBeLessThan(1e-11 * (1 + Math.abs(direct[0]) + Math.abs(direct[d - 1])));
      },
    ),
    { numRuns: 200 },
  );
});

test('what is not finite is refused', () => {
  expect(() => symmetricEigenvalues(Float64Array.of(Number.NaN, 0, 0, 1), 2)).toThrow('not finite');
});
