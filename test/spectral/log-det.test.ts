import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codingLogDet, effectiveDimension, logSphericity, ridgeLogDet } from '../../src/spectral/log-det';

test('eigenvalues that are not listed count as zero', () => {
  expect(ridgeLogDet(Float64Array.of(1, 3), 4, 0.5)).toBeCloseTo(Math.log(1.5) + Math.log(3.5) + 2 * Math.log(0.5), 12);
  expect(ridgeLogDet(Float64Array.of(1, -1e-18), 2, 1e-3)).toBeCloseTo(Math.log(1.001) + Math.log(1e-3), 12);
});

describe('coding log-determinant', () => {
  test('orthonormal rows: d log(1 + alpha / d); one direction: log(1 + alpha) (R1)', () => {
    expect(codingLogDet(new Float64Array(6).fill(1 / 6), 12)).toBeCloseTo(6 * Math.log(3), 12);
    expect(codingLogDet(Float64Array.of(1, 0, 0), 9)).toBeCloseTo(Math.log(10), 12);
  });

  test('d_eff is its derivative by log alpha', () => {
    const l = Float64Array.from({ length: 50 }, (_, i) => (i + 1) ** -1.3);
    const h = 1e-5;
    const slope = (codingLogDet(l, 7 * Math.exp(h)) - codingLogDet(l, 7 * Math.exp(-h))) / (2 * h);
    expect(effectiveDimension(l, 7)).toBeCloseTo(slope, 7);
  });
});

describe('sphericity', () => {
  test('0 when even, whatever the scale; two levels in closed form', () => {
    expect(logSphericity(new Float64Array(9).fill(42), 9, 1e-6)).toBeCloseTo(0, 12);
    const [a, b, p, d] = [3, 0.5, 4, 10];
    const l = Float64Array.from({ length: d }, (_, i) => (i < p ? a : b));
    const m = (p * a + (d - p) * b) / d;
    expect(logSphericity(l, d, 0)).toBeCloseTo(p * Math.log(a / m) + (d - p) * Math.log(b / m), 12);
  });

  test('never positive, and scale-free', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 30 }), (values) => {
        const l = Float64Array.from(values);
        const shape = logSphericity(l, l.length, 1e-6);
        expect(shape).toBeLessThanOrEqual(1e-9);
        expect(
          logSphericity(
            l.map((x) => 1000 * x),
            l.length,
            1e-6,
          ),
        ).toBeCloseTo(shape, 8);
      }),
    );
  });
});
