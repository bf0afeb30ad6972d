import { describe, expect, test } from 'vitest';
import { measureDistances } from '../../src/analysis/distances';
import type { MatchedRows } from '../../src/analysis/matched-rows';
import { normal, uniform } from '../../src/spectral/random';

const [n, m, d] = [20, 14, 6];

/** Rows with a mean far from 0 and columns of different size. */
function rows(count: number, seed: number): Float64Array {
  const random = normal(uniform(seed));
  return Float64Array.from({ length: count * d }, (_, k) => 3 + random() / (1 + (k % d)));
}

/** The same rows in more columns, in which the first d directions are spread over all. */
function widened(x: Float64Array, columns: number): Float64Array {
  const count = x.length / d;
  const out = new Float64Array(count * columns);
  // Columns of the orthogonal matrix of the discrete cosine transform.
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < columns; c++) {
      for (let j = 0; j < d; j++) {
        out[i * columns + c] += x[i * d + j] * Math.sqrt((j === 0 ? 1 : 2) / columns) * Math.cos((Math.PI * (c + 0.5) * j) / columns);
      }
    }
  }
  return out;
}

async function measured(x: Float64Array, y: Float64Array, columns: number) {
  const [a, b] = [x.length / columns, y.length / columns];
  const matched: MatchedRows = {
    columns,
    total: [a, b],
    paired: a === b,
    x: { count: a, values: x },
    y: { count: b, values: y },
    dropped: 0,
  };
  const reasons: string[] = [];
  const because = (code: string): null => {
    reasons.push(code);
    return null;
  };
  return {
    distances: await measureDistances(
      matched,
      because,
      () => {},
      () => {},
    ),
    reasons,
  };
}

describe('do not depend on the basis', () => {
  test.each([
    ['paired rows', n],
    ['rows without pairs', m],
  ])('%s, with more columns than rows', async (_, count) => {
    const [x, y] = [rows(n, 1), rows(count, 2)];
    const narrow = (await measured(x, y, d)).distances;
    const wide = (await measured(widened(x, 90), widened(y, 90), 90)).distances;
    expect(wide.bures).toBeCloseTo(narrow.bures!, 10);
    expect(wide.meanShift).toBeCloseTo(narrow.meanShift!, 12);
    expect(wide.stein).toBeNull();
    // Both span the same six directions.
    expect(wide.subspaceOverlap!.k).toBe(6);
    expect(wide.subspaceOverlap!.value).toBeCloseTo(1, 10);
    if (count === n) expect(wide.cka).toBeCloseTo(narrow.cka!, 10);
    else expect(wide.cka).toBeNull();
    expect(narrow.stein).toBeGreaterThan(0);
    expect(narrow.bures).toBeGreaterThan(0);
  });
});

test('a mean that moves changes nothing but its own distance', async () => {
  const [x, y] = [rows(n, 1), rows(n, 2)];
  const moved = y.map((v, k) => v + (k % d === 2 ? 10 : 0));
  const [before, after] = [(await measured(x, y, d)).distances, (await measured(x, moved, d)).distances];
  for (const name of ['stein', 'bures', 'cka'] as const) expect(after[name]).toBeCloseTo(before[name]!, 9);
  expect(after.subspaceOverlap!.value).toBeCloseTo(before.subspaceOverlap!.value, 9);
  expect(Math.abs(after.meanShift! - 10)).toBeLessThan(1);
});

test.each([d, 90])('in %i columns neither a small scale nor a far point hides a side', async (columns) => {
  const [x, y] = [widened(rows(n, 1), columns), widened(rows(n, 2), columns)];
  const tiny = y.map((v) => 10 + 1e-6 * v);
  const [before, after] = [(await measured(x, y, columns)).distances, (await measured(x, tiny, columns)).distances];
  expect(after.cka).toBeCloseTo(before.cka!, 5);
  expect(after.subspaceOverlap!.value).toBeCloseTo(before.subspaceOverlap!.value, 5);
});

test('the directions of largest variance, where they are known', async () => {
  const x = rows(n, 1);
  const exchanged = (a: number, b: number): Float64Array => x.map((_, k) => x[k - (k % d) + (k % d === a ? b : k % d === b ? a : k % d)]);
  const overlap = async (y: Float64Array) => (await measured(x, y, d)).distances.subspaceOverlap!;
  expect(await overlap(x)).toMatchObject({ k: 3, chance: 0.5 });
  expect((await overlap(x)).value).toBeCloseTo(1, 12);
  // Scales 1, 1/2, 1/3, ...: the first for the last takes one of three directions out, about.
  expect(Math.abs((await overlap(exchanged(0, 5))).value - 2 / 3)).toBeLessThan(0.2);
});

test('why there are none', async () => {
  expect((await measured(rows(1, 1), rows(1, 2), d)).reasons).toEqual(['distances']);
  expect((await measured(rows(n, 1), new Float64Array(n * d).fill(2), d)).reasons).toEqual(['distances']);
  expect((await measured(new Float64Array(0), rows(0, 1), d)).reasons).toEqual(['distances']);
});
