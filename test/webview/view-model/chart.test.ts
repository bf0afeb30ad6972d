import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pickRanks } from '../../../webview/view-model/chart';

test('all ranks while they fit', () => {
  expect(pickRanks(5, 10, true)).toEqual([1, 2, 3, 4, 5]);
  expect(pickRanks(0, 10, true)).toEqual([]);
});

test('a thinned axis keeps both ends, stays ascending and within its limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 2, max: 500 }), fc.boolean(), (count, limit, logarithmic) => {
      const ranks = pickRanks(count, limit, logarithmic);
      expect(ranks.length).toBeLessThanOrEqual(limit);
      expect(ranks[0]).toBe(1);
      expect(ranks.at(-1)).toBe(count);
      expect(ranks.every((rank, index) => index === 0 || rank > ranks[index - 1]!)).toBe(true);
    }),
  );
});

test('a logarithmic axis keeps the head dense', () => {
  const ranks = pickRanks(10_000, 400, true);
  expect(ranks.slice(0, 30)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
});
