/**
 * What a long run and many runs cost: memory, handles and blocked time of the engine and the extension host at three sizes, a day of
 * watching on a clock of its own, and what `sigma watch` costs a trainer that saves as fast as the disk takes it. Linux.
 *
 *   npm run build && npm run bench:load [-- growth|day|writer] [-- --checkpoints 250,500,1000 --tensors 200 --runs 50 --pairs 60]
 *
 * Growth takes a quarter of an hour on an idle machine, the day more than half an hour at full size, the writer 2 minutes. Prints tables; RELIABILITY.md
 * holds those of the last run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as after } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { safetensors, saveCheckpoint, uniform } from './load/checkpoints.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    checkpoints: { type: 'string', default: '250,500,1000' },
    tensors: { type: 'string', default: '200' },
    runs: { type: 'string', default: '50' },
    pairs: { type: 'string', default: '60' },
    // Of another build to compare with: the folder that holds its dist.
    extension: { type: 'string', default: '.' },
  },
});
const parts = { growth, day, writer };
const folder = mkdtempSync(join(tmpdir(), 'sigma-load-'));
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) await parts[name]();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function load() {
  return loadavg()[0].toFixed(1);
}

async function growth() {
  const fake = join(folder, 'fake-vscode.cjs');
  await build({ entryPoints: ['test/editor/fake-vscode.ts'], bundle: true, platform: 'node', format: 'cjs', outfile: fake });
  const sizes = values.checkpoints.split(',').map(Number);
  for (const checkpoints of sizes) {
    const root = join(folder, `runs-${checkpoints}`);
    const big = join(root, 'big');
    const random = uniform(1);
    for (let step = 1; step <= checkpoints; step++) saveCheckpoint(big, step, safetensors(Number(values.tensors), 8, 6, random));
    for (let run = 1; run < Number(values.runs); run++) {
      for (let step = 1; step <= 4; step++) saveCheckpoint(join(root, `small-${run}`), step, safetensors(4, 8, 6, random));
    }
    const history = join(folder, `storage-${checkpoints}`);
    mkdirSync(history);
    const files = Array.from({ length: 5 }, (_, i) => join(big, `checkpoint-${i + 1}/model.safetensors`));
    const facts = {
      extension: resolve(values.extension),
      fake,
      folders: [root],
      big,
      checkpoints,
      panels: 10,
      files,
      history,
      limit: 1500,
      rest: 30,
    };
    const before = load();
    const host = spawnSync(process.execPath, ['--expose-gc', 'bench/load/host.mjs', JSON.stringify(facts)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { samples, ...result } = JSON.parse(host.stdout);
    console.log(`${checkpoints} checkpoints of ${values.tensors} tensors, ${values.runs} runs; load average ${before} to ${load()}`);
    console.log(JSON.stringify(result));
    console.table(samples);
    rmSync(root, { recursive: true, force: true });
  }
}

async function day() {
  const outfile = join(folder, 'day.mjs');
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  await build({ entryPoints: ['bench/load/day.ts'], bundle: true, platform: 'node', format: 'esm', outfile, banner });
  const checkpoints = values.checkpoints.split(',').at(-1);
  const before = load();
  const out = spawnSync(process.execPath, ['--expose-gc', outfile, checkpoints, values.tensors, values.runs], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { samples, ...result } = JSON.parse(out.stdout);
  console.log(`One day on a clock of its own; load average ${before} to ${load()}`);
  console.log(JSON.stringify(result));
  console.table(samples);
}

/** Pairs of stretches, one with a watch that analyses without a pause and one while it is stopped, in turns. */
async function writer() {
  const MEGABYTES = 100;
  const FILES = 5;
  const run = join(folder, 'saved');
  mkdirSync(run);
  const trainer = spawn(process.execPath, ['bench/load/writer.mjs', run, String(MEGABYTES)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: trainer.stdout })[Symbol.asyncIterator]();
  const save = async (files) => {
    trainer.stdin.write(`${files}\n`);
    return Number((await answers.next()).value);
  };
  await save(2);
  // So many that it does not come to their end.
  for (let step = 1; step <= 500; step++) {
    const checkpoint = join(run, `checkpoint-${step}`);
    mkdirSync(checkpoint);
    linkSync(join(run, 'checkpoint-1000001/model.safetensors'), join(checkpoint, 'model.safetensors'));
    writeFileSync(join(checkpoint, 'trainer_state.json'), '{}');
  }
  const program = join(values.extension, 'dist/sigma.js');
  const watch = spawn(process.execPath, [program, 'watch', run, '--backend', 'cpu'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ticks = () => {
    const fields = readFileSync(`/proc/${watch.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  while (ticks() < 300) await after(100);
  const before = load();
  const ratios = [];
  let [worked, passed] = [0, 0];
  try {
    for (let pair = 0; pair < Number(values.pairs); pair++) {
      const took = {};
      for (const side of pair % 2 ? ['with', 'without'] : ['without', 'with']) {
        watch.kill(side === 'with' ? 'SIGCONT' : 'SIGSTOP');
        const start = ticks();
        took[side] = await save(FILES);
        if (side === 'without') continue;
        worked += 10 * (ticks() - start);
        passed += took.with;
      }
      ratios.push(took.with / took.without);
    }
  } finally {
    watch.kill('SIGCONT');
    watch.kill('SIGKILL');
    trainer.stdin.end();
  }
  const random = uniform(7);
  const resampled = Array.from({ length: 4000 }, () => median(ratios.map(() => ratios[Math.floor((random() + 0.5) * ratios.length)])));
  resampled.sort((a, b) => a - b);
  const percent = (ratio) => `${(100 * (ratio - 1)).toFixed(1)} %`;
  console.log(
    `${ratios.length} pairs of ${FILES} files of ${MEGABYTES} MB: saving takes ${percent(median(ratios))} longer with a watch that computes ` +
      `(95 %: ${percent(resampled[100])} to ${percent(resampled[3900])}), which had ${Math.round((100 * worked) / passed)} % of a processor; ` +
      `quartiles of the pairs ${percent(quantile(ratios, 0.25))} and ${percent(quantile(ratios, 0.75))}; load average ${before} to ${load()}`,
  );
}

function median(numbers) {
  return quantile(numbers, 0.5);
}

function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  return (sorted[Math.floor(at)] + sorted[Math.ceil(at)]) / 2;
}
