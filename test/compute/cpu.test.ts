import { expect, test } from 'vitest';
import { cpuArithmetic, cpuKernels } from '../../src/compute/cpu';
import { plainKernels } from '../../src/compute/plain';

test('one set of kernels for all callers, still usable after one of them has closed it', async () => {
  const kernels = cpuKernels();
  expect(cpuKernels()).toBe(kernels);
  const y = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i));
  const [before, after, expected] = [0, 1, 2].map(() => new Float64Array(36));
  await kernels.addGram(y, 10, 6, before, () => {});
  await kernels.close();
  await kernels.addGram(y, 10, 6, after, () => {});
  expect(after).toEqual(before);
  await plainKernels().addGram(y, 10, 6, expected, () => {});
  for (let i = 0; i < 36; i++) expect(after[i]).toBeCloseTo(expected[i], 13);
});

test('says what it computes with', () => {
  expect(cpuArithmetic()).toMatch(/^WebAssembly SIMD( with fused multiply-add)?, \d+ threads?$/);
});
