import { describe, expect, test } from 'vitest';
import type { Quantities, SpectralReport } from '../../../src/analysis/report';
import { reportFromJson } from '../../../src/analysis/report-json';
import type { Bound, Bounded } from '../../../src/spectral/bounded';
import type { RefinementStep } from '../../../webview/session';
import { boundsModel, narrowest } from '../../../webview/view-model/bounds';
import { fixture } from '../fixtures';

const healthy = reportFromJson(fixture('healthy'));
const sampled = reportFromJson(fixture('sampled'));

const stochastic = (lower: number, upper: number): Bound => ({ lower, upper, kind: 'stochastic', confidence: 0.95, method: 'SIGMA-S' });
const certain = (lower: number | null, upper: number | null): Bound => ({
  lower,
  upper,
  kind: 'deterministic',
  confidence: 1,
  method: 'Loewner monotonicity',
});
const bounded = (value: number | null, ...bounds: Bound[]): Bounded => ({ value, exact: false, bounds, reason: null });
const only = (effectiveRank: Bounded): Quantities => ({ effectiveRank, codingLogDet: [], effectiveDimension: [] });
const report = (rows: number, quantity: Bounded): SpectralReport => ({
  ...sampled,
  sample: { ...sampled.sample, rows },
  quantities: only(quantity),
});
const step = (rows: number, quantity: Bounded): RefinementStep => ({ rows, quantities: only(quantity) });

const NOW = bounded(125, certain(100, null), stochastic(120, 131), certain(40, 190));
const STEPS = [step(1000, bounded(118, stochastic(90, 160))), step(2000, bounded(122, stochastic(100, 150))), step(4000, NOW)];

describe('boundsModel', () => {
  test('says what is known, how well, from how many rows, and how it was at first', () => {
    expect(boundsModel(report(4000, NOW), STEPS, null)!.sentence).toBe(
      'Effective rank is between 120 and 131 of 100 directions (95 %), after 4,000 of 50,000 rows; it was 90 to 160 at 1,000.',
    );
    expect(boundsModel(report(1000, STEPS[0]!.quantities.effectiveRank!), STEPS.slice(0, 1), null)!.sentence).toBe(
      'Effective rank is between 90 and 160 of 100 directions (95 %), after 1,000 of 50,000 rows.',
    );
  });

  test('has the bounds from the widest to the narrowest on one scale; an open one reaches to its end', () => {
    const { bounds } = boundsModel(report(4000, NOW), STEPS, null)!;
    expect(bounds!.rungs.map(({ range, certainty }) => [range, certainty])).toEqual([
      ['at least 100', 'certain'],
      ['40 to 190', 'certain'],
      ['120 to 131', '95 % confidence'],
    ]);
    expect([bounds!.min, bounds!.max]).toEqual(['40', '205']);
    expect(bounds!.rungs[0]!.interval.to).toBe(1);
    expect(bounds!.rungs[2]!.interval.from).toBeCloseTo(80 / 165, 12);
    expect(bounds!.rungs[2]!.value).toBeCloseTo(85 / 165, 12);
    expect(bounds!.rungs[2]!.note).toMatch(/^Rows that were held out/);
  });

  test('shows a step for each number of rows, each no wider on the bar than it is', () => {
    const { steps } = boundsModel(report(4000, NOW), STEPS, null)!;
    expect(steps!.rungs.map(({ name, range }) => [name, range])).toEqual([
      ['1,000', '90 to 160'],
      ['2,000', '100 to 150'],
      ['4,000', '120 to 131'],
    ]);
    expect(steps!.rungs.map(({ interval }) => interval.to - interval.from)).toEqual([
      1,
      expect.closeTo(50 / 70, 12),
      expect.closeTo(11 / 70, 12),
    ]);
    expect(boundsModel(report(1000, NOW), STEPS.slice(0, 1), null)!.steps).toBeNull();
  });

  test('an exact value needs no bound', () => {
    const model = boundsModel(healthy, [{ rows: 1000, quantities: healthy.quantities }], 'effectiveRank')!;
    expect(model.sentence).toBe('Effective rank is 37.24 of 100 directions, exactly, from all 1,000 rows.');
    expect(model).toMatchObject({ bounds: null, steps: null });
  });

  test('an estimate without a bound says so', () => {
    expect(boundsModel(sampled, [], 'stableRank')!.sentence).toMatch(
      /^Stable rank is \u2248 1\.195 of 100 directions, after 500 of 50,000 rows; no bound is known\./,
    );
  });

  test('shows what was chosen, the first with a bound otherwise, and nothing of a report without quantities', () => {
    expect(boundsModel(sampled, [], 'lambdaMax')!.sentence).toMatch(/^Largest eigenvalue is between 0\.008370 and 0\.9984 \(certain\)/);
    const first = boundsModel(sampled, [], 'gone')!;
    expect(first.choices[first.chosen]!.key).toBe('logDetGram');
    // What has neither value nor bound is no choice.
    expect(first.choices.map(({ key }) => key)).not.toContain('uniformity');
    expect(boundsModel({ ...sampled, quantities: { codingLogDet: [], effectiveDimension: [] } }, [], null)).toBeNull();
  });

  test('as data has every bound of every step', () => {
    const { columns, rows } = boundsModel(report(4000, NOW), STEPS, null)!.data();
    expect(columns[0]).toBe('rows');
    expect(rows).toHaveLength(5);
    expect(rows[0]).toEqual([1000, 118, 90, 160, 'stochastic', 0.95, 'SIGMA-S']);
  });
});

test('the narrowest of bounds is one on both sides where there is one', () => {
  expect(narrowest(bounded(1, certain(0, null), certain(0, 9)))).toMatchObject({ upper: 9 });
  expect(narrowest(bounded(1, certain(0, null)))).toMatchObject({ lower: 0, upper: null });
  expect(narrowest(bounded(1))).toBeNull();
});
