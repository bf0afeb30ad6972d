import { describe, expect, test } from 'vitest';
import type { Measure, RunPicture, TimelineQuantity } from '../../../../webview/run/protocol';
import { availableQuantities, type Steps, timelineModel } from '../../../../webview/run/view-model/timeline';
import { collapsingPicture } from '../runs';

const run = collapsingPicture();
const of = (quantity: TimelineQuantity, picture: RunPicture = run, zoom: Steps | null = null) => timelineModel(picture, 0, quantity, zoom)!;

/** The run with other numbers of one quantity, null where a checkpoint has none. */
function having(quantity: TimelineQuantity, values: readonly (Measure | null)[]): RunPicture {
  const checkpoints = run.checkpoints.slice(0, values.length);
  return { ...run, forecast: null, checkpoints, matrices: [{ ...run.matrices[0]!, quantities: { [quantity]: values } }] };
}
const exact = (value: number, interval: Measure['interval'] = null): Measure => ({ value, exact: true, interval });

test('a point for each checkpoint that has the quantity, by its step', () => {
  const { chart, checkpoints } = of('effectiveRank', having('effectiveRank', [exact(30), null, exact(20)]));
  expect(chart.series.map(({ name }) => name)).toEqual(['Effective rank']);
  expect(chart.series[0]!.points.map(({ x, y }) => [x, y])).toEqual([
    [0, 30],
    [200, 20],
  ]);
  expect(checkpoints).toEqual(['generation-0', 'generation-2']);
  expect(chart.readings!.map(({ heading, lines }) => [heading, ...lines])).toEqual([
    ['generation-0, step 0', 'Not enough evidence', 'Effective rank: 30', 'The baseline'],
    ['generation-2, step 200', 'Healthy', 'Effective rank: 20', "66.7 % of the baseline's"],
  ]);
  expect(chart.summary).toBe("Effective rank 30 at the baseline generation-0, 20 at generation-2: 66.7 % of the baseline's.");
  expect(timelineModel(run, 7, 'effectiveRank')).toBeNull();
});

test('baseline and threshold are lines, onset and alarm marks, and all of them in view', () => {
  const { lines, marks, y } = of('effectiveRank').chart;
  expect(lines.map(({ label }) => label)).toEqual([expect.stringMatching(/^baseline 3\d\.\d+$/), "50 % of the baseline's"]);
  expect(lines[1]!.y).toBe(lines[0]!.y / 2);
  expect(marks.map(({ x, label }) => [x, label])).toEqual([
    [run.onset!.step, 'onset'],
    [run.alarm!.step, 'alarm'],
  ]);
  for (const line of lines) expect(line.y > y.min && line.y < y.max).toBe(true);
  expect(of('uCovDrift').chart.lines).toEqual([{ y: 0, label: 'baseline', side: 'right', look: 'level' }]);
});

test('intervals are a band, in a piece for each stretch that has them', () => {
  const measures = [exact(10, [9, 11]), exact(11, [10, 12]), exact(10), exact(9, [8, 10])];
  const { areas, table, readings, y } = of('participationRatio', having('participationRatio', measures)).chart;
  expect(areas.map(({ look }) => look)).toEqual(['interval']);
  expect(areas[0]!.polygons.map((polygon) => polygon.map(({ x, y }) => [x, y]))).toEqual([
    [
      [0, 9],
      [100, 10],
      [100, 12],
      [0, 11],
    ],
    [
      [300, 8],
      [300, 10],
    ],
  ]);
  expect(y.min).toBeLessThan(8);
  expect(y.max).toBeGreaterThan(12);
  expect(table.rows.map((row) => row.slice(2))).toEqual([
    ['10', '9', '11'],
    ['11', '10', '12'],
    ['10', '', ''],
    ['9', '8', '10'],
  ]);
  expect(readings![0]!.lines[1]).toBe('Participation ratio: 10, between 9 and 11');
});

