import { describe, expect, test } from 'vitest';
import type { SpectralReport, Spectrum } from '../../../src/analysis/report';
import { reportFromJson } from '../../../src/analysis/report-json';
import { spectrumModel } from '../../../webview/view-model/spectrum';
import { fixture } from '../fixtures';

function spectrum(eigenvalues: number[], centred: number[], noiseFloor: number, marchenkoPasturEdge: number | null = null): Spectrum {
  return {
    kind: 'exact',
    method: 'gram',
    eigenvalues: Float64Array.from(eigenvalues),
    centred: Float64Array.from(centred),
    noiseFloor,
    marchenkoPasturEdge,
  };
}

const complete = { sample: { rows: 5, seed: 0, complete: true, stopped: 'whole-file' }, sigma: null } as const;

/** The model of a report with this spectrum; every row was read. */
function modelOf(spectrum: Spectrum, columns: number, logRank: boolean, logValue = true) {
  const report = { ...complete, spectrum, source: { columns } } as unknown as SpectralReport;
  return spectrumModel(report, { logRank, logValue });
}

describe('spectrumModel', () => {
  const collapsed = spectrum([0.8, 0.1, 0.1, 1e-15, 0], [0.15, 0.1, 1e-16, 0, 0], 1e-14);

  test('what lies at or below the floor is never a point', () => {
    const model = modelOf(collapsed, 5, true)!;
    expect(model.series[0]!.points.map(({ x, y }) => [x, y])).toEqual([
      [1, 0.8],
      [2, 0.1],
      [3, 0.1],
    ]);
    expect(model.series[1]!.points).toHaveLength(2);
    const atFloor = modelOf(spectrum([1, 1e-14], [1, 1e-14], 1e-14), 2, true)!;
    expect(atFloor.series[0]!.points).toHaveLength(1);
  });

  test('unresolved directions bring the floor into view, with a strip that counts them', () => {
    const model = modelOf(collapsed, 5, true)!;
    expect(model.band).toEqual({ top: 1e-14, label: 'not resolved: 2 directions' });
    expect(model.lines.find(({ look }) => look === 'floor')).toMatchObject({ y: 1e-14 });
    expect(model.y.min).toBeLessThan(1e-14);
    expect(model.summary).toContain('3 directions of 5 stand above the noise floor');
    expect(model.table.rows[3]).toEqual(['4', 'not resolved', 'not resolved']);
  });

  test('directions beyond the rows are not resolved either', () => {
    const model = modelOf(spectrum([0.6, 0.4], [0.4, 0.1], 1e-15), 10, true)!;
    expect(model.band!.label).toBe('not resolved: 8 directions');
    expect(model.x.max).toBe(10);
  });

  test('a floor far below all data is named at the lower edge and does not press the data flat', () => {
    const model = modelOf(spectrum([0.6, 0.4], [0.3, 0.2], 1e-16), 2, true)!;
    const floor = model.lines.find(({ look }) => look === 'floor')!;
    expect(model.band).toBeNull();
    expect(floor.y).toBe(model.y.min);
    expect(floor.label).toContain('far below');
    expect(model.y.min).toBeCloseTo(0.05, 12);
  });

  test('the edge is a line and its excess a sentence', () => {
    const model = modelOf(spectrum([0.6, 0.3, 0.1], [0.3, 0.2, 0.1], 1e-16, 0.2), 3, true)!;
    expect(model.lines.find(({ look }) => look === 'edge')).toMatchObject({ y: 0.2 });
    expect(model.summary).toContain('2 eigenvalues of C stand above the edge');
  });

  test('shares of the strongest direction', () => {
    const model = modelOf(spectrum([3, 1], [1, 1], 1e-15), 2, true)!;
    expect(model.summary).toContain('The strongest holds 75 % of the energy with the mean, and 50 % of the variance around it.');
  });

  test('nothing resolved, nothing drawn', () => {
    expect(modelOf(spectrum([0, 0], [0, 0], 0), 2, true)).toBeNull();
    expect(modelOf(spectrum([], [], 0), 2, true)).toBeNull();
  });

  test('ten thousand eigenvalues are thinned, drawn and tabulated', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => 1 / (index + 1));
    const model = modelOf(spectrum(many, many, 1e-12), 10_000, true)!;
    expect(model.series[0]!.points.length).toBeLessThan(420);
    expect(model.series[0]!.points.at(-1)).toMatchObject({ x: 10_000, y: 1e-4 });
    expect(model.table.rows.length).toBeLessThanOrEqual(200);
    expect(model.table.caption).toContain('of 10,000 eigenvalues');
  });

  describe('of an estimated density', () => {
    const density = (points: readonly (readonly [node: number, weight: number])[]) => ({
      nodes: Float64Array.from(points, ([node]) => node),
      weights: Float64Array.from(points, ([, weight]) => weight),
    });
    const estimate = (eigenvalues: number[]): Spectrum => ({
      kind: 'density',
      eigenvalues: Float64Array.from(eigenvalues),
      density: density([
        [4, 1],
        [1, 2.5],
        [0.5, 6.5],
      ]),
      centredDensity: density([
        [1, 4],
        [0.5, 6],
      ]),
      noiseFloor: 1e-15,
      marchenkoPasturEdge: null,
    });

    test('computed eigenvalues stand first, then the steps of the density, over every rank', () => {
      const model = modelOf(estimate([4.1, 1.1]), 10, false)!;
      expect(model.series[0]!.points.map(({ y }) => y)).toEqual([4.1, 1.1, 1, 0.75, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
      expect(model.series[1]!.points.map(({ y }) => y)).toEqual([1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
    });

    test('summary, legend and table say what is an estimate', () => {
      const model = modelOf(estimate([4.1, 1.1]), 10, true)!;
      expect(model.summary).toMatch(/^The 2 largest eigenvalues of C are computed; the rest of both curves is an estimate/);
      expect(model.summary).toContain('count nothing at its lower end');
      expect(model.summary).not.toContain('stand above the noise floor');
      expect(model.series.map(({ name }) => name)).toEqual([
        'With the mean (C, uncentred), after the first 2 an estimated density',
        'Around the mean (S, centred), estimated density',
      ]);
      expect(model.table.caption).toContain('estimated density');
      expect(model.table.rows.slice(1, 3)).toEqual([
        ['2', '1.100', '\u2248 1'],
        ['3', '\u2248 1', '\u2248 1'],
      ]);
    });

    test('without a computed head nothing claims to be computed', () => {
      const model = modelOf(estimate([]), 10, true)!;
      expect(model.summary).toMatch(/^Both curves are an estimate/);
      expect(model.table.rows[0]).toEqual(['1', '\u2248 4', '\u2248 1']);
    });
  });

  describe('the power law', () => {
    const powers = Array.from({ length: 80 }, (_, index) => 3 * (index + 1) ** -1.5);

    test('is drawn and said over the ranks of the fit', () => {
      const model = modelOf(spectrum(powers, powers, 1e-12), 80, true)!;
      const fit = model.series.find(({ look }) => look === 'reference')!;
      expect(fit.points.map(({ x }) => x)).toEqual(Array.from({ length: 46 }, (_, index) => index + 5));
      for (const { x, y } of fit.points) expect(y).toBeCloseTo(powers[x - 1]!, 12);
      expect(model.summary).toContain('From direction 5 to 50 the variance falls like rank to the power \u22121.500.');
    });

    test('is that of alpha-ReQ', () => {
      const report = reportFromJson(fixture('healthy'));
      const fit = spectrumModel(report, { logRank: true, logValue: true })!.series.find(({ look }) => look === 'reference')!;
      const [first, last] = [fit.points[0]!, fit.points.at(-1)!];
      expect(-Math.log(last.y / first.y) / Math.log(last.x / first.x)).toBeCloseTo(report.quantities.alphaReq!.value!, 10);
    });

    test('needs ten resolved eigenvalues from the fifth on', () => {
      expect(modelOf(spectrum(powers.slice(0, 13), powers.slice(0, 13), 1e-12), 13, true)!.series).toHaveLength(2);
      expect(modelOf(spectrum(powers.slice(0, 14), powers.slice(0, 14), 1e-12), 14, true)!.series).toHaveLength(3);
    });
  });

  test('a linear axis of eigenvalues begins at 0, and no floor is named that cannot be seen on it', () => {
    const model = modelOf(spectrum([0.6, 0.4], [0.3, 0.2], 1e-16), 2, true, false)!;
    expect(model.y).toMatchObject({ logarithmic: false, min: 0 });
    expect(model.lines).toEqual([]);
  });

  describe('of a sample', () => {
    const sampled = reportFromJson(fixture('sampled'));
    const axes = { logRank: true, logValue: true };

    test('has a strip of what is proven of all rows, around what was found', () => {
      const model = spectrumModel(sampled, axes)!;
      const [area] = model.areas;
      expect(area!.name).toBe('Eigenvalues of C of all rows, 95 %');
      expect(model.summary).toContain('all at once with 95 % confidence (matrix Chernoff)');
      const [polygon] = area!.polygons;
      const half = polygon!.length / 2;
      for (const { x, y } of model.series[0]!.points) {
        const upper = polygon!.slice(0, half).find((point) => point.x === x);
        const lower = polygon!.slice(half).find((point) => point.x === x);
        if (upper === undefined || lower === undefined) continue;
        expect(lower.y).toBeLessThan(y);
        expect(upper.y).toBeGreaterThan(y);
        expect(upper.y).toBeLessThanOrEqual(1 / x);
      }
      expect(model.y.max).toBeGreaterThan(Math.max(...polygon!.map(({ y }) => y)));
    });

    test('of rows that are not of unit length has none', () => {
      const options = { ...sampled.options, normalize: false };
      expect(spectrumModel({ ...sampled, options }, axes)!.areas).toEqual([]);
    });
  });
});
