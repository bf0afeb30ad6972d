import { expect, test } from 'vitest';
import { cpuKernels } from '../../src/compute/cpu';
import { fallingBack } from '../../src/compute/falling-back';
import type { Backend, BackendDescription } from '../../src/compute/kernels';

const label = (name: 'cpu' | 'webgpu'): BackendDescription => ({
  name,
  device: `some ${name}`,
  precision: name === 'cpu' ? 'float64' : 'float32',
  selfTestError: 0,
  fallbackReason: null,
});
const cpu: Backend = { kernels: cpuKernels(), description: label('cpu') };

function gpuThatFailsAt(call: number): Backend {
  let calls = 0;
  const sound = cpuKernels();
  return {
    description: label('webgpu'),
    kernels: {
      ...sound,
      async addGram(y, count, d, gram, poll) {
        await sound.addGram(y, count, d, gram, poll);
        if (++calls === call) throw new Error('device lost');
      },
    },
  };
}

test('a GPU that fails halfway leaves nothing behind: its part is done again, the sums so far are kept, the label says so', async () => {
  const [count, d, blocks] = [20, 5, 4];
  const y = Float64Array.from({ length: count * d }, (_, i) => Math.sin(i));
  const backend = fallingBack(gpuThatFailsAt(3), cpu);
  const gram = new Float64Array(d * d);
  for (let b = 0; b < blocks; b++) {
    expect(backend.description.name).toBe(b < 3 ? 'webgpu' : 'cpu');
    await backend.kernels.addGram(y, count, d, gram, () => {});
  }
  const expected = new Float64Array(d * d);
  for (let b = 0; b < blocks; b++) await cpu.kernels.addGram(y, count, d, expected, () => {});
  gram.forEach((x, i) => {
    expect(x).toBeCloseTo(expected[i], 10);
  });
  expect(backend.description).toMatchObject({
    name: 'cpu',
    precision: 'float32',
    fallbackReason: 'some webgpu failed during the work: device lost',
  });
});

test('a cancelled job is no failure of the GPU', async () => {
  const backend = fallingBack(gpuThatFailsAt(Number.POSITIVE_INFINITY), cpu);
  const stop = (): never => {
    throw new Error('cancelled');
  };
  await expect(backend.kernels.addGram(new Float64Array(4), 2, 2, new Float64Array(4), stop)).rejects.toThrow('cancelled');
  expect(backend.description.fallbackReason).toBeNull();
});

test('vectors are multiplied by whichever is in use', async () => {
  const y = Float64Array.of(1, 2, 3, 4);
  const backend = fallingBack(gpuThatFailsAt(1), cpu);
  const images = new Float64Array(2);
  const apply = () => backend.kernels.applyGram(y, 2, 2, Float64Array.of(1, -1), 1, images, () => {});
  await apply();
  await backend.kernels.addGram(y, 2, 2, new Float64Array(4), () => {});
  expect(backend.description.name).toBe('cpu');
  await apply();
  // Y^T Y = [10 14; 14 20], applied twice to (1, -1).
  expect([...images]).toEqual([-8, -12]);
});
