import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nestedSample, rowHash } from '../../src/analysis/sample';

test('samples are nested, ascending, of the size asked for', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.nat(), fc.nat(), fc.integer(), (n, a, b, seed) => {
      const [small, large] = [1 + (a % n), 1 + (b % n)].sort((x, y) => x - y);
      const inner = nestedSample(n, small, seed);
      const outer = new Set(nestedSample(n, large, seed));
      expect(inner).toHaveLength(small);
      expect(outer.size).toBe(large);
      for (let i = 0; i < inner.length; i++) {
        expect(outer.has(inner[i])).toBe(true);
        if (i > 0) expect(inner[i]).toBeGreaterThan(inner[i - 1]);
      }
      expect(inner[inner.length - 1]).toBeLessThan(n);
    }),
  );
});

test('is the bottom k by (hash, index)', () => {
  const all = Array.from({ length: 5000 }, (_, i) => i).sort((i, j) => rowHash(i, 3) - rowHash(j, 3) || i - j);
  expect([...nestedSample(5000, 700, 3)]).toEqual(all.slice(0, 700).sort((i, j) => i - j));
});

test('spreads evenly over the file and is not its head', () => {
  const n = 100_000;
  const counts = new Array<number>(10).fill(0);
  for (const i of nestedSample(n, 10_000, 0)) counts[Math.floor((10 * i) / n)]++;
  // Binomial(10000, 0.1): five standard deviations are 150.
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

test('a longer file keeps the rows it shares with a shorter one, where both hashes are small', () => {
  const short = new Set(nestedSample(10_000, 1000, 0));
  const long = nestedSample(10_100, 1000, 0);
  const shared = long.filter((i) => short.has(i)).length;
  expect(shared).toBeGreaterThan(970);
});
