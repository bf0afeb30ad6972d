import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import type { Backend } from '../../src/compute/kernels';
import { selectBackend } from '../../src/compute/select';
import { analyzeCheckpoint } from '../../src/runs/analyze-checkpoint';
import { analyzeRun, runReport } from '../../src/runs/analyze-run';
import { type History, openHistory } from '../../src/runs/history';
import { recognise } from '../../src/runs/recognise';
import { normal, uniform } from '../../src/spectral/random';
import { directoryTree, npyBytes, safetensorsBytes, trainerState, write } from './directory-tree';

let backend: Backend;
/** How often a matrix was multiplied: nothing that the history has is. */
let products = 0;
beforeAll(async () => {
  const { description, kernels } = await selectBackend('cpu');
  const sumGram: typeof kernels.sumGram = (...args) => {
    products++;
    return kernels.sumGram(...args);
  };
  backend = { description, kernels: { ...kernels, sumGram } };
});

const quiet = { poll() {}, progress() {} };

function rows(seed: number, n = 30, d = 6): number[][] {
  const random = normal(uniform(seed));
  return Array.from({ length: n }, () => Array.from({ length: d }, random));
}

function generations(count: number): Record<string, Uint8Array> {
  return Object.fromEntries(Array.from({ length: count }, (_, k) => [`generation-${k}/embeddings.npy`, npyBytes(rows(k))]));
}

async function analyzed(run: string, history: History | null = null) {
  products = 0;
  const found = await analyzeRun({ run, options: DEFAULT_OPTIONS, backend, history }, quiet);
  return { found, products, report: runReport(run, found, { baseline: null, controls: [] }) };
}

describe('a run', () => {
  it('is read in the order of its steps, and judged', async () => {
    const run = directoryTree(generations(11));
    const { found, report } = await analyzed(run);
    expect(found.checkpoints.map(({ name }) => name)).toEqual(Array.from({ length: 11 }, (_, k) => `generation-${k}`));
    expect(report).toMatchObject({ schema: 'sigma.run/1', path: run, level: 'healthy', baseline: 'generation-0', missing: [] });
    for (const { matrices } of report.checkpoints) {
      expect(matrices[0]!.report).toMatchObject({ schema: 'sigma.report/1', spectrum: null });
      expect(matrices[0]!.report.sampling!.shape).toBeGreaterThan(0);
    }
  });

  it('says what is not complete and what cannot be read, and goes on', async () => {
    const run = directoryTree({
      'checkpoint-10/model.safetensors': safetensorsBytes({ 'a.weight': rows(1), bias: [[1, 2]] }),
      'checkpoint-10/trainer_state.json': trainerState(10),
      'checkpoint-20/model.safetensors': 'not a model at all',
      'checkpoint-20/trainer_state.json': trainerState(20),
      'checkpoint-30/model.safetensors': safetensorsBytes({ 'a.weight': rows(3) }),
    });
    const { found, report } = await analyzed(run);
    expect(found.checkpoints.map(({ name }) => name)).toEqual(['checkpoint-10']);
    expect(found.pending).toEqual(['checkpoint-30 is not complete: it waits for trainer_state.json.']);
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toContain(join('checkpoint-20', 'model.safetensors'));
    expect(report.missing).toEqual(expect.arrayContaining([...found.pending, ...found.problems]));
    expect(report.level).toBe('unknown');
  });
});

describe('with a history', () => {
  it('nothing is analysed twice, under whatever name', async () => {
    const run = directoryTree(generations(4));
    const path = join(directoryTree({}), 'history.jsonl');
    const first = await openHistory(path);
    const before = await analyzed(run, first);
    expect(before.products).toBe(4);
    await first.close();

    const again = await openHistory(path);
    for (let k = 0; k < 4; k++) utimesSync(join(run, `generation-${k}/embeddings.npy`), 1e9, 1e9);
    write(run, { 'generation-4/embeddings.npy': npyBytes(rows(4)), 'generation-5/embeddings.npy': npyBytes(rows(0)) });
    const after = await analyzed(run, again);
    expect(after.products).toBe(1);
    const [old, ...others] = after.found.checkpoints;
    expect(old!.matrices[0]!.report.quantities).toEqual(before.found.checkpoints[0]!.matrices[0]!.report.quantities);
    expect(others.at(-1)!.matrices[0]!.report.source.path).toBe(join(run, 'generation-5', 'embeddings.npy'));
    await again.close();
  });

  it('checkpoints that were deleted stay in the run, those of an earlier run in the same folder do not', async () => {
    const run = directoryTree(generations(6));
    const history = await openHistory(join(directoryTree({}), 'history.jsonl'));
    await analyzed(run, history);
    rmSync(join(run, 'generation-1'), { recursive: true });
    rmSync(join(run, 'generation-2'), { recursive: true });
    const { found } = await analyzed(run, history);
    expect(found.checkpoints.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);

    // Trained anew: the first two checkpoints are other ones, and what is left of the old run comes after them by its steps.
    for (let k = 0; k < 6; k++) rmSync(join(run, `generation-${k}`), { recursive: true, force: true });
    write(run, { 'generation-0/embeddings.npy': npyBytes(rows(50)), 'generation-1/embeddings.npy': npyBytes(rows(51)) });
    const anew = await analyzed(run, history);
    expect(anew.found.checkpoints.map(({ step }) => step)).toEqual([0, 1]);
    await history.close();
  });

  it('keeps nothing of a checkpoint that changes while it is read', async () => {
    const run = directoryTree(generations(2));
    const history = await openHistory(join(directoryTree({}), 'history.jsonl'));
    const [checkpoint] = (await recognise(run)).checkpoints;
    const path = join(run, 'generation-0/embeddings.npy');
    const { kernels } = backend;
    const overwriting: Backend = {
      ...backend,
      kernels: {
        ...kernels,
        sumGram(...args) {
          writeFileSync(path, npyBytes(rows(99)));
          return kernels.sumGram(...args);
        },
      },
    };
    const analyzer = { run, options: DEFAULT_OPTIONS, backend: overwriting, history };
    const { problems } = await analyzeCheckpoint(checkpoint!, analyzer, quiet);
    expect(problems).toEqual([expect.stringMatching(/it changed while it was read\.$/)]);
    expect(history.entries).toEqual([]);
    await history.close();
  });
});
