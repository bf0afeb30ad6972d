import { describe, expect, test } from 'vitest';
import type { SpectralReport } from '../../../src/analysis/report';
import { reportFromJson } from '../../../src/analysis/report-json';
import { resolutionModel } from '../../../webview/view-model/resolution';
import { fixture } from '../fixtures';

const healthy = reportFromJson(fixture('healthy'));
const sampled = reportFromJson(fixture('sampled'));

/** Of a sample, with intervals at its scales. */
const bounded: SpectralReport = {
  ...sampled,
  quantities: {
    ...sampled.quantities,
    effectiveDimension: sampled.quantities.effectiveDimension.map((at) => ({
      ...at,
      bounds: [{ lower: at.value! - 1, upper: at.value! + 2, kind: 'stochastic', confidence: 0.95, method: 'Jackknife' }],
    })),
  },
};

describe('resolutionModel', () => {
  test('of equal eigenvalues is the closed form, and passes through the report', () => {
    const d = 8;
    const even = new Float64Array(d).fill(1 / d);
    const scales = [0.1, 1, 10, 100];
    const at = (of: (x: number) => number) => scales.map((x) => ({ alphaOverD: x, value: of(x), exact: true, bounds: [], reason: null }));
    const report: SpectralReport = {
      ...healthy,
      source: { ...healthy.source, columns: d },
      spectrum: { kind: 'exact', method: 'gram', eigenvalues: even, centred: even, noiseFloor: 1e-15, marchenkoPasturEdge: null },
      quantities: { codingLogDet: at((x) => d * Math.log1p(x)), effectiveDimension: at((x) => (d * x) / (1 + x)) },
    };
    const { dimension, logDet } = resolutionModel(report)!;
    for (const { x, y } of dimension.series[0]!.points) expect(y).toBeCloseTo((d * x) / (1 + x), 10);
    for (const { x, y } of logDet.series[0]!.points) expect(y).toBeCloseTo(d * Math.log1p(x), 10);
  });

  test('of all rows grows from hardly a direction to nearly all, and has the values of the report at its scales', () => {
    const { dimension, logDet } = resolutionModel(healthy)!;
    const points = dimension.series[0]!.points;
    expect(points[0]!.y).toBeLessThan(1);
    expect(points.at(-1)!.y).toBeGreaterThan(95);
    for (const [index, { y }] of points.entries()) if (index > 0) expect(y).toBeGreaterThan(points[index - 1]!.y);
    for (const [chart, known] of [
      [dimension, healthy.quantities.effectiveDimension],
      [logDet, healthy.quantities.codingLogDet],
    ] as const) {
      for (const { alphaOverD, value } of known) {
        expect(chart.series[0]!.points.find(({ x }) => x === alphaOverD)).toMatchObject({ y: expect.closeTo(value!, 8), marked: true });
      }
      expect(chart.areas).toEqual([]);
      expect(chart.readings).toHaveLength(chart.series[0]!.points.length);
    }
    expect(dimension.summary).toMatch(
      /^At resolution \u03b1\/d = 0\.1 the rows use 2\.358 of 100 dimensions, 11\.28 at 1, 45\.06 at 10 and 85\.74 at 100\./,
    );
  });

  test('of a sample passes through the estimates and their intervals, where the report has some', () => {
    const { dimension, logDet } = resolutionModel(bounded)!;
    const points = dimension.series[0]!.points;
    expect([points[0]!.x, points.at(-1)!.x]).toEqual([0.1, 100]);
    const [polygon] = dimension.areas[0]!.polygons;
    for (const { alphaOverD, value } of bounded.quantities.effectiveDimension) {
      const ends = polygon!.filter(({ x }) => x === alphaOverD).map(({ y }) => y);
      expect(ends).toEqual([expect.closeTo(value! - 1, 8), expect.closeTo(value! + 2, 8)]);
      expect(points.find(({ x }) => x === alphaOverD)!.y).toBeCloseTo(value!, 8);
    }
    expect(dimension.readings!.find(({ heading }) => heading === '\u03b1/d = 10')!.lines).toEqual([
      'Effective dimension: \u2248 44.61 of 100',
      '43.61 to 46.61, 95 % confidence',
    ]);
    expect(dimension.summary).toContain('(43.61 to 46.61, 95 % confidence) at 10');
    expect(logDet.areas).toEqual([]);
    expect(dimension.table.rows).toHaveLength(points.length);
  });

  test('without a spectrum there is nothing to draw', () => {
    expect(resolutionModel({ ...healthy, spectrum: null })).toBeNull();
    const none = new Float64Array(2);
    const zero = { kind: 'exact', method: 'gram', eigenvalues: none, centred: none, noiseFloor: 0, marchenkoPasturEdge: null } as const;
    expect(resolutionModel({ ...healthy, spectrum: zero })).toBeNull();
  });
});
