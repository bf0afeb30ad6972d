/**
 * The kernels of the GPU beside a plain tiled product in WGSL, which runs on the same device through the same interface, and beside the
 * processor. Y^T Y counts rows d^2 operations, the full product twice as many; each rate is the best of three and includes the rows' way
 * to the GPU and, for ours, the way of the result back.
 *
 *   node bench/gpu.mjs       a software adapter only with SIGMA_ALLOW_SOFTWARE_GPU=1, and then tiny
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROUNDS = 3;
const nothing = () => {};
const folder = mkdtempSync(join(tmpdir(), 'sigma-bench-'));

/** Y^T Y with 64 x 64 tiles, 16 x 16 threads of 4 x 4 entries each, 16 rows at a time in workgroup memory: the textbook's. */
const REFERENCE = `
@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read_write> gram: array<f32>;
@group(0) @binding(2) var<uniform> shape: vec4u;
var<workgroup> a: array<f32, 1024>;
var<workgroup> b: array<f32, 1024>;
@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) tile: vec3u, @builtin(local_invocation_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  let rows = shape.x;
  let d = shape.y;
  var sums: array<f32, 16>;
  for (var first = 0u; first < rows; first += 16u) {
    for (var k = index; k < 1024u; k += 256u) {
      let at = (first + k / 64u) * d + k % 64u;
      a[k] = y[at + tile.y * 64u];
      b[k] = y[at + tile.x * 64u];
    }
    workgroupBarrier();
    for (var r = 0u; r < 16u; r++) {
      for (var i = 0u; i < 4u; i++) {
        let left = a[r * 64u + id.y * 4u + i];
        for (var j = 0u; j < 4u; j++) { sums[i * 4u + j] += left * b[r * 64u + id.x * 4u + j]; }
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) { gram[(tile.y * 64u + id.y * 4u + i) * d + tile.x * 64u + id.x * 4u + j] += sums[i * 4u + j]; }
  }
}`;

/** Seconds, the best of some rounds after one that compiles. */
async function seconds(work) {
  await work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}

/** Rows between -1 and 1 that are used for every block. */
const waves = (Type, length) => Type.from({ length }, (_, i) => Math.sin(i * i));

/** The reference, uploaded in blocks as ours. */
function referenceGram(device, d, blockRows) {
  const module = device.createShaderModule({ code: REFERENCE });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const storage = (size, usage) => device.createBuffer({ size, usage });
  const { STORAGE, COPY_DST, UNIFORM } = GPUBufferUsage;
  const buffers = [storage(4 * blockRows * d, STORAGE | COPY_DST), storage(4 * d * d, STORAGE), storage(16, UNIFORM | COPY_DST)];
  device.queue.writeBuffer(buffers[2], 0, Uint32Array.of(blockRows, d, 0, 0));
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const bindings = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  return {
    async run(block, blocks) {
      for (let k = 0; k < blocks; k++) {
        device.queue.writeBuffer(buffers[0], 0, block);
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindings);
        pass.dispatchWorkgroups(d / 64, d / 64);
        pass.end();
        device.queue.submit([encoder.finish()]);
      }
      await device.queue.onSubmittedWorkDone();
    },
    release() {
      for (const buffer of buffers) buffer.destroy();
    },
  };
}

async function oursGram(opener, d, block, blockRows, blocks) {
  const sums = await opener(d);
  const time = await seconds(async () => {
    for (let k = 0; k < blocks; k++) await sums.add(block, blockRows);
    await sums.take(nothing);
  });
  sums.release();
  return time;
}

