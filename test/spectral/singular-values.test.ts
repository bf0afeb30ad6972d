import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normal, uniform } from '../../src/spectral/random';
import { bidiagonalize, bidiagonalSingularValues, singularValues } from '../../src/spectral/singular-values';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';

/** d x d, row-major. */
const matrix = (d: number, entry: (i: number, j: number) => number): Float64Array =>
  Float64Array.from({ length: d * d }, (_, k) => entry(Math.floor(k / d), k % d));

const product = (x: Float64Array): number => x.reduce((p, v) => p * v, 1);

/** Absolute error of every singular value, in units of the largest, that the reduction is held to. */
const tolerance = (d: number): number => 10 * Math.sqrt(d) * Number.EPSILON;

function expectWithin(found: Float64Array, exact: ArrayLike<number>, error: number): void {
  expect(found.length).toBe(exact.length);
  expect(Math.max(...found.map((x, i) => Math.abs(x - exact[i])))).toBeLessThanOrEqual(error);
}

const expectSingularValues = (found: Float64Array, exact: readonly number[]): void =>
  expectWithin(found, exact, tolerance(exact.length) * exact[0]);

/** Q1 diag(s) Q2, each Q a product of three reflections of random directions. */
function withSingularValues(s: readonly number[], seed: number): Float64Array {
  const d = s.length;
  const gauss = normal(uniform(seed));
  let a = matrix(d, (i, j) => (i === j ? s[i] : 0));
  for (let reflection = 0; reflection < 6; reflection++) {
    const u = Float64Array.from({ length: d }, gauss);
    const square = u.reduce((sum, x) => sum + x * x, 0);
    for (let i = 0; i < d; i++) {
      const row = a.subarray(i * d, (i + 1) * d);
      const dot = row.reduce((sum, x, j) => sum + x * u[j], 0);
      for (let j = 0; j < d; j++) row[j] -= ((2 * dot) / square) * u[j];
    }
    // Alternately from the right and, through the transpose, from the left.
    const b = a;
    a = matrix(d, (i, j) => b[j * d + i]);
  }
  return a;
}

describe('known singular values', () => {
  test.each([2, 3, 8, 41, 150])('geometric from 1 to 1e-14, d = %i: right to a small multiple of eps', (d) => {
    const s = Array.from({ length: d }, (_, i) => 10 ** ((-14 * i) / (d - 1)));
    expectSingularValues(singularValues(withSingularValues(s, d), d), s);
  });

  test('all equal, clustered, and of low rank', () => {
    for (const s of [
      Array.from({ length: 60 }, () => 1),
      Array.from({ length: 60 }, (_, i) => (i < 30 ? 1 + 1e-15 * (30 - i) : 1e-7)),
      Array.from({ length: 300 }, (_, i) => (i < 3 ? 3 - i : 0)),
    ]) {
      expectSingularValues(singularValues(withSingularValues(s, 5), s.length), s);
    }
  });
});

