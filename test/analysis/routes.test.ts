import { describe, expect, it } from 'vitest';
import { type AnalysisHooks, analyze } from '../../src/analysis/analyze';
import { DEFAULT_OPTIONS, type ExactSpectrum, type SpectralReport } from '../../src/analysis/report';
import { samplingDeviation } from '../../src/analysis/sampling-deviation';
import { SpectraAccumulator } from '../../src/analysis/spectra';
import { cpuKernels } from '../../src/compute/cpu';
import { selectBackend } from '../../src/compute/select';
import type { MatrixSource, TensorFile } from '../../src/formats/matrix-source';
import type { Bounded } from '../../src/spectral/bounded';
import { normal, uniform } from '../../src/spectral/random';
import { memoryFile } from './memory-file';

const backend = selectBackend('cpu');

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

function fileOf({ columns, values }: Matrix, dtype = 'float64', access: MatrixSource['access'] = 'random'): TensorFile {
  return memoryFile(values, columns, { dtype, access });
}

async function report(file: TensorFile, options = {}, hooks: Partial<AnalysisHooks> = {}): Promise<SpectralReport> {
  return analyze(file, '', { ...DEFAULT_OPTIONS, ...options }, await backend, { poll() {}, progress() {}, refined: null, ...hooks });
}

function methods(quantity: Bounded | undefined): string[] {
  return quantity!.bounds.map(({ method }) => method);
}

describe('of many rows', () => {
  const [rows, columns] = [2300, 1024];

  /** Of float32, as stored; its columns have these standard deviations. */
  function many(deviation: (j: number) => number): Matrix {
    const random = normal(uniform(5));
    const values = Float64Array.from({ length: rows * columns }, (_, i) => Math.fround(random() * deviation(i % columns)));
    return { rows, columns, values };
  }

  it('products are computed in float32 where eigenvalues stay as good, and the report states their error', async () => {
    const matrix = many((j) => (j + 1) ** -0.5);
    const rounded = await report(fileOf(matrix, 'float32'));
    expect(rounded.backend.precision).toBe('float32');
    // As of float64: no sooner, and exact.
    const exact = await report(fileOf(matrix, 'float64'));
    expect(exact.backend.precision).toBe('float64');
    const [found, expected] = [rounded, exact].map(({ spectrum }) => spectrum as ExactSpectrum);
    expect(found.noiseFloor).toBeGreaterThan(1e3 * expected.noiseFloor);
    let square = 0;
    for (let i = 0; i < columns; i++) {
      square += (found.centred[i] - expected.centred[i]) ** 2 / columns;
      expect(Math.abs(found.centred[i] / expected.centred[i] - 1)).toBeLessThan(1e-5);
    }
    expect(Math.sqrt(square)).toBeLessThan(found.noiseFloor);
    expect(square).toBeGreaterThan(0);
  });

  it('they are computed again in float64 where the smallest eigenvalues need it', async () => {
    const stages: string[] = [];
    const progress = (_: number, stage: string) => void stages.push(stage);
    const { backend, spectrum } = await report(
      fileOf(
        many((j) => 10 ** ((-4 * j) / columns)),
        'float32',
      ),
      {},
      { progress },
    );
    expect(backend.precision).toBe('float64');
    expect(stages).toContainEqual(expect.stringContaining('float64'));
    expect((spectrum as ExactSpectrum).eigenvalues[columns - 1]).toBeGreaterThan((spectrum as ExactSpectrum).noiseFloor);
  });

  it('they are not in float32 where squares could overflow in it', async () => {
    const { backend } = await report(
      fileOf(
        many((j) => 1e20 / (j + 1)),
        'float32',
      ),
      { normalize: false },
    );
    expect(backend.precision).toBe('float64');
  });
});

