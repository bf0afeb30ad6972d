import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ridgeLogDet } from '../../src/spectral/log-det';
import {
  buresDistance,
  debiasedLinearCka,
  logDetSplit,
  spanCoordinates,
  steinDivergence,
  subspaceOverlap,
} from '../../src/spectral/two-sample';

function diagonal(values: readonly number[]): Float64Array {
  const d = values.length;
  return Float64Array.from({ length: d * d }, (_, k) => (k % (d + 1) === 0 ? values[k / (d + 1)] : 0));
}

/** X^T X / n of seeded rows. */
function covariance(n: number, d: number, seed: number): Float64Array {
  const x = rows(n, d, seed);
  return Float64Array.from({ length: d * d }, (_, k) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += x[i * d + Math.floor(k / d)] * x[i * d + (k % d)];
    return sum / n;
  });
}

/** Normal rows, by Box and Muller over a small generator. */
function rows(n: number, d: number, seed: number): Float64Array {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    let h = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32 + 2 ** -33;
  };
  return Float64Array.from({ length: n * d }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

const positive = fc.array(fc.tuple(fc.double({ min: 0.01, max: 10, noNaN: true }), fc.double({ min: 0.01, max: 10, noNaN: true })), {
  minLength: 1,
  maxLength: 8,
});

describe('diagonal covariances', () => {
  test('Bures^2 = sum (sqrt a - sqrt b)^2, Stein = sum a / b - log(a / b) - 1', () => {
    fc.assert(
      fc.property(positive, (pairs) => {
        const [a, b, d] = [diagonal(pairs.map(([x]) => x)), diagonal(pairs.map(([, y]) => y)), pairs.length];
        const square = pairs.reduce((sum, [x, y]) => sum + (Math.sqrt(x) - Math.sqrt(y)) ** 2, 0);
        expect(Math.abs(buresDistance(a, b, d) ** 2 - square)).toBeLessThan(1e-11);
        const divergence = pairs.reduce((sum, [x, y]) => sum + x / y - Math.log(x / y) - 1, 0);
        expect(Math.abs(steinDivergence(a, b, d, 0) - divergence)).toBeLessThan(1e-11 * (1 + divergence));
      }),
      { seed: 3 },
    );
  });

  test('directions that are not shared: Bures adds the traces', () => {
    expect(buresDistance(diagonal([4, 1, 0, 0]), diagonal([0, 0, 9, 2]), 4)).toBeCloseTo(4, 12);
  });
});

describe('the overlap of two spaces', () => {
  test('is 0 where no direction is shared, 1 where all are, in any basis', () => {
    const axes = (...which: number[]): Float64Array => Float64Array.from(which.flatMap((k) => [0, 1, 2, 3].map((j) => (j === k ? 1 : 0))));
    expect(subspaceOverlap(axes(0, 1), axes(2, 3), 2)).toBe(0);
    expect(subspaceOverlap(axes(0, 1), axes(1, 2), 2)).toBe(0.5);
    const [c, s] = [Math.cos(1), Math.sin(1)];
    expect(subspaceOverlap(axes(0, 1), Float64Array.of(c, s, 0, 0, -s, c, 0, 0), 2)).toBeCloseTo(1, 14);
  });

  test('is the squared cosine of the angle between two lines', () => {
    const angle = 0.3;
    expect(subspaceOverlap(Float64Array.of(1, 0), Float64Array.of(Math.cos(angle), Math.sin(angle)), 1)).toBeCloseTo(
      Math.cos(angle) ** 2,
      14,
    );
  });
});

describe('any covariances', () => {
  test("agree with SciPy's matrix square root and solver", () => {
    // scipy.linalg: sqrtm, solve, slogdet.
    const a = Float64Array.of(4, 2, 0, 2, 5, 3, 0, 3, 6);
    const b = Float64Array.of(2, -1, 0.5, -1, 3, 1, 0.5, 1, 1.5);
    expect(buresDistance(a, b, 3)).toBeCloseTo(1.9838626049925638, 11);
    expect(steinDivergence(a, b, 3, 0)).toBeCloseTo(7.760744611093552, 10);
  });

  test('need their upper triangles only, and keep them', () => {
    const [a, b] = [Float64Array.of(4, 2, 0, Number.NaN, 5, 3, Number.NaN, Number.NaN, 6), diagonal([1, 2, 3])];
    const before = a.slice();
    const whole = Float64Array.of(4, 2, 0, 2, 5, 3, 0, 3, 6);
    expect(buresDistance(a, b, 3)).toBe(buresDistance(whole, b, 3));
    expect(steinDivergence(a, b, 3, 1e-6)).toBe(steinDivergence(whole, b, 3, 1e-6));
    expect(a).toEqual(before);
  });

  test('Bures is 0 up to rounding for what a rotation or another order of the columns does not change', () => {
    // sum of the singular values of A^1/2 B^1/2 by a turn of both: the distance of (Q A Q^T, Q B Q^T) is that of (A, B).
    const [a, b] = [covariance(9, 3, 5), covariance(9, 3, 6)];
    const order = [2, 0, 1];
    const permuted = (m: Float64Array): Float64Array => m.map((_, k) => m[order[Math.floor(k / 3)] * 3 + order[k % 3]]);
    expect(buresDistance(permuted(a), permuted(b), 3)).toBeCloseTo(buresDistance(a, b, 3), 12);
  });

  test('a singular B without a ridge has no Stein divergence', () => {
    expect(() => steinDivergence(diagonal([1, 1]), diagonal([1, 0]), 2, 0)).toThrow(RangeError);
  });

  test('exactly 0 for the same matrix, also a singular one; Bures is symmetric, Stein is not', () => {
    for (const [n, d] of [
      [40, 12],
      [5, 12],
    ]) {
      const s = covariance(n, d, 7);
      expect(buresDistance(s, s, d)).toBe(0);
      expect(steinDivergence(s, s, d, 1e-6)).toBe(0);
    }
    const [a, b] = [covariance(40, 12, 1), covariance(40, 12, 2)];
    expect(buresDistance(a, b, 12)).toBeCloseTo(buresDistance(b, a, 12), 12);
    expect(Math.abs(steinDivergence(a, b, 12, 0) - steinDivergence(b, a, 12, 0))).toBeGreaterThan(0.01);
  });

  test('Stein grows as the second collapses, and little as the first does', () => {
    const [whole, flat] = [diagonal([1, 1, 1]), diagonal([1, 1, 1e-9])];
    expect(steinDivergence(whole, flat, 3, 0)).toBeGreaterThan(1e8);
    expect(steinDivergence(flat, whole, 3, 0)).toBeLessThan(25);
  });
});

test('the log-determinant splits into scale and shape', () => {
  fc.assert(
    fc.property(positive, (pairs) => {
      const d = pairs.length;
      const a = Float64Array.from(pairs, ([x]) => x);
      const b = Float64Array.from(pairs, ([, y]) => y);
      const { total, scale, shape } = logDetSplit(a, b, d, 1e-6);
      const ridge = (l: Float64Array): number => (1e-6 * l.reduce((s, v) => s + v, 0)) / d;
      expect(total).toBeCloseTo(ridgeLogDet(b, d, ridge(b)) - ridgeLogDet(a, d, ridge(a)), 9);
      expect(scale + shape).toBe(total);
    }),
    { seed: 4 },
  );
  const halved = logDetSplit(Float64Array.of(4, 2), Float64Array.of(2, 1), 2, 1e-6);
  expect(halved.shape).toBeCloseTo(0, 12);
  expect(halved.scale).toBeCloseTo(-2 * Math.log(2), 12);
});

describe('debiased linear CKA', () => {
  function cka(x: Float64Array, y: Float64Array, n: number, d: number): number | null {
    const entry = (i: number, j: number): number => (j < d ? x[i * d + j] : y[i * d + j - d]);
    const gram = Float64Array.from({ length: 4 * d * d }, (_, k) => {
      const [j, l] = [Math.floor(k / (2 * d)), k % (2 * d)];
      if (l < j) return Number.NaN;
      let sum = 0;
      for (let i = 0; i < n; i++) sum += entry(i, j) * entry(i, l);
      return sum;
    });
    return debiasedLinearCka(x, y, n, d, gram);
  }

  /** Song 2012, eq. 5, in the most literal way: n x n kernels with a zero diagonal. */
  function literal(x: Float64Array, y: Float64Array, n: number, d: number): number {
    const kernel = (z: Float64Array): number[][] =>
      Array.from({ length: n }, (_, i) =>
        Array.from({ length: n }, (_, j) => {
          let dot = 0;
          for (let c = 0; c < d; c++) dot += z[i * d + c] * z[j * d + c];
          return i === j ? 0 : dot;
        }),
      );
    const hsic = (k: number[][], l: number[][]): number => {
      const sums = (m: number[][]): number[] => m.map((row) => row.reduce((s, v) => s + v, 0));
      const [ks, ls] = [sums(k), sums(l)];
      const all = (v: number[]): number => v.reduce((s, w) => s + w, 0);
      const trace = all(k.map((row, i) => all(row.map((v, j) => v * l[j][i]))));
      const product = all(ks.map((v, i) => v * ls[i]));
      return (trace + (all(ks) * all(ls)) / ((n - 1) * (n - 2)) - (2 * product) / (n - 2)) / (n * (n - 3));
    };
    const [k, l] = [kernel(x), kernel(y)];
    return hsic(k, l) / Math.sqrt(hsic(k, k) * hsic(l, l));
  }

  test('equals its definition with n x n kernels, few rows or many, and does not see the means', () => {
    for (const [n, d] of [
      [6, 9],
      [30, 4],
    ]) {
      const x = rows(n, d, 11);
      const noise = rows(n, d, 12);
      const y = x.map((v, k) => 0.7 * v + 0.5 * noise[k]);
      const found = cka(x, y, n, d)!;
      expect(found).toBeCloseTo(literal(x, y, n, d), 11);
      expect(
        cka(
          x.map((v) => v + 3),
          y.map((v) => v - 1),
          n,
          d,
        ),
      ).toBeCloseTo(found, 9);
    }
  });

  test('1 for the same rows at any scale and in any basis; near 0 for unrelated rows, even with fewer rows than columns', () => {
    const [n, d] = [20, 60];
    const x = rows(n, d, 21);
    expect(cka(x, x, n, d)).toBeCloseTo(1, 12);
    const reversed = x.map((_, k) => 5 * x[Math.floor(k / d) * d + (d - 1 - (k % d))]);
    expect(cka(x, reversed, n, d)).toBeCloseTo(1, 12);
    let mean = 0;
    for (let t = 0; t < 40; t++) mean += cka(rows(n, d, 100 + t), rows(n, d, 900 + t), n, d)! / 40;
    expect(Math.abs(mean)).toBeLessThan(0.12);
  });

  test('null with too few rows, and where the rows of one side are all equal', () => {
    expect(cka(rows(3, 2, 1), rows(3, 2, 2), 3, 2)).toBeNull();
    expect(cka(rows(8, 2, 1), new Float64Array(16), 8, 2)).toBeNull();
  });
});

test('coordinates in the span keep every inner product, dependent and repeated vectors included', () => {
  const [n, d] = [7, 30];
  const x = rows(n, d, 31);
  for (let j = 0; j < d; j++) x[3 * d + j] = 2 * x[j] - x[d + j];
  x.copyWithin(5 * d, 2 * d, 3 * d);
  x.fill(0, 6 * d);
  const dot = (z: Float64Array, width: number, i: number, j: number): number => {
    let sum = 0;
    for (let c = 0; c < width; c++) sum += z[i * width + c] * z[j * width + c];
    return sum;
  };
  const gram = Float64Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    return j < i ? Number.NaN : dot(x, d, i, j);
  });
  const { coordinates, rank } = spanCoordinates(gram, n);
  expect(rank).toBe(4);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) expect(dot(coordinates, rank, i, j)).toBeCloseTo(dot(x, d, i, j), 11);
  expect(coordinates.subarray(5 * rank, 6 * rank)).toEqual(coordinates.subarray(2 * rank, 3 * rank));
  expect(spanCoordinates(new Float64Array(9), 3)).toEqual({ coordinates: new Float64Array(0), rank: 0 });
});
