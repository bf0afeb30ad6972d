import { describe, expect, test } from 'vitest';
import { lanczos, type Operator, orthogonalize } from '../../src/spectral/lanczos';
import { normal, uniform } from '../../src/spectral/random';
import { tridiagonalEigenvalues } from '../../src/spectral/tridiagonal';

const diagonal =
  (l: ArrayLike<number>): Operator =>
  async (x) =>
    x.map((value, k) => value * l[k % l.length]);

test('e_1^T T^p e_1 is the p-th moment of the start, for p < 2 m', async () => {
  const l = [5, 3, 2.5, 1, 0.5, 0.1, -1, -2];
  const start = Float64Array.from({ length: 8 }, normal(uniform(1)));
  const [t] = await lanczos(diagonal(l), 8, start, 4);
  expect(t.exact).toBe(false);
  let v = [1, 0, 0, 0];
  for (let p = 1; p < 8; p++) {
    v = v.map((x, i) => t.diagonal[i] * x + (i > 0 ? t.offDiagonal[i - 1] * v[i - 1] : 0) + (i < 3 ? t.offDiagonal[i] * v[i + 1] : 0));
    expect(v[0] * t.startNorm ** 2).toBeCloseTo(
      l.reduce((s, x, i) => s + x ** p * start[i] ** 2, 0),
      7,
    );
  }
});

test('d steps give the spectrum without ghosts, however fast the top converges', async () => {
  const d = 60;
  const l = Float64Array.from({ length: d }, (_, i) => 10 ** (-i / 10));
  const [t] = await lanczos(diagonal(l), d, new Float64Array(d).fill(1), 200);
  expect(t.exact).toBe(true);
  const found = tridiagonalEigenvalues(t);
  expect(found.length).toBe(d);
  for (let i = 0; i < d; i++) expect(Math.abs(found[i] - l[i])).toBeLessThan(1e-14);
});

describe('breakdown', () => {
  test.each([
    ['identity', new Array(20).fill(3), 1],
    ['zero', new Array(20).fill(0), 1],
    ['two values', Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? 2 : 7)), 2],
  ])('%s: as many steps as distinct eigenvalues', async (_, l, steps) => {
    const [t] = await lanczos(diagonal(l), 20, Float64Array.from({ length: 20 }, normal(uniform(2))), 10);
    expect(t.exact).toBe(true);
    expect(t.coupling).toBe(0);
    expect(t.diagonal.length).toBe(steps);
  });

  test('some starts of a block end before others', async () => {
    const starts = Float64Array.of(1, 0, 0, 1, 1, 1, 0, 0, 0);
    const [a, b, c] = await lanczos(diagonal([1, 2, 3]), 3, starts, 3);
    expect([...a.diagonal]).toEqual([1]);
    expect(tridiagonalEigenvalues(b)[0]).toBeCloseTo(3, 14);
    expect(b.diagonal.length).toBe(3);
    expect(c).toMatchObject({ startNorm: 0, exact: true });
    expect(c.diagonal.length).toBe(0);
  });
});

test('a block of starts gives what each gives alone', async () => {
  const l = [4, 3, 2, 1, 0.5];
  const starts = Float64Array.from({ length: 15 }, normal(uniform(5)));
  const together = await lanczos(diagonal(l), 5, starts, 3);
  for (const [i, t] of together.entries()) expect(await lanczos(diagonal(l), 5, starts.slice(i * 5, i * 5 + 5), 3)).toEqual([t]);
});

test('orthogonalize leaves nothing along the basis', () => {
  const x = Float64Array.of(1, 1, 1e-9);
  expect(orthogonalize(x, Float64Array.of(1, 0, 0, 0, 1, 0), 2)).toBe(1e-9);
  expect([...x]).toEqual([0, 0, 1e-9]);
});

test('what is not finite is refused', async () => {
  await expect(lanczos(async (x) => x.map(() => Number.NaN), 2, Float64Array.of(1, 0), 2)).rejects.toThrow('not finite');
});

test('ends when it has enough, after the step that gave it', async () => {
  const starts = Float64Array.from({ length: 40 }, normal(uniform(6)));
  const l = Array.from({ length: 20 }, (_, i) => i + 1);
  const seen: number[] = [];
  const found = await lanczos(diagonal(l), 20, starts, 15, undefined, (processes) => seen.push(processes[1].diagonal.length) === 3);
  expect(seen).toEqual([1, 2, 3]);
  expect(found).toEqual(await lanczos(diagonal(l), 20, starts, 3));
});
