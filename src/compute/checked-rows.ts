import { WrongProductError } from './checked-gram';
import { cpuKernels } from './cpu';
import type { Gpu } from './gpu';
import type { HeldRows } from './kernels';

/** Random vectors w whose A w, A = Y^T Y, is known in float64. */
const WITNESSES = 4;
/** Of |A| |x|. Sound products differ by 1e-6 of it at most. */
const TOLERANCE = 1e-5;

/**
 * Rows in the memory of a GPU. Each product with them is checked: A is symmetric, so w . (A x) must be (A w) . x, and the A w of four vectors w of
 * random signs are computed in float64 while the rows are handed over. A check costs O(d) a vector.
 * @param rows that will be added at most
 * @returns null where the GPU has no room for them
 */
export async function checkedRows(gpu: Gpu, rows: number, d: number): Promise<HeldRows | null> {
  const held = await gpu.openRows(rows, d);
  if (held === null) return null;
  const cpu = cpuKernels();
  const witnesses = Float64Array.from({ length: WITNESSES * d }, () => (Math.random() < 0.5 ? -1 : 1));
  const images = new Float64Array(WITNESSES * d);
  /** A power of two that brings the first entries near 1: float32 squares overflow at 2^64 and vanish below 2^-75. */
  let scale = 0;

  return {
    async add(y, count, poll) {
      const size = largest(y.subarray(0, count * d));
      if (size > 0 && scale === 0) scale = 2 ** -Math.max(-480, Math.min(480, Math.ceil(Math.log2(size))));
      if (!(size * scale < 2 ** 30)) throw new RangeError('It cannot take numbers of this size.');
      await cpu.applyGram(y, count, d, witnesses, WITNESSES, images, poll);
      await held.add(
        Float32Array.from(y.subarray(0, count * d), (value) => value * scale),
        count,
      );
    },
    async applyGram(x, vectors, out, poll) {
      if (scale === 0) return;
      // Each vector by itself near 1.
      const sizes = Float64Array.from({ length: vectors }, (_, v) => largest(x.subarray(v * d, (v + 1) * d)));
      const scaled = new Float32Array(vectors * d);
      for (let v = 0; v < vectors; v++) if (sizes[v] > 0) for (let j = 0; j < d; j++) scaled[v * d + j] = x[v * d + j] / sizes[v];
      const strips = await held.applyGram(scaled, vectors);
      poll();
      const found = new Float64Array(vectors * d);
      for (let i = 0; i < strips.length; i++) found[i % found.length] += strips[i];
      for (let v = 0; v < vectors; v++) for (let j = 0; j < d; j++) found[v * d + j] *= sizes[v] / scale / scale;
      if (!agrees(found, x, vectors)) throw new WrongProductError('It gave a wrong product.');
      for (let i = 0; i < found.length; i++) out[i] += found[i];
    },
    release: () => held.release(),
  };

  function agrees(found: Float64Array, x: Float64Array, vectors: number): boolean {
    // E |A w|^2 = |A|^2 in the Frobenius norm.
    const norm = Math.sqrt(product(images, 0, images, 0, WITNESSES * d) / WITNESSES);
    for (let v = 0; v < vectors; v++) {
      const length = Math.sqrt(product(x, v * d, x, v * d, d));
      for (let w = 0; w < WITNESSES; w++) {
        const error = product(witnesses, w * d, found, v * d, d) - product(images, w * d, x, v * d, d);
        if (!(Math.abs(error) <= TOLERANCE * norm * length)) return false;
      }
    }
    return true;
  }
}

/** Magnitude. */
function largest(x: Float64Array): number {
  let most = 0;
  for (let i = 0; i < x.length; i++) most = Math.max(most, Math.abs(x[i]));
  return most;
}

function product(a: Float64Array, from: number, b: Float64Array, start: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[from + i] * b[start + i];
  return sum;
}
