import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AlternatingFunction,
  codingLog,
  gauss,
  gaussLobatto,
  gaussRadau,
  integrate,
  quadratureBracket,
  reciprocal,
  shiftedLog,
  squareRoot,
  tridiagonalEigen,
  xLogX,
} from '../../src/spectral/gauss-quadrature';
import { lanczos, type Operator } from '../../src/spectral/lanczos';
import { uniform } from '../../src/spectral/random';
import { tridiagonalEigenvalues } from '../../src/spectral/tridiagonal';

const diagonal =
  (l: ArrayLike<number>): Operator =>
  async (x) =>
    x.map((value, k) => value * l[k % l.length]);

const functions: [string, AlternatingFunction][] = [
  ['log(x + 0.01)', shiftedLog(0.01)],
  ['log(1 + 50 x)', codingLog(50)],
  ['sqrt x', squareRoot],
  ['1 / x', reciprocal],
  ['x log x', xLogX],
];

test('Gauss-Legendre with 3 nodes, from its Jacobi matrix', () => {
  const { nodes, weights } = gauss({ diagonal: new Float64Array(3), offDiagonal: Float64Array.of(Math.sqrt(1 / 3), Math.sqrt(4 / 15)) });
  expect(nodes[0]).toBeCloseTo(Math.sqrt(0.6), 14);
  expect(nodes[1]).toBeCloseTo(0, 14);
  for (const [k, w] of [5 / 18, 8 / 18, 5 / 18].entries()) expect(weights[k]).toBeCloseTo(w, 14);
});

test('Radau and Lobatto of the Legendre measure have the classical nodes', () => {
  const t = { diagonal: new Float64Array(1), offDiagonal: new Float64Array(0), coupling: Math.sqrt(1 / 3), startNorm: 1, exact: false };
  const radau = gaussRadau(t, -1, 1);
  expect(radau.nodes[0]).toBeCloseTo(1 / 3, 14);
  expect(radau.nodes[1]).toBeCloseTo(-1, 14);
  expect(radau.weights[0]).toBeCloseTo(0.75, 14);
  const two = { ...t, diagonal: new Float64Array(2), offDiagonal: Float64Array.of(Math.sqrt(1 / 3)), coupling: Math.sqrt(4 / 15) };
  const lobatto = gaussLobatto(two, -1, 1);
  for (const [k, x] of [1, 0, -1].entries()) expect(lobatto.nodes[k]).toBeCloseTo(x, 14);
  for (const [k, w] of [1 / 6, 2 / 3, 1 / 6].entries()) expect(lobatto.weights[k]).toBeCloseTo(w, 14);
  const above = gaussRadau(two, 1, -1);
  expect(above.nodes[0]).toBeCloseTo(1, 14);
  expect(above.weights[0]).toBeCloseTo(1 / 9, 14);
});

test('the rows carried by QL become eigenvectors', () => {
  const t = { diagonal: Float64Array.of(9, 1, 4, 2), offDiagonal: Float64Array.of(1, 2, 0.5) };
  const rows = new Float64Array(16);
  for (let i = 0; i < 4; i++) rows[5 * i] = 1;
  const values = tridiagonalEigen(t, rows);
  expect([...values].sort((a, b) => b - a).map((x) => x.toFixed(12))).toEqual([...tridiagonalEigenvalues(t)].map((x) => x.toFixed(12)));
  for (let k = 0; k < 4; k++) {
    for (let i = 0; i < 4; i++) {
      const image =
        t.diagonal[i] * rows[i * 4 + k] +
        (i > 0 ? t.offDiagonal[i - 1] * rows[(i - 1) * 4 + k] : 0) +
        (i < 3 ? t.offDiagonal[i] * rows[(i + 1) * 4 + k] : 0);
      expect(image).toBeCloseTo(values[k] * rows[i * 4 + k], 12);
    }
  }
});

describe('degree of exactness on a discrete measure', async () => {
  const l = Float64Array.of(9, 7, 4, 3.5, 2, 1, 0.5);
  const start = Float64Array.of(1, 2, 0.5, 1, 3, 1, 2);
  const [t] = await lanczos(diagonal(l), 7, start, 3);
  const moment = (p: number): number => l.reduce((s, x, i) => s + x ** p * start[i] ** 2, 0) / t.startNorm ** 2;
  test.each([
    ['Gauss', gauss(t), 5],
    ['Radau below', gaussRadau(t, 0.1, 1), 6],
    ['Radau above', gaussRadau(t, 10, -1), 6],
    ['Lobatto', gaussLobatto(t, 0.1, 10), 5],
  ])('%s', (_, rule, degree) => {
    for (let p = 0; p <= degree; p++) expect(integrate(rule, (x) => x ** p) / moment(p)).toBeCloseTo(1, 12);
    expect(Math.abs(integrate(rule, (x) => x ** (degree + 1)) / moment(degree + 1) - 1)).toBeGreaterThan(1e-7);
  });

  test.each(functions)('the sign rule: %s', (_, f) => {
    const truth = l.reduce((s, x, i) => s + f.value(x) * start[i] ** 2, 0) / t.startNorm ** 2;
    const side = f.evenDerivatives;
    const error = (rule: ReturnType<typeof gauss>): number => side * (truth - integrate(rule, f.value));
    expect(error(gauss(t))).toBeGreaterThan(0);
    expect(error(gaussRadau(t, 10, -1))).toBeGreaterThan(0);
    expect(error(gaussRadau(t, 0.1, 1))).toBeLessThan(0);
    expect(error(gaussLobatto(t, 0.1, 10))).toBeLessThan(error(gaussRadau(t, 0.1, 1)));
    expect(error(gaussRadau(t, 10, -1))).toBeLessThan(error(gauss(t)));
  });

  test('a node inside the eigenvalues of T is refused', () => {
    expect(() => gaussRadau(t, 3, 1)).toThrow(RangeError);
    expect(() => gaussRadau(t, 3, -1)).toThrow(RangeError);
    expect(() => gaussLobatto(t, 0.1, 5)).toThrow(RangeError);
  });
});

