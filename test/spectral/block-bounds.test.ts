import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockEntropyBounds, blockLogDetBounds } from '../../src/spectral/block-bounds';
import { codingLogDet } from '../../src/spectral/log-det';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';

function gram(rows: readonly (readonly number[])[], d: number): Float64Array {
  return Float64Array.from({ length: d * d }, (_, k) => rows.reduce((s, x) => s + x[Math.floor(k / d)] * x[k % d], 0));
}

/** Eigenvalues, rounding below zero taken as zero. */
function eigen(rows: readonly (readonly number[])[], d: number): Float64Array {
  return symmetricEigenvalues(gram(rows, d), d).map((l) => Math.max(0, l));
}

function entropyOf(l: Float64Array): number {
  const sum = l.reduce((s, x) => s + x, 0);
  return l.reduce((h, x) => h - (x / sum > 0 ? (x / sum) * Math.log(x / sum) : 0), 0);
}

const d = 3;
const row = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: d, maxLength: d });
/** Blocks of different sizes; some are copies of the first, where the lower sides are attained, some have one direction each. */
const blocks = fc
  .tuple(
    fc.constantFrom('any', 'copies', 'orthogonal', 'unit'),
    fc.array(fc.array(row, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
  )
  .map(([kind, list]) => {
    switch (kind) {
      case 'copies':
        return list.map(() => list[0]);
      case 'orthogonal':
        return list.map((block, b) => block.map((x) => x.map((v, j) => (j === b % d ? v : 0))));
      case 'unit':
        return list.map((block) => block.map((x) => x.map((v) => v / (Math.hypot(...x) || 1))));
      default:
        return list;
    }
  });

describe('log-determinant', () => {
  test('equal blocks attain the lower side, orthogonal ones the upper', () => {
    const c = 5;
    const count = 3;
    const l = Float64Array.of(2, 1, 0.5);
    const whole = l.map((x) => count * x);
    const inflated = codingLogDet(l, c * count);
    const equal = blockLogDetBounds(new Float64Array(count).fill(inflated), new Float64Array(count).fill(codingLogDet(l, c)));
    expect(equal.lower).toBeCloseTo(codingLogDet(whole, c), 10);
    expect(equal.lower).toBeLessThanOrEqual(codingLogDet(whole, c));

    const one = (x: number) => Math.log1p(c * x);
    const plain = Float64Array.from(l, one);
    const orthogonal = blockLogDetBounds(
      Float64Array.from(l, (x) => one(count * x)),
      plain,
    );
    expect(orthogonal.upper).toBeCloseTo(codingLogDet(l, c), 10);
    expect(orthogonal.upper).toBeGreaterThanOrEqual(codingLogDet(l, c));
  });

  test('one block is the value', () => {
    const { lower, upper } = blockLogDetBounds(Float64Array.of(7), Float64Array.of(7));
    expect(lower).toBeCloseTo(7, 10);
    expect(upper).toBeCloseTo(7, 10);
  });

  test('a block of all the weight is better than the mean', () => {
    expect(blockLogDetBounds(Float64Array.of(Math.log(3), 0), Float64Array.of(Math.log(2), 0)).lower).toBeCloseTo(Math.log(2), 10);
  });

  test('refuses no block and unequal lengths', () => {
    expect(() => blockLogDetBounds(new Float64Array(0), new Float64Array(0))).toThrow(RangeError);
    expect(() => blockLogDetBounds(new Float64Array(1), new Float64Array(2))).toThrow(RangeError);
  });

  test('holds for any blocks', () => {
    fc.assert(
      fc.property(blocks, fc.integer({ min: -3, max: 3 }), (list, power) => {
        const c = 10 ** power;
        const spectra = list.map((rows) => eigen(rows, d));
        const { lower, upper } = blockLogDetBounds(
          Float64Array.from(spectra, (l) => codingLogDet(l, c * list.length)),
          Float64Array.from(spectra, (l) => codingLogDet(l, c)),
        );
        const truth = codingLogDet(eigen(list.flat(), d), c);
        // Eigenvalues that should be zero are rounding, which c up to 1e3 makes visible.
        const tolerance = 1e-14 * (1 + c) * list.length;
        if (!(lower <= truth + tolerance && truth - tolerance <= upper)) throw new Error(`${truth} outside [${lower}, ${upper}]`);
      }),
      { numRuns: 8000, seed: 20260110 },
    );
  });
});

describe('entropy', () => {
  test('equal blocks attain the lower side, orthogonal ones the upper, with log B for equal traces', () => {
    const h = entropyOf(Float64Array.of(3, 1));
    const { lower, upper } = blockEntropyBounds(Float64Array.of(h, h, h), Float64Array.of(4, 4, 4));
    expect(lower).toBeCloseTo(h, 10);
    expect(upper).toBeCloseTo(h + Math.log(3), 10);
    // Pure blocks in orthogonal directions: the entropy of the weights.
    expect(blockEntropyBounds(Float64Array.of(0, 0, 0), Float64Array.of(5, 2, 1)).upper).toBeCloseTo(
      entropyOf(Float64Array.of(5, 2, 1)),
      10,
    );
  });

  test('a block without rows counts for nothing', () => {
    expect(blockEntropyBounds(Float64Array.of(0.5, Number.NaN), Float64Array.of(2, 0)).upper).toBeCloseTo(0.5, 10);
    expect(() => blockEntropyBounds(Float64Array.of(0.5), Float64Array.of(0))).toThrow(RangeError);
    expect(() => blockEntropyBounds(Float64Array.of(0.5), Float64Array.of(1, 1))).toThrow(RangeError);
  });

  test('holds for any blocks, also of different traces', () => {
    fc.assert(
      fc.property(blocks, (list) => {
        const spectra = list.map((rows) => eigen(rows, d));
        const traces = Float64Array.from(spectra, (l) => l.reduce((s, x) => s + x, 0));
        if (!(traces.reduce((s, x) => s + x, 0) > 1e-6)) return;
        const { lower, upper } = blockEntropyBounds(Float64Array.from(spectra, entropyOf), traces);
        const truth = entropyOf(eigen(list.flat(), d));
        // -p log p of rounding, p near eps, is near 1e-14.
        if (!(lower <= truth + 1e-13 && truth - 1e-13 <= upper)) throw new Error(`${truth} outside [${lower}, ${upper}]`);
      }),
      { numRuns: 8000, seed: 20260111 },
    );
  });
});
