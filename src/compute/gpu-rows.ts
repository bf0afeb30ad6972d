import type { GPU, IKernelFunctionThis } from 'gpu.js';
import type { GpuRows } from './gpu';
import type { Guard } from './gpu-guard';

/** Vectors that are multiplied together; fewer are filled up with zeros. */
const VECTORS = 8;
/** Rows whose products with the vectors are summed in float32. */
const STRIP = 256;
/** Elements of rows that travel together at most: 16 MiB. */
const CHUNK = 2 ** 22;
/** Of the GPU's memory that rows may take: what it may have is not known, and others use it too. */
const MOST_BYTES = 2 ** 31;

/** What stays in the memory of the GPU between two kernels of gpu.js. */
interface Resident {
  delete(): void;
}
type Shape = { readonly width: number };

/** A kernel of gpu.js on WebGPU, whose types know only those that answer at once. */
type Kernel<A extends unknown[], R> = (...args: A) => Promise<R>;

/**
 * Rows that stay on the GPU and are multiplied by gpu.js: y = Y x, which stays there too, then Y^T y by strips of 256 rows, whose sums are
 * float32 in pieces of 32.
 * @returns null where they would exceed 2 GiB, or a binding of the device is too small for one strip
 */
export async function openGpuRows(gpu: GPU, device: GPUDevice, guard: Guard, rows: number, d: number): Promise<GpuRows | null> {
  // Zeros beyond column d, so that every sum has pieces of 32.
  const width = 32 * Math.ceil(d / 32);
  const binding = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize, 4 * CHUNK);
  const strips = Math.min(Math.ceil(rows / STRIP), Math.max(1, Math.floor(binding / (4 * width * STRIP))));
  const height = strips * STRIP;
  const chunks = Math.ceil(rows / height);
  if (4 * width * STRIP > device.limits.maxStorageBufferBindingSize || 4 * width * height * chunks > MOST_BYTES) return null;

  const settings = { constants: { width }, precision: 'single' } as const;
  const kernelOf = <A extends unknown[], R>(kernel: unknown): Kernel<A, R> => kernel as Kernel<A, R>;
  const keep = kernelOf<[Float32Array], Resident>(
    gpu.createKernel(entry, { ...settings, output: [height * width], pipeline: true, immutable: true }),
  );
  const project = kernelOf<[Resident, Float32Array], Resident>(
    gpu.createKernel(rowTimesVector, { ...settings, output: [height, VECTORS], pipeline: true }),
  );
  const gather = kernelOf<[Resident, Resident], Float32Array[][]>(
    gpu.createKernel(stripImage, { ...settings, output: [width, VECTORS, strips], constants: { width, height } }),
  );

  const resident: Resident[] = [];
  const chunk = new Float32Array(height * width);
  let filled = 0;
  async function send(): Promise<void> {
    if (filled === 0) return;
    chunk.fill(0, filled * width);
    resident.push(await guard(() => keep(chunk)));
    filled = 0;
  }

  return {
    async add(y, count) {
      for (let i = 0; i < count; i++) {
        chunk.set(y.subarray(i * d, (i + 1) * d), filled++ * width);
        if (filled === height) await send();
      }
    },
    async applyGram(x, vectors) {
      await send();
      const images = new Float32Array(resident.length * strips * vectors * d);
      for (let first = 0; first < vectors; first += VECTORS) {
        const taken = Math.min(VECTORS, vectors - first);
        const some = new Float32Array(VECTORS * width);
        for (let v = 0; v < taken; v++) some.set(x.subarray((first + v) * d, (first + v + 1) * d), v * width);
        for (const [c, rows] of resident.entries()) {
          const products = await guard(() => project(rows, some));
          const found = await guard(() => gather(rows, products));
          products.delete();
          for (let s = 0; s < strips; s++)
            for (let v = 0; v < taken; v++) images.set(found[s][v].subarray(0, d), ((c * strips + s) * vectors + first + v) * d);
        }
      }
      return images;
    },
    release() {
      for (const one of resident) one.delete();
      for (const kernel of [keep, project, gather]) (kernel as unknown as { destroy(): void }).destroy();
    },
  };
}

// What follows runs as WGSL: gpu.js translates its source.

function entry(this: IKernelFunctionThis<Shape>, y: Float32Array): number {
  return y[this.thread.x];
}

/** Of row thread.x and vector thread.y. */
function rowTimesVector(this: IKernelFunctionThis<Shape>, y: Float32Array, x: Float32Array): number {
  let total = 0;
  for (let first = 0; first < this.constants.width; first += 32) {
    let partial = 0;
    for (let j = 0; j < 32; j++) {
      partial += y[this.thread.x * this.constants.width + first + j] * x[this.thread.y * this.constants.width + first + j];
    }
    total += partial;
  }
  return total;
}

/** Entry thread.x of Y^T y for the rows of strip thread.z and vector thread.y. */
function stripImage(this: IKernelFunctionThis<Shape & { height: number }>, y: Float32Array, products: Float32Array[]): number {
  let total = 0;
  for (let block = 0; block < 8; block++) {
    let partial = 0;
    for (let r = 0; r < 32; r++) {
      const row = this.thread.z * 256 + block * 32 + r;
      partial += y[row * this.constants.width + this.thread.x] * products[this.thread.y][row];
    }
    total += partial;
  }
  return total;
}