test('d = 300, l_i = i^-1.5 + 1e-4: width below 0.01 after 20 steps and 1e-5 after 40', async () => {
  const d = 300;
  const delta = 1e-4;
  const l = Float64Array.from({ length: d }, (_, i) => (i + 1) ** -1.5);
  const random = uniform(11);
  const start = Float64Array.from({ length: d }, () => (random() < 0.5 ? -1 : 1) / Math.sqrt(d));
  const truth = l.reduce((s, x) => s + Math.log(x + delta), 0) / d;
  for (const [steps, width] of [
    [20, 1e-2],
    [40, 1e-5],
  ]) {
    const [t] = await lanczos(diagonal(l), d, start, steps);
    const { lower, upper } = quadratureBracket(t, shiftedLog(delta), -1e-3 * delta, null);
    expect(lower).toBeLessThan(truth);
    expect(upper).toBeGreaterThan(truth);
    expect(upper! - lower!).toBeLessThan(width);
  }
});

describe('brackets', () => {
  test('identity, zero operator and zero start: the value, to rounding', async () => {
    const start = Float64Array.of(1, 2, 3);
    const [one] = await lanczos(diagonal([1, 1, 1]), 3, start, 2);
    const coding = quadratureBracket(one, codingLog(5), null, null);
    expect(coding.lower).toBeCloseTo(14 * Math.log(6), 11);
    expect(coding.upper).toBeCloseTo(14 * Math.log(6), 11);
    const [zero] = await lanczos(diagonal([0, 0, 0]), 3, start, 2);
    expect(quadratureBracket(zero, shiftedLog(0.5), null, null).lower).toBeCloseTo(14 * Math.log(0.5), 11);
    const [none] = await lanczos(diagonal([1, 2, 3]), 3, new Float64Array(3), 2);
    expect(quadratureBracket(none, shiftedLog(0.5), null, null)).toEqual({ lower: 0, upper: 0 });
  });

  test('without a lower end one side is open; where the pole is in doubt too', async () => {
    const [t] = await lanczos(diagonal([1, 2, 3, 4]), 4, Float64Array.of(1, 1, 1, 1), 2);
    expect(quadratureBracket(t, squareRoot, null, null).lower).toBeNull();
    expect(quadratureBracket(t, reciprocal, null, null).upper).toBeNull();
    expect(quadratureBracket(t, reciprocal, 0, 5).upper).toBeNull();
    expect(() => quadratureBracket(t, squareRoot, 2, null)).toThrow(RangeError);
  });

  const eigenvalue = fc.oneof(
    fc.double({ min: -9, max: 2, noNaN: true }).map((x) => 10 ** x),
    fc.constantFrom(1, 0.25, 3),
  );
  test('never exclude the truth, at any step, for eigenvalues over 11 decades, repeated ones too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(eigenvalue, fc.double({ min: -1, max: 1, noNaN: true })), { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: functions.length - 1 }),
        fc.boolean(),
        fc.double({ min: 0.01, max: 0.999, noNaN: true }),
        async (pairs, steps, which, withAbove, tightness) => {
          const l = pairs.map(([value]) => value);
          const start = Float64Array.from(pairs, ([, x]) => x);
          const [t] = await lanczos(diagonal(l), l.length, start, steps);
          const f = functions[which][1];
          const scale = Math.max(...l);
          // The certified end stays further below than the Ritz values' rounding reaches.
          const below = tightness * Math.min(...l) - 1e-12 * scale;
          const inDomain = which < 2 || below > 0 ? below : null;
          const { lower, upper } = quadratureBracket(t, f, inDomain, withAbove ? scale * (2 - tightness) : null);
          const truth = l.reduce((s, x, i) => s + f.value(x) * start[i] ** 2, 0);
          // The slack of the truth's own summation, and of squares that underflow.
          const slack = 1e-300 + 4 * Number.EPSILON * l.reduce((s, x, i) => s + Math.abs(f.value(x)) * start[i] ** 2, 0);
          if (lower !== null && lower > truth + slack) throw new Error(`lower ${lower} > ${truth}`);
          if (upper !== null && upper < truth - slack) throw new Error(`upper ${upper} < ${truth}`);
        },
      ),
      { numRuns: 30_000, seed: 20 },
    );
  });
});
