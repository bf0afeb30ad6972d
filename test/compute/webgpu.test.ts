import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cpuKernels } from '../../src/compute/cpu';
import { backendStatuses, selectBackend } from '../../src/compute/select';
import { softwareGpu } from '../software-gpu';

// The software adapter that comes with Chromium computes what a GPU would, slowly.
const environment = softwareGpu();

describe.skipIf(environment === null)('gpu.js on WebGPU', () => {
  beforeEach(() => {
    vi.stubEnv('VK_ICD_FILENAMES', environment!.VK_ICD_FILENAMES);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('a software adapter is refused, with the reason on the label', async () => {
    const [gpu] = await backendStatuses();
    expect(gpu).toMatchObject({ name: 'webgpu', usable: false });
    expect(gpu.detail).toMatch(/software/);
    const backend = await selectBackend('webgpu');
    expect(backend.description).toMatchObject({ name: 'cpu', precision: 'float64' });
    expect(backend.description.fallbackReason).toMatch(/software/);
  });

  describe('where tests allow it', () => {
    beforeEach(() => {
      vi.stubEnv('SIGMA_ALLOW_SOFTWARE_GPU', '1');
    });

    test('it passes the self-test and says what it is', async () => {
      const [gpu] = await backendStatuses();
      expect(gpu).toMatchObject({ usable: true, description: { name: 'webgpu', precision: 'float32', fallbackReason: null } });
      expect(gpu.description!.selfTestError).toBeGreaterThan(0);
      expect(gpu.description!.selfTestError).toBeLessThan(1e-5);
    });

    test('auto prefers the processor when that is faster, and says so', async () => {
      const backend = await selectBackend('auto');
      expect(backend.description.name).toBe('cpu');
      expect(backend.description.fallbackReason).toMatch(/processor was faster/);
    }, 120_000);

    test.each([
      [3000, 48, 1],
      [17, 5, 1e-25],
      [1025, 33, 1e25],
    ])('the Gram matrix of %i x %i rows of size %d, to float32', async (count, d, size) => {
      const y = Float64Array.from({ length: count * d }, (_, i) => size * Math.sin(i * i));
      const backend = await selectBackend('webgpu');
      try {
        expect(backend.description.name).toBe('webgpu');
        const found = new Float64Array(d * d);
        await backend.kernels.addGram(y, count, d, found, () => {});
        const expected = new Float64Array(d * d);
        await cpuKernels().addGram(y, count, d, expected, () => {});
        const largest = Math.max(...expected);
        for (let i = 0; i < d; i++)
          for (let j = i; j < d; j++) expect(Math.abs(found[i * d + j] - expected[i * d + j])).toBeLessThan(1e-6 * largest);
        expect(backend.description.fallbackReason).toBeNull();
      } finally {
        await backend.kernels.close();
      }
    });
  });
});

test('there is a software adapter to test with', () => {
  if (process.env.CI === 'true') expect(environment).not.toBeNull();
  else if (environment === null)
    console.warn('Skipped the WebGPU tests: no software adapter (Chromium with SwiftShader, and libvulkan) was found.');
  expect(environment === null || existsSync(environment.VK_ICD_FILENAMES)).toBe(true);
});
