import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveRank } from '../../src/spectral/effective-rank';
import { effectiveDimension, ridgeLogDet } from '../../src/spectral/log-det';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { extremeSpectra } from '../../src/spectral/unseen-trace';

test('the worked example (R9): (1, 2, 5) and a trace of 3 give (3, 3, 5) and (1, 2, 8), so log 16 <= logdet <= log 45', () => {
  const { even, steep } = extremeSpectra(Float64Array.of(5, 2, 1), 3, 3);
  expect([...even]).toEqual([5, 3, 3]);
  expect([...steep]).toEqual([8, 2, 1]);
});

test('nothing unseen: both are the spectrum, zeros included', () => {
  const { even, steep } = extremeSpectra(Float64Array.of(3, 1), 4, 0);
  expect([...even]).toEqual([3, 1, 0, 0]);
  expect([...steep]).toEqual([3, 1, 0, 0]);
});

describe('for any unseen rows', () => {
  const d = 4;
  const entry = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 1, 1e-8, -1e4));
  const rows = fc.array(fc.array(entry, { minLength: d, maxLength: d }), { minLength: 1, maxLength: 7 });
  const spectrum = (x: number[][]): Float64Array =>
    symmetricEigenvalues(
      Float64Array.from({ length: d * d }, (_, k) => x.reduce((s, row) => s + row[Math.floor(k / d)] * row[k % d], 0)),
      d,
    ).map((l) => Math.max(l, 0));

  test('log-determinant, effective dimension, effective rank and both ends lie between the extremes (20,000 cases)', () => {
    fc.assert(
      fc.property(rows, rows, (seen, unseen) => {
        const trace = unseen.flat().reduce((s, v) => s + v * v, 0);
        const { even, steep } = extremeSpectra(spectrum(seen), d, trace);
        const truth = spectrum([...seen, ...unseen]);
        // Rounding of the eigenvalues, relative to the largest: what `between` allows for in the reports.
        const slack = 1e-14 * d * (truth[0] + 1e-300);
        const up = even.map((l) => l + slack);
        const down = steep.map((l) => Math.max(0, l - slack));
        for (const delta of [1e-3, 1]) expect(ridgeLogDet(truth, d, delta)).toBeLessThanOrEqual(ridgeLogDet(up, d, delta) + 1e-9);
        for (const delta of [1e-3, 1]) expect(ridgeLogDet(truth, d, delta)).toBeGreaterThanOrEqual(ridgeLogDet(down, d, delta) - 1e-9);
        expect(effectiveDimension(truth, 3)).toBeLessThanOrEqual(effectiveDimension(up, 3) + 1e-9);
        expect(effectiveDimension(truth, 3)).toBeGreaterThanOrEqual(effectiveDimension(down, 3) - 1e-9);
        if (truth[0] > 0) {
          expect(effectiveRank(truth)).toBeLessThanOrEqual(effectiveRank(up) + 1e-9);
          expect(effectiveRank(truth)).toBeGreaterThanOrEqual(effectiveRank(down) - 1e-9);
        }
        expect(truth[0]).toBeGreaterThanOrEqual(even[0] - slack);
        expect(truth[0]).toBeLessThanOrEqual(steep[0] + slack);
        expect(truth[d - 1]).toBeLessThanOrEqual(even[d - 1] + slack);
      }),
      { numRuns: 20_000, seed: 3 },
    );
  });
});
