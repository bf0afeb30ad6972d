import { execFileSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { Kernels } from '../../src/compute/kernels';
import { plainKernels } from '../../src/compute/plain';
import { selfTest, shortSelfTest, TOLERANCE } from '../../src/compute/self-test';
import { simdSupport, wasmKernels } from '../../src/compute/wasm';

/** From the first task on, however small. */
const eager = { worthSharing: 0, worthStarting: 0 };
const variants = [
  ['without fused products', false],
  ['with fused products', true],
] as const;
const supported = variants.filter(([, fused]) => !fused || simdSupport() === 'fused');
const plain = plainKernels();

const kept: Kernels[] = [];
const kernelsOf = (threads: number, fused = simdSupport() === 'fused'): Kernels => {
  const kernels = wasmKernels({ threads, fused, ...eager });
  kept.push(kernels);
  return kernels;
};
afterAll(() => Promise.all(kept.map((kernels) => kernels.close())));

const values = (length: number, seed: number): Float64Array => Float64Array.from({ length }, (_, i) => Math.sin(i * i + seed));

async function grams(kernels: readonly Kernels[], y: Float64Array, count: number, d: number): Promise<Float64Array[]> {
  const results = kernels.map(() => Float64Array.from({ length: d * d }, (_, i) => i % 7));
  for (const [k, gram] of results.entries()) await kernels[k].addGram(y, count, d, gram, () => {});
  return results;
}

async function images(kernels: readonly Kernels[], y: Float64Array, count: number, d: number, vectors: number): Promise<Float64Array[]> {
  const x = values(vectors * d, 5);
  const results = kernels.map(() => Float64Array.from({ length: vectors * d }, (_, i) => i % 7));
  for (const [k, out] of results.entries()) await kernels[k].applyGram(y, count, d, x, vectors, out, () => {});
  return results;
}

/** Largest difference, relative to the largest entry. */
function difference(a: Float64Array, b: Float64Array): number {
  let largest = 0;
  let error = 0;
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    error = Math.max(error, Number.isNaN(a[i] - b[i]) ? Number.POSITIVE_INFINITY : Math.abs(a[i] - b[i]));
  }
  return error / largest;
}

const sameBits = (a: Float64Array, b: Float64Array): boolean => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

test('WebAssembly SIMD is here to be tested, with fused products', () => {
  expect(simdSupport()).toBe('fused');
});

