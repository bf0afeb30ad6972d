import fc from 'fast-check';
import { expect, test } from 'vitest';
import { centreBlock, emptySummary, type GramSummary, merge, mergeBlock, traceOf } from '../../src/spectral/gram-summary';

function summarize(rows: number[][], d: number): GramSummary {
  const summary = emptySummary(d);
  addBlock(summary, rows);
  return summary;
}

function addBlock(summary: GramSummary, rows: number[][]): void {
  const d = summary.columns;
  const block = centreBlock(Float64Array.from(rows.flat()), rows.length, d);
  mergeBlock(summary, block);
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++)
      for (let r = 0; r < rows.length; r++) summary.scatter[i * d + j] += block.centred[r * d + i] * block.centred[r * d + j];
  }
}

/** The moments in the most literal way, in two passes. */
function literal(rows: number[][], d: number) {
  const mean = Array.from({ length: d }, (_, j) => rows.reduce((s, x) => s + x[j], 0) / rows.length);
  const y = rows.map((x) => x.map((v, j) => v - mean[j]));
  const square = y.map((x) => x.reduce((s, v) => s + v * v, 0));
  return {
    mean,
    scatter: Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => y.reduce((s, x) => s + x[i] * x[j], 0))),
    third: Array.from({ length: d }, (_, j) => y.reduce((s, x, r) => s + square[r] * x[j], 0)),
    fourth: square.reduce((s, q) => s + q * q, 0),
  };
}

function expectClose(summary: GramSummary, rows: number[][], tolerance: number): void {
  const d = summary.columns;
  const want = literal(rows, d);
  const size = Math.max(1e-50, ...rows.flat().map(Math.abs));
  expect(summary.rows).toBe(rows.length);
  for (let i = 0; i < d; i++) {
    expect(Math.abs(summary.mean[i] - want.mean[i])).toBeLessThanOrEqual(tolerance * size);
    expect(Math.abs(summary.thirdMoment[i] - want.third[i])).toBeLessThanOrEqual(tolerance * size ** 3 * rows.length * d);
    for (let j = i; j < d; j++) {
      expect(Math.abs(summary.scatter[i * d + j] - want.scatter[i][j])).toBeLessThanOrEqual(tolerance * size ** 2 * rows.length);
    }
  }
  expect(Math.abs(summary.fourthMoment - want.fourth)).toBeLessThanOrEqual(tolerance * size ** 4 * rows.length * d * d);
}

const matrix = fc
  .integer({ min: 1, max: 5 })
  .chain((d) =>
    fc.tuple(
      fc.constant(d),
      fc.array(fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: d, maxLength: d }), { minLength: 1, maxLength: 30 }),
    ),
  );

test('merge of any split equals the whole to 1e-10 (R11)', () => {
  fc.assert(
    fc.property(matrix, fc.nat(), fc.nat(), ([d, rows], a, b) => {
      const [i, j] = [a % (rows.length + 1), b % (rows.length + 1)].sort((x, y) => x - y);
      const parts = [rows.slice(0, i), rows.slice(i, j), rows.slice(j)].map((part) =>
        part.length === 0 ? emptySummary(d) : summarize(part, d),
      );
      merge(parts[0], parts[1]);
      merge(parts[0], parts[2]);
      expectClose(parts[0], rows, 1e-10);
      // The other way of putting the brackets.
      const blocks = emptySummary(d);
      for (const part of [rows.slice(0, i), rows.slice(i, j), rows.slice(j)]) if (part.length > 0) addBlock(blocks, part);
      expectClose(blocks, rows, 1e-10);
    }),
  );
});

test('a large common mean costs no accuracy (P3)', () => {
  const rows = Array.from({ length: 64 }, (_, i) => [1e6 + Math.sin(i), 1e6 + Math.cos(3 * i)]);
  const summary = emptySummary(2);
  for (let i = 0; i < rows.length; i += 8) addBlock(summary, rows.slice(i, i + 8));
  const want = literal(rows, 2);
  // E x x^T - mean mean^T would keep 16 - 12 = 4 digits.
  expect(summary.scatter[0] / want.scatter[0][0]).toBeCloseTo(1, 8);
  expect(summary.fourthMoment / want.fourth).toBeCloseTo(1, 7);
  expect(traceOf(summary)).toBeCloseTo(want.scatter[0][0] + want.scatter[1][1], 6);
});

test('summaries of different widths do not merge', () => {
  expect(() => merge(emptySummary(2), emptySummary(3))).toThrow('2 and 3 columns');
});