describe('where the Gram matrix would lose the tail', () => {
  /** Columns scaled from 1 to 1e-11: eigenvalues of X^T X down to 1e-22 of the largest. */
  function graded(n: number, d: number): Matrix {
    const random = normal(uniform(3));
    const values = Float64Array.from({ length: n * d }, (_, i) => random() * 10 ** ((-11 * (i % d)) / (d - 1)));
    return { rows: n, columns: d, values };
  }

  it('elements that hold more are factored by QR, and the report says so', async () => {
    const matrix = graded(400, 12);
    const byQr = await report(fileOf(matrix), { normalize: false });
    const spectrum = byQr.spectrum as ExactSpectrum;
    expect(spectrum.method).toBe('qr');
    expect(byQr.quantities.numericalRank!.value).toBe(12);
    expect(spectrum.noiseFloor).toBeLessThan(1e-26 * spectrum.eigenvalues[0]);
    // Scaling the columns back gives a well-conditioned matrix, whose determinant is the other's but for the product of the scales.
    const scaled = matrix.values.map((x, i) => x * 10 ** ((11 * (i % 12)) / 11));
    const well = await report(fileOf({ ...matrix, values: scaled }), { normalize: false });
    expect((well.spectrum as ExactSpectrum).method).toBe('gram');
    const logDet = ({ spectrum }: SpectralReport) => (spectrum as ExactSpectrum).eigenvalues.reduce((s, l) => s + Math.log(l), 0);
    const ofScales = Array.from({ length: 12 }, (_, j) => 2 * Math.log(10 ** ((-11 * j) / 11))).reduce((s, x) => s + x, 0);
    expect(logDet(byQr) - logDet(well)).toBeCloseTo(ofScales, 3);
    expect(byQr.quantities.conditionNumber!.exact).toBe(true);
  });

  it('elements of float32 are not: their own rounding is larger', async () => {
    const { spectrum } = await report(fileOf(graded(400, 12), 'float32'), { normalize: false });
    expect((spectrum as ExactSpectrum).method).toBe('gram');
  });
});

it('where most of many rows cannot be used, there are as many eigenvalues as rows that can', async () => {
  const [n, d] = [60, 20];
  const random = normal(uniform(8));
  const values = Float64Array.from({ length: n * d }, (_, i) => (i < 7 * d ? random() : Number.NaN));
  const whole = (await report(fileOf({ rows: n, columns: d, values }))).spectrum as ExactSpectrum;
  const few = (await report(fileOf({ rows: 7, columns: d, values: values.slice(0, 7 * d) }))).spectrum as ExactSpectrum;
  expect(whole.eigenvalues).toHaveLength(7);
  for (const [i, l] of few.eigenvalues.entries()) expect(whole.eigenvalues[i]).toBeCloseTo(l, 12);
});

describe('a large sample', () => {
  const n = 9000;
  const d = 6;
  const random = normal(uniform(5));
  const matrix: Matrix = { rows: n, columns: d, values: Float64Array.from({ length: n * d }, (_, i) => (1 + (i % d)) * random()) };

  for (const access of ['random', 'sequential'] as const) {
    it(`has bounds that are proven with rows beyond it (${access} access)`, async () => {
      const all = await report(fileOf(matrix, 'float64', access));
      const sample = await report(fileOf(matrix, 'float64', access), { rows: 5000 });
      for (const [k, coding] of sample.quantities.codingLogDet.entries()) {
        expect(methods(coding)).toEqual(['Deterministic equivalent, jackknife', 'SIGMA-S', 'Majorisation by the unseen trace']);
        const truth = all.quantities.codingLogDet[k].value!;
        for (const { lower, upper } of coding.bounds) {
          expect(lower!).toBeLessThan(truth);
          expect(upper!).toBeGreaterThan(truth);
        }
        const widths = coding.bounds.map(({ lower, upper }) => upper! - lower!);
        expect(widths[0]).toBeLessThan(widths[1]);
      }
      expect(methods(sample.quantities.logDetGram)).toContain('Submodular gain bound');
      expect(methods(sample.quantities.lambdaMax)).toContain('Matrix Chernoff');
      expect(sample.sample).toMatchObject({ rows: 5000, stopped: 'rows' });
      expect(sample.sigma!.n_A).toBe(5000);
    });
  }

  it('of fewer rows reads none beyond it', async () => {
    const sample = await report(fileOf(matrix), { rows: 3000 });
    expect(methods(sample.quantities.codingLogDet[2])).not.toContain('SIGMA-S');
  });
});

