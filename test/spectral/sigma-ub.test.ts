import { describe, expect, test } from 'vitest';
import { ridgeLogDet } from '../../src/spectral/log-det';
import { gaussianBias, sigmaUb, trackOneUpperBound, trackTwoHalfWidth } from '../../src/spectral/sigma-ub';

describe('Algorithm 1', () => {
  test('every row observed: Track II only', () => {
    const s = sigmaUb(Float64Array.of(6, 3, 1), 10, 10, 3, 1e-3, 1);
    expect(s).toMatchObject({ n_A: 10, n_k: 10, m: 3, beta: 0, G_KF: null });
    expect(s.S).toBeCloseTo(Math.log(6.001) + Math.log(3.001) + Math.log(1.001), 12);
    expect(s.U_cov).toBeCloseTo(s.S - 3 * Math.log(10), 12);
    expect(trackOneUpperBound(s)).toBe(s.S);
  });

  test('G_KF is the two log-determinants it stands for (eqs 3.16-3.18)', () => {
    const l = Float64Array.of(6, 3, 1);
    const s = sigmaUb(l, 10, 25, 3, 1e-3, 1);
    expect(s.beta).toBe(15);
    expect(s.G_KF).toBeCloseTo(ridgeLogDet(l, 3, 15.001) - 3 * Math.log(15.001), 12);
    expect(trackOneUpperBound(s)).toBeCloseTo(ridgeLogDet(l, 3, 15.001), 12);
  });

  test('orthonormal rows: U_cov at delta = 0 is -d log d (R1), and that is its ceiling', () => {
    const d = 384;
    const s = sigmaUb(new Float64Array(d).fill(1), d, d, d, 0, 1);
    expect(s.U_cov).toBeCloseTo(-2285.05, 2);
  });

  test('G_KF of unit rows has almost no dynamic range: [0.6931, 0.9987] for n_A = 500 of 1000, m = 384', () => {
    const [n, m] = [500, 384];
    const collapsed = sigmaUb(Float64Array.of(n), n, 2 * n, m, 1e-3, 1);
    const even = sigmaUb(new Float64Array(m).fill(n / m), n, 2 * n, m, 1e-3, 1);
    expect(collapsed.G_KF).toBeCloseTo(Math.log(2), 4);
    expect(even.G_KF).toBeCloseTo(0.9987, 4);
  });
});

describe('Track II as an interval', () => {
  const of = (n_A: number, n_k: number, m: number) => sigmaUb(Float64Array.of(1), n_A, n_k, m, 1e-3, 1);

  test('half-width (eq. 3.8)', () => {
    expect(trackTwoHalfWidth(of(400, 1600, 3), 10, 2)).toBeCloseTo(20 * Math.sqrt(1 / 400 - 1 / 1600), 12);
    expect(trackTwoHalfWidth(of(400, 400, 3), 10, 2)).toBe(0);
  });

  test('the bias it ignores: -215.25 nats at n = 500, m = 384, -85.79 at 1000, within the large-m form', () => {
    expect(Math.abs(gaussianBias(of(500, 1e9, 384)) + 215.25)).toBeLessThan(1);
    expect(Math.abs(gaussianBias(of(1000, 1e9, 384)) + 85.79)).toBeLessThan(1);
    expect(gaussianBias(of(500, 500, 384))).toBe(0);
    expect(gaussianBias(of(300, 1000, 384))).toBe(Number.NEGATIVE_INFINITY);
  });
});
