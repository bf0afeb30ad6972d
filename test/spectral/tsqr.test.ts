import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normal, uniform } from '../../src/spectral/random';
import { singularValues } from '../../src/spectral/singular-values';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { addRows, centredFactor, emptyFactor, meanOf, mergeFactors, type TriangularFactor, uncentredFactor } from '../../src/spectral/tsqr';

/** The factor of x, n x d, taken in blocks of the given length. */
function factorOf(x: Float64Array, d: number, block = Number.POSITIVE_INFINITY): TriangularFactor {
  const factor = emptyFactor(d);
  const n = x.length / d;
  for (let first = 0; first < n; first += block) addRows(factor, x.subarray(first * d), Math.min(block, n - first));
  return factor;
}

const centredValues = (f: TriangularFactor): Float64Array => singularValues(centredFactor(f), f.columns);
const uncentredValues = (f: TriangularFactor): Float64Array => singularValues(uncentredFactor(f), f.columns);

const gaussian = (n: number, d: number, seed: number): Float64Array => Float64Array.from({ length: n * d }, normal(uniform(seed)));

/** X^T X, d x d, each entry summed in order. */
function gramOf(x: Float64Array, d: number): Float64Array {
  const gram = new Float64Array(d * d);
  for (let row = 0; row < x.length; row += d) {
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) gram[i * d + j] += x[row + i] * x[row + j];
  }
  return gram;
}

function centred(x: Float64Array, d: number): Float64Array {
  const n = x.length / d;
  const mean = new Float64Array(d);
  x.forEach((v, k) => {
    mean[k % d] += v / n;
  });
  return x.map((v, k) => v - mean[k % d]);
}

function expectWithin(found: ArrayLike<number>, exact: ArrayLike<number>, error: number): void {
  expect(found.length).toBe(exact.length);
  expect(Math.max(0, ...Array.from(exact, (x, i) => Math.abs(found[i] - x)))).toBeLessThanOrEqual(error);
}

/**
 * W diag(s) V with every entry exact, for d a power of two and s of powers of two that span 48 bits or less: W is d columns of the n x n
 * matrix of Walsh and Hadamard, all but the constant one, and V the d x d one. The column means are 0 and the singular values
 * sqrt(n d) s.
 */
function walsh(n: number, s: readonly number[]): Float64Array {
  const d = s.length;
  const sign = (i: number, j: number): number => {
    let odd = 0;
    for (let bits = i & j; bits !== 0; bits &= bits - 1) odd ^= 1;
    return odd === 1 ? -1 : 1;
  };
  const x = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < d; l++) {
      const scaled = sign(i, l + 1) * s[l];
      for (let j = 0; j < d; j++) x[i * d + j] += scaled * sign(l, j);
    }
  }
  return x;
}

const powersOfTwo = (d: number, last: number): number[] => Array.from({ length: d }, (_, i) => 2 ** Math.round((last * i) / (d - 1)));

describe('a tail that the Gram matrix loses', () => {
  test.each([
    [16, 1000],
    [32, 2048],
    [64, 300],
  ])('singular values from 1 to 2^-46 (1.4e-14) of 2048 x %i, in blocks of %i rows', (d, block) => {
    const s = powersOfTwo(d, -46);
    const factor = factorOf(walsh(2048, s), d, block);
    const size = Math.sqrt(2048 * d);
    const exact = s.map((v) => v * size);
    expectWithin(centredValues(factor), exact, 10 * Math.sqrt(d) * Number.EPSILON * size);
    expectWithin(uncentredValues(factor), exact, 10 * Math.sqrt(d) * Number.EPSILON * size);
  });

  test('1e-12 of the largest is right to one part in a thousand, where the Gram matrix has nothing', () => {
    const s = powersOfTwo(16, -40);
    const x = walsh(1024, s);
    const exact = s[15] * Math.sqrt(1024 * 16);
    expect(s[15]).toBeLessThan(1e-12);
    expect(Math.abs(centredValues(factorOf(x, 16))[15] / exact - 1)).toBeLessThan(1e-3);
    const squares = symmetricEigenvalues(gramOf(x, 16), 16);
    expect(Math.abs(Math.sqrt(Math.max(0, squares[15])) / exact - 1)).toBeGreaterThan(0.5);
  });
});

test('T^T T is the scatter, the uncentred factor gives X^T X, and the mean is the mean, for any rows', () => {
  const entry = fc.double({ min: -10, max: 10, noNaN: true });
  const rows = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }))
    .chain(([n, d, block]) => fc.tuple(fc.constant(d), fc.constant(block), fc.array(entry, { minLength: n * d, maxLength: n * d })));
  fc.assert(
    fc.property(rows, ([d, block, entries]) => {
      const x = Float64Array.from(entries);
      const factor = factorOf(x, d, block);
      const gram = gramOf(x, d);
      // The second term for products among the subnormals.
      const error = 1e-13 * Math.max(...gram) + 1e-320;
      const n = x.length / d;
      const y = centred(x, d);
      expect(factor.rows).toBe(n);
      expectWithin(
        meanOf(factor),
        Array.from({ length: d }, (_, j) => x[j] - y[j]),
        1e-14 * Math.max(...x.map(Math.abs)) + 1e-320,
      );
      expectWithin(gramOf(centredFactor(factor), d), gramOf(y, d), error);
      expectWithin(gramOf(uncentredFactor(factor), d), gram, error);
      for (const t of [centredFactor(factor), uncentredFactor(factor)]) {
        expect(t.every((v, k) => k % d >= Math.floor(k / d) || v === 0)).toBe(true);
      }
    }),
    { numRuns: 10_000, seed: 11 },
  );
});

