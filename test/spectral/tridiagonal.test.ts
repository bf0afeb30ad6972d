import { expect, test } from 'vitest';
import { implicitQl, shiftedInverseForms, type Tridiagonal, tridiagonalEigenvalues } from '../../src/spectral/tridiagonal';

const toeplitz = (n: number): Tridiagonal => ({ diagonal: new Float64Array(n).fill(2), offDiagonal: new Float64Array(n - 1).fill(-1) });

test('the second difference matrix (R4): 2 - 2 cos(j pi / (n + 1))', () => {
  const n = 40;
  const exact = Float64Array.from({ length: n }, (_, j) => 2 - 2 * Math.cos(((n - j) * Math.PI) / (n + 1)));
  tridiagonalEigenvalues(toeplitz(n)).forEach((l, j) => {
    expect(l).toBeCloseTo(exact[j], 13);
  });
});

test.each([true, false])('vectors that follow the rotations end in the basis of the eigenvectors (small end first: %s)', (ascending) => {
  const n = 12;
  const diagonal = Float64Array.from({ length: n }, (_, i) => (ascending ? i + 1 : n - i) ** 2);
  const t = { diagonal, offDiagonal: new Float64Array(n - 1).fill(0.7) };
  const x = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
  const z = x.slice();
  const values = implicitQl(t, (a, b, c, s) => {
    [z[a], z[b]] = [c * z[a] - s * z[b], s * z[a] + c * z[b]];
  });
  const tx = x.map((v, i) => diagonal[i] * v + 0.7 * ((x[i - 1] ?? 0) + (x[i + 1] ?? 0)));
  expect(values.reduce((sum, l, k) => sum + l * z[k] ** 2, 0)).toBeCloseTo(
    x.reduce((sum, v, i) => sum + v * tx[i], 0),
    10,
  );
  expect(values.reduce((sum, l, k) => sum + (l * z[k]) ** 2, 0) / tx.reduce((sum, v) => sum + v * v, 0)).toBeCloseTo(1, 12);
});

test('y^T (T + shift)^-1 y: T (2, -1) of order 2 in closed form, and its limit of a large shift', () => {
  const t = toeplitz(2);
  // Inverse of [[3, -1], [-1, 3]] is [[3, 1], [1, 3]] / 8.
  expect([...shiftedInverseForms(t, [Float64Array.of(1, 0), Float64Array.of(1, 1), Float64Array.of(1, -1)], 1)]).toEqual([
    expect.closeTo(3 / 8, 14),
    expect.closeTo(1, 14),
    expect.closeTo(0.5, 14),
  ]);
  expect(shiftedInverseForms(t, [Float64Array.of(3, 4)], 1e12)[0] * 1e12).toBeCloseTo(25, 9);
});

test('a large null space of rounding noise converges', () => {
  const n = 600;
  const noise = (i: number): number => 1e-17 * Math.sin(37.7 * i * i);
  const t = {
    diagonal: Float64Array.from({ length: n }, (_, i) => (i < 3 ? 10 ** -i : noise(i))),
    offDiagonal: Float64Array.from({ length: n - 1 }, (_, i) => (i < 3 ? 0.1 ** (i + 1) : noise(i + 0.5))),
  };
  const l = tridiagonalEigenvalues(t);
  expect(l.reduce((s, x) => s + x, 0)).toBeCloseTo(1.11, 10);
  expect(Math.abs(l[300])).toBeLessThan(1e-15);
});
