import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveRank, participationRatio } from '../../src/spectral/effective-rank';
import {
  conditionNumberBounds,
  countAboveBounds,
  effectiveRankBounds,
  eigenvalueBounds,
  smallestEigenvalueFromLogDet,
} from '../../src/spectral/moment-bounds';
import { adversarialSpectrum, momentsOf, unit } from './adversarial-spectra';

function entropyOf(l: Float64Array): number {
  const sum = l.reduce((s, x) => s + x, 0);
  return l.reduce((h, x) => h - (x / sum > 0 ? (x / sum) * Math.log(x / sum) : 0), 0);
}

test('no bound excludes the truth', () => {
  fc.assert(
    fc.property(adversarialSpectrum, unit, (l, at) => {
      const moments = momentsOf(l);
      const { d, trace } = moments;
      for (let k = 1; k <= d; k++) {
        const { lower, upper } = eigenvalueBounds(moments, k);
        if (!(lower! <= l[k - 1] && l[k - 1] <= upper!)) throw new Error(`l_${k} = ${l[k - 1]} outside [${lower}, ${upper}]`);
      }
      const kappa = conditionNumberBounds(moments).lower!;
      if (!(kappa <= (l[0] / l[d - 1]) * (1 + 1e-15))) throw new Error(`condition ${l[0] / l[d - 1]} below ${kappa}`);

      const rank = effectiveRankBounds(moments);
      const truth = Math.min(d, Math.max(1, Math.exp(entropyOf(l))));
      if (!(rank.lower! <= truth && truth <= rank.upper!)) throw new Error(`${truth} outside [${rank.lower}, ${rank.upper}]`);

      // Just below an eigenvalue the count jumps; at zero it is the rank.
      for (const tau of [0, at * l[0], l[Math.floor(at * (d - 1))] * (1 - 1e-15), (at * trace) / d]) {
        const { lower } = countAboveBounds(moments, tau);
        const count = l.filter((x) => x > tau).length;
        if (!(lower! <= count)) throw new Error(`${count} above ${tau}, bound ${lower}`);
      }
      const logDet = l.reduce((s, x) => s + Math.log(x), 0);
      const smallest = smallestEigenvalueFromLogDet(d, trace, logDet);
      if (!(smallest.lower! <= l[d - 1] && l[d - 1] <= smallest.upper!)) {
        throw new Error(`l_min = ${l[d - 1]} outside [${smallest.lower}, ${smallest.upper}]`);
      }
    }),
    { numRuns: 60_000, seed: 20260102 },
  );
}, 30_000);

