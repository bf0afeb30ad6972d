/**
 * One file -> its report, against what one would write in NumPy for the same spectra: read, scale rows, Gram matrix in float64,
 * eigenvalues of C and of S. Both run in turn on the same file, on one core, from a warm page cache.
 *
 *   npm run build && node bench/against-numpy.mjs        needs python3 with numpy
 *
 * The figures are milliseconds inside each process, without starting it; each is the median of five.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PYTHON = process.env.PYTHON ?? 'python3';
const SIZES = [
  [20_000, 128],
  [20_000, 256],
  [20_000, 512],
  [5_000, 1024],
  [1_000, 2048],
];
const ROUNDS = 5;

const write = `
import sys, numpy as np
n, d, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = np.random.default_rng(0)
np.save(path, (rng.standard_normal((n, d)) * np.arange(1, d + 1) ** -0.5 + 0.1).astype(np.float32))`;
const reference = `
import sys, time, numpy as np
start = time.perf_counter()
x = np.load(sys.argv[1]).astype(np.float64)
x /= np.linalg.norm(x, axis=1, keepdims=True)
n, d = x.shape
mean = x.mean(axis=0)
y = x if d <= n else x.T
c = (y.T @ y) / n
z = x - mean
z = z if d <= n else z.T
s = (z.T @ z) / n
np.linalg.eigvalsh(c); np.linalg.eigvalsh(s)
print(1000 * (time.perf_counter() - start))`;

const oneCore = { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' };
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const folder = mkdtempSync(join(tmpdir(), 'sigma-bench-'));
try {
  console.log('rows x columns        NumPy ms   Sigma ms   NumPy / Sigma   of which read, gram, eigen');
  for (const [n, d] of SIZES) {
    const path = join(folder, `${n}x${d}.npy`);
    execFileSync(PYTHON, ['-c', write, String(n), String(d), path]);
    const numpy = [];
    const sigma = [];
    let stages = {};
    for (let round = 0; round < ROUNDS; round++) {
      numpy.push(Number(execFileSync(PYTHON, ['-c', reference, path], { env: oneCore })));
      const report = JSON.parse(
        execFileSync(process.execPath, ['dist/sigma.js', 'analyze', path, '--json', '--backend', 'cpu'], { maxBuffer: 2 ** 28 }),
      );
      stages = report.timings;
      sigma.push(stages.total);
    }
    const [a, b] = [median(numpy), median(sigma)];
    const parts = ['read', 'gram', 'eigen'].map((stage) => Math.round(stages[stage])).join(', ');
    console.log(
      `${`${n} x ${d}`.padEnd(18)} ${a.toFixed(0).padStart(11)} ${b.toFixed(0).padStart(10)} ${(a / b).toFixed(2).padStart(15)}   ${parts}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
