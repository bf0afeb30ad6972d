import { DEFAULT_OPTIONS, REPORT_SCHEMA, type SpectralReport } from '../../src/analysis/report';
import { exact, unavailable } from '../../src/spectral/bounded';

/** A report made by hand, for what words and layouts become of it. */
export function sampleReport(changes: Partial<SpectralReport> = {}): SpectralReport {
  return {
    schema: REPORT_SCHEMA,
    source: {
      path: 'run/embeddings.npy',
      tensor: null,
      format: 'npy',
      dtype: 'float32',
      rows: 1000,
      columns: 100,
      bytes: 400_128,
      note: null,
    },
    sample: { rows: 1000, seed: 0, complete: true, stopped: 'whole-file' },
    options: { ...DEFAULT_OPTIONS, normalize: true },
    backend: { name: 'cpu', device: 'A processor', precision: 'float64', selfTestError: 2.2e-16, fallbackReason: null },
    integrity: { nan: 0, inf: 0, zeroRows: 0, duplicateRows: 0, constantColumns: 0 },
    sigma: { n_A: 1000, n_k: 1000, m: 100, delta: 1e-3, rho: 1, beta: 0, S: -15.6, U_cov: -706.4024, G_KF: null },
    spectrum: {
      kind: 'exact',
      method: 'gram',
      eigenvalues: Float64Array.of(0.8, 0.1, 0.01, 1e-20),
      centred: Float64Array.of(0.1, 0.05, 0.01, 1e-20),
      noiseFloor: 1e-14,
      marchenkoPasturEdge: null,
    },
    sampling: null,
    quantities: {
      effectiveRank: exact(37.23857),
      participationRatio: {
        value: 13.25,
        exact: false,
        bounds: [{ lower: 12.5, upper: 14.004, kind: 'stochastic', confidence: 0.95, method: 'Jackknife' }],
        reason: null,
      },
      shape: exact(-72.389053),
      logScale: exact(-1.8031197),
      meanCosine: exact(0.8352160014),
      distinctRowRatio: exact(1),
      logDetGram: unavailable('Only 12 of 1,000 rows are known.', [
        { lower: null, upper: -15, kind: 'deterministic', confidence: 1, method: 'Water-filling' },
      ]),
      codingLogDet: [],
      effectiveDimension: [],
    },
    verdict: { level: 'healthy', reasons: [{ code: 'no-sign', message: 'Nothing in this spectrum speaks of collapse.' }] },
    timings: { total: 118.4 },
    ...changes,
  };
}

/** A matrix of a checkpoint. */
export function weightReport(tensor: string, level: SpectralReport['verdict']['level'], effectiveRank: number): SpectralReport {
  const report = sampleReport();
  return {
    ...report,
    source: { ...report.source, path: 'model.safetensors', format: 'safetensors', tensor },
    quantities: {
      effectiveRank: exact(effectiveRank),
      stableRank: exact(7.5),
      powerLawAlpha: exact(3.2),
      codingLogDet: [],
      effectiveDimension: [],
    },
    verdict: { level, reasons: [{ code: level, message: `${tensor} is ${level}.` }] },
  };
}
