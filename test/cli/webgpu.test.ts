import { describe, expect, test } from 'vitest';
import { softwareGpu } from '../software-gpu';
import { EMBEDDINGS, sigma } from './sigma';

// gpu.js translates the source text of its kernels: what a minifier leaves of them must still be understood.
const driver = softwareGpu();

describe.skipIf(driver === null)('the built program on WebGPU', () => {
  const environment = { ...driver, SIGMA_ALLOW_SOFTWARE_GPU: '1' };

  test('analyses in float32, says so, ends by itself, and agrees with the processor', async () => {
    const args = ['analyze', EMBEDDINGS, '--json', '--backend'];
    const gpu = await sigma([...args, 'webgpu'], environment);
    expect(gpu.exitCode).toBe(0);
    const found = JSON.parse(gpu.stdout);
    expect(found.backend).toMatchObject({ name: 'webgpu', precision: 'float32', fallbackReason: null });
    const expected = JSON.parse((await sigma([...args, 'cpu'])).stdout);
    for (const id of ['effectiveRank', 'shape', 'participationRatio', 'meanCosine', 'logDetGram']) {
      const [x, y] = [found.quantities[id].value, expected.quantities[id].value];
      expect(Math.abs(x - y), id).toBeLessThan(1e-4 * Math.abs(y));
    }
    expect(found.spectrum.noiseFloor).toBeGreaterThan(expected.spectrum.noiseFloor);
  });

  test('doctor lists it as usable', async () => {
    const { stdout, exitCode } = await sigma(['doctor', '--json'], environment);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout).backends).toContainEqual(expect.objectContaining({ name: 'webgpu', usable: true }));
  });

  test('without leave it is refused, in the driver process that may die', async () => {
    const { stdout } = await sigma(['analyze', EMBEDDINGS, '--json', '--backend', 'webgpu'], { ...driver });
    expect(JSON.parse(stdout).backend).toMatchObject({ name: 'cpu', fallbackReason: expect.stringContaining('software') });
  });
});
