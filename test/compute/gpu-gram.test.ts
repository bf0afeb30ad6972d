import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkedGramSum } from '../../src/compute/checked-gram';
import { cpuKernels } from '../../src/compute/cpu';
import { closeWebGpu, openWebGpu } from '../../src/compute/dawn';
import type { Gpu, GpuGram } from '../../src/compute/gpu';
import { localGpu } from '../../src/compute/gpu-device';
import { type GramLimits, gramOpener, gramPlan } from '../../src/compute/gpu-gram';
import { type Guard, guarded } from '../../src/compute/gpu-guard';
import { webgpuKernels } from '../../src/compute/webgpu';
import { softwareGpu } from '../software-gpu';

const LARGE: GramLimits = { maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28, maxComputeWorkgroupStorageSize: 16_384 };
const nothing = (): void => {};

describe('how a Gram matrix is divided', () => {
  test.each([1, 64, 65, 2048, 4096, 8192])('%i columns: bands of whole tiles that fit one binding and cover the upper triangle', (d) => {
    const { tiling, width, chunkRows, bands } = gramPlan(d, LARGE);
    expect(width % tiling.tile).toBe(0);
    expect(width).toBeGreaterThanOrEqual(d);
    expect(chunkRows).toBe(256);
    let row = 0;
    for (const band of bands) {
      expect(band.firstRow).toBe(row);
      expect(band.stride).toBe(width - row);
      expect(band.rows % tiling.tile).toBe(0);
      expect(8 * band.rows * band.stride).toBeLessThanOrEqual(LARGE.maxStorageBufferBindingSize);
      row += band.rows;
    }
    expect(row).toBe(width);
    // 8,192 columns have 268 MB of sums above the diagonal.
    expect(bands.length > 1).toBe(d === 8192);
  });

  test('a GPU with little workgroup memory gets the small tiles, and one with too little of anything is refused', () => {
    expect(gramPlan(4096, LARGE).tiling.tile).toBe(128);
    expect(gramPlan(4096, { ...LARGE, maxComputeWorkgroupStorageSize: 16_383 }).tiling.tile).toBe(64);
    expect(() => gramPlan(4096, { ...LARGE, maxComputeWorkgroupStorageSize: 8191 })).toThrow('too small for 4096 columns');
    expect(() => gramPlan(4096, { ...LARGE, maxBufferSize: 2 ** 17 })).toThrow('too small for 4096 columns');
  });
});

const environment = softwareGpu();

