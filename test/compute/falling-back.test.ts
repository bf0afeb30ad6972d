import { expect, test } from 'vitest';
import { checkedGramSum } from '../../src/compute/checked-gram';
import { cpuKernels } from '../../src/compute/cpu';
import { fallingBack } from '../../src/compute/falling-back';
import type { Backend, BackendDescription } from '../../src/compute/kernels';
import { webgpuKernels } from '../../src/compute/webgpu';
import { type Faults, fakeGpu } from './fake-gpu';

const label = (name: 'cpu' | 'webgpu'): BackendDescription => ({
  name,
  device: `some ${name}`,
  precision: name === 'cpu' ? 'float64' : 'float32',
  selfTestError: 0,
  fallbackReason: null,
});
const cpu: Backend = { kernels: cpuKernels(), description: label('cpu') };
const backendWith = (faults: Faults) => fallingBack({ kernels: webgpuKernels(fakeGpu(faults)), description: label('webgpu') }, cpu);
const nothing = (): void => {};

const [count, d, blocks] = [20, 5, 4];
const block = (b: number): Float64Array => Float64Array.from({ length: count * d }, (_, i) => Math.sin(1 + b + i * i));

async function expectAll(gram: Float64Array): Promise<void> {
  const expected = new Float64Array(d * d);
  for (let b = 0; b < blocks; b++) await cpu.kernels.addGram(block(b), count, d, expected, nothing);
  for (let i = 0; i < d; i++) for (let j = i; j < d; j++) expect(gram[i * d + j]).toBeCloseTo(expected[i * d + j], 5);
}

const FAULTS: [string, Faults, string][] = [
  ['a lost device', { lostAtAdd: 3 }, 'The device was lost.'],
  ['a wrong product', { wrongAtTake: 3 }, 'It gave a wrong product.'],
  ['a lost result', { lostAtTake: 3 }, 'The device was lost.'],
];

test.each(FAULTS)(
  'block by block, %s leaves nothing behind: its part is done again, the sums so far are kept, the label says so',
  async (_, faults, reason) => {
    const backend = backendWith(faults);
    const gram = new Float64Array(d * d);
    for (let b = 0; b < blocks; b++) {
      expect(backend.description.name).toBe(b < 3 ? 'webgpu' : 'cpu');
      await backend.kernels.addGram(block(b), count, d, gram, nothing);
    }
    await expectAll(gram);
    expect(backend.description).toMatchObject({
      name: 'cpu',
      precision: 'float32',
      fallbackReason: `some webgpu failed during the work: ${reason}`,
    });
  },
);

test.each([...FAULTS, ['no memory', { outOfMemory: true }, 'It ran out of memory.'] as (typeof FAULTS)[number]])(
  'in one sum of many blocks, %s costs no rows',
  async (_, faults, reason) => {
    // Only one sum is taken, at the end.
    const { wrongAtTake, lostAtTake, ...others } = faults;
    const backend = backendWith({ ...others, ...(wrongAtTake && { wrongAtTake: 1 }), ...(lostAtTake && { lostAtTake: 1 }) });
    const gram = new Float64Array(d * d);
    const sum = await backend.kernels.sumGram(d, gram);
    for (let b = 0; b < blocks; b++) {
      const rows = block(b);
      await sum.add(rows, count, nothing);
      // Whoever reads the next block uses the same memory.
      rows.fill(Number.NaN);
    }
    await sum.settle(nothing);
    await expectAll(gram);
    expect(backend.description.fallbackReason).toBe(`some webgpu failed during the work: ${reason}`);
  },
);

test('a sum goes on where the GPU has failed at something else', async () => {
  const backend = backendWith({ wrongProducts: true });
  const gram = new Float64Array(d * d);
  const sum = await backend.kernels.sumGram(d, gram);
  for (let b = 0; b < 2; b++) await sum.add(block(b), count, nothing);
  const held = (await backend.kernels.holdRows(count, d))!;
  await held.add(block(0), count, nothing);
  await expect(held.applyGram(new Float64Array(d).fill(1), 1, new Float64Array(d), nothing)).rejects.toThrow('wrong product');
  expect(backend.description.name).toBe('cpu');
  expect(await backend.kernels.holdRows(count, d)).toBeNull();
  for (let b = 2; b < blocks; b++) await sum.add(block(b), count, nothing);
  await sum.settle(nothing);
  await expectAll(gram);
});

test.each([1, 2, 7, 1000])('sums of batches of at most %i rows, whatever their scale', async (batch) => {
  const gram = new Float64Array(d * d);
  const expected = new Float64Array(d * d);
  const sum = checkedGramSum(await fakeGpu().openGram(d), d, gram, batch * d);
  // Growing, shrinking, and nothing at all; columns far apart, one of them zero.
  for (const size of [1, 1e-9, 0, 1e12, 1e12, 1e-160, 3]) {
    const rows = block(size).map((x, i) => x * size * [1, 1e-4, 1, 0, 1e-12][i % d]);
    await sum.add(rows, count, nothing);
    await cpu.kernels.addGram(rows, count, d, expected, nothing);
  }
  await sum.settle(nothing);
  for (let i = 0; i < d; i++) {
    for (let j = i; j < d; j++)
      expect(Math.abs(gram[i * d + j] - expected[i * d + j])).toBeLessThanOrEqual(
        1e-6 * Math.sqrt(expected[i * d + i] * expected[j * d + j]) + 1e-12 * expected[0],
      );
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])('rows with %d are left to the processor', async (value) => {
  const backend = backendWith({});
  const rows = block(0).fill(value, 7, 8);
  const gram = new Float64Array(d * d);
  const expected = new Float64Array(d * d);
  await backend.kernels.addGram(rows, count, d, gram, nothing);
  await cpu.kernels.addGram(rows, count, d, expected, nothing);
  expect(gram).toEqual(expected);
  expect(backend.description.fallbackReason).toMatch(/numbers of this size/);
});

test('a cancelled job is no failure of the GPU', async () => {
  const backend = backendWith({});
  const stop = (): never => {
    throw new Error('cancelled');
  };
  await expect(backend.kernels.addGram(new Float64Array(4), 2, 2, new Float64Array(4), stop)).rejects.toThrow('cancelled');
  const sum = await backend.kernels.sumGram(2, new Float64Array(4));
  await expect(sum.add(Float64Array.of(1, 2), 1, stop)).rejects.toThrow('cancelled');
  expect(backend.description.fallbackReason).toBeNull();
});

test('vectors are multiplied by whichever is in use, and by rows that are held', async () => {
  const y = Float64Array.of(1, 2, 3, 4);
  const backend = backendWith({ lostAtAdd: 1 });
  const images = new Float64Array(2);
  const held = (await backend.kernels.holdRows(2, 2))!;
  await held.add(y, 2, nothing);
  const apply = () => backend.kernels.applyGram(y, 2, 2, Float64Array.of(1, -1), 1, images, nothing);
  await apply();
  await held.applyGram(Float64Array.of(1, -1), 1, images, nothing);
  await backend.kernels.addGram(y, 2, 2, new Float64Array(4), nothing);
  expect(backend.description.name).toBe('cpu');
  await apply();
  // Y^T Y = [10 14; 14 20], applied three times to (1, -1).
  expect([...images]).toEqual([-12, -18]);
});
