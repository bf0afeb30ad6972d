import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { Kernels, Tridiagonalization } from '../../src/compute/kernels';
import { plainKernels } from '../../src/compute/plain';
import { simdSupport, wasmKernels } from '../../src/compute/wasm';
import { tridiagonalEigenvalues } from '../../src/spectral/tridiagonal';

const plain = plainKernels();
const kept: Kernels[] = [];
const wasm = (threads: number, fused = simdSupport() === 'fused'): Kernels => {
  const kernels = wasmKernels({ threads, fused, ...(threads > 1 ? { worthSharing: 0, worthStarting: 0 } : {}) });
  kept.push(kernels);
  return kernels;
};
afterAll(() => Promise.all(kept.map((kernels) => kernels.close())));

const variants: [string, Kernels][] = [
  ['plain', plain],
  ['without fused products', wasm(1, false)],
];
if (simdSupport() === 'fused') variants.push(['with fused products', wasm(1)]);

const never = (): void => {};
const values = (length: number, seed: number): Float64Array => Float64Array.from({ length }, (_, i) => Math.sin(i * i + seed));
const zeros = (d: number): Float64Array => new Float64Array(d);

/** d x d from its entries on and above the diagonal; what lies below must not be read. */
const upper = (d: number, entry: (i: number, j: number) => number): Float64Array =>
  Float64Array.from({ length: d * d }, (_, k) => (k % d < Math.floor(k / d) ? Number.NaN : entry(Math.floor(k / d), k % d)));
const irregular = (d: number, seed = 1): Float64Array => upper(d, (i, j) => Math.sin((i * d + j) ** 2 + seed));

/** H diag(values) H for a reflection H. */
function withEigenvalues(eigenvalues: readonly number[]): Float64Array {
  const d = eigenvalues.length;
  const u = values(d, 3);
  const square = u.reduce((sum, x) => sum + x * x, 0);
  const h = (i: number, k: number): number => (i === k ? 1 : 0) - (2 * u[i] * u[k]) / square;
  return upper(d, (i, j) => eigenvalues.reduce((sum, l, k) => sum + h(i, k) * l * h(j, k), 0));
}

/** In units of the largest. */
function expectEqual(found: Float64Array, expected: ArrayLike<number>, tolerance = 1e-14): void {
  expect(found.length).toBe(expected.length);
  const largest = Math.max(Number.MIN_VALUE, ...Array.from(expected, Math.abs));
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - expected[i]) / largest, `at ${i}`).toBeLessThan(tolerance);
}

/** x^T T y of all pairs, as rows; and x^T A y. */
function forms({ diagonal, offDiagonal }: Tridiagonalization, x: Float64Array, count: number): Float64Array {
  const d = diagonal.length;
  return Float64Array.from({ length: count * count }, (_, k) => {
    const [u, v] = [Math.floor(k / count) * d, (k % count) * d];
    let sum = 0;
    for (let i = 0; i < d; i++) {
      sum += x[u + i] * diagonal[i] * x[v + i];
      if (i + 1 < d) sum += offDiagonal[i] * (x[u + i] * x[v + i + 1] + x[u + i + 1] * x[v + i]);
    }
    return sum;
  });
}
function formsOf(a: Float64Array, d: number, x: Float64Array, count: number): Float64Array {
  return Float64Array.from({ length: count * count }, (_, k) => {
    const [u, v] = [Math.floor(k / count) * d, (k % count) * d];
    let sum = 0;
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) sum += x[u + i] * a[Math.min(i, j) * d + Math.max(i, j)] * x[v + j];
    return sum;
  });
}

