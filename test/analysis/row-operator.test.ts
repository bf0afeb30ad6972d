import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { matrixFreeSpectra } from '../../src/analysis/matrix-free';
import { ROUNDING } from '../../src/analysis/matrix-free-quantities';
import { measureMatrixFree } from '../../src/analysis/measure';
import { RowPreparation } from '../../src/analysis/prepare-rows';
import type { Rows } from '../../src/analysis/read-rows';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { covarianceOperator, type Passes, rowMoments } from '../../src/analysis/row-operator';
import { cpuKernels } from '../../src/compute/cpu';
import { closeWebGpu, openWebGpu } from '../../src/compute/dawn';
import { fallingBack } from '../../src/compute/falling-back';
import type { Gpu } from '../../src/compute/gpu';
import { localGpu } from '../../src/compute/gpu-device';
import type { Backend, BackendDescription, Kernels } from '../../src/compute/kernels';
import { webgpuKernels } from '../../src/compute/webgpu';
import { gauss } from '../../src/spectral/gauss-quadrature';
import { lanczos } from '../../src/spectral/lanczos';
import { type Faults, fakeGpu } from '../compute/fake-gpu';
import { softwareGpu } from '../software-gpu';
import { gaussians } from '../spectral/gaussians';

const [n, d] = [200, 64];
const OPTIONS = { seed: 1, confidence: 0.95, ridge: 1, normalized: false, weights: false };
const nothing = (): void => {};

/** Gaussian rows about a mean, their variances from 1 to 1e-8. */
const next = gaussians(5);
const x = Float64Array.from({ length: n * d }, (_, k) => 10 ** ((-4 * (k % d)) / (d - 1)) * next() + (k % d === 3 ? 0.5 : 0));

let made = 0;
const passes: Passes = async function* () {
  made++;
  for (let i = 0; i < n; i += 64) {
    const count = Math.min(64, n - i);
    yield { count, values: x.slice(i * d, (i + count) * d) };
  }
};

async function* passesPreparing(preparation = new RowPreparation(d, false)): AsyncGenerator<Rows> {
  for await (const rows of passes()) yield preparation.prepare(rows);
}

const label = (name: 'cpu' | 'webgpu'): BackendDescription => ({
  name,
  device: `some ${name}`,
  precision: name === 'cpu' ? 'float64' : 'float32',
  selfTestError: 0,
  fallbackReason: null,
});

/** With how many rows are held and not released. */
function backendWith(gpu: Gpu): { backend: Backend; holding: () => number } {
  let holding = 0;
  const counted: Gpu = {
    ...gpu,
    async openRows(rows, columns) {
      const held = await gpu.openRows(rows, columns);
      if (held === null) return null;
      holding++;
      return {
        ...held,
        release() {
          holding--;
          held.release();
        },
      };
    },
  };
  const cpu: Backend = { kernels: cpuKernels(), description: label('cpu') };
  const backend = fallingBack({ kernels: webgpuKernels(counted), description: label('webgpu') }, cpu);
  return { backend, holding: () => holding };
}

const run = async (kernels: Kernels, poll = nothing) => {
  const stages: string[] = [];
  made = 0;
  const result = await matrixFreeSpectra(passes, d, kernels, OPTIONS, { poll, progress: (_, stage) => stages.push(stage) });
  return { ...result, stages };
};

/** Largest error of a Ritz value of S, relative to the largest: a few steps, so that rounding moves no other value to its place. */
async function ritzError(kernels: Kernels): Promise<number> {
  const moments = await rowMoments(passes, d, nothing);
  const ritz = async (by: Kernels): Promise<Float64Array> => {
    const { apply, release } = await covarianceOperator(passes, moments, by, nothing, nothing);
    // The first application is a pass, in float64.
    await apply(new Float64Array(d), 1);
    const start = Float64Array.from({ length: 4 * d }, gaussians(9));
    const nodes = (await lanczos(apply, d, start, 24, nothing)).flatMap((t) => Array.from(gauss(t).nodes).sort((a, b) => b - a));
    release();
    return Float64Array.from(nodes);
  };
  const exact = await ritz(cpuKernels());
  const found = await ritz(kernels);
  return Math.max(...found.map((value, k) => Math.abs(value - exact[k]))) / Math.max(...exact);
}

