/**
 * Eigenvalues of a symmetric matrix in float64, by each kernel of the processor and by NumPy (`eigvalsh`, LAPACK's dsyevd) in one thread,
 * in turn in one run. Milliseconds, the median of five and in brackets the best, which other work on the machine disturbs less: first
 * the reduction to tridiagonal form, then the same with the eigenvalues of that. Last, the largest difference from NumPy's, relative to
 * the largest.
 *
 *   node bench/eigenvalues.mjs [ORDER...]       needs python3 with numpy
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
const orders = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [512, 1024, 2048, 4096];
/** The language itself takes half a minute for 4,096. */
const PLAIN_LIMIT = 2048;

// The Gram matrix of twice as many rows of noise, column j of size 1 / (1 + j / 10).
const reference = `
import sys, time, numpy as np
d, out = int(sys.argv[1]), sys.argv[2]
x = np.random.default_rng(1).standard_normal((2 * d, d)) / (1 + np.arange(d) / 10)
a = x.T @ x / (2 * d)
np.linalg.eigvalsh(a[:200, :200])
start = time.perf_counter()
l = np.linalg.eigvalsh(a)
print(1e3 * (time.perf_counter() - start))
a.tofile(out + '.matrix')
l[::-1].tofile(out + '.eigenvalues')`;

function summary(values) {
  values.sort((a, b) => a - b);
  return `${values[Math.floor(values.length / 2)].toFixed(0)} (${values[0].toFixed(0)})`;
}
const folder = mkdtempSync(join(tmpdir(), 'sigma-bench-'));
try {
  const outfile = join(folder, 'eigenvalues.mjs');
  await build({
    stdin: {
      contents: "export * from './src/compute/plain'; export * from './src/compute/wasm'; export * from './src/spectral/tridiagonal';",
      resolveDir: '.',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  });
  const { plainKernels, tridiagonalEigenvalues, wasmKernels } = await import(pathToFileURL(outfile).href);
  const engines = [
    ['TypeScript', plainKernels()],
    ['SIMD', wasmKernels({ fused: false, threads: 1 })],
    ['fused', wasmKernels({ fused: true, threads: 1 })],
    ['fused x2', wasmKernels({ fused: true, threads: 2 })],
  ].map(([name, kernels]) => ({ name, kernels }));
  console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, load ${load()} before`);
  console.log(`order${engines.map(({ name }) => name.padStart(30)).join('')}${'NumPy'.padStart(16)}   difference`);
  for (const d of orders) {
    const file = join(folder, String(d));
    const env = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' };
    const numpy = [];
    const found = engines.map(() => ({ reduction: [], all: [] }));
    let difference = 0;
    for (let round = 0; round < ROUNDS; round++) {
      numpy.push(Number(execFileSync(PYTHON, ['-c', reference, String(d), file], { env })));
      const matrix = doubles(`${file}.matrix`);
      const expected = doubles(`${file}.eigenvalues`);
      for (const [k, { name, kernels }] of engines.entries()) {
        if (name === 'TypeScript' && d > PLAIN_LIMIT) continue;
        const start = performance.now();
        const reduction = await kernels.tridiagonalize(matrix, d, new Float64Array(d), () => {});
        found[k].reduction.push(performance.now() - start);
        const eigenvalues = tridiagonalEigenvalues(reduction);
        found[k].all.push(performance.now() - start);
        reduction.release();
        for (let i = 0; i < d; i++) difference = Math.max(difference, Math.abs(eigenvalues[i] - expected[i]) / expected[0]);
      }
    }
    const columns = found.map(({ reduction, all }) => (all.length === 0 ? '-' : `${summary(reduction)}  ${summary(all)}`).padStart(30));
    console.log(`${String(d).padEnd(5)}${columns.join('')}${summary(numpy).padStart(16)}   ${difference.toExponential(1)}`);
  }
  console.log(`load ${load()} after`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function doubles(file) {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

function load() {
  return loadavg()[0].toFixed(1);
}
