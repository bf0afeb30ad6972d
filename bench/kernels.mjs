/**
 * The Gram matrix of rows, by each kernel of the processor and by NumPy (`X.T @ X`, which is its BLAS's dsyrk, or ssyrk), in turn in one
 * run. Ours take rows of float64, and round them where products are float32. GFLOP/s count rows d^2, half of a full product; each is the median of five, and in brackets the best, which other work on the
 * machine disturbs less.
 *
 *   node bench/kernels.mjs [WIDTH...]       needs python3 with numpy
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

// Before Node 21 fused products need a flag.
const FLAG = '--experimental-wasm-relaxed-simd';
if (Number.parseInt(process.versions.node, 10) < 21 && !process.execArgv.includes(FLAG)) {
  process.exit(spawnSync(process.execPath, [FLAG, ...process.argv.slice(1)], { stdio: 'inherit' }).status ?? 1);
}

const PYTHON = process.env.PYTHON ?? 'python3';
const ROUNDS = 5;
const widths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [256, 768, 1024, 4096];

const reference = `
import sys, time, numpy as np
n, d = int(sys.argv[1]), int(sys.argv[2])
x = np.sin(np.arange(n * d, dtype=np.float64) ** 2).reshape(n, d).astype(sys.argv[3])
x.T @ x
start = time.perf_counter()
x.T @ x
print(n * d * d / 1e9 / (time.perf_counter() - start))`;

function summary(values) {
  values.sort((a, b) => a - b);
  return `${values[Math.floor(values.length / 2)].toFixed(1)} (${values.at(-1).toFixed(1)})`;
}
const folder = mkdtempSync(join(tmpdir(), 'sigma-bench-'));
try {
  const outfile = join(folder, 'kernels.mjs');
  await build({
    stdin: { contents: "export * from './src/compute/plain'; export * from './src/compute/wasm';", resolveDir: '.' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  });
  const { plainKernels, wasmKernels } = await import(pathToFileURL(outfile).href);
  const wasm = (fused, threads) => wasmKernels({ fused, threads, worthStarting: 0 });
  const engines = [
    ['TypeScript', plainKernels()],
    ['SIMD', wasm(false, 1)],
    ['SIMD x2', wasm(false, 2)],
    ['fused', wasm(true, 1)],
    ['fused x2', wasm(true, 2)],
    ['SIMD f32', wasm(false, 1), 'float32'],
    ['fused f32', wasm(true, 1), 'float32'],
    ['fused f32 x2', wasm(true, 2), 'float32'],
  ].map(([name, kernels, precision]) => ({ name, measure: (y, n, d) => gigaflops(kernels, y, n, d, precision) }));
  for (const threads of ['1', '2']) {
    const env = { ...process.env, OPENBLAS_NUM_THREADS: threads, OMP_NUM_THREADS: threads };
    for (const type of ['float64', 'float32']) {
      const measure = (_, n, d) => Number(execFileSync(PYTHON, ['-c', reference, String(n), String(d), type], { env }));
      engines.push({ name: `NumPy${type === 'float32' ? ' f32' : ''}${threads === '1' ? '' : ` x${threads}`}`, measure });
    }
  }
  console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, load ${load()} before`);
  console.log(`${'rows x d'.padEnd(14)}${engines.map(({ name }) => name.padStart(15)).join('')}`);
  for (const d of widths) {
    const n = Math.min(8192, Math.floor(2 ** 22 / d));
    const y = Float64Array.from({ length: n * d }, (_, i) => Math.sin(i ** 2));
    const found = engines.map(() => []);
    for (let round = 0; round < ROUNDS; round++) for (const [k, { measure }] of engines.entries()) found[k].push(await measure(y, n, d));
    console.log(`${`${n} x ${d}`.padEnd(14)}${found.map((values) => summary(values).padStart(15)).join('')}`);
  }
  console.log(`load ${load()} after`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** In blocks as an analysis reads them; the first one warms up. */
async function gigaflops(kernels, y, n, d, precision) {
  const rows = Math.min(1024, Math.floor(2 ** 20 / d));
  const gram = new Float64Array(d * d);
  const add = (first) => kernels.addGram(y.subarray(first * d), Math.min(rows, n - first), d, gram, () => {}, precision);
  await add(0);
  const start = performance.now();
  for (let first = 0; first < n; first += rows) await add(first);
  return (n * d * d) / 1e6 / (performance.now() - start);
}

function load() {
  return loadavg()[0].toFixed(1);
}
