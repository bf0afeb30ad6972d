import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arithmeticMeanLogDet, baiGolubLogDet, fischerLogDet, hadamardLogDet, ridgedMoments } from '../../src/spectral/log-det-bounds';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { adversarialSpectrum, momentsOf, unit } from './adversarial-spectra';

const logDetOf = (l: Float64Array): number => l.reduce((s, x) => s + Math.log(x), 0);

function check(truth: number, { lower, upper }: { lower: number | null; upper: number | null }, what: string): void {
  if (lower !== null && !(lower <= truth)) throw new Error(`${what}: ${lower} > ${truth}`);
  if (upper !== null && !(truth <= upper)) throw new Error(`${what}: ${truth} > ${upper}`);
}

test('no bound excludes the truth', () => {
  fc.assert(
    fc.property(adversarialSpectrum, unit, unit, (l, x, y) => {
      const d = l.length;
      const moments = momentsOf(l);
      const truth = logDetOf(l);
      check(truth, arithmeticMeanLogDet(d, moments.trace), 'means');
      check(truth, hadamardLogDet(l), 'Hadamard');
      const small = l[d - 1] * 10 ** (-40 * x ** 4);
      const large = Math.min(1e150, l[0] * 10 ** (20 * y ** 4));
      check(truth, baiGolubLogDet(moments, l[d - 1], l[0]), 'Bai-Golub, exact ends');
      check(truth, baiGolubLogDet(moments, small, large), 'Bai-Golub, rough ends');
      check(truth, baiGolubLogDet(moments, 0, null), 'Bai-Golub, no ends');
      const delta = l[0] * 10 ** (-60 * y ** 2);
      const ridged = l.map((v) => v + delta);
      check(logDetOf(ridged), baiGolubLogDet(ridgedMoments(moments, delta), delta, ridged[0]), 'Bai-Golub, ridge');
    }),
    { numRuns: 45_000, seed: 20260103 },
  );
}, 30_000);

describe('Bai and Golub', () => {
  test('exact on two levels, both sides (R2)', () => {
    for (const [a, b, p, d] of [
      [3, 0.5, 4, 10],
      [1e6, 1e-6, 1, 5],
      [2, 1, 383, 384],
    ]) {
      const l = Float64Array.from({ length: d }, (_, i) => (i < p ? a : b));
      const { lower, upper } = baiGolubLogDet(momentsOf(l), b, a);
      const truth = p * Math.log(a) + (d - p) * Math.log(b);
      expect(lower).toBeCloseTo(truth, 6);
      // Near a singular matrix T and Q say nothing of the small level to more than their own digits.
      if (b > 1e-3) expect(upper).toBeCloseTo(truth, 6);
      expect(upper! - truth).toBeLessThan(50);
    }
  });

  test('all equal: known to the slack', () => {
    const { lower, upper } = baiGolubLogDet(momentsOf(new Float64Array(20).fill(3)), 3, 3);
    expect(lower).toBeCloseTo(20 * Math.log(3), 9);
    expect(upper).toBeCloseTo(20 * Math.log(3), 9);
  });

  test('equicorrelated and tridiagonal Toeplitz, with their own ends (R3, R4)', () => {
    const [n, r] = [12, 0.4];
    const equicorrelated = baiGolubLogDet({ d: n, trace: n, squares: n * (1 + (n - 1) * r * r) }, 1 - r, 1 + (n - 1) * r);
    const truth = (n - 1) * Math.log(1 - r) + Math.log(1 + (n - 1) * r);
    expect(equicorrelated.lower).toBeCloseTo(truth, 9);
    expect(equicorrelated.upper).toBeCloseTo(truth, 9);

    const end = 2 * Math.cos(Math.PI / (n + 1));
    const toeplitz = baiGolubLogDet({ d: n, trace: 2 * n, squares: 6 * n - 2 }, 2 - end, 2 + end);
    expect(toeplitz.lower).toBeLessThan(Math.log(n + 1));
    expect(toeplitz.upper).toBeGreaterThan(Math.log(n + 1));
    expect(toeplitz.upper).toBeLessThan(arithmeticMeanLogDet(n, 2 * n).upper!);
  });

  test('refuses ends that contradict the moments; opens the lower side without an end', () => {
    const moments = momentsOf([3, 2, 1]);
    expect(() => baiGolubLogDet(moments, 2.5, 3)).toThrow(RangeError);
    expect(() => baiGolubLogDet(moments, 1, 1.5)).toThrow(RangeError);
    expect(() => baiGolubLogDet(momentsOf([9, 0, 0]), 0, 4)).toThrow(RangeError);
    expect(() => baiGolubLogDet({ d: 3, trace: 0, squares: 0 }, 0, 1)).toThrow(RangeError);
    expect(baiGolubLogDet(moments, 0, 3).lower).toBeNull();
  });
});

