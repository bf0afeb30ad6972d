import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dot, sum } from '../../src/spectral/vectors';

const whole = fc.integer({ min: -1000, max: 1000 });

test('of whole numbers both are exact, at every length and offset', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(whole, whole), { maxLength: 20 }), fc.integer({ min: 0, max: 5 }), (pairs, from) => {
      const x = Float64Array.from(pairs, ([a]) => a);
      const y = Float64Array.from([...Array<number>(from).fill(7), ...pairs.map(([, b]) => b), 9]);
      expect(dot(x, y, from)).toBe(pairs.reduce((total, [a, b]) => total + a * b, 0));
      expect(sum(x)).toBe(pairs.reduce((total, [a]) => total + a, 0));
    }),
  );
});