test('however the rows are cut into blocks, and merged in any order, the singular values are the same', () => {
  const [n, d] = [700, 21];
  const x = gaussian(n, d, 2).map((v, k) => v * 10 ** (-(k % d) / 3) + 1);
  const whole = factorOf(x, d);
  const exact = { centred: centredValues(whole), uncentred: uncentredValues(whole) };
  const halves = factorOf(x.subarray(400 * d), d);
  mergeFactors(halves, factorOf(x.subarray(0, 400 * d), d));
  const alone = emptyFactor(d);
  mergeFactors(alone, whole);
  for (const factor of [halves, alone, ...[1, 7, 128, 129, 333].map((block) => factorOf(x, d, block))]) {
    expect(factor.rows).toBe(n);
    expectWithin(centredValues(factor), exact.centred, 1e-13 * exact.centred[0]);
    expectWithin(uncentredValues(factor), exact.uncentred, 1e-13 * exact.uncentred[0]);
  }
});

test.each([
  [500, 40],
  [130, 200],
])('centred and not, against the eigenvalues of the products: %i rows, %i columns', (n, d) => {
  const x = gaussian(n, d, 4).map((v, k) => v + (k % d) / d);
  const factor = factorOf(x, d);
  for (const [found, rows] of [
    [centredValues(factor), centred(x, d)],
    [uncentredValues(factor), x],
  ]) {
    const squares = symmetricEigenvalues(gramOf(rows, d), d);
    expectWithin(
      found.map((s) => s * s),
      squares,
      1e-13 * squares[0],
    );
  }
  expectWithin(
    meanOf(factor),
    x.subarray(0, d).map((v, j) => v - centred(x, d)[j]),
    1e-14,
  );
});

test('fewer rows than columns: n - 1 singular values about the mean, n about the origin, the others rounding', () => {
  const [n, d] = [6, 50];
  const factor = factorOf(gaussian(n, d, 9), d, 4);
  for (const [values, rank] of [
    [centredValues(factor), n - 1],
    [uncentredValues(factor), n],
  ] as const) {
    expect(values[rank - 1]).toBeGreaterThan(1);
    expectWithin(values.subarray(rank), new Float64Array(d - rank), 1e-14 * values[0]);
  }
});

describe('degenerate rows', () => {
  test('none, and zeros', () => {
    expect([...centredValues(emptyFactor(3))]).toEqual([0, 0, 0]);
    const zero = factorOf(new Float64Array(600), 3);
    expect([...centredValues(zero)]).toEqual([0, 0, 0]);
    expect([...uncentredValues(zero)]).toEqual([0, 0, 0]);
    expect([...meanOf(zero)].map(Math.abs)).toEqual([0, 0, 0]);
  });

  test('all rows equal: one singular value, sqrt(n) times the length of the row, and nothing about the mean', () => {
    const [n, row] = [500, [3, -4, 12]];
    const factor = factorOf(
      Float64Array.from({ length: n * 3 }, (_, k) => row[k % 3]),
      3,
    );
    const length = 13 * Math.sqrt(n);
    expectWithin(uncentredValues(factor), [length, 0, 0], 20 * Number.EPSILON * length);
    expectWithin(centredValues(factor), [0, 0, 0], 20 * Number.EPSILON * length);
  });
});

test('a mean of 2^27 spreads costs eps |mean| sqrt(n), where subtracting products keeps no digit', () => {
  const [n, d, mean] = [1024, 16, 2 ** 27];
  const s = powersOfTwo(d, -8);
  // Still exact: entries are multiples of 2^-8 below 2^28.
  const x = walsh(n, s).map((v) => v + mean);
  const factor = factorOf(x, d);
  const exact = s.map((v) => v * Math.sqrt(n * d));
  const length = mean * Math.sqrt(d) * Math.sqrt(n);
  expectWithin(centredValues(factor), exact, Number.EPSILON * length);
  expectWithin(meanOf(factor), new Float64Array(d).fill(mean), 20 * Number.EPSILON * mean);
  // So that here even the smallest keeps four digits.
  expect((Number.EPSILON * length) / exact[d - 1]).toBeLessThan(1e-5);

  const scatter = gramOf(x, d).map((v, k) => v - n * meanOf(factor)[Math.floor(k / d)] * meanOf(factor)[k % d]);
  expect(Math.abs(symmetricEigenvalues(scatter, d)[0] / exact[0] ** 2 - 1)).toBeGreaterThan(0.5);
});

test.each([1e150, 1e-200])('entries of size %d neither overflow nor vanish', (scale) => {
  const [n, d] = [300, 10];
  const x = gaussian(n, d, 12).map((v, k) => v + (k % d));
  const plain = factorOf(x, d);
  const scaled = factorOf(
    x.map((v) => v * scale),
    d,
  );
  for (const values of [centredValues, uncentredValues]) {
    const exact = values(plain);
    expectWithin(
      values(scaled).map((v) => v / scale),
      exact,
      1e-13 * exact[0],
    );
  }
});

test('what is not finite, and what does not match, is refused', () => {
  for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY]) {
    for (const at of [0, 7, 14]) {
      const x = gaussian(5, 3, 1);
      x[at] = bad;
      expect(() => factorOf(x, 3)).toThrow('not finite');
    }
  }
  expect(() => mergeFactors(emptyFactor(3), emptyFactor(4))).toThrow('3 and 4 columns');
});

test('stops when told to', () => {
  let polls = 0;
  const stop = (): void => {
    if (++polls === 3) throw new Error('stop');
  };
  expect(() => addRows(emptyFactor(20), gaussian(300, 20, 1), 300, stop)).toThrow('stop');
});