describe.each(variants)('%s', (_, kernels) => {
  const eigenvalues = async (a: Float64Array, d: number, border = zeros(d)): Promise<Float64Array> =>
    tridiagonalEigenvalues(await kernels.tridiagonalize(a, d, border, never));

  test('every order up to 70, and some beyond: the eigenvalues of the plain reduction, with the border added and without', async () => {
    for (const d of [...Array.from({ length: 70 }, (_, k) => k + 1), 129, 300, 515]) {
      const a = irregular(d);
      const border = values(d, 7);
      const [found, expected] = [await kernels.tridiagonalize(a, d, border, never), await plain.tridiagonalize(a, d, zeros(d), never)];
      expectEqual(tridiagonalEigenvalues(found), tridiagonalEigenvalues(expected), 2e-14);
      const sum = await plain.tridiagonalize(
        upper(d, (i, j) => a[i * d + j] + border[i] * border[j]),
        d,
        zeros(d),
        never,
      );
      const diagonal = found.diagonal.slice();
      diagonal[0] += found.borderCoordinate ** 2;
      expectEqual(tridiagonalEigenvalues({ ...found, diagonal }), tridiagonalEigenvalues(sum), 2e-14);
    }
  });

  test.each([3, 64, 201, 402])('tridiagonal Toeplitz (2, -1), d = %i', async (d) => {
    const found = await eigenvalues(
      upper(d, (i, j) => (i === j ? 2 : j === i + 1 ? -1 : 0)),
      d,
    );
    expectEqual(
      found,
      Array.from({ length: d }, (_, j) => 2 - 2 * Math.cos(((d - j) * Math.PI) / (d + 1))),
    );
  });

  test.each<[string, number[]]>([
    ['graded over 300 orders of magnitude', Array.from({ length: 150 }, (_, k) => 10 ** (-2 * k))],
    ['in three clusters', Array.from({ length: 131 }, (_, k) => 3 - Math.floor(k / 50))],
    ['three that are not zero', Array.from({ length: 170 }, (_, k) => [5, 2, 1][k] ?? 0)],
    ['of both signs', Array.from({ length: 90 }, (_, k) => 45 - k)],
    ['all equal', new Array(77).fill(2)],
  ])('known eigenvalues, %s', async (_, known) => {
    expectEqual(await eigenvalues(withEigenvalues(known), known.length, values(known.length, 5)), known, 2e-14);
  });

  test('graded entries, whose squares vanish', async () => {
    const d = 100;
    const a = upper(d, (i, j) => Math.sin(i * d + j) * 10 ** (-2 * (i + j)));
    const reversed = upper(d, (i, j) => a[(d - 1 - j) * d + d - 1 - i]);
    const expected = tridiagonalEigenvalues(await plain.tridiagonalize(a, d, zeros(d), never));
    expectEqual(await eigenvalues(a, d), expected);
    expectEqual(await eigenvalues(reversed, d), expected);
  });

  test('zeros, with a border and without', async () => {
    for (const d of [1, 5, 40, 130]) {
      for (const border of [zeros(d), values(d, 1)]) {
        const t = await kernels.tridiagonalize(new Float64Array(d * d), d, border, never);
        expect([...t.diagonal, ...t.offDiagonal].every((x) => x === 0)).toBe(true);
        expect(Math.abs(t.borderCoordinate)).toBeCloseTo(Math.hypot(...border), 12);
      }
    }
  });

  test.each([1e-300, 1e-200, 1e150, 1e300])('entries of size %f', async (size) => {
    const d = 83;
    const a = irregular(d);
    const border = values(d, 2);
    const found = await eigenvalues(
      a.map((x) => x * size),
      d,
      border,
    );
    expectEqual(
      found.map((x) => x / size),
      await eigenvalues(a, d, border),
    );
  });

  test('what is not finite is refused', async () => {
    for (const entry of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const a = irregular(70);
      a[3 * 70 + 50] = entry;
      await expect(eigenvalues(a, 70)).rejects.toThrow('not finite');
    }
  });

  test('vectors, of any number: their quadratic forms stay, and the border becomes the first coordinate', async () => {
    const shape = fc.record({ d: fc.integer({ min: 1, max: 150 }), count: fc.integer({ min: 1, max: 19 }), seed: fc.nat(1000) });
    await fc.assert(
      fc.asyncProperty(shape, async ({ d, count, seed }) => {
        const a = irregular(d, seed);
        const border = values(d, seed);
        const before = a.slice();
        const t = await kernels.tridiagonalize(a, d, border, never);
        expect(a).toEqual(before);
        const x = values(count * d, seed + 0.5);
        const z = x.slice();
        t.toBasis(z, count, never);
        expectEqual(forms(t, z, count), formsOf(a, d, x, count), 1e-13);
        const image = border.slice();
        t.toBasis(image, 1, never);
        const along = zeros(d);
        along[0] = t.borderCoordinate;
        expectEqual(image, along, 1e-14);
      }),
      { numRuns: 25, seed: 1 },
    );
  });

  test('a poll that throws stops it, and the next is sound', async () => {
    const d = 150;
    const a = irregular(d);
    const expected = await eigenvalues(a, d);
    for (const call of [1, 20, 60]) {
      let polls = 0;
      const poll = (): void => {
        if (++polls === call) throw new Error('stop');
      };
      await expect(kernels.tridiagonalize(a, d, zeros(d), poll)).rejects.toThrow('stop');
      expect(await eigenvalues(a, d)).toEqual(expected);
    }
    const t = await kernels.tridiagonalize(a, d, zeros(d), never);
    const stop = (): never => {
      throw new Error('stop');
    };
    expect(() => t.toBasis(values(5 * d, 1), 5, stop)).toThrow('stop');
  });

  test('it is called every few milliseconds with the part that is done', async () => {
    const d = 512;
    const parts: number[] = [];
    await kernels.tridiagonalize(irregular(d), d, zeros(d), (done) => parts.push(done));
    expect(parts.length).toBeGreaterThan(100);
    expect(parts).toEqual(parts.toSorted((a, b) => a - b));
    expect(parts[0]).toBeGreaterThanOrEqual(0);
    expect(parts.at(-1)).toBeGreaterThan(0.9);
    expect(parts.at(-1)).toBeLessThanOrEqual(1);
  });
});

describe('WebAssembly', () => {
  const bits = (t: Tridiagonalization, d: number): Buffer => {
    const x = values(6 * d, 4);
    t.toBasis(x, 6, never);
    return Buffer.concat([t.diagonal, t.offDiagonal, x].map(({ buffer }) => Buffer.from(buffer)));
  };

  test('the same bits in every run and for any number of threads', async () => {
    const some = [1, 1, 2, 3].map((threads) => wasm(threads));
    for (const d of [66, 203, 430]) {
      const found = await Promise.all(
        some.map(async (kernels) => bits(await kernels.tridiagonalize(irregular(d), d, values(d, 1), never), d)),
      );
      for (const other of found) expect(other.equals(found[0])).toBe(true);
    }
  });

  test('a memory that has been used leaves no trace', async () => {
    const [used, fresh] = [wasm(2), wasm(1)];
    for (const d of [150, 70, 149, 5, 3, 130]) {
      const t = await used.tridiagonalize(irregular(d), d, values(d, 1), never);
      const found = bits(t, d);
      t.release();
      expect(() => t.toBasis(values(d, 1), 1, never)).toThrow('released');
      expect(found.equals(bits(await fresh.tridiagonalize(irregular(d), d, values(d, 1), never), d))).toBe(true);
    }
  });

  test('earlier reductions that have not been released keep their memory', async () => {
    const kernels = wasm(1);
    const first = await kernels.tridiagonalize(irregular(90), 90, values(90, 1), never);
    const before = bits(first, 90);
    await kernels.tridiagonalize(irregular(90, 2), 90, values(90, 2), never);
    expect(bits(first, 90).equals(before)).toBe(true);
  });
});
