import fc from 'fast-check';
import type { Moments } from '../../src/spectral/moment-bounds';

export const unit = fc.double({ min: 0, max: 1, noNaN: true });

/**
 * A spectrum of up to 12 eigenvalues where bounds are attained or cancel: equal, two levels up to 1e-280 apart, one huge, zeros, powers of ten, pairs that nearly
 * agree. Descending, each 0 or at least 1e-290, the largest at least 1e-143 and at most 2e140.
 */
export const adversarialSpectrum: fc.Arbitrary<Float64Array> = fc
  .tuple(
    fc.constantFrom('any', 'equal', 'two', 'huge', 'zeros', 'powers', 'pairs', 'rounding'),
    fc.array(unit, { minLength: 1, maxLength: 12 }),
    unit,
    unit,
    fc.integer({ min: -140, max: 140 }),
  )
  .map(([kind, u, x, y, power]) => {
    const p = Math.floor(x * u.length);
    const shape = u.map((v, i) => {
      switch (kind) {
        case 'equal':
          return 1 + x;
        case 'two':
          // The eighth power leaves most of them within a few decades.
          return i < p ? 1 : 10 ** (-280 * y ** 8);
        case 'huge':
          return i === 0 ? 1 : v * 10 ** (-20 * y);
        case 'zeros':
          return i < p ? 1 + v : 0;
        case 'powers':
          return 10 ** (-280 * v);
        case 'pairs':
          return u[i - (i % 2)] + (i % 2) * 1e-15;
        case 'rounding':
          return 1 + v * 10 ** (-16 * x);
        default:
          return v;
      }
    });
    // One entry that is never small, and nothing subnormal, so that no square loses digits.
    shape[0] = Math.max(shape[0], 1e-3);
    return Float64Array.from(shape, (v) => (v * 10 ** power < 1e-290 ? 0 : v * 10 ** power))
      .sort()
      .reverse();
  });

export function momentsOf(l: ArrayLike<number>): Moments {
  let trace = 0;
  let squares = 0;
  for (let i = 0; i < l.length; i++) {
    trace += l[i];
    squares += l[i] * l[i];
  }
  return { d: l.length, trace, squares };
}
