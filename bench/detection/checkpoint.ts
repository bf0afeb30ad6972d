import { analyze } from '../../src/analysis/analyze';
import { DEFAULT_OPTIONS, type SpectralReport } from '../../src/analysis/report';
import { SpectraAccumulator } from '../../src/analysis/spectra';
import { cpuKernels } from '../../src/compute/cpu';
import type { Backend } from '../../src/compute/kernels';
import type { TensorFile } from '../../src/formats/matrix-source';
import type { AnalyzedCheckpoint, CheckpointReport } from '../../src/runs/run-report';
import { sigmaUb } from '../../src/spectral/sigma-ub';

/** One generation: what the detector reads of it, and what the other methods read. */
export interface Generation {
  readonly checkpoint: AnalyzedCheckpoint;
  readonly peers: Readonly<Record<Peer, number>>;
}

export type Peer = 'trackTwo' | 'trackOne' | 'rankMe' | 'meanCosine';

const backend: Backend = {
  description: { name: 'cpu', device: 'bench', precision: 'float64', selfTestError: 0, fallbackReason: null },
  kernels: cpuKernels(),
};

/** @param rows row-major */
export async function generation(rows: Float64Array, columns: number, step: number, name = 'embeddings.npy'): Promise<Generation> {
  const file = inMemory(name, rows, columns);
  const report = await analyze(file, '', DEFAULT_OPTIONS, backend, { poll: () => {}, progress: () => {}, refined: null });
  const { quantities, sigma } = report;
  return {
    checkpoint: { name: `generation-${step}`, step, matrices: [{ file: name, report: withoutBounds(report) }] },
    peers: {
      trackTwo: sigma!.U_cov,
      trackOne: await trackOne(rows, columns),
      rankMe: quantities.rankMe!.value!,
      meanCosine: quantities.meanCosine!.value!,
    },
  };
}

/** What the judgement of a run reads: of 35,000 reports the rest would be a gigabyte. */
function withoutBounds(report: SpectralReport): CheckpointReport {
  const { codingLogDet, effectiveDimension, ...single } = report.quantities;
  const values = Object.entries(single).map(([id, quantity]) => [id, { ...quantity, bounds: [], reason: null }]);
  return {
    ...report,
    spectrum: null,
    quantities: { ...Object.fromEntries(values), codingLogDet: [], effectiveDimension: [] },
    timings: {},
  };
}

/** G_KF of the first half of the rows: it needs rows that are not observed. */
async function trackOne(rows: Float64Array, columns: number): Promise<number> {
  const n = rows.length / columns;
  const observed = Math.floor(n / 2);
  const values = rows.slice(0, observed * columns);
  for (let at = 0; at < values.length; at += columns) {
    let square = 0;
    for (let j = at; j < at + columns; j++) square += values[j] ** 2;
    for (let j = at; j < at + columns; j++) values[j] /= Math.sqrt(square);
  }
  const accumulator = new SpectraAccumulator(columns, backend.kernels, () => {});
  await accumulator.add({ count: observed, values });
  const { uncentred } = await accumulator.spectra(() => {});
  return sigmaUb(
    uncentred.map((l) => l * observed),
    observed,
    n,
    columns,
    DEFAULT_OPTIONS.ridge,
    1,
  ).G_KF!;
}

/** Rows as a file of one unnamed matrix. */
function inMemory(path: string, values: Float64Array, columns: number): TensorFile {
  const rows = values.length / columns;
  const read = (first: number, count: number): Float64Array => values.subarray(first * columns, (first + count) * columns);
  const tensor = { name: '', dtype: 'float32', shape: [rows, columns], bytes: 4 * values.length, matrix: { rows, columns }, note: null };
  return {
    path,
    format: 'npy',
    bytes: tensor.bytes,
    tensors: [tensor],
    warnings: [],
    fingerprint: '',
    matrix: () => ({
      rows,
      columns,
      access: 'sequential',
      async read(first, count, into) {
        into.set(read(first, count));
      },
      async *stream(rowsPerBlock) {
        for (let first = 0; first < rows; first += rowsPerBlock) {
          const count = Math.min(rowsPerBlock, rows - first);
          yield { first, count, values: read(first, count) };
        }
      },
    }),
    async close() {},
  };
}
