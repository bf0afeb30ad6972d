/**
 * Coverage-guided fuzzing of everything that reads what others wrote.
 *
 *   npm run fuzz [-- --seconds N] [--seed N] [TARGET...]      600 seconds of CPU a target where nothing else is said; all targets where none is named
 *
 * Inputs are fixtures with small changes; those that reach new blocks of the code are changed further. An input must be read or refused in a
 * sentence, in two seconds and 256 MiB, and every file closed again. What fails is written to test/fixtures/hostile, which the tests run.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { root } from './process.mjs';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '600' }, seed: { type: 'string', default: '1' } },
});
const fixtures = path.join(root, 'test', 'fixtures');
const folder = path.join(root, '.cache', 'fuzz');
const HUNG_MS = 15_000;

await build({
  entryPoints: ['worker', 'targets'].map((name) => path.join(root, 'test', 'fuzz', `${name}.ts`)),
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  // Node.js finds no directory of a package.
  alias: { 'vscode-jsonrpc/node': 'vscode-jsonrpc/node.js' },
  logLevel: 'warning',
});
const { targets } = await import(path.join(folder, 'targets.mjs'));
const all = targets(fixtures);
const unknown = positionals.filter((name) => !all.some((target) => target.name === name));
if (unknown.length > 0) {
  console.error(`There is no target ${unknown.join(', ')}; there are ${all.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
let found = 0;
for (const target of all.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  if (target.seeds.length === 0) console.log(`${target.name}: no fixtures to begin with`);
  else await fuzz(target);
}
process.exit(found === 0 ? 0 : 1);

function keep({ name }, seed, bytes, finding) {
  found++;
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  const file = path.join(fixtures, 'hostile', name, `${hash}@${seed.replaceAll('/', '@')}`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  console.log(`  ${path.relative(root, file)}\n    ${finding.split('\n').slice(0, 6).join('\n    ')}`);
}

/** Runs one target in a thread; where the thread is lost to one input, that is a finding, and a new thread goes on. */
async function fuzz(target) {
  const began = cpuSeconds();
  const until = began + Number(flags.seconds);
  let seed = Number(flags.seed);
  let runs = 0;
  while (cpuSeconds() < until) {
    const shared = new SharedArrayBuffer(12 + (1 << 20));
    const head = new Int32Array(shared, 0, 3);
    const worker = new Worker(path.join(folder, 'worker.mjs'), {
      workerData: { name: target.name, seed, seconds: until - cpuSeconds(), fixtures, shared, bundle: '/worker.mjs' },
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    const lost = await new Promise((resolve) => {
      let last = { run: -1, at: Date.now() };
      const watch = setInterval(() => {
        const run = Atomics.load(head, 0);
        if (run !== last.run) last = { run, at: Date.now() };
        else if (run > 0 && Date.now() - last.at > HUNG_MS) resolve('it hangs');
      }, 500);
      worker.on('message', (message) => {
        if (message.finding !== undefined) keep(target, message.seed, message.bytes, message.finding);
        else {
          runs += message.runs;
          console.log(
            `${target.name}: ${runs} inputs in ${(cpuSeconds() - began).toFixed(0)} s of CPU, ${message.corpus} kept from ${target.seeds.length} fixtures, ${message.blocks} blocks reached`,
          );
          resolve(null);
        }
      });
      worker.on('error', (error) =>
        resolve(error instanceof Error ? (error.stack ?? error.message) : `the thread failed with ${inspect(error)}`),
      );
      worker.on('exit', () => {
        clearInterval(watch);
        resolve('the thread ended');
      });
    });
    await worker.terminate();
    if (lost === null) return;
    runs += head[0];
    keep(target, target.seeds[head[2]].name, new Uint8Array(shared, 12, head[1]).slice(), lost);
    seed++;
  }
}
