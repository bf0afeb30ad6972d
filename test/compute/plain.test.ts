import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels, Tridiagonalization } from '../../src/compute/kernels';
import { plainKernels } from '../../src/compute/plain';
import { selfTest, TOLERANCE } from '../../src/compute/self-test';

describe('Gram matrix in TypeScript', () => {
  test('passes the self-test', async () => {
    expect(await selfTest(plainKernels())).toBeLessThan(TOLERANCE.float64);
  });

  test('any shape, against the definition; below the diagonal nothing is touched', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 19 }), fc.integer(), async (count, d, seed) => {
        const y = Float64Array.from({ length: count * d }, (_, i) => Math.sin(i + seed));
        const gram = Float64Array.from({ length: d * d }, (_, k) => k);
        await plainKernels().addGram(y, count, d, gram, () => {});
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
    await expect(plainKernels().addGram(new Float64Array(100 * 50), 100, 50, new Float64Array(2500), poll)).rejects.toThrow('stop');
    expect(polls).toBe(3);
  });
});

describe('the Gram matrix applied to vectors', () => {
  test('any shape, against the definition, added to what is there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 500, max: 1100 })),
        fc.integer({ min: 1, max: 11 }),
        fc.integer({ min: 0, max: 1e6 }),
        async (count, d, vectors, seed) => {
          const y = Float64Array.from({ length: count * d }, (_, i) => Math.sin(i * i + seed));
          const x = Float64Array.from({ length: vectors * d }, (_, i) => Math.cos(i * i + seed));
          const out = Float64Array.from({ length: vectors * d }, (_, i) => i);
          const expected = out.slice();
          for (let v = 0; v < vectors; v++) {
            for (let r = 0; r < count; r++) {
              let dot = 0;
              for (let j = 0; j < d; j++) dot += y[r * d + j] * x[v * d + j];
              for (let j = 0; j < d; j++) expected[v * d + j] += dot * y[r * d + j];
            }
          }
          await plainKernels().applyGram(y, count, d, x, vectors, out, () => {});
          let error = 0;
          for (let i = 0; i < out.length; i++) error = Math.max(error, Math.abs(out[i] - expected[i]));
          expect(error).toBeLessThan(1e-12 * (1 + count * d));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a poll that throws stops it', async () => {
    let polls = 0;
    const poll = (): void => {
      if (++polls === 3) throw new Error('stop');
    };
    const d = 2000;
    await expect(
      plainKernels().applyGram(new Float64Array(300 * d), 300, d, new Float64Array(d), 1, new Float64Array(d), poll),
    ).rejects.toThrow('stop');
    expect(polls).toBe(3);
  });
});

describe('the self-test', () => {
  const broken = (spoil: (gram: Float64Array, d: number) => void): Kernels => {
    const sound = plainKernels();
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

  test.each<[string, (images: Float64Array, d: number) => void]>([
    ['the last vector left out', (images, d) => images.fill(0, 4 * d)],
    ['replacing instead of adding', (images) => (images[0] /= 2)],
  ])('finds, in images of vectors, %s', async (_, spoil) => {
    const sound = plainKernels();
    const kernels: Kernels = {
      ...sound,
      async applyGram(y, count, d, x, vectors, out, poll) {
        await sound.applyGram(y, count, d, x, vectors, out, poll);
        spoil(out, d);
      },
    };
    expect(await selfTest(kernels)).toBeGreaterThan(TOLERANCE.float32);
  });

  test.each<[string, (t: Tridiagonalization) => Tridiagonalization]>([
    ['the first coupling', (t) => ({ ...t, offDiagonal: t.offDiagonal.map((x, k) => (k === 0 ? 1.001 * x : x)) })],
    ['the length of the border', (t) => ({ ...t, borderCoordinate: 1.001 * t.borderCoordinate })],
    ['the basis', (t) => ({ ...t, toBasis() {} })],
  ])('finds, in tridiagonal forms, an error of %s', async (_, spoil) => {
    const sound = plainKernels();
    const kernels: Kernels = { ...sound, tridiagonalize: async (...given) => spoil(await sound.tridiagonalize(...given)) };
    expect(await selfTest(kernels)).toBeGreaterThan(TOLERANCE.float32);
  });
});
