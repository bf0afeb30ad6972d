/**
 * How soon a large file answers: 1,000,000 x 768 float32 rows of a power-law spectrum around a mean. Prints the milliseconds to the first
 * full report (1,000 rows) and to an interval of codingLogDet (alpha / d = 10) narrower than 1 % of its value, inside the process, without
 * starting it.
 *
 *   npm run build && node bench/first-interval.mjs [FILE]       needs python3 with numpy, and 3 GB of disk where FILE is not there yet
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROUNDS = 3;
const write = `
import sys, numpy as np
n, d, path = 1_000_000, 768, sys.argv[1]
rng = np.random.default_rng(0)
out = np.lib.format.open_memmap(path, mode='w+', dtype=np.float32, shape=(n, d))
scale = (np.arange(1, d + 1) ** -0.5).astype(np.float32)
for i in range(0, n, 20_000):
    out[i:i + 20_000] = rng.standard_normal((20_000, d), dtype=np.float32) * scale + np.float32(0.05)
out.flush()`;

const folder = mkdtempSync(join(tmpdir(), 'sigma-bench-'));
const path = process.argv[2] ?? join(folder, 'rows.npy');
try {
  if (!existsSync(path)) execFileSync(process.env.PYTHON ?? 'python3', ['-c', write, path]);
  for (const [what, flags] of [
    ['first report', ['--rows', '1000']],
    ['interval below 1 %', ['--tolerance', '0.01']],
  ]) {
    for (let round = 0; round < ROUNDS; round++) {
      const begin = performance.now();
      const out = execFileSync(process.execPath, ['dist/sigma.js', 'analyze', path, '--json', '--backend', 'cpu', ...flags], {
        maxBuffer: 2 ** 28,
      });
      const wall = performance.now() - begin;
      const { timings, sample, quantities } = JSON.parse(out);
      const { value, bounds } = quantities.codingLogDet.find(({ alphaOverD }) => alphaOverD === 10);
      const interval = bounds.find(({ kind }) => kind === 'stochastic');
      const width = interval === undefined ? 'none' : `${((100 * (interval.upper - interval.lower)) / value).toFixed(2)} %`;
      console.log(
        `${what.padEnd(20)} ${timings.total.toFixed(0).padStart(6)} ms (${wall.toFixed(0)} with the start), ${sample.rows} rows, width ${width}: read ${timings.read.toFixed(0)}, gram ${timings.gram.toFixed(0)}, eigen ${timings.eigen.toFixed(0)}`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
