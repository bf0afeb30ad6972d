import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { matrixFreeSpectra } from '../../src/analysis/matrix-free';
import { qrSpectra } from '../../src/analysis/qr-spectra';
import type { Rows } from '../../src/analysis/read-rows';
import { DEFAULT_OPTIONS, type ExactSpectrum, type SpectralReport } from '../../src/analysis/report';
import { toJson } from '../../src/analysis/report-json';
import { SpectraAccumulator } from '../../src/analysis/spectra';
import type { Backend, BackendDescription, Kernels } from '../../src/compute/kernels';
import { plainKernels } from '../../src/compute/plain';
import { selectBackend } from '../../src/compute/select';
import { simdSupport, wasmKernels } from '../../src/compute/wasm';
import type { MatrixSource, TensorFile } from '../../src/formats/matrix-source';
import type { Bounded } from '../../src/spectral/bounded';
import { normal, uniform } from '../../src/spectral/random';
import { softwareGpu } from '../software-gpu';
import { memoryFile } from './memory-file';

/** The same rows by every way there is to their spectra: all of them say the same, within the error that each states. */

const nothing = (): void => {};
const silent = { poll: nothing, progress: nothing, refined: null };

interface Matrix {
  readonly n: number;
  readonly d: number;
  readonly x: Float64Array;
}

/** Gaussian rows about a mean, of which float32 holds every element; the variances of the columns fall by so many decades. Seeds are not those of probes. */
function rowsOf(n: number, d: number, decades: number, seed: number): Matrix {
  const random = normal(uniform(seed));
  const x = Float64Array.from({ length: n * d }, (_, i) => Math.fround(random() * 10 ** ((-decades * (i % d)) / (2 * d)) + 0.3));
  return { n, d, x };
}

const MATRICES: readonly (readonly [string, Matrix])[] = [
  ['more rows than columns', rowsOf(1500, 40, 2, 101)],
  ['more columns than rows', rowsOf(30, 170, 1, 102)],
  ['as many', rowsOf(64, 64, 0, 103)],
  ['variances over eight decades', rowsOf(700, 50, 8, 104)],
  ['one column', rowsOf(50, 1, 0, 105)],
];

const plain = plainKernels();
const started: Kernels[] = [];
afterAll(() => Promise.all(started.map((kernels) => kernels.close())));

/** Shares from the first task on, however small. */
function wasm(threads: number, fused = simdSupport() === 'fused'): Kernels {
  const kernels = wasmKernels({ threads, fused, worthSharing: 0, worthStarting: 0 });
  started.push(kernels);
  return kernels;
}

async function spectraOf({ n, d, x }: Matrix, kernels: Kernels, precision: 'float32' | 'float64' = 'float64') {
  const accumulator = new SpectraAccumulator(d, kernels, nothing, 'float64', n > d);
  for (let first = 0; first < n; first += 256) {
    const count = Math.min(256, n - first);
    await accumulator.add({ count, values: x.slice(first * d, (first + count) * d) }, precision);
  }
  return accumulator.spectra(nothing);
}

const label: BackendDescription = { name: 'cpu', device: 'some', precision: 'float64', selfTestError: 0, fallbackReason: null };

async function reportOf(file: TensorFile, kernels: Kernels | Backend): Promise<SpectralReport> {
  const backend = 'kernels' in kernels ? kernels : { kernels, description: label };
  return analyze(file, '', DEFAULT_OPTIONS, backend, silent);
}

/** What is the same from one run to the next. */
const documentOf = ({ timings: _, ...rest }: SpectralReport): string => JSON.stringify(toJson(rest));

/** Largest difference, relative to the largest eigenvalue. */
function apart(a: Float64Array, b: Float64Array): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((l, i) => Math.abs(l - b[i]))) / b[0];
}

const rounding = ({ n, d }: Matrix): number => (d + n + 8) * Number.EPSILON;