describe('closed forms', () => {
  test.each([1, 2, 3, 50, 201])('upper triangle of ones, d = %i: 1 / (2 sin((2j - 1) pi / (4d + 2)))', (d) => {
    const exact = Array.from({ length: d }, (_, j) => 0.5 / Math.sin(((2 * j + 1) * Math.PI) / (4 * d + 2)));
    const a = matrix(d, (i, j) => (j >= i ? 1 : 0));
    expectSingularValues(singularValues(a, d), exact);
  });

  test('tridiagonal Toeplitz (2, -1), and the same with its rows in another order', () => {
    const d = 64;
    const exact = Array.from({ length: d }, (_, j) => 2 - 2 * Math.cos(((d - j) * Math.PI) / (d + 1)));
    const entry = (i: number, j: number): number => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0);
    expectSingularValues(singularValues(matrix(d, entry), d), exact);
    const shuffled = matrix(d, (i, j) => entry((i * 27 + 5) % d, j));
    expectSingularValues(singularValues(shuffled, d), exact);
  });

  test('Hilbert matrix of order 8: the determinant is 2.73705e-33', () => {
    const found = singularValues(
      matrix(8, (i, j) => 1 / (i + j + 1)),
      8,
    );
    expect(product(found) / 2.737050113791513e-33).toBeCloseTo(1, 4);
  });

  test('Vandermonde matrix: the determinant is the product of the differences of its nodes', () => {
    const nodes = Array.from({ length: 9 }, (_, i) => Math.cos(i + 0.3) * 1.5);
    let determinant = 1;
    for (let i = 0; i < 9; i++) for (let j = 0; j < i; j++) determinant *= Math.abs(nodes[i] - nodes[j]);
    const a = matrix(9, (i, j) => nodes[i] ** j);
    expect(product(singularValues(a, 9)) / determinant).toBeCloseTo(1, 9);
  });

  test('bidiagonal with zeros on the diagonal', () => {
    const b = { diagonal: Float64Array.of(0, 0, -3), superdiagonal: Float64Array.of(2, 0) };
    const found = bidiagonalSingularValues(b);
    [3, 2, 0].forEach((s, i) => {
      expect(found[i]).toBeCloseTo(s, 14);
    });
  });

  test('zero and diagonal matrices, and those of order 1 and 0', () => {
    expect([...singularValues(new Float64Array(9), 3)]).toEqual([0, 0, 0]);
    expectSingularValues(singularValues(Float64Array.of(1, 0, 0, 0, -5, 0, 0, 0, 3), 3), [5, 3, 1]);
    expectSingularValues(singularValues(Float64Array.of(-4), 1), [4]);
    expect([...singularValues(new Float64Array(0), 0)]).toEqual([]);
  });

  test('extreme scales neither overflow nor vanish', () => {
    const a = Float64Array.of(1, 2, 0, 0, 3, 4, 0, 0, 5);
    const exact = [...singularValues(a.slice(), 3)];
    expect(product(Float64Array.from(exact))).toBeCloseTo(15, 12);
    for (const scale of [1e150, 1e300, 1e-200, 1e-300]) {
      const scaled = a.map((x) => x * scale);
      expectSingularValues(
        singularValues(scaled, 3).map((s) => s / scale),
        exact,
      );
    }
  });
});

test('squares are the eigenvalues of A^T A, and the transpose has the same', () => {
  const entry = fc.double({ min: -10, max: 10, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }).chain((d) => fc.tuple(fc.constant(d), fc.array(entry, { minLength: d * d, maxLength: d * d }))),
      ([d, entries]) => {
        const a = Float64Array.from(entries);
        const found = singularValues(a.slice(), d);
        const transposed = singularValues(
          matrix(d, (i, j) => a[j * d + i]),
          d,
        );
        const gram = matrix(d, (i, j) => Array.from({ length: d }, (_, k) => a[k * d + i] * a[k * d + j]).reduce((s, x) => s + x, 0));
        const squares = symmetricEigenvalues(gram, d);
        expectWithin(
          found.map((s) => s * s),
          squares,
          1e-13 * squares[0],
        );
        expectWithin(transposed, found, 2 * tolerance(d) * found[0]);
        expect(found.every((s, i) => s >= (found[i + 1] ?? 0))).toBe(true);
      },
    ),
    { numRuns: 10_000, seed: 3 },
  );
});

test('the bidiagonal form keeps the Frobenius norm and the absolute determinant', () => {
  const d = 30;
  const gauss = normal(uniform(8));
  const a = matrix(d, gauss);
  const norm = a.reduce((s, x) => s + x * x, 0);
  const { diagonal, superdiagonal } = bidiagonalize(a.slice(), d);
  expect([...diagonal, ...superdiagonal].reduce((s, x) => s + x * x, 0) / norm).toBeCloseTo(1, 13);
  expect(Math.abs(product(diagonal)) / product(singularValues(a, d))).toBeCloseTo(1, 11);
});

test('what is not finite is refused', () => {
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    for (let k = 0; k < 9; k++) {
      const a = Float64Array.of(1, 2, 3, 0, 4, 5, 0, 0, 6);
      a[k] = bad;
      expect(() => singularValues(a, 3)).toThrow('not finite');
    }
  }
});

test('stops when told to', () => {
  let polls = 0;
  const stop = (): void => {
    if (++polls === 3) throw new Error('stop');
  };
  expect(() =>
    singularValues(
      matrix(9, (i, j) => i + j * j),
      9,
      stop,
    ),
  ).toThrow('stop');
});
