import { describe, expect, test } from 'vitest';
import type { MatchedRows } from '../../src/analysis/matched-rows';
import { permutationTest, planTest } from '../../src/analysis/permutation-test';
import { rowHash } from '../../src/analysis/sample';
import { centreBlock } from '../../src/spectral/gram-summary';
import { logSphericity } from '../../src/spectral/log-det';
import { normal, uniform } from '../../src/spectral/random';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';

function matched(x: Float64Array, y: Float64Array, columns: number): MatchedRows {
  const count = x.length / columns;
  return { columns, total: [count, count], paired: true, x: { count, values: x }, y: { count, values: y }, dropped: 0 };
}

async function tested(rows: MatchedRows, seed: number) {
  const reasons: string[] = [];
  const because = (code: string): null => {
    reasons.push(code);
    return null;
  };
  return {
    found: await permutationTest(
      rows,
      seed,
      because,
      () => {},
      () => {},
    ),
    reasons,
  };
}

/** The same test in the most literal way: every arrangement laid out, its statistics from eigenvalues. */
function literal(x: Float64Array, y: Float64Array, d: number, seed: number, permutations: number) {
  const n = x.length / d;
  const statistics = (rows: Float64Array) => {
    const { centred, trace } = centreBlock(rows.slice(), n, d);
    const s = new Float64Array(d * d);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < d; j++) for (let k = 0; k < d; k++) s[j * d + k] += (centred[i * d + j] * centred[i * d + k]) / n;
    return { shape: logSphericity(symmetricEigenvalues(s, d), d, 1e-6), logScale: Math.log(trace / n) };
  };
  const difference = (swapped: (i: number) => boolean) => {
    const [first, second] = [x.slice(), y.slice()];
    for (let k = 0; k < n * d; k++) if (swapped(Math.floor(k / d))) [first[k], second[k]] = [second[k], first[k]];
    const [before, after] = [statistics(first), statistics(second)];
    return { shape: after.shape - before.shape, logScale: after.logScale - before.logScale };
  };
  const observed = difference(() => false);
  const p = { shape: 1, logScale: 1 };
  for (let b = 0; b < permutations; b++) {
    const permuted = difference((i) => rowHash(b * n + i, ~seed) >>> 31 === 1);
    for (const name of ['shape', 'logScale'] as const) if (Math.abs(permuted[name]) >= Math.abs(observed[name]) - 1e-6) p[name]++;
  }
  return { observed, p: { shape: p.shape / (1 + permutations), logScale: p.logScale / (1 + permutations) } };
}

describe('equals the literal test', () => {
  test.each([
    ['more rows than columns', 40, 6],
    ['as many', 12, 12],
    ['fewer', 9, 20],
    ['so few that arrangements repeat', 6, 8],
  ])('%s', async (_, n, d) => {
    const random = normal(uniform(n + d));
    // A common mean far from 0, a shift between the files, and columns of different size.
    const x = Float64Array.from({ length: n * d }, (_, k) => 5 + random() / (1 + (k % d)));
    const y = x.map((v, k) => v + 0.3 + (0.5 * random()) / (1 + (k % d)));
    const { found } = await tested(matched(x, y, d), 3);
    const expected = literal(x, y, d, 3, found!.permutations);
    expect(found!.permutations).toBe(199);
    expect(found!.shape.statistic).toBeCloseTo(expected.observed.shape, 7);
    expect(found!.logScale.statistic).toBeCloseTo(expected.observed.logScale, 11);
    expect({ shape: found!.shape.p, logScale: found!.logScale.p }).toEqual(expected.p);
  });
});

test.each([
  [60, 5],
  [20, 40],
])('files that differ in two of %i rows: arrangements that leave these as they are count as equal', async (n, d) => {
  const random = normal(uniform(7));
  const x = Float64Array.from({ length: n * d }, random);
  const y = x.slice();
  for (let k = 0; k < 2 * d; k++) y[k] *= 1.1;
  const { found } = await tested(matched(x, y, d), 0);
  // Two pairs matter: half of all arrangements keep them together, and change nothing but the sign.
  expect(found!.shape.p).toBeGreaterThan(0.4);
  expect(found!.logScale.p).toBeGreaterThan(0.4);
});

test('a file that has collapsed onto one far point is still resolved', async () => {
  const [n, d] = [40, 5];
  const random = normal(uniform(9));
  const x = Float64Array.from({ length: n * d }, random);
  const y = x.map((v) => 1000 + 1e-6 * v);
  const { found } = await tested(matched(x, y, d), 0);
  expect(found!.logScale.statistic).toBeCloseTo(2 * Math.log(1e-6), 6);
  expect(found!.shape.statistic).toBeCloseTo(0, 3);
  expect(found!.logScale.p).toBeLessThan(0.05);
});

test('why there is no test', async () => {
  const few = new Float64Array(10).map((_, k) => k * k);
  expect(await tested(matched(few, few, 2), 0)).toEqual({ found: null, reasons: ['test'] });
  expect(await tested({ ...matched(few, few, 1), paired: false }, 0)).toEqual({ found: null, reasons: ['test'] });
  expect(await tested(matched(few, new Float64Array(10).fill(3), 1), 0)).toEqual({ found: null, reasons: ['test'] });
});

describe('planTest', () => {
  test('permutations give way first, then rows', () => {
    expect(planTest(1000, 100)).toEqual({ rows: 1000, permutations: 199 });
    expect(planTest(2000, 150)).toEqual({ rows: 2000, permutations: 199 });
    expect(planTest(2000, 256)).toEqual({ rows: 2000, permutations: 68 });
    expect(planTest(2000, 384)).toEqual({ rows: 1062, permutations: 39 });
    expect(planTest(2000, 1024)).toEqual({ rows: 486, permutations: 39 });
    expect(planTest(512, 100_000)).toEqual({ rows: 486, permutations: 39 });
    expect(planTest(300, 100_000)).toEqual({ rows: 300, permutations: 166 });
  });

  test('never takes more rows for more columns, nor more than there are', () => {
    let before = 2000;
    for (let columns = 200; columns < 1200; columns += 8) {
      const { rows } = planTest(2000, columns);
      expect(rows).toBeLessThanOrEqual(before);
      expect(rows).toBeGreaterThan(400);
      before = Math.max(rows, 486);
    }
  });
});
