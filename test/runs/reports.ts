import { DEFAULT_OPTIONS, type Level } from '../../src/analysis/report';
import type { AnalyzedCheckpoint, CheckpointReport, MatrixReport } from '../../src/runs/run-report';
import { exact } from '../../src/spectral/bounded';

/** What a test says of one matrix; everything else is that of 1,000 healthy unit rows of 100 columns. */
export interface Facts {
  readonly file?: string;
  readonly tensor?: string | null;
  readonly logScale?: number;
  readonly shape?: number;
  readonly participationRatio?: number;
  readonly effectiveRank?: number;
  readonly distinctRowRatio?: number;
  readonly level?: Level;
  /** No number could be computed. */
  readonly empty?: boolean;
}

export function matrixReport(facts: Facts = {}): MatrixReport {
  const { file = 'embeddings.npy', tensor = null, empty = false, level = 'healthy' } = facts;
  const format = tensor === null ? 'npy' : 'safetensors';
  const report: CheckpointReport = {
    schema: 'sigma.report/1',
    source: { path: `/run/${file}`, tensor, format, dtype: 'float32', rows: 1000, columns: 100, bytes: 400_000, note: null },
    sample: { rows: 1000, seed: 0, complete: true, stopped: 'whole-file' },
    options: DEFAULT_OPTIONS,
    backend: { name: 'cpu', device: 'test', precision: 'float64', selfTestError: 0, fallbackReason: null },
    integrity: { nan: 0, inf: 0, zeroRows: 0, duplicateRows: 0, constantColumns: 0 },
    sigma: empty
      ? null
      : {
          n_A: 1000,
          n_k: 1000,
          m: 100,
          delta: 1e-3,
          rho: 1,
          beta: 0,
          S: 0,
          U_cov: (facts.shape ?? -70) + 100 * (facts.logScale ?? -1.8),
          G_KF: null,
        },
    spectrum: null,
    sampling: empty ? null : { logScale: 0.016, shape: 1.2, logDet: 1.7, participationRatio: 0.034 },
    quantities: empty
      ? { codingLogDet: [], effectiveDimension: [] }
      : {
          codingLogDet: [],
          effectiveDimension: [],
          trace: exact(1),
          logScale: exact(facts.logScale ?? -1.8),
          shape: exact(facts.shape ?? -70),
          participationRatio: exact(facts.participationRatio ?? 13),
          effectiveRank: exact(facts.effectiveRank ?? 37),
          distinctRowRatio: exact(facts.distinctRowRatio ?? 1),
        },
    verdict: { level, reasons: [{ code: level === 'broken' ? 'nan' : 'x', message: 'As its own report says.' }] },
    timings: {},
  };
  return { file, report };
}

/** A run of one set of embeddings, one step a checkpoint. */
export function run(facts: readonly Facts[]): AnalyzedCheckpoint[] {
  return facts.map((f, step) => checkpoint(step, [f]));
}

export function checkpoint(step: number, facts: readonly Facts[]): AnalyzedCheckpoint {
  return { name: `generation-${step}`, step, matrices: facts.map(matrixReport) };
}
