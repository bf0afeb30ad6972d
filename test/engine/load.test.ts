// A long run and its neighbours in an extension host with the extension and the engine as they ship; `npm run bench:load` has the full size.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { expect, it, onTestFinished } from 'vitest';
// @ts-expect-error it is shared with scripts that are not compiled
import { safetensors, saveCheckpoint, uniform } from '../../bench/load/checkpoints.mjs';

const CHECKPOINTS = 24;
const TENSORS = 100;

interface Sample {
  readonly checkpoints: number;
  readonly hostHeap: number;
  readonly hostHandles: number;
  readonly engineHandles: number;
}

it.runIf(process.platform === 'linux')(
  '10 panels on 10 runs never keep the extension host busy for 50 ms, and handles stay',
  async () => {
    if (!existsSync('dist/extension.js')) throw new Error('dist/extension.js is not built: run `node esbuild.mjs` first.');
    const folder = mkdtempSync(join(tmpdir(), 'sigma-load-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const random = uniform(1);
    const root = join(folder, 'runs');
    const big = join(root, 'big');
    for (let step = 1; step <= CHECKPOINTS; step++) saveCheckpoint(big, step, safetensors(TENSORS, 8, 6, random));
    for (let run = 1; run < 10; run++) {
      for (let step = 1; step <= 2; step++) saveCheckpoint(join(root, `small-${run}`), step, safetensors(2, 8, 6, random));
    }
    const fake = join(folder, 'fake-vscode.cjs');
    await build({ entryPoints: ['test/editor/fake-vscode.ts'], bundle: true, platform: 'node', format: 'cjs', outfile: fake });
    const files = Array.from({ length: 5 }, (_, i) => join(big, `checkpoint-${i + 1}/model.safetensors`));
    const history = join(folder, 'storage');
    mkdirSync(history);
    const facts = {
      extension: resolve('.'),
      fake,
      folders: [root],
      big,
      checkpoints: CHECKPOINTS,
      panels: 10,
      files,
      history,
      limit: 100,
      rest: 0,
    };
    const host = spawnSync(process.execPath, ['--expose-gc', 'bench/load/host.mjs', JSON.stringify(facts)], { encoding: 'utf8' });
    expect(host.stderr).toBe('');
    const { reached, runs, crashed, busiest, posted, samples } = JSON.parse(host.stdout);
    expect({ reached, runs, crashed }).toEqual({ reached: CHECKPOINTS, runs: 10, crashed: false });
    // Its own processor time: with others on the machine the clock says more.
    expect(busiest).toBeLessThan(50);
    expect(posted.largest).toBeLessThan(300_000);
    const handles = (samples as Sample[]).map(({ hostHandles, engineHandles }) => hostHandles + engineHandles);
    expect(Math.max(...handles) - handles[0]!).toBeLessThan(5);
    // 2,400 reports of 6 KB each were 14 MB.
    expect(samples.at(-1).hostHeap - samples[0].hostHeap).toBeLessThan(8);
  },
  120_000,
);