test('moments of the ridged matrix', () => {
  const { trace, squares } = ridgedMoments(momentsOf([3, 1, 0]), 0.5);
  expect(trace).toBeCloseTo(3.5 + 1.5 + 0.5, 12);
  expect(squares).toBeCloseTo(3.5 ** 2 + 1.5 ** 2 + 0.5 ** 2, 12);
});

describe('Fischer', () => {
  const hilbert = (d: number): Float64Array => Float64Array.from({ length: d * d }, (_, k) => 1 / (Math.floor(k / d) + (k % d) + 1));

  test('one block is the value, blocks of one are Hadamard: Hilbert 5 x 5 has determinant 3.749295e-12 (R4)', () => {
    const h = hilbert(5);
    const whole = fischerLogDet(h, 5, 5).upper!;
    expect(Math.exp(whole)).toBeCloseTo(3.749295e-12, 16);
    expect(whole).toBeGreaterThan(Math.log(3.749295132e-12));
    const diagonal = fischerLogDet(h, 5, 1).upper!;
    expect(diagonal).toBeCloseTo(-Math.log(1 * 3 * 5 * 7 * 9), 9);
    const pairs = fischerLogDet(h, 5, 2).upper!;
    expect(pairs).toBeGreaterThan(whole);
    expect(pairs).toBeLessThan(diagonal);
    expect(pairs).toBeCloseTo(Math.log(1 / 12) + Math.log(1 / 35 - 1 / 36) + Math.log(1 / 9), 9);
  });

  test('stays above the exact determinant of Hilbert matrices beyond working precision', () => {
    // log det H_n = 4 sum_{i<n} log i! - sum_{i<2n} log i!
    const factorials = Array.from({ length: 41 }, () => 0);
    for (let i = 2; i <= 40; i++) factorials[i] = factorials[i - 1] + Math.log(i);
    const sum = (n: number): number => factorials.slice(0, n).reduce((s, x) => s + x, 0);
    for (let n = 2; n <= 20; n++) expect(fischerLogDet(hilbert(n), n, n).upper).toBeGreaterThan(4 * sum(n) - sum(2 * n));
  });

  test('holds for any Gram matrix', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 36, maxLength: 36 }),
        fc.integer({ min: 1, max: 6 }),
        (d, x, blockSize) => {
          const a = Float64Array.from({ length: d * d }, (_, k) => {
            const [i, j] = [Math.floor(k / d), k % d];
            return Array.from({ length: d }, (_, r) => x[r * d + i] * x[r * d + j]).reduce((s, v) => s + v, i === j ? 1e-3 : 0);
          });
          const truth = logDetOf(symmetricEigenvalues(a.slice(), d));
          // The eigenvalues are right to eps |A| / l_min, 1e-11 at most.
          check(truth - 1e-10, fischerLogDet(a, d, blockSize), 'Fischer');
        },
      ),
      { numRuns: 2000, seed: 20260104 },
    );
  });

  test('a block that is not definite falls back to Hadamard', () => {
    expect(fischerLogDet(Float64Array.of(1, 2, 2, 3), 2, 2).upper).toBeCloseTo(Math.log(3), 9);
    expect(hadamardLogDet(Float64Array.of(1, 0)).upper).toBe(Number.NEGATIVE_INFINITY);
  });
});