describe.each(MATRICES)('%s', (_, matrix) => {
  const { n, d, x } = matrix;

  test('in WebAssembly, on any number of threads, with fused products and without, as in plain JavaScript', async () => {
    const expected = await spectraOf(matrix, plain);
    for (const kernels of [wasm(1), wasm(3), wasm(2, false)]) {
      const found = await spectraOf(matrix, kernels);
      expect(apart(found.uncentred, expected.uncentred)).toBeLessThan(rounding(matrix));
      expect(apart(found.centred, expected.centred)).toBeLessThan(rounding(matrix));
    }
  });

  if (n > d)
    test('with products in float32: as far off as their measured error allows', async () => {
      const expected = await spectraOf(matrix, plain);
      const found = await spectraOf(matrix, wasm(2), 'float32');
      expect(found.productError).toBeGreaterThan(0);
      expect(found.productError!).toBeLessThan(1e-6 * expected.uncentred[0]);
      for (const which of ['uncentred', 'centred'] as const) {
        const squares = found[which].reduce((s, l, i) => s + (l - expected[which][i]) ** 2, 0);
        expect(Math.sqrt(squares / d), which).toBeLessThanOrEqual(found.productError! + rounding(matrix) * expected[which][0]);
      }
    });

  if (n >= d)
    test('by a QR factorisation: within what the Gram matrix loses', async () => {
      const expected = await spectraOf(matrix, plain);
      async function* passes(): AsyncGenerator<Rows> {
        for (let first = 0; first < n; first += 100) {
          const count = Math.min(100, n - first);
          yield { count, values: x.slice(first * d, (first + count) * d) };
        }
      }
      const found = await qrSpectra(passes, d, nothing);
      expect(apart(found.uncentred, expected.uncentred)).toBeLessThan(rounding(matrix));
      expect(apart(found.centred, expected.centred)).toBeLessThan(
        2 * rounding(matrix) * Math.max(1, expected.uncentred[0] / expected.centred[0]),
      );
      expect(found.noiseFloor).toBeLessThan(d * Number.EPSILON * expected.uncentred[0]);
    });

  if (d >= 40)
    test('by passes over the rows: certain bounds hold, and what is in no interval is next to it', async () => {
      const dense = await reportOf(memoryFile(x, d), plain);
      const lengths = Float64Array.from({ length: n }, (_, i) => Math.hypot(...x.subarray(i * d, (i + 1) * d)));
      const unit = x.map((v, k) => v / lengths[Math.floor(k / d)]);
      for (let seed = 1; seed <= 2; seed++) {
        const options = { seed, confidence: 0.95, ridge: DEFAULT_OPTIONS.ridge, normalized: true, weights: false };
        async function* passes(): AsyncGenerator<Rows> {
          yield { count: n, values: unit.slice() };
        }
        const { quantities } = await matrixFreeSpectra(passes, d, wasm(1), options, silent);
        const pairs = (found: Bounded | undefined, truth: number | null | undefined, id: string): void => {
          if (typeof truth !== 'number') return;
          for (const { kind, lower, upper } of found?.bounds ?? []) {
            // An interval is missed now and then, by less than its width.
            const missed = kind === 'deterministic' ? 0 : upper! - lower!;
            const slack = missed + 1e-9 * Math.max(1, Math.abs(truth));
            expect((lower ?? truth) <= truth + slack && truth <= (upper ?? truth) + slack, `${id}: ${truth} in ${lower} to ${upper}`).toBe(
              true,
            );
          }
        };
        for (const [id, found] of Object.entries(quantities)) {
          const truth = dense.quantities[id as keyof typeof dense.quantities];
          if (Array.isArray(found)) for (const [k, each] of found.entries()) pairs(each, (truth as readonly Bounded[])[k].value, id);
          else pairs(found as Bounded, (truth as Bounded | undefined)?.value, id);
        }
      }
    });
});

describe('the same bits', () => {
  /** Blocks as they may come from a stream: of any size, each after some time. */
  function uneven(file: TensorFile, seed: number, pause: boolean): TensorFile {
    const inner = file.matrix('');
    const random = uniform(seed);
    const wait = async (): Promise<void> => {
      if (pause && random() < 0.3) await setTimeout(Math.floor(3 * random()));
    };
    const source: MatrixSource = {
      ...inner,
      async read(first, count, into) {
        await wait();
        await inner.read(first, count, into);
        await wait();
      },
      async *stream(most) {
        for await (const { first, count, values } of inner.stream(most)) {
          for (let at = 0; at < count; ) {
            const taken = Math.min(count - at, 1 + Math.floor(random() * most));
            await wait();
            yield { first: first + at, count: taken, values: values.slice(at * inner.columns, (at + taken) * inner.columns) };
            at += taken;
          }
        }
      },
    };
    return { ...file, matrix: () => source };
  }

  test.each(MATRICES)('%s: in a second run, on any number of threads, with other blocks and other waiting', async (_, { d, x }) => {
    const file = (access: MatrixSource['access']) => memoryFile(x, d, { access });
    const expected = documentOf(await reportOf(file('random'), wasm(1)));
    expect(documentOf(await reportOf(file('random'), wasm(1)))).toBe(expected);
    for (const threads of [2, 4]) expect(documentOf(await reportOf(file('random'), wasm(threads)))).toBe(expected);
    const kernels = wasm(2);
    for (const access of ['random', 'sequential'] as const) {
      for (let seed = 1; seed <= 3; seed++)
        expect(documentOf(await reportOf(uneven(file(access), seed, seed > 1), kernels))).toBe(expected);
    }
  });

  test('of a sample, by its seed', async () => {
    const { d, x } = MATRICES[0][1];
    const sampled = async (seed: number, threads: number) =>
      documentOf(
        await analyze(
          memoryFile(x, d),
          '',
          { ...DEFAULT_OPTIONS, rows: 600, seed },
          { kernels: wasm(threads), description: label },
          silent,
        ),
      );
    const expected = await sampled(7, 1);
    expect(await sampled(7, 3)).toBe(expected);
    expect(await sampled(8, 1)).not.toBe(expected);
  });
});

const environment = softwareGpu();
describe.skipIf(environment === null)('on WebGPU', () => {
  beforeEach(() => {
    vi.stubEnv('VK_ICD_FILENAMES', environment!.VK_ICD_FILENAMES);
    vi.stubEnv('SIGMA_ALLOW_SOFTWARE_GPU', '1');
  });
  afterEach(() => vi.unstubAllEnvs());

  test('as on the processor, within the noise floor that the report states, and the same bits again', { timeout: 120_000 }, async () => {
    const gpu = await selectBackend('webgpu');
    try {
      for (const [what, { d, x }] of MATRICES) {
        const file = memoryFile(x, d, { dtype: 'float32' });
        const [found, expected] = [await reportOf(file, gpu), await reportOf(file, plain)];
        expect(found.backend, what).toMatchObject({ name: 'webgpu', precision: 'float32', fallbackReason: null });
        const [a, b] = [found, expected].map(({ spectrum }) => spectrum as ExactSpectrum);
        const squares = a.eigenvalues.reduce((s, l, i) => s + (l - b.eigenvalues[i]) ** 2, 0);
        expect(Math.sqrt(squares / d), what).toBeLessThanOrEqual(a.noiseFloor);
        expect(documentOf(await reportOf(file, gpu)), what).toBe(documentOf(found));
      }
    } finally {
      await gpu.kernels.close();
    }
  });
});