async function expectSameWithin(kernels: Kernels): Promise<void> {
  const [found, exact] = [await run(kernels), await run(cpuKernels())];
  for (const id of ['lambdaMax', 'stableRank', 'participationRatioPlain', 'effectiveRank', 'vendiScore'] as const) {
    const value = exact.quantities[id]!.value!;
    expect(Math.abs(found.quantities[id]!.value! - value) / value, id).toBeLessThan(0.02);
    // Wider, never narrower than what the exact interval must hold.
    for (const { lower, upper } of found.quantities[id]!.bounds) {
      expect(lower!, id).toBeLessThanOrEqual(value);
      expect(upper!, id).toBeGreaterThanOrEqual(value);
    }
  }
  expect(found.spectrum.eigenvalues).toHaveLength(8);
  found.spectrum.eigenvalues.forEach((l, k) => {
    expect(Math.abs(l - exact.spectrum.eigenvalues[k])).toBeLessThan(ROUNDING.float32 * exact.spectrum.eigenvalues[0]);
  });
}

test('rows that are held need two passes: the moments, and the one that hands them over', async () => {
  const { backend, holding } = backendWith(fakeGpu());
  const { passes: counted, precision, spectrum, stages } = await run(backend.kernels);
  expect([made, counted, precision]).toEqual([2, 2, 'float32']);
  expect(holding()).toBe(0);
  expect(backend.description.name).toBe('webgpu');
  expect(spectrum.noiseFloor).toBe(ROUNDING.float32 * spectrum.density.nodes[0]);
  expect(stages.slice(1, 4).map((stage) => stage.split(':')[0])).toEqual([
    'Pass over the rows',
    'Product with the rows on the GPU',
    'Product with the rows on the GPU',
  ]);
  await expectSameWithin(backend.kernels);
});

test.each<[string, Faults]>([
  ['during the pass that hands them over', { lostAtRows: 3 }],
  ['half-way', { lostAtProduct: 9 }],
  ['by a wrong product', { wrongProducts: true }],
])('rows that are lost %s: passes go on, and the label says so', async (_, faults) => {
  const { backend, holding } = backendWith(fakeGpu(faults));
  const { passes: counted, precision } = await run(backend.kernels);
  expect(counted).toBe(made);
  expect(made).toBeGreaterThan(10);
  expect(precision).toBe('float32');
  expect(holding()).toBe(0);
  expect(backend.description).toMatchObject({ name: 'cpu', precision: 'float32' });
  expect(backend.description.fallbackReason).toMatch(/failed during the work/);
  await expectSameWithin(backendWith(fakeGpu(faults)).backend.kernels);
});

test('without room all is as on the processor', async () => {
  const { backend } = backendWith(fakeGpu({ noRoomForRows: true }));
  expect(await run(backend.kernels)).toEqual(await run(cpuKernels()));
  expect(backend.description.name).toBe('webgpu');
});

test.each<[string, Faults, object]>([
  ['held', {}, label('webgpu')],
  [
    'lost half-way',
    { lostAtProduct: 9 },
    { name: 'cpu', precision: 'float32', fallbackReason: expect.stringMatching(/failed during the work/) },
  ],
  ['too many', { noRoomForRows: true }, { name: 'cpu', precision: 'float64', fallbackReason: expect.stringMatching(/no room/) }],
])('what the report says of rows that are %s', async (_, faults, expected) => {
  const { backend } = backendWith(fakeGpu(faults));
  const settings = { columns: d, normalize: false, weights: false, options: { ...DEFAULT_OPTIONS, ridge: 1 }, backend };
  const { measured } = await measureMatrixFree(passesPreparing, [], settings, { poll: nothing, progress: nothing });
  expect(measured.backend ?? backend.description).toMatchObject(expected);
});

test('a cancelled job lets go of the rows and is no failure of the GPU', async () => {
  const { backend, holding } = backendWith(fakeGpu());
  let left = 600;
  const stop = (): void => {
    if (--left < 0) throw new Error('cancelled');
  };
  await expect(run(backend.kernels, stop)).rejects.toThrow('cancelled');
  expect(holding()).toBe(0);
  expect(backend.description.fallbackReason).toBeNull();
});

test('Ritz values of a spectrum from 1 to 1e-8', async () => {
  expect(await ritzError(webgpuKernels(fakeGpu()))).toBeLessThan(ROUNDING.float32 / 2);
});

const environment = softwareGpu();

describe.skipIf(environment === null)('on a software adapter', () => {
  let gpu: Gpu;
  beforeAll(async () => {
    vi.stubEnv('VK_ICD_FILENAMES', environment!.VK_ICD_FILENAMES);
    await openWebGpu();
    gpu = await localGpu();
  });
  afterAll(async () => {
    await gpu.close();
    closeWebGpu();
    vi.unstubAllEnvs();
  });

  test('Ritz values of a spectrum from 1 to 1e-8', async () => {
    expect(await ritzError(webgpuKernels(gpu))).toBeLessThan(ROUNDING.float32 / 2);
  }, 60_000);

  test('the same quantities within the error of float32', () => expectSameWithin(webgpuKernels(gpu)), 60_000);
});