describe('the forecast', () => {
  const forecast = run.forecast!;

  test('is a fan from the newest checkpoint to the threshold', () => {
    const { areas, series, x } = of('effectiveRank').chart;
    const newest = series[0]!.points.at(-1)!;
    const start = { x: newest.x, y: newest.y };
    const fan = areas.find(({ look }) => look === 'forecast')!;
    expect(fan.name).toBe('Where it crosses, 90 %');
    expect(fan.polygons).toEqual([[start, { x: forecast.upper, y: forecast.threshold }, { x: forecast.lower, y: forecast.threshold }]]);
    expect(series[1]!.points.at(-1)).toMatchObject({ x: forecast.step, y: forecast.threshold });
    expect(x.max).toBeGreaterThanOrEqual(forecast.upper);
  });

  test('shows in no other quantity, and in no other set of embeddings than its own', () => {
    expect(of('shape').chart.areas).toEqual([]);
    expect(of('effectiveRank', { ...run, forecast: { ...forecast, threshold: forecast.threshold + 1 } }).chart.areas).toEqual([]);
  });

  test('that is open to the right does not press the run flat, and one in the past starts now', () => {
    const open = of('effectiveRank', { ...run, forecast: { ...forecast, lower: 0, upper: 1e9 } }).chart;
    expect(open.x.max).toBe(2200);
    expect(open.areas.at(-1)!.polygons[0]![2]!.x).toBe(1100);
  });
});

test('evidence is on a logarithmic axis, and what is beyond it is drawn at its end and read as it is', () => {
  const { chart } = of('evidence', having('evidence', [null, exact(0), exact(200), exact(1e12)]));
  expect(chart.y).toMatchObject({ logarithmic: true, min: 0.1, max: 2e6 });
  expect(chart.series[0]!.points.map(({ y }) => y)).toEqual([0.1, 200, 1e6]);
  expect(chart.lines.map(({ y }) => y)).toEqual([100, 10]);
  expect(chart.readings!.map(({ lines }) => lines[1])).toEqual([
    'Evidence of a change: 0.0',
    'Evidence of a change: 200',
    'Evidence of a change: >10⁶',
  ]);
  expect(chart.summary).toContain('at 100 it raises the alarm');
});

test('numbers that have no share have a difference', () => {
  const { chart } = of('shape', having('shape', [exact(-70), exact(-82.5)]));
  expect(chart.readings![1]!.lines.at(-1)).toBe('−12.50 since the baseline');
});

test('axes end at ticks, even where nothing varies or only one checkpoint is there', () => {
  for (const values of [[0], [5], [-3], [7, 7], [1e-9, 2e-9], [0, 1e6]]) {
    const { x, y } = of(
      'logScale',
      having(
        'logScale',
        values.map((value) => exact(value)),
      ),
    ).chart;
    expect(x.max).toBeGreaterThan(x.min);
    expect(y.max).toBeGreaterThan(Math.max(...values));
    expect(y.min).toBeLessThanOrEqual(Math.min(...values));
    expect(y.max - y.min).toBeLessThan(4 * (Math.max(...values) - Math.min(...values) || Math.abs(values[0]!) || 1));
  }
});

test('only quantities that there are can be chosen', () => {
  expect(availableQuantities(run, 0)).toHaveLength(8);
  expect(availableQuantities(having('shape', [exact(1)]), 0)).toEqual(['shape']);
  expect(availableQuantities(run, 3)).toEqual([]);
});

test('five hundred checkpoints have few markers', () => {
  const { points } = of('effectiveRank', collapsingPicture({ checkpoints: 500 })).chart.series[0]!;
  expect(points).toHaveLength(500);
  expect(points.filter(({ marked }) => marked).length).toBeLessThanOrEqual(60);
});