describe('sampling', () => {
  it('deviations are those of the jackknife that leaves out one row after the other', async () => {
    const n = 120;
    const d = 5;
    const random = normal(uniform(8));
    const values = Float64Array.from({ length: n * d }, (_, i) => (1 + (i % d)) * random() + 1);
    const spectraOf = async (rows: Float64Array) => {
      const accumulator = new SpectraAccumulator(d, cpuKernels(), () => {});
      await accumulator.add({ count: rows.length / d, values: rows });
      return accumulator.spectra(() => {});
    };
    const statistics = async (rows: Float64Array): Promise<number[]> => {
      const { centred, uncentred } = await spectraOf(rows);
      const trace = centred.reduce((s, l) => s + l, 0);
      const squares = centred.reduce((s, l) => s + l * l, 0);
      const shape = centred.reduce((s, l) => s + Math.log((l + (1e-6 * trace) / d) / (trace / d)), 0);
      const logDet = uncentred.reduce((s, l) => s + Math.log(l + 1e-3 / n), 0);
      return [Math.log(trace), shape, Math.log(trace ** 2 / squares), logDet];
    };
    const without: number[][] = [];
    for (let i = 0; i < n; i++) {
      const rest = Float64Array.from([...values.subarray(0, i * d), ...values.subarray((i + 1) * d)]);
      without.push(await statistics(rest));
    }
    const deviation = (k: number): number => {
      const mean = without.reduce((s, x) => s + x[k], 0) / n;
      return Math.sqrt(((n - 1) / n) * without.reduce((s, x) => s + (x[k] - mean) ** 2, 0));
    };
    const found = samplingDeviation(await spectraOf(values), 1e-6, 1e-3)!;
    // All 120 rows are pilot rows; what is left is of second order in 1 / n.
    expect(found.logScale / deviation(0)).toBeCloseTo(1, 1);
    expect(found.shape / deviation(1)).toBeCloseTo(1, 1);
    expect(found.participationRatio / deviation(2)).toBeCloseTo(1, 1);
    expect(found.logDet / deviation(3)).toBeCloseTo(1, 1);
  });

  it('is not said of weights, nor of rows that are all the same', async () => {
    const same = fileOf({ rows: 4, columns: 3, values: new Float64Array(12).fill(1) });
    expect((await report(same)).sampling).toBeNull();
  });
});

it('a matrix too large for either side is measured by passes over all its rows', { timeout: 120_000 }, async () => {
  const n = 4100;
  const d = 4098;
  // Three directions and the mean: Lanczos ends after a few passes.
  const random = normal(uniform(11));
  const directions = Array.from({ length: 4 }, () => Float64Array.from({ length: d }, random));
  const values = new Float64Array(n * d);
  for (let i = 0; i < n; i++) {
    const weights = [1, random(), 0.5 * random(), 0.2 * random()];
    for (let j = 0; j < d; j++) values[i * d + j] = weights.reduce((s, w, k) => s + w * directions[k][j], 0);
  }
  const found = await report(fileOf({ rows: n, columns: d, values }), { normalize: false });
  expect(found.spectrum!.kind).toBe('density');
  expect(found.sample).toMatchObject({ rows: n, complete: true, stopped: 'whole-file' });
  expect(found.sigma).toBeNull();
  // tr S = sum of the variances of the weights times the squared lengths.
  const lengths = directions.map((x) => x.reduce((s, v) => s + v * v, 0));
  const trace = Math.exp(found.quantities.logScale!.value!);
  expect(trace / (lengths[1] + 0.25 * lengths[2] + 0.04 * lengths[3])).toBeCloseTo(1, 1);
  expect(found.quantities.effectiveRank!.value).toBeGreaterThan(1);
  expect(found.quantities.effectiveRank!.value).toBeLessThan(3);
  expect(found.quantities.distinctRowRatio!.value).toBe(1);
  expect(found.quantities.meanCosine!.exact).toBe(true);
});