describe('eigenvalues', () => {
  test('the sharp lower side of l_max is attained by k equal ones and a remainder', () => {
    expect(eigenvalueBounds(momentsOf([3, 3, 3, 1.2, 0, 0]), 1).lower).toBeCloseTo(3, 9);
    expect(eigenvalueBounds(momentsOf([7]), 1).lower).toBeCloseTo(7, 9);
    expect(eigenvalueBounds(momentsOf([2, 2, 0]), 1).lower).toBeCloseTo(2, 9);
  });

  test('Wolkowicz and Styan are attained by two levels', () => {
    const l = [5, 2, 2, 2];
    expect(eigenvalueBounds(momentsOf(l), 1).upper).toBeCloseTo(5, 9);
    for (const k of [2, 3, 4]) expect(eigenvalueBounds(momentsOf([2, 2, 2, 2].fill(5, 0, k - 1)), k).lower).toBeCloseTo(2, 9);
    for (const k of [1, 2, 3]) expect(eigenvalueBounds(momentsOf([2, 2, 2, 2].fill(5, 0, k)), k).upper).toBeCloseTo(5, 9);
    expect(eigenvalueBounds(momentsOf([5, 5, 5, 1]), 4).lower).toBeCloseTo(1, 9);
    expect(eigenvalueBounds(momentsOf(l), 4).upper).toBeCloseTo(2, 9);
  });

  test('T / k is better than Wolkowicz and Styan for few eigenvalues', () => {
    expect(eigenvalueBounds({ d: 4, trace: 1, squares: 1 }, 2).upper).toBeCloseTo(1 / 2, 9);
  });

  test('a multiple of I is known to about 1e-6', () => {
    const { lower, upper } = eigenvalueBounds(momentsOf(new Float64Array(10).fill(3)), 10);
    expect(lower).toBeGreaterThan(3 - 3e-5);
    expect(upper).toBeLessThan(3 + 1e-9);
  });

  test('the zero matrix, and moments that are none', () => {
    expect(eigenvalueBounds({ d: 3, trace: 0, squares: 0 }, 2)).toEqual({ lower: 0, upper: 0 });
    expect(conditionNumberBounds({ d: 3, trace: 0, squares: 0 }).lower).toBeNull();
    expect(() => eigenvalueBounds({ d: 3, trace: 1, squares: 2 }, 1)).toThrow(RangeError);
    expect(() => eigenvalueBounds({ d: 3, trace: 3, squares: 1 }, 1)).toThrow(RangeError);
    expect(() => eigenvalueBounds({ d: 3, trace: 1e-160, squares: 0 }, 1)).toThrow(RangeError);
    expect(() => eigenvalueBounds({ d: 3, trace: Number.NaN, squares: 1 }, 1)).toThrow(RangeError);
    expect(() => effectiveRankBounds({ d: 3, trace: 0, squares: 0 })).toThrow(RangeError);
    expect(() => countAboveBounds({ d: 3, trace: 1, squares: 1 }, -1)).toThrow(RangeError);
  });
});

describe('effective rank', () => {
  test('d = 384: a participation ratio of 50 gives [50, 255.6], 10 gives [10, 110.1]', () => {
    const of = (pr: number) => effectiveRankBounds({ d: 384, trace: 1, squares: 1 / pr });
    expect(of(50).lower).toBeCloseTo(50, 4);
    expect(of(50).upper).toBeCloseTo(255.6, 1);
    expect(of(10).lower).toBeCloseTo(10, 4);
    expect(of(10).upper).toBeCloseTo(110.1, 1);
  });

  test('both sides are attained', () => {
    const least = Float64Array.of(3, 3, 3, 1.2, 0, 0);
    const most = Float64Array.of(4, 1, 1, 1, 1, 1);
    expect(effectiveRankBounds(momentsOf(least)).lower).toBeCloseTo(effectiveRank(least), 9);
    expect(effectiveRankBounds(momentsOf(most)).upper).toBeCloseTo(effectiveRank(most), 9);
  });
});

test('counts: two levels attain Cantelli, and the rank is at least the participation ratio', () => {
  expect(countAboveBounds(momentsOf([5, 5, 5, 2, 2, 2]), 2).lower).toBe(3);
  const l = Float64Array.from({ length: 100 }, (_, i) => 1 / (i + 1));
  expect(countAboveBounds(momentsOf(l), 0).lower).toBe(Math.ceil(participationRatio(l)));
  expect(countAboveBounds(momentsOf(l), 0.06).lower).toBe(0);
});

test('the condition number of two levels from one small eigenvalue', () => {
  const { lower } = conditionNumberBounds(momentsOf([1, 1e-3]));
  expect(lower).toBeCloseTo(1000, 3);
});

test('l_min from the determinant is attained: d - 1 equal others tend to the lower side, all equal to the upper', () => {
  const { lower } = smallestEigenvalueFromLogDet(4, 3 + 1e-9, Math.log(1e-9));
  expect(lower! / 1e-9).toBeCloseTo(1, 7);
  expect(smallestEigenvalueFromLogDet(5, 10, 5 * Math.log(2)).upper).toBeCloseTo(2, 10);
  expect(() => smallestEigenvalueFromLogDet(5, 0, 0)).toThrow(RangeError);
});