describe('zoomed', () => {
  const zoomed = (from: number, to: number) => of('effectiveRank', run, [from, to]).chart;

  test('the axis, the points, the readings and the table are those of the steps', () => {
    const { x, series, readings, table, summary } = zoomed(250, 620);
    expect([x.min, x.max]).toEqual([300, 600]);
    expect(series[0]!.points.map(({ x }) => x)).toEqual([300, 400, 500, 600]);
    expect(readings!.map(({ heading }) => heading)[0]).toBe('generation-3, step 300');
    expect(table.caption).toBe('Effective rank at 4 checkpoints of 12');
    expect(table.rows.map(([name]) => name)).toEqual(['generation-3', 'generation-4', 'generation-5', 'generation-6']);
    expect(of('effectiveRank', run, [250, 620]).checkpoints[0]).toBe('generation-3');
    expect(summary).toBe(`${of('effectiveRank').chart.summary} Shown: steps 300 to 600.`);
  });

  test('values fill the height, and what is off it is not drawn', () => {
    const { y, lines, marks, series } = zoomed(800, 1100);
    const values = series[0]!.points.map(({ y }) => y);
    expect(y.max - y.min).toBeLessThan(2 * (Math.max(...values) - Math.min(...values)));
    for (const line of lines) expect(line.y >= y.min && line.y <= y.max).toBe(true);
    expect(marks.map(({ label }) => label)).toEqual([]);
    expect(zoomed(run.onset!.step, run.onset!.step + 100).marks.map(({ label }) => label)).toContain('onset');
  });

  test('beyond the newest checkpoint the forecast goes on', () => {
    const { x, areas } = zoomed(800, 1700);
    expect([x.min, x.max]).toEqual([800, 1700]);
    expect(areas.map(({ look }) => look)).toEqual(['forecast']);
  });

  test('one checkpoint has a width, and steps without any show the whole run', () => {
    expect(zoomed(290, 310).x).toMatchObject({ min: 300, max: 301 });
    expect({ ...zoomed(310, 390), data: null }).toEqual({ ...of('effectiveRank').chart, data: null });
  });
});

test('weights have a timeline, with the same threshold', () => {
  const weights = timelineModel(collapsingPicture({ files: [], layers: 2 }), 1, 'effectiveRank')!;
  expect(weights.chart.series[0]!.points).toHaveLength(12);
  expect(weights.chart.lines.map(({ label }) => label)).toEqual(['baseline 60', "50 % of the baseline's"]);
});

test('ten thousand checkpoints are drawn by no more than a thousand points, which leave out no extreme, and zooming in draws all', () => {
  const count = 10_000;
  const first = run.checkpoints[0]!;
  const checkpoints = Array.from({ length: count }, (_, step) => ({ ...first, name: `c-${step}`, step }));
  const values = checkpoints.map((_, step) => (step === 6789 ? 1 : 40 + Math.sin(step / 300)));
  const cells = values.map((value): Measure => ({ value, exact: false, interval: [value - 1, value + 1] }));
  const matrices = [{ ...run.matrices[0]!, quantities: { effectiveRank: cells } }];
  const long = { ...run, baseline: 'c-0', forecast: null, checkpoints, matrices };
  const { chart, checkpoints: names } = of('effectiveRank', long);
  const { points } = chart.series[0]!;
  expect(points.length).toBeLessThanOrEqual(1000);
  expect([names.length, chart.readings!.length]).toEqual([points.length, points.length]);
  expect(names[points.findIndex(({ y }) => y === 1)]).toBe('c-6789');
  const band = chart.areas[0]!.polygons[0]!;
  expect(band.length).toBeLessThanOrEqual(4000);
  expect(Math.min(...band.map(({ y }) => y))).toBe(0);
  expect(chart.summary).toMatch(/Of 10,000 checkpoints the lowest and highest of each stretch are drawn; zoom in for all\.$/);
  expect(chart.table.rows).toHaveLength(count);
  expect(of('effectiveRank', long, [6700, 6999]).checkpoints).toHaveLength(300);
});
