/**
 * How often and how soon a run that collapses is seen to, by Sigma and by other methods, on recursions in closed form and on real runs; and
 * how good the forecast is. Writes docs/detection.md.
 *
 *   npm run bench:detection [-- --chains 100] [--runs FOLDER]      about 8 minutes on two cores
 *
 * --chains: of each scenario; of the others in proportion. FOLDER holds the real recursive-training runs (see bench/detection/real-runs.ts).
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({
  options: { chains: { type: 'string', default: '100' }, runs: { type: 'string', default: '../shared/runs/runs' } },
});
const SHARES = 2;

const folder = mkdtempSync(join(tmpdir(), 'sigma-detection-'));
try {
  await build({
    entryPoints: ['bench/detection/worker.ts', 'bench/detection/table.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  const chains = (await Promise.all(Array.from({ length: SHARES }, (_, share) => run(share)))).flat();
  const { table } = await import(pathToFileURL(join(folder, 'table.mjs')).href);
  const text = table(chains);
  writeFileSync('docs/detection.md', text);
  console.log(text);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The chains of one share, in a process of its own. */
async function run(share) {
  const child = spawn(process.execPath, [join(folder, 'worker.mjs'), values.runs, values.chains, String(share), String(SHARES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const chains = [];
  for await (const line of createInterface({ input: child.stdout })) {
    chains.push(JSON.parse(line));
    if (process.stderr.isTTY) process.stderr.write('.');
  }
  const code = await ended;
  if (code !== 0) throw new Error(`A worker ended with ${code}.`);
  return chains;
}
