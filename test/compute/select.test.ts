import { expect, test, vi } from 'vitest';
import type { Kernels } from '../../src/compute/kernels';
import { backendStatuses, selectBackend } from '../../src/compute/select';
import type { WasmOptions } from '../../src/compute/wasm';

vi.mock(import('../../src/compute/wasm'), async (original) => {
  const wasm = await original();
  return {
    ...wasm,
    wasmKernels: (options: WasmOptions): Kernels => {
      const sound = wasm.wasmKernels(options);
      return {
        ...sound,
        async addGram(y, count, d, gram, poll) {
          await sound.addGram(y, count, d, gram, poll);
          gram[d * d - 1] *= 1 + 1e-9;
        },
      };
    },
  };
});

test('SIMD that computes wrongly is not used, and doctor names it', async () => {
  const { description, kernels } = await selectBackend('cpu');
  expect(description.device).toMatch(/, plain JavaScript$/);
  expect(description.selfTestError).toBeLessThan(1e-13);
  expect(description.fallbackReason).toMatch(/^WebAssembly SIMD.* failed the self-test: its error is \d\.\de-9\.$/);
  const gram = new Float64Array(1);
  await kernels.addGram(Float64Array.of(3), 1, 1, gram, () => {});
  expect(gram[0]).toBe(9);
  const cpu = (await backendStatuses()).find(({ name }) => name === 'cpu');
  expect(cpu).toMatchObject({ usable: true, detail: description.fallbackReason });
});
