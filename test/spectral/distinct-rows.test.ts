import { describe, expect, test } from 'vitest';
import { addRow, distinctRatio, hashOfWords, hashRow, isExact, mergeDistinct, noRows } from '../../src/spectral/distinct-rows';

const hashOf = (...row: number[]): number => hashOfWords(...hashRow(new Int32Array(Float64Array.from(row).buffer), 0, 2 * row.length));

describe('row hash', () => {
  test('depends on every bit, the order included', () => {
    expect(hashOf(1, 2)).toBe(hashOf(1, 2));
    const others = [hashOf(2, 1), hashOf(1, 2 + 2 ** -51), hashOf(-1, 2), hashOf(1, 2, 0), hashOf(0, 1, 2), hashOf(1)];
    expect(new Set([hashOf(1, 2), ...others]).size).toBe(7);
  });

  test('is an integer below 2^53 that rarely collides', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 100_000; i++) {
      const hash = hashOf(i, i % 7);
      expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true);
      seen.add(hash);
    }
    expect(seen.size).toBe(100_000);
  });
});

test('exact while few are distinct', () => {
  const rows = noRows();
  for (let i = 0; i < 1000; i++) addRow(rows, hashOf(i % 250));
  expect(distinctRatio(rows)).toBe(0.25);
  expect(isExact(rows)).toBe(true);
  expect(distinctRatio(noRows())).toBe(1);
});

test('beyond the capacity the ratio is estimated', () => {
  const rows = noRows();
  // Every fifth row is a copy of an earlier one.
  for (let i = 0; i < 50_000; i++) addRow(rows, hashOf(i % 5 === 4 ? i - 4 : i), 1, 4096);
  expect(isExact(rows)).toBe(false);
  expect(rows.kept.size).toBeLessThanOrEqual(4096);
  expect(Math.abs(distinctRatio(rows) - 0.8)).toBeLessThan(0.02);
});

test('merging halves equals the whole', () => {
  const [a, b, whole] = [noRows(), noRows(), noRows()];
  for (let i = 0; i < 9000; i++) {
    const hash = hashOf(i % 4000);
    addRow(i < 2000 ? a : b, hash, 1, 1024);
    addRow(whole, hash, 1, 1024);
  }
  mergeDistinct(a, b, 1024);
  expect(a.rows).toBe(whole.rows);
  expect(a.level).toBe(whole.level);
  expect(new Map([...a.kept].sort())).toEqual(new Map([...whole.kept].sort()));
});
