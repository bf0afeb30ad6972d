import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuKernels } from '../../src/compute/cpu';
import type { Kernels } from '../../src/compute/kernels';
import { selfTest, TOLERANCE } from '../../src/compute/self-test';

describe('Gram matrix on the processor', () => {
  test('passes the self-test', async () => {
    expect(await selfTest(cpuKernels())).toBeLessThan(TOLERANCE.float64);
  });

  test('any shape, against the definition; below the diagonal nothing is touched', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 19 }), fc.integer(), async (count, d, seed) => {
        const y = Float64Array.from({ length: count * d }, (_, i) => Math.sin(i + seed));
        const gram = Float64Array.from({ length: d * d }, (_, k) => k);
        await cpuKernels().addGram(y, count, d, gram, () => {});
        for (let i = 0; i < d; i++) {
          for (let j = 0; j < d; j++) {
            let sum = i * d + j;
            if (j >= i) for (let r = 0; r < count; r++) sum += y[r * d + i] * y[r * d + j];
            expect(Math.abs(gram[i * d + j] - sum)).toBeLessThan(1e-10 * (1 + count));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a poll that throws stops it', async () => {
    let polls = 0;
    const poll = (): void => {
      if (++polls === 3) throw new Error('stop');
    };
    await expect(cpuKernels().addGram(new Float64Array(100 * 50), 100, 50, new Float64Array(2500), poll)).rejects.toThrow('stop');
    expect(polls).toBe(3);
  });
});

describe('the self-test', () => {
  const broken = (spoil: (gram: Float64Array, d: number) => void): Kernels => {
    const sound = cpuKernels();
    return {
      ...sound,
      async addGram(y, count, d, gram, poll) {
        await sound.addGram(y, count, d, gram, poll);
        spoil(gram, d);
      },
    };
  };

  test.each<[string, (gram: Float64Array, d: number) => void]>([
    ['one entry off by a thousandth', (gram, d) => (gram[d * d - 1] *= 1.001)],
    ['a NaN', (gram) => (gram[0] = Number.NaN)],
    ['an infinity', (gram, d) => (gram[d - 1] = Number.POSITIVE_INFINITY)],
    ['replacing instead of adding', (gram) => (gram[0] /= 2)],
  ])('finds %s', async (_, spoil) => {
    expect(await selfTest(broken(spoil))).toBeGreaterThan(TOLERANCE.float32);
  });
});
