import type { GpuGram } from './gpu';
import type { Guard } from './gpu-guard';
import { DISPATCH_ROWS, type GramTiling, gramShader, STEP, sharedBytes } from './wgsl/gram';

/** What decides how a Gram matrix is divided; a part of GPUSupportedLimits. */
export interface GramLimits {
  readonly maxStorageBufferBindingSize: number;
  readonly maxBufferSize: number;
  readonly maxComputeWorkgroupStorageSize: number;
}

/** A Gram matrix on a device: its tiles, its bands, and the rows that travel at a time. */
export interface GramPlan {
  readonly tiling: GramTiling;
  /** Columns, with zeros beyond d up to a whole number of tiles. */
  readonly width: number;
  /** Rows of one upload, a multiple of 16. */
  readonly chunkRows: number;
  readonly bands: readonly { readonly firstRow: number; readonly rows: number; readonly stride: number }[];
}

/** As the specification numbers them; the objects that name them are there only once a runtime is loaded. */
const USAGE = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, uniform: 0x40, storage: 0x80 };
const MAP_READ = 0x1;

/** Bytes of a sum. */
const SUM = 8;
/** Columns from which a thread's work is 8 x 8 entries: fewer would leave most of a large GPU without a tile. */
const WIDE = 2048;

/**
 * Bands of rows of the upper triangle, each no larger than one binding; a result of 8,192 columns has 256 MiB and more.
 * @throws Error when one row of tiles, or 16 rows of Y, exceed a binding
 */
export function gramPlan(d: number, limits: GramLimits): GramPlan {
  const large: GramTiling = { tile: 128, perThread: 8 };
  const tiling = d >= WIDE && sharedBytes(large) <= limits.maxComputeWorkgroupStorageSize ? large : { tile: 64, perThread: 4 };
  const { tile } = tiling;
  const width = tile * Math.ceil(d / tile);
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const chunkRows = Math.min(DISPATCH_ROWS, STEP * Math.floor(binding / (4 * width * STEP)));
  if (chunkRows === 0 || tile * width * SUM > binding || sharedBytes(tiling) > limits.maxComputeWorkgroupStorageSize)
    throw new Error(`Its buffers are too small for ${d} columns.`);
  const bands = [];
  for (let firstRow = 0; firstRow < width; ) {
    const stride = width - firstRow;
    const rows = Math.min(stride, tile * Math.floor(binding / (tile * stride * SUM)));
    bands.push({ firstRow, rows, stride });
    firstRow += rows;
  }
  return { tiling, width, chunkRows, bands };
}

/**
 * Opens Gram matrices on a device. Each kernel is compiled once.
 * @param limits to plan with, those of the device by default
 */
export function gramOpener(device: GPUDevice, guard: Guard, limits: GramLimits = device.limits): (d: number) => Promise<GpuGram> {
  const pipelines = new Map<number, GPUComputePipeline>();
  return (d) => {
    const plan = gramPlan(d, limits);
    const { tiling } = plan;
    return openGram(device, guard, plan, d, () => {
      let pipeline = pipelines.get(tiling.tile);
      if (pipeline === undefined) {
        const module = device.createShaderModule({ code: gramShader(tiling) });
        pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
        pipelines.set(tiling.tile, pipeline);
      }
      return pipeline;
    });
  };
}

async function openGram(
  device: GPUDevice,
  guard: Guard,
  { tiling, width, chunkRows, bands }: GramPlan,
  d: number,
  compiled: () => GPUComputePipeline,
): Promise<GpuGram> {
  const { tile } = tiling;
  const buffers: GPUBuffer[] = [];
  const buffer = (size: number, usage: number): GPUBuffer => {
    const created = device.createBuffer({ size, usage });
    buffers.push(created);
    return created;
  };
  const release = (): void => {
    for (const one of buffers) one.destroy();
  };
  /** Two uploads: while one is multiplied the next travels. */
  let uploads: { readonly rows: GPUBuffer; done: Promise<unknown> }[];
  let targets: { readonly sums: GPUBuffer; readonly shape: GPUBuffer; readonly bindings: readonly GPUBindGroup[] }[];
  let staging: GPUBuffer;
  let pipeline: GPUComputePipeline;
  try {
    await guard(() => {
      pipeline = compiled();
      const { mapRead, copySource, copyTarget, uniform, storage } = USAGE;
      uploads = [0, 1].map(() => ({ rows: buffer(4 * chunkRows * width, storage | copyTarget), done: Promise.resolve() }));
      targets = bands.map(({ rows, stride }) => {
        const sums = buffer(SUM * rows * stride, storage | copyTarget | copySource);
        const shape = buffer(16, uniform | copyTarget);
        const bindings = uploads.map((upload) =>
          device.createBindGroup({
            layout: pipeline.getBindGroupLayout(0),
            entries: [shape, upload.rows, sums].map((resource, binding) => ({ binding, resource: { buffer: resource } })),
          }),
        );
        return { sums, shape, bindings };
      });
      staging = buffer(Math.max(...bands.map(({ rows, stride }) => SUM * rows * stride)), mapRead | copyTarget);
    });
  } catch (error) {
    release();
    throw error;
  }
  // Rows of whole tiles and steps; columns beyond d stay zero.
  const padded = new Float32Array(chunkRows * width);
  let turn = 0;

  function dispatch(y: Float32Array, count: number): Promise<unknown> {
    const rows = STEP * Math.ceil(count / STEP);
    let values = y;
    if (width !== d || count !== rows) {
      for (let i = 0; i < count; i++) padded.set(y.subarray(i * d, (i + 1) * d), i * width);
      padded.fill(0, count * width, rows * width);
      values = padded;
    }
    return guard(() => {
      device.queue.writeBuffer(uploads[turn].rows, 0, values as Float32Array<ArrayBuffer>, 0, rows * width);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      for (const [i, { firstRow, rows: height, stride }] of bands.entries()) {
        device.queue.writeBuffer(targets[i].shape, 0, Uint32Array.of(rows, width / 4, firstRow / tile, stride));
        pass.setBindGroup(0, targets[i].bindings[turn]);
        pass.dispatchWorkgroups(stride / tile, height / tile);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      return device.queue.onSubmittedWorkDone();
    });
  }

  return {
    async add(y, count) {
      for (let first = 0; first < count; first += chunkRows) {
        await uploads[turn].done;
        const done = dispatch(y.subarray(first * d), Math.min(chunkRows, count - first));
        // Who waits for it hears of a failure: the next upload into this place, or `take`.
        done.catch(() => {});
        uploads[turn].done = done;
        turn = 1 - turn;
      }
    },
    async take(each) {
      await Promise.all(uploads.map(({ done }) => done));
      for (const [i, { firstRow, rows, stride }] of bands.entries()) {
        const bytes = SUM * rows * stride;
        await guard(() => {
          const encoder = device.createCommandEncoder();
          encoder.copyBufferToBuffer(targets[i].sums, 0, staging, 0, bytes);
          encoder.clearBuffer(targets[i].sums);
          device.queue.submit([encoder.finish()]);
          return staging.mapAsync(MAP_READ, 0, bytes);
        });
        try {
          each({ firstRow, rows, stride, sums: new Uint32Array(staging.getMappedRange(0, bytes)) });
        } finally {
          staging.unmap();
        }
      }
    },
    release,
  };
}
