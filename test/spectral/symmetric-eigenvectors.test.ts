import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { symmetricEigenvectors } from '../../src/spectral/symmetric-eigenvectors';

const lapack = JSON.parse(readFileSync(join(__dirname, '..', 'fixtures', 'analysis', 'eigen.json'), 'utf8')) as Record<
  string,
  { matrix: number[]; eigenvalues: number[] }
>;

/** Largest entry of A v_k - l_k v_k and of V V^T - I, relative to the largest eigenvalue and to 1. */
function errors(a: Float64Array, d: number): { residual: number; orthogonality: number } {
  const { values, vectors } = symmetricEigenvectors(a, d);
  const scale = Math.max(...values.map(Math.abs), Number.MIN_VALUE);
  let residual = 0;
  let orthogonality = 0;
  for (let k = 0; k < d; k++) {
    for (let i = 0; i < d; i++) {
      let product = -values[k] * vectors[k * d + i];
      let dot = i === k ? -1 : 0;
      for (let j = 0; j < d; j++) {
        product += a[Math.min(i, j) * d + Math.max(i, j)] * vectors[k * d + j];
        dot += vectors[i * d + j] * vectors[k * d + j];
      }
      residual = Math.max(residual, Math.abs(product) / scale);
      orthogonality = Math.max(orthogonality, Math.abs(dot));
    }
  }
  return { residual, orthogonality };
}

describe('against LAPACK', () => {
  test.each(Object.keys(lapack))('%s', (name) => {
    const { matrix, eigenvalues } = lapack[name];
    const d = eigenvalues.length;
    const found = symmetricEigenvectors(Float64Array.from(matrix), d);
    const scale = Math.max(...eigenvalues.map(Math.abs));
    for (let i = 0; i < d; i++) expect(Math.abs(found.values[i] - eigenvalues[i])).toBeLessThan(1e-13 * scale);
    const { residual, orthogonality } = errors(Float64Array.from(matrix), d);
    expect(residual).toBeLessThan(1e-13);
    expect(orthogonality).toBeLessThan(1e-13);
  });
});

test.each([1, 2, 3, 8, 65])('tridiagonal Toeplitz (2, -1): the eigenvectors are sines, d = %i', (d) => {
  const a = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    a[i * d + i] = 2;
    if (i + 1 < d) a[i * d + i + 1] = -1;
  }
  const { values, vectors } = symmetricEigenvectors(a, d);
  for (let k = 0; k < d; k++) {
    const angle = ((d - k) * Math.PI) / (d + 1);
    expect(values[k]).toBeCloseTo(2 - 2 * Math.cos(angle), 13);
    const sign = Math.sign(vectors[k * d]) * Math.sign(Math.sin(angle));
    for (let i = 0; i < d; i++) {
      expect(vectors[k * d + i]).toBeCloseTo(sign * Math.sqrt(2 / (d + 1)) * Math.sin((i + 1) * angle), 12);
    }
  }
});

test('any symmetric matrix: small residuals, orthonormal vectors, the eigenvalues of the other routine', () => {
  const entry = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 1, -1, 1e-9));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 14 }).chain((d) => fc.array(entry, { minLength: d * d, maxLength: d * d })),
      fc.constantFrom(1, 1e-200, 1e200),
      (entries, scale) => {
        const a = Float64Array.from(entries, (x) => x * scale);
        const d = Math.sqrt(a.length);
        const { residual, orthogonality } = errors(a, d);
        expect(residual).toBeLessThan(1e-13);
        expect(orthogonality).toBeLessThan(1e-13);
        const { values } = symmetricEigenvectors(a, d);
        const others = symmetricEigenvalues(Float64Array.from(a), d);
        const largest = Math.max(Math.abs(others[0]), Math.abs(others[d - 1]));
        for (let i = 0; i < d; i++) expect(Math.abs(values[i] - others[i])).toBeLessThanOrEqual(1e-13 * largest);
      },
    ),
    { numRuns: 500, seed: 1 },
  );
});

test('a large matrix of low rank: the null space settles', () => {
  const [d, rank] = [160, 12];
  const x = Float64Array.from({ length: rank * d }, (_, k) => Math.sin(1 + k * k) / (1 + Math.floor(k / d)) ** 2);
  const a = new Float64Array(d * d);
  for (let r = 0; r < rank; r++) {
    for (let i = 0; i < d; i++) for (let j = i; j < d; j++) a[i * d + j] += x[r * d + i] * x[r * d + j];
  }
  const { residual, orthogonality } = errors(a, d);
  expect(residual).toBeLessThan(1e-13);
  expect(orthogonality).toBeLessThan(1e-13);
  const { values } = symmetricEigenvectors(a, d);
  expect(values[rank - 1]).toBeGreaterThan(1e-5 * values[0]);
  expect(Math.abs(values[rank])).toBeLessThan(1e-14 * values[0]);
});

test('refuses what is not finite', () => {
  expect(() => symmetricEigenvectors(Float64Array.of(1, Number.NaN, 0, 1), 2)).toThrow('not finite');
});
