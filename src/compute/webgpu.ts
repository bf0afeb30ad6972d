import { GPU, type IKernelFunctionThis } from 'gpu.js';
// Not exported by the package's root: without it the device outlives every GPU object and the process does not end.
import { WebGPUContext } from 'gpu.js/src/backend/web-gpu/context.js';
import { cpuKernels } from './cpu';
import type { Kernels } from './kernels';

/** Rows per dispatch: 32 partial sums of 32 products each, so that float32 rounding grows with 64 terms and not with 1,024. */
const ROWS = 1024;

/** A product of the GPU that does not agree with float64. */
export class WrongProductError extends Error {
  override readonly name = 'WrongProductError';
}

/**
 * Products in float32 by gpu.js on `navigator.gpu` (see `openWebGpu`), sums across dispatches in float64.
 * Each product is checked by Freivalds' test; one that fails throws WrongProductError before anything is added.
 */
export function webgpuKernels(): Kernels {
  const gpu = new GPU({ mode: 'webgpu' });
  // A kernel per width: gpu.js compiles the output's shape into the shader.
  const products = new Map<number, (y: Float32Array) => Promise<Float32Array[]>>();

  function product(d: number) {
    let kernel = products.get(d);
    if (kernel === undefined) {
      kernel = gpu.createKernel(gramEntry, {
        output: [d, d],
        constants: { d },
        precision: 'single',
      }) as unknown as (y: Float32Array) => Promise<Float32Array[]>;
      products.set(d, kernel);
    }
    return kernel;
  }

  return {
    async addGram(y, count, d, gram, poll) {
      // Rows beyond the last are zeros, which add nothing.
      const chunk = new Float32Array(ROWS * d);
      for (let first = 0; first < count; first += ROWS) {
        poll();
        const rows = Math.min(ROWS, count - first);
        // A power of two brings the largest entry near 1: float32 squares overflow at 2^64 and vanish below 2^-75.
        const scale = 2 ** -exponent(y, first * d, (first + rows) * d);
        for (let i = 0; i < rows * d; i++) chunk[i] = y[first * d + i] * scale;
        chunk.fill(0, rows * d);
        const result = await product(d)(chunk);
        if (!agrees(result, chunk, d)) throw new WrongProductError('The GPU gave a wrong product.');
        for (let i = 0; i < d; i++) {
          const row = i * d;
          for (let j = i; j < d; j++) gram[row + j] += result[i][j] / scale / scale;
        }
      }
    },
    // Few vectors make few products for each row that would travel to the GPU, and Lanczos needs float64.
    applyGram: cpuKernels().applyGram,
    tridiagonalize: cpuKernels().tridiagonalize,
    async close() {
      await gpu.destroy();
      await WebGPUContext.destroy();
    },
  };
}

/** Entry (thread.y, thread.x) of Y^T Y. Runs as WGSL: gpu.js translates its source. */
function gramEntry(this: IKernelFunctionThis<{ d: number }>, y: Float32Array): number {
  let total = 0;
  for (let block = 0; block < 32; block++) {
    let partial = 0;
    for (let r = 0; r < 32; r++) {
      const row = (block * 32 + r) * this.constants.d;
      partial += y[row + this.thread.y] * y[row + this.thread.x];
    }
    total += partial;
  }
  return total;
}

/** Of the largest magnitude, limited to what keeps the scale itself finite. */
function exponent(y: Float64Array, from: number, to: number): number {
  let largest = 0;
  for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(y[i]));
  return largest === 0 ? 0 : Math.max(-500, Math.min(500, Math.ceil(Math.log2(largest))));
}

/** Freivalds' test: G v against Y^T (Y v) in float64, v of random signs. O(rows d + d^2). */
function agrees(gram: Float32Array[], y: Float32Array, d: number): boolean {
  const signs = Float64Array.from({ length: d }, () => (Math.random() < 0.5 ? -1 : 1));
  const expected = new Float64Array(d);
  let squares = 0;
  for (let r = 0; r < ROWS; r++) {
    const row = r * d;
    let dot = 0;
    for (let j = 0; j < d; j++) {
      dot += y[row + j] * signs[j];
      squares += y[row + j] ** 2;
    }
    for (let j = 0; j < d; j++) expected[j] += dot * y[row + j];
  }
  for (let i = 0; i < d; i++) {
    let found = 0;
    for (let j = 0; j < d; j++) found += gram[i][j] * signs[j];
    if (!(Math.abs(found - expected[i]) <= 1e-5 * squares)) return false;
  }
  return true;
}
