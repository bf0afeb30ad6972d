import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pickExtremes, stretches } from '../../../webview/view-model/thinning';

test('all are drawn while they fit', () => {
  expect(pickExtremes([3, 1, 2], 3)).toEqual([0, 1, 2]);
  expect(pickExtremes([], 10)).toEqual([]);
});

test('never more than the limit, ascending, with both ends and every extreme', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 6, max: 60 }),
      (values, limit) => {
        const picked = pickExtremes(values, limit);
        expect(picked.length).toBeLessThanOrEqual(limit);
        expect(picked).toEqual([...new Set(picked)].sort((a, b) => a - b));
        expect([picked[0], picked.at(-1)]).toEqual([0, values.length - 1]);
        const drawn = picked.map((index) => values[index]!);
        expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([Math.min(...values), Math.max(...values)]);
      },
    ),
  );
});

test('a single spike among ten thousand is drawn', () => {
  const values = Array.from({ length: 10_000 }, (_, index) => (index === 6789 ? 5 : 1));
  expect(pickExtremes(values, 1000)).toContain(6789);
});

test('stretches make up the whole, once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 50 }), (count, parts) => {
      const all = stretches(count, parts);
      expect(all.length).toBeLessThanOrEqual(parts);
      expect(all.flatMap(([from, to]) => Array.from({ length: to - from }, (_, index) => from + index))).toEqual([...Array(count).keys()]);
    }),
  );
});