describe.each(supported)('%s', (_, fused) => {
  const kernels = kernelsOf(2, fused);

  test('passes the self-test', async () => {
    expect(await selfTest(kernels)).toBeLessThan(TOLERANCE.float64 / 4);
    const short = await shortSelfTest(kernels);
    expect(short).toBeLessThan(TOLERANCE.float32 / 4);
    expect(short).toBeGreaterThan(TOLERANCE.float64);
  });

  test('every shape up to 40 x 40, against the plain kernels; below the diagonal nothing is touched', async () => {
    for (let count = 1; count <= 40; count++) {
      for (let d = 1; d <= 40; d++) {
        const [found, expected] = await grams([kernels, plain], values(count * d, count), count, d);
        expect(difference(found, expected), `${count} x ${d}`).toBeLessThan(1e-14);
      }
    }
  });

  test('products in float32 of every kind of shape, within the rounding of their rows, with the same bits for any number of threads', async () => {
    const alone = kernelsOf(1, fused);
    for (const [count, d] of [
      [1, 1],
      [3, 5],
      [4, 24],
      [63, 23],
      [64, 48],
      [65, 49],
      [130, 97],
      [1025, 71],
      [700, 200],
    ]) {
      const y = values(count * d, count);
      const before = Float64Array.from({ length: d * d }, (_, i) => i % 7);
      const [found, single, expected] = [before.slice(), before.slice(), before.slice()];
      await kernels.addGram(y, count, d, found, () => {}, 'float32');
      await alone.addGram(y, count, d, single, () => {}, 'float32');
      await plain.addGram(y, count, d, expected, () => {});
      expect(sameBits(found, single), `${count} x ${d}`).toBe(true);
      for (let i = 0; i < d; i++) {
        for (let j = 0; j < d; j++) {
          const k = i * d + j;
          if (j < i) expect(found[k]).toBe(before[k]);
          // Of each product and each of at most 64 sums: their size is below the block's rows.
          else expect(Math.abs(found[k] - expected[k]), `${count} x ${d}`).toBeLessThan(2 ** -24 * (2 * count + 64 * Math.sqrt(count)));
        }
      }
      if (count > 60) expect(found).not.toEqual(expected);
    }
  });

  test('any shape', async () => {
    const shape = fc.record({ count: fc.integer({ min: 1, max: 300 }), d: fc.integer({ min: 1, max: 700 }), seed: fc.nat(1e6) });
    await fc.assert(
      fc.asyncProperty(shape, fc.integer({ min: 1, max: 11 }), async ({ count, d, seed }, vectors) => {
        const y = values(count * d, seed);
        const [gram, expectedGram] = await grams([kernels, plain], y, count, d);
        expect(difference(gram, expectedGram)).toBeLessThan(1e-14);
        const [image, expectedImage] = await images([kernels, plain], y, count, d, vectors);
        expect(difference(image, expectedImage)).toBeLessThan(1e-13);
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  test('more rows than are packed at a time, and rows so wide that memory grows and vectors go in turns', async () => {
    for (const [count, d, vectors] of [
      [2500, 30, 5],
      [9, 200_001, 5],
    ]) {
      const y = values(count * d, 1);
      const [image, expected] = await images([kernels, plain], y, count, d, vectors);
      expect(difference(image, expected)).toBeLessThan(1e-13);
    }
    const [gram, expected] = await grams([kernels, plain], values(2500 * 30, 2), 2500, 30);
    expect(difference(gram, expected)).toBeLessThan(1e-14);
  });

  test.each([
    ['subnormal', 1e-160],
    ['below them', 1e-170],
    ['large', 1e150],
  ])('squares that are %s', async (_, size) => {
    const y = values(70 * 9, 3).map((x) => size * x);
    const results = [kernels, plain].map(() => new Float64Array(81));
    await kernels.addGram(y, 70, 9, results[0], () => {});
    await plain.addGram(y, 70, 9, results[1], () => {});
    // A subnormal sum is off by at most one unit for each of its terms.
    for (let i = 0; i < 81; i++) {
      expect(Math.abs(results[0][i] - results[1][i])).toBeLessThanOrEqual(70 * Number.MIN_VALUE + 1e-14 * Math.abs(results[1][0]));
    }
  });

  test('what is not finite stays in its own columns', async () => {
    const d = 7;
    const y = values(5 * d, 1);
    y[3] = Number.NaN;
    y[2 * d + 5] = Number.POSITIVE_INFINITY;
    const [found, expected] = await grams([kernels, plain], y, 5, d);
    expect([...found].map(Number.isFinite)).toEqual([...expected].map(Number.isFinite));
  });

  test('exact where every sum is representable', async () => {
    const [count, d] = [1030, 50];
    const y = Float64Array.from({ length: count * d }, (_, i) => ((i * 7919) % 2001) - 1000);
    const [found, expected] = await grams([kernels, plain], y, count, d);
    expect(found).toEqual(expected);
  });
});

test('the same bits for any number of threads', async () => {
  const few = [1, 2, 3, 5].map((threads) => kernelsOf(threads));
  for (const [count, d] of [
    [1030, 200],
    [64, 700],
    [2, 1001],
  ]) {
    const y = values(count * d, 9);
    const [alone, ...together] = await grams(few, y, count, d);
    for (const gram of together) expect(sameBits(gram, alone)).toBe(true);
    const [aloneImages, ...togetherImages] = await images(few, y, count, d, 6);
    for (const image of togetherImages) expect(sameBits(image, aloneImages)).toBe(true);
  }
});

test('thousands of small jobs, shared', async () => {
  const kernels = kernelsOf(3);
  const y = values(8 * 60, 4);
  const once = new Float64Array(3600);
  await kernels.addGram(y, 8, 60, once, () => {});
  for (let round = 0; round < 3000; round++) {
    const gram = new Float64Array(3600);
    await kernels.addGram(y, 8, 60, gram, () => {});
    if (!sameBits(gram, once)) expect(gram, `round ${round}`).toEqual(once);
  }
});

describe('a poll that throws', () => {
  test.each([1, 2, 20])('at call %i stops the job, and the next one is sound', async (call) => {
    const kernels = kernelsOf(3);
    const [count, d] = [512, 300];
    const y = values(count * d, 2);
    for (let round = 0; round < 3; round++) {
      let polls = 0;
      const poll = (): void => {
        if (++polls === call) throw new Error('stop');
      };
      await expect(kernels.addGram(y, count, d, new Float64Array(d * d), poll)).rejects.toThrow('stop');
      expect(polls).toBe(call);
      polls = 0;
      await expect(kernels.applyGram(y, count, d, y, 9, new Float64Array(9 * d), poll)).rejects.toThrow('stop');
      const [found, expected] = await grams([kernels, plain], y, count, d);
      expect(difference(found, expected)).toBeLessThan(1e-14);
    }
  });

  test('it is called every few milliseconds', async () => {
    const [count, d] = [1024, 1024];
    const kernels = kernelsOf(1);
    let calls = 0;
    await kernels.addGram(values(count * d, 1), count, d, new Float64Array(d * d), () => calls++);
    // 2^30 multiplications, and 2^21 to a tile.
    expect(calls).toBeGreaterThan(200);
  });
});

describe('the other threads', () => {
  const bundle = (): string =>
    buildSync({
      stdin: { contents: "export { wasmKernels, simdSupport } from './src/compute/wasm'", resolveDir: '.' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      write: false,
    }).outputFiles[0].text;
  const work = `
    const kernels = module.exports.wasmKernels({ threads: 3, fused: module.exports.simdSupport() === 'fused', worthSharing: 0, worthStarting: 0 });
    const work = () => kernels.addGram(new Float64Array(2 ** 18).fill(1), 512, 512, new Float64Array(2 ** 18), () => {});`;

  test('do not keep the process alive', () => {
    const script = `${bundle()};${work} work().then(() => console.log('done'));`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 10_000 })).toBe('done\n');
  });

  test('end on close, which is waited for to its end; what comes after starts them anew', () => {
    const script = `${bundle()};${work}
      (async () => {
        for (let i = 0; i < 3; i++) { await work(); await kernels.close(); console.log('closed'); }
        await kernels.close();
        console.log('closed');
      })();`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 10_000 })).toBe('closed\n'.repeat(4));
  });

  test('end with a thread that is ended in the middle of its work', async () => {
    const script = `${bundle()};${work} (async () => { for (;;) { await work(); require('node:worker_threads').parentPort.postMessage(1); } })();`;
    const thread = new Worker(script, { eval: true });
    const messages = vi.fn();
    thread.on('message', messages);
    await vi.waitUntil(() => messages.mock.calls.length > 20, 10_000);
    expect(await thread.terminate()).toBe(1);
  });
});
