import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  centreBlock,
  emptySummary,
  type GramSummary,
  hasDrifted,
  merge,
  type OpenSummary,
  openSummary,
  settle,
  traceOf,
} from '../../src/spectral/gram-summary';

function summarize(rows: number[][], d: number): GramSummary {
  const open = openSummary(Float64Array.from(meanOf(rows, d)));
  addRows(open, rows);
  settle(open);
  return open.summary;
}

function addRows(open: OpenSummary, rows: number[][]): void {
  const { summary, offset } = open;
  const d = summary.columns;
  for (const row of rows) {
    const y = row.map((x, j) => x - summary.mean[j]);
    const square = y.reduce((s, v) => s + v * v, 0);
    for (let i = 0; i < d; i++) {
      offset[i] += y[i];
      summary.thirdMoment[i] += square * y[i];
      for (let j = i; j < d; j++) summary.scatter[i * d + j] += y[i] * y[j];
    }
    summary.fourthMoment += square * square;
  }
  open.added += rows.length;
}

function meanOf(rows: number[][], d: number): number[] {
  return Array.from({ length: d }, (_, j) => rows.reduce((s, x) => s + x[j], 0) / rows.length);
}

/** The moments in the most literal way, in two passes. */
function literal(rows: number[][], d: number) {
  const mean = meanOf(rows, d);
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
      // One after the other about the mean of the first, settled on the way or not.
      const open = openSummary(Float64Array.from(meanOf(rows.slice(0, i + 1), d)));
      for (const part of [rows.slice(0, i), rows.slice(i, j), rows.slice(j)]) {
        addRows(open, part);
        if (b % 2 === 0) settle(open);
      }
      settle(open);
      expectClose(open.summary, rows, 1e-10);
    }),
  );
});

test('a large common mean costs no accuracy (P3)', () => {
  const rows = Array.from({ length: 64 }, (_, i) => [1e6 + Math.sin(i), 1e6 + Math.cos(3 * i)]);
  const open = openSummary(Float64Array.from(meanOf(rows.slice(0, 8), 2)));
  for (let i = 0; i < rows.length; i += 8) addRows(open, rows.slice(i, i + 8));
  settle(open);
  const { summary } = open;
  const want = literal(rows, 2);
  // E x x^T - mean mean^T would keep 16 - 12 = 4 digits.
  expect(summary.scatter[0] / want.scatter[0][0]).toBeCloseTo(1, 8);
  expect(summary.fourthMoment / want.fourth).toBeCloseTo(1, 7);
  expect(traceOf(summary)).toBeCloseTo(want.scatter[0][0] + want.scatter[1][1], 6);
});

test('centreBlock has the moments of the rows, and leaves them centred', () => {
  const rows = Array.from({ length: 30 }, (_, i) => [Math.sin(i), 3 + Math.cos(i * i), i]);
  const { mean, centred, trace, thirdMoment, fourthMoment } = centreBlock(Float64Array.from(rows.flat()), 30, 3);
  const want = literal(rows, 3);
  want.mean.forEach((x, j) => {
    expect(mean[j]).toBeCloseTo(x, 12);
    expect(thirdMoment[j]).toBeCloseTo(want.third[j], 8);
    expect(centred[3 * 7 + j]).toBeCloseTo(rows[7][j] - x, 12);
  });
  expect(trace).toBeCloseTo(want.scatter[0][0] + want.scatter[1][1] + want.scatter[2][2], 9);
  expect(fourthMoment / want.fourth).toBeCloseTo(1, 12);
});

test('rows far from where the summary is centred are noticed', () => {
  const open = openSummary(new Float64Array(2));
  const rows = (centre: number): number[][] => Array.from({ length: 40 }, (_, i) => [centre + Math.sin(i), Math.cos(i)]);
  addRows(open, rows(0));
  expect(hasDrifted(open)).toBe(false);
  for (let k = 0; k < 4; k++) addRows(open, rows(100));
  // Their mean is 80, their deviation 40.
  expect(hasDrifted(open)).toBe(true);
  settle(open);
  expect(hasDrifted(open)).toBe(false);
  expect(open.summary.mean[0]).toBeCloseTo(80, 0);
});

test('summaries of different widths do not merge', () => {
  expect(() => merge(emptySummary(2), emptySummary(3))).toThrow('2 and 3 columns');
});
