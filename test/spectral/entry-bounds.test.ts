import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  cassiniInterval,
  constantRayleighBounds,
  frobeniusInterval,
  gershgorinInterval,
  powerTraceBounds,
} from '../../src/spectral/entry-bounds';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';

function matrix(d: number, entry: (i: number, j: number) => number): Float64Array {
  return Float64Array.from({ length: d * d }, (_, k) => entry(Math.min(Math.floor(k / d), k % d), Math.max(Math.floor(k / d), k % d)));
}

test('equicorrelated: Gershgorin, Cassini and the constant vector meet the top eigenvalue (R3)', () => {
  const [n, r] = [8, 0.3];
  const k = matrix(n, (i, j) => (i === j ? 1 : r));
  const top = 1 + (n - 1) * r;
  for (const { lower, upper } of [gershgorinInterval(k, n), cassiniInterval(k, n)]) {
    expect(upper).toBeCloseTo(top, 12);
    expect(upper).toBeGreaterThanOrEqual(top);
    expect(lower).toBeLessThanOrEqual(1 - r);
  }
  const { lower } = constantRayleighBounds(k, n);
  expect(lower).toBeCloseTo(top, 12);
  expect(lower).toBeLessThanOrEqual(top);
});

test('the slack covers the summation: ten times 0.1 adds up to less than 1', () => {
  // As a double 0.1 exceeds 1/10, so the top eigenvalue exceeds 2.
  const a = matrix(11, (i, j) => (i === j ? 1 : 0.1));
  expect(gershgorinInterval(a, 11).upper).toBeGreaterThan(2);
  expect(cassiniInterval(a, 11).upper).toBeGreaterThan(2);
  expect(frobeniusInterval(1, 4).upper).toBeGreaterThan(2);
});

test('tridiagonal Toeplitz lies in [0, 4]; its eigenvalues are 2 - 2 cos (R4)', () => {
  const d = 9;
  const a = matrix(d, (i, j) => (i === j ? 2 : j === i + 1 ? -1 : 0));
  const { lower, upper } = gershgorinInterval(a, d);
  expect(lower).toBeCloseTo(0, 12);
  expect(upper).toBeCloseTo(4, 12);
  const top = 2 - 2 * Math.cos((d * Math.PI) / (d + 1));
  let trace = 0;
  for (let j = 1; j <= d; j++) trace += (2 - 2 * Math.cos((j * Math.PI) / (d + 1))) ** 40;
  const power = powerTraceBounds(d, 20, trace);
  expect(power.lower).toBeLessThan(top);
  expect(power.upper).toBeGreaterThan(top);
  expect(power.upper).toBeLessThan(upper!);
  expect(power.upper! / power.lower!).toBeCloseTo(d ** (1 / 40), 9);
});

test('2 x 2: the oval of Cassini is the spectrum', () => {
  const { lower, upper } = cassiniInterval(Float64Array.of(3, 2, 2, 0), 2);
  expect(lower).toBeCloseTo(-1, 12);
  expect(upper).toBeCloseTo(4, 12);
  expect(cassiniInterval(Float64Array.of(5), 1)).toEqual({ lower: 5, upper: 5 });
});

test('no bound excludes an eigenvalue, and Cassini is never wider than Gershgorin', () => {
  const unit = fc.double({ min: -1, max: 1, noNaN: true });
  const arbitrary = fc.tuple(
    fc.constantFrom('any', 'graded', 'near diagonal', 'equal', 'blocks'),
    fc.integer({ min: 1, max: 6 }),
    fc.array(unit, { minLength: 36, maxLength: 36 }),
    fc.integer({ min: -140, max: 140 }),
    fc.integer({ min: 1, max: 8 }),
  );
  fc.assert(
    fc.property(arbitrary, ([kind, d, x, power, p]) => {
      const shape = matrix(d, (i, j) => {
        const v = x[i * 6 + j];
        switch (kind) {
          case 'graded':
            return v * 10 ** (-4 * (i + j));
          case 'near diagonal':
            return i === j ? 1 + v * 1e-15 : v * 1e-14;
          case 'equal':
            return x[0];
          case 'blocks':
            return i % 2 === j % 2 ? v : 0;
          default:
            return v;
        }
      });
      const scale = 10 ** power;
      // Nothing subnormal.
      const a = shape.map((v) => (Math.abs(v * scale) < 1e-290 ? 0 : v * scale));
      const l = symmetricEigenvalues(a.slice(), d);
      // Both are in units of |A|: the eigenvalues are right to a few eps of it.
      const norm = Math.hypot(...shape) * scale;
      const tolerance = 2e-15 * norm;
      const inside = (what: string, value: number, lower: number | null, upper: number | null): void => {
        if (lower !== null && !(lower <= value + tolerance)) throw new Error(`${what}: ${lower} > ${value}`);
        if (upper !== null && !(value - tolerance <= upper)) throw new Error(`${what}: ${value} > ${upper}`);
      };
      const disc = gershgorinInterval(a, d);
      const oval = cassiniInterval(a, d);
      const frobenius = frobeniusInterval(
        d,
        a.reduce((s, v) => s + v * v, 0),
      );
      for (const value of l) {
        inside('Gershgorin', value, disc.lower, disc.upper);
        inside('Cassini', value, oval.lower, oval.upper);
        if (norm > 1e-140) inside('Frobenius', value, frobenius.lower, frobenius.upper);
      }
      if (!(oval.lower! >= disc.lower! - 10 * tolerance && oval.upper! <= disc.upper! + 10 * tolerance)) throw new Error('wider');
      inside('Rayleigh', l[0], constantRayleighBounds(a, d).lower, null);

      const unscaled = l.map((v) => Math.abs(v / scale));
      const largest = Math.max(...unscaled);
      if (largest > 1e-10) {
        const trace = unscaled.reduce((s, v) => s + v ** (2 * p), 0);
        const { lower, upper } = powerTraceBounds(d, p, trace);
        if (!(lower! <= largest && largest <= upper!)) throw new Error(`power ${2 * p}: ${largest} outside [${lower}, ${upper}]`);
      }
    }),
    { numRuns: 10_000, seed: 20260105 },
  );
});

test('only the upper triangle is read', () => {
  const a = Float64Array.of(2, 1, -3, Number.NaN, 4, 0.5, Number.NaN, Number.NaN, 1);
  const full = Float64Array.of(2, 1, -3, 1, 4, 0.5, -3, 0.5, 1);
  for (const bound of [gershgorinInterval, cassiniInterval, constantRayleighBounds]) expect(bound(a, 3)).toEqual(bound(full, 3));
});