/** A safetensors file of one bf16 matrix, written in blocks. */
function writeMatrix(path, rows, d) {
  const header = Buffer.from(JSON.stringify({ embedding: { dtype: 'BF16', shape: [rows, d], data_offsets: [0, 2 * rows * d] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path, 'w');
  writeSync(file, length);
  writeSync(file, header);
  const some = Math.min(rows, 1024);
  // bf16 is the upper half of a float32.
  const block = Uint16Array.from(new Uint32Array(waves(Float32Array, some * d).buffer), (bits) => bits >>> 16);
  for (let row = 0; row < rows; row += some) writeSync(file, block, 0, 2 * Math.min(some, rows - row) * d);
  closeSync(file);
}

const outfile = join(folder, 'gpu.cjs');
try {
  const parts = [
    'compute/dawn',
    'compute/gpu-device',
    'compute/gpu-guard',
    'compute/gpu-gram',
    'compute/checked-rows',
    'compute/cpu',
    'compute/webgpu',
  ];
  const exported = [...parts, 'analysis/analyze', 'analysis/report', 'formats/open'].map((part) => `export * from './src/${part}';`);
  await build({
    stdin: { contents: exported.join('\n'), resolveDir: '.' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['gl'],
    define: { __dirname: JSON.stringify(join(import.meta.dirname, '..', 'dist')) },
    outfile,
    logLevel: 'error',
  });
  const ours = (await import(pathToFileURL(outfile).href)).default;
  const search = await ours.openWebGpu();
  if (!search.found) throw new Error(search.reason);
  if (search.software && !process.env.SIGMA_ALLOW_SOFTWARE_GPU) {
    throw new Error(`${search.device} is a software adapter: its rates tell nothing of a GPU.`);
  }
  const tiny = search.software;
  const gpu = await ours.localGpu();
  const adapter = await navigator.gpu.requestAdapter();
  const { limits } = adapter;
  const requiredLimits = Object.fromEntries(
    ['maxStorageBufferBindingSize', 'maxBufferSize', 'maxComputeWorkgroupStorageSize'].map((name) => [name, limits[name]]),
  );
  const device = await adapter.requestDevice({ requiredLimits });
  console.log(
    `${search.device}; ${cpus()[0].model.trim()}, ${cpus().length} threads, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}`,
  );
  for (const [name, value] of Object.entries(requiredLimits)) console.log(`${name} ${value}`);

  console.log('\nY^T Y of float32 rows, GFLOP/s (ours: rows d^2; reference: 2 rows d^2), and how many times sooner ours is done');
  console.log('     d     rows   tile 64  tile 128  reference  times');
  const guard = ours.guarded(device);
  const large = ours.gramOpener(device, guard, requiredLimits);
  const small = ours.gramOpener(device, guard, { ...requiredLimits, maxComputeWorkgroupStorageSize: 8192 });
  for (const d of tiny ? [256, 2048] : [1024, 2048, 4096]) {
    const [rows, blockRows] = tiny ? [32, 16] : [65_536, 4096];
    const blocks = rows / blockRows;
    const block = waves(Float32Array, blockRows * d);
    const of64 = await oursGram(small, d, block, blockRows, blocks);
    // Fewer columns always take the small tiles.
    const of128 = d < 2048 ? null : await oursGram(large, d, block, blockRows, blocks);
    const reference = referenceGram(device, d, blockRows);
    const full = await seconds(() => guard(() => reference.run(block, blocks)));
    reference.release();
    const rate = (time, products) => (time === null ? '-' : ((products * rows * d * d) / time / 1e9).toFixed(1));
    const cells = [d, rows, rate(of64, 1), rate(of128, 1), rate(full, 2), (full / (of128 ?? of64)).toFixed(2)];
    console.log(cells.map((cell, k) => String(cell).padStart([6, 9, 10, 10, 11, 7][k])).join(''));
  }

  const [n, d] = tiny ? [256, 64] : [65_536, 4096];
  console.log(`\n32 vectors by ${n} x ${d} rows, ms each time`);
  const y = waves(Float64Array, Math.min(n, 4096) * d);
  const x = waves(Float64Array, 32 * d);
  const out = new Float64Array(32 * d);
  const cpu = ours.cpuKernels();
  const turns = n / Math.min(n, 4096);
  const held = await ours.checkedRows(gpu, n, d);
  if (held === null) throw new Error('There is no room for the rows.');
  for (let k = 0; k < turns; k++) await held.add(y, y.length / d, nothing);
  const milliseconds = async (work) => (1000 * (await seconds(work))).toFixed(1);
  console.log(`held on the GPU ${await milliseconds(() => held.applyGram(x, 32, out, nothing))}`);
  const passing = async () => {
    for (let k = 0; k < turns; k++) await cpu.applyGram(y, y.length / d, d, x, 32, out, nothing);
  };
  console.log(`processor ${await milliseconds(passing)}`);
  held.release();
  await cpu.close();

  const [rows, columns] = tiny ? [256, 64] : [128_256, 4096];
  console.log(`\nA bf16 safetensors matrix of ${rows} x ${columns}, seconds`);
  const path = join(folder, 'matrix.safetensors');
  writeMatrix(path, rows, columns);
  const description = { name: 'webgpu', device: search.device, precision: 'float32', selfTestError: 0, fallbackReason: null };
  const hooks = { poll: nothing, progress: nothing, refined: null };
  const file = await ours.openTensorFile(path);
  const start = performance.now();
  const { timings } = await ours.analyze(file, 'embedding', ours.DEFAULT_OPTIONS, { kernels: ours.webgpuKernels(gpu), description }, hooks);
  const total = performance.now() - start;
  await file.close();
  console.log(`analysis ${(total / 1000).toFixed(2)}, without reading ${((total - timings.read) / 1000).toFixed(2)}`);
  device.destroy();
  await gpu.close();
  ours.closeWebGpu();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
