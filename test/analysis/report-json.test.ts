import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS, type DensitySpectrum, REPORT_SCHEMA, type SpectralReport } from '../../src/analysis/report';
import { reportFromJson, toJson } from '../../src/analysis/report-json';
import { exact, unavailable } from '../../src/spectral/bounded';

const REPORT: SpectralReport = {
  schema: REPORT_SCHEMA,
  source: { path: 'NaN', tensor: 'Infinity', format: 'npy', dtype: 'float32', rows: 3, columns: 2, bytes: 24, note: null },
  sample: { rows: 3, seed: 0, complete: true, stopped: 'whole-file' },
  options: { ...DEFAULT_OPTIONS, normalize: true },
  backend: { name: 'cpu', device: 'a processor', precision: 'float64', selfTestError: Number.NaN, fallbackReason: null },
  integrity: { nan: 0, inf: 0, zeroRows: 0, duplicateRows: 0, constantColumns: 0 },
  sigma: { n_A: 3, n_k: 3, m: 2, delta: 1e-3, rho: 1, beta: 0, S: Number.NEGATIVE_INFINITY, U_cov: Number.NaN, G_KF: null },
  spectrum: {
    kind: 'exact',
    method: 'gram',
    eigenvalues: Float64Array.of(0.1 + 0.2, Number.NaN),
    centred: Float64Array.of(Number.POSITIVE_INFINITY, 5e-324),
    noiseFloor: 1e-16,
    marchenkoPasturEdge: null,
  },
  quantities: {
    effectiveRank: exact(Number.NEGATIVE_INFINITY),
    shape: unavailable('Too few rows.', [{ lower: Number.NaN, upper: null, kind: 'stochastic', confidence: 0.95, method: 'a method' }]),
    codingLogDet: [{ ...exact(1.5), alphaOverD: 0.1 }],
    effectiveDimension: [],
  },
  sampling: null,
  verdict: { level: 'unknown', reasons: [{ code: 'few-rows', message: 'Too few rows.' }] },
  timings: { total: 1.25 },
};

describe('a report as JSON', () => {
  const text = JSON.stringify(toJson(REPORT));

  it('writes typed arrays as arrays and non-finite numbers as their names', () => {
    const json = JSON.parse(text);
    expect(json.spectrum.eigenvalues).toEqual([0.30000000000000004, 'NaN']);
    expect(json.spectrum.centred).toEqual(['Infinity', 5e-324]);
    expect(json.sigma).toMatchObject({ S: '-Infinity', U_cov: 'NaN', G_KF: null });
    expect(json.quantities.effectiveRank.value).toBe('-Infinity');
    expect(json.quantities.shape.bounds[0]).toMatchObject({ lower: 'NaN', upper: null });
  });

  it('gives the same report back, names of the file included', () => {
    expect(reportFromJson(JSON.parse(text))).toEqual(REPORT);
  });

  it('gives a density back too', () => {
    const density = { nodes: Float64Array.of(1, 0.5), weights: Float64Array.of(0.25, 1.75) };
    const spectrum: DensitySpectrum = {
      kind: 'density',
      eigenvalues: Float64Array.of(1),
      density,
      centredDensity: { nodes: Float64Array.of(0), weights: Float64Array.of(2) },
      noiseFloor: 1e-16,
      marchenkoPasturEdge: null,
    };
    const report = { ...REPORT, spectrum };
    const written = JSON.stringify(toJson(report));
    expect(JSON.parse(written).spectrum.density).toEqual({ nodes: [1, 0.5], weights: [0.25, 1.75] });
    expect(reportFromJson(JSON.parse(written))).toEqual(report);
  });

  it.each([[null], [{}], [{ ...REPORT, schema: 'sigma.report/2' }], ['sigma.report/1']])('refuses what is not a report: %j', (value) => {
    expect(() => reportFromJson(value)).toThrow('sigma.report/1');
  });
});