describe.skipIf(environment === null)('on a software adapter', () => {
  let gpu: Gpu;
  let device: GPUDevice;
  let guard: Guard;
  beforeAll(async () => {
    vi.stubEnv('VK_ICD_FILENAMES', environment!.VK_ICD_FILENAMES);
    await openWebGpu();
    gpu = await localGpu();
    device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    guard = guarded(device);
  });
  afterAll(async () => {
    device.destroy();
    await gpu.close();
    closeWebGpu();
    vi.unstubAllEnvs();
  });

  /** Largest error of an entry (i, j), relative to |y_i| |y_j|. */
  async function errorOf(open: () => Promise<GpuGram>, y: Float64Array, count: number, d: number): Promise<number> {
    const found = new Float64Array(d * d);
    const sums = await open();
    const sum = checkedGramSum(sums, d, found);
    await sum.add(y, count, nothing);
    await sum.settle(nothing);
    sums.release();
    const expected = new Float64Array(d * d);
    await cpuKernels().addGram(y, count, d, expected, nothing);
    let error = 0;
    for (let i = 0; i < d; i++) {
      for (let j = i; j < d; j++) {
        const length = Math.sqrt(expected[i * d + i] * expected[j * d + j]);
        error = Math.max(error, Math.abs(found[i * d + j] - expected[i * d + j]) / (length || 1));
      }
      for (let j = 0; j < i; j++) expect(found[i * d + j]).toBe(0);
    }
    return error;
  }
  const wave = (count: number, d: number, size = 1): Float64Array =>
    Float64Array.from({ length: count * d }, (_, i) => Math.fround(size * Math.sin(1 + i * i)));

  test.each([
    [1, 1],
    [3, 5],
    [257, 7],
    [33, 66],
    [65, 129],
    [700, 40],
  ])('%i x %i, of float64 and of float32', async (count, d) => {
    const y = wave(count, d);
    expect(await errorOf(() => gpu.openGram(d), y, count, d)).toBeLessThan(5e-7);
  });

  test.each([1e-41, 1e-30, 1e30])('entries of %d', async (size) => {
    expect(await errorOf(() => gpu.openGram(6), wave(64, 6, size), 64, 6)).toBeLessThan(5e-7);
  });

  test('rows that cancel in pairs, and a large common mean', async () => {
    const pairs = Float64Array.from({ length: 128 * 9 }, (_, i) => {
      const [row, column] = [Math.floor(i / 9), i % 9];
      return (row % 2 === 0 ? 1 : column % 2 === 0 ? 1 : -1) * (1 + 0.001 * Math.sin((row >> 1) + column));
    });
    expect(await errorOf(() => gpu.openGram(9), pairs, 128, 9)).toBeLessThan(5e-7);
    const mean = wave(300, 9).map((x) => 1000 + x);
    expect(await errorOf(() => gpu.openGram(9), mean, 300, 9)).toBeLessThan(2e-6);
  });

  test('a result larger than one binding, in many bands', async () => {
    // Room for one row of tiles, and for 16 rows of Y.
    const limits = { maxStorageBufferBindingSize: 64 * 320 * 8, maxBufferSize: 2 ** 20, maxComputeWorkgroupStorageSize: 16_384 };
    expect(gramPlan(300, limits).bands).toHaveLength(4);
    expect(await errorOf(() => gramOpener(device, guard, limits)(300), wave(100, 300), 100, 300)).toBeLessThan(5e-7);
  });

  test('the large tiles, which wide matrices get', async () => {
    const limits = { ...LARGE };
    const d = 2049;
    const y = wave(20, d);
    const sums = await gramOpener(device, guard, limits)(d);
    const found = new Float64Array(d * d);
    const sum = checkedGramSum(sums, d, found);
    await sum.add(y, 20, nothing);
    await sum.settle(nothing);
    sums.release();
    const expected = new Float64Array(d * d);
    await cpuKernels().addGram(y, 20, d, expected, nothing);
    let error = 0;
    for (let i = 0; i < d * d; i++) error = Math.max(error, Math.abs(found[i] - expected[i]));
    expect(error).toBeLessThan(1e-5);
  }, 60_000);

  test('held rows are multiplied where they lie, in several uploads', async () => {
    const [count, d, vectors] = [700, 70, 11];
    const kernels = webgpuKernels(gpu);
    const held = (await kernels.holdRows(count, d))!;
    const y = wave(count, d, 1e12);
    for (let first = 0; first < count; first += 100) await held.add(y.subarray(first * d), 100, nothing);
    const x = Float64Array.from({ length: vectors * d }, (_, i) => 1e-5 * Math.cos(i));
    const [found, expected] = [1, 1].map(() => new Float64Array(vectors * d).fill(3));
    await held.applyGram(x, vectors, found, nothing);
    await cpuKernels().applyGram(y, count, d, x, vectors, expected, nothing);
    const largest = Math.max(...expected.map(Math.abs));
    for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - expected[i])).toBeLessThan(1e-6 * largest);
    held.release();
  });

  test('more rows than its share of memory are not held', async () => {
    expect(await webgpuKernels(gpu).holdRows(10_000_000, 1024)).toBeNull();
  });

  test('no memory, a refused command and a lost device reject instead of giving zeros', async () => {
    const other = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const safely = guarded(other);
    await expect(safely(() => other.createBuffer({ size: 16, usage: 0 }))).rejects.toThrow('It refused a command');
    const exhausted = Object.create(other, {
      popErrorScope: { value: vi.fn().mockResolvedValueOnce(null).mockResolvedValueOnce({ message: 'none left' }) },
      pushErrorScope: { value: nothing },
      lost: { value: new Promise(nothing) },
    }) as GPUDevice;
    await expect(guarded(exhausted)(nothing)).rejects.toThrow('It ran out of memory.');
    const sums = await gramOpener(other, safely)(8);
    await sums.add(new Float32Array(8), 1);
    other.destroy();
    await expect(sums.take(nothing)).rejects.toThrow('The device was lost');
    await expect(gramOpener(other, safely)(8)).rejects.toThrow('The device was lost');
  });
});
