import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plainFolder } from '../../../src/runs/layouts/plain-folder';
import { directoryTree, lines, npyBytes, numbersIn, recognised, safetensorsBytes, trainerState, write } from '../directory-tree';

const vectors = (x: number) => npyBytes([[x, 1], [2, 3]]); // biome-ignore format: rows
const model = safetensorsBytes({ w: [[1, 2], [3, 4]] }); // biome-ignore format: rows
const listing = (root: string) => recognised(plainFolder, root);

describe('numbered folders', () => {
  const generation = (k: number) => ({
    [`generation-${k}/embeddings.npy`]: vectors(k),
    [`generation-${k}/hidden.npy`]: vectors(-k),
    [`generation-${k}/metrics.json`]: '{}',
    [`generation-${k}/metrics.csv`]: 'loss\n1\n',
    [`generation-${k}/completions.jsonl.gz`]: 'x',
  });
  const checkpoint = (k: number) => ({
    [`generation-${k}/checkpoint-600/model.safetensors`]: model,
    [`generation-${k}/checkpoint-600/trainer_state.json`]: trainerState(600),
  });

  test('are generations in natural order, with the checkpoint that some hold', async () => {
    const root = directoryTree({
      ...generation(0),
      ...checkpoint(0),
      ...generation(10),
      ...generation(9),
      ...checkpoint(10),
      'run.json': '{}',
    });
    const run = await listing(root);
    expect(run.recognised).toBe('No known layout; read as a plain folder of numbered names: 3 checkpoints, generation-0 to generation-10.');
    const both = 'embeddings.npy hidden.npy';
    expect(lines(run)).toEqual([
      `generation-0 0 none: checkpoint-600/model.safetensors ${both}`,
      `generation-9 9 none: ${both}`,
      `generation-10 10 none: checkpoint-600/model.safetensors ${both}`,
    ]);
    expect(run.missing).toEqual(['checkpoint-600/model.safetensors is in 2 of the 3 checkpoints only.']);
    expect(run.checkpoints[2]!.parts).toContain(join(root, 'generation-10', 'checkpoint-600', 'model.safetensors'));
    expect(await numbersIn(run.checkpoints[2]!, 'hidden.npy', '')).toEqual([-10, 1, 2, 3]);
    expect(await numbersIn(run.checkpoints[2]!, 'checkpoint-600/model.safetensors', 'w')).toEqual([1, 2, 3, 4]);
  });

  test('the last waits for the files that all others have', async () => {
    const root = directoryTree({ ...generation(0), ...generation(1), 'generation-2': null });
    expect(lines(await listing(root))[2]).toBe('generation-2 2 waits for its files:');
    write(root, { 'generation-2/embeddings.npy': '' });
    expect(lines(await listing(root))[2]).toBe('generation-2 2 waits for embeddings.npy to be written: embeddings.npy');
    write(root, { 'generation-2/embeddings.npy': vectors(2) });
    expect(lines(await listing(root))[2]).toBe('generation-2 2 waits for hidden.npy: embeddings.npy');
    write(root, { 'generation-2/hidden.npy': vectors(2) });
    expect(lines(await listing(root))[2]).toBe('generation-2 2 none: embeddings.npy hidden.npy');
  });

  test('a file that one in the middle lacks holds nothing up, and is told', async () => {
    const root = directoryTree({ ...generation(0), 'generation-1/embeddings.npy': vectors(1), ...generation(2), ...generation(4) });
    const run = await listing(root);
    expect(lines(run)[1]).toBe('generation-1 1 none: embeddings.npy');
    expect(run.missing).toEqual(['hidden.npy is in 3 of the 4 checkpoints only.', '3 is missing in the series.']);
  });

  test('may hold models themselves, whole, in shards or as an adapter', async () => {
    const shards = { 'g1/model-00001-of-00002.safetensors': model, 'g2/model-00002-of-00002.safetensors': model };
    const index = JSON.stringify({ weight_map: { w: 'model-00001-of-00002.safetensors' } });
    const root = directoryTree({
      'g0/model.safetensors': model,
      'g0/pytorch_model.bin': 'x',
      'g0/optimizer.bin': 'x',
      ...shards,
      'g1/model.safetensors.index.json': index,
      'g3/adapter_model.safetensors': model,
      'g3/adapter_config.json': '{}',
    });
    const run = await listing(root);
    expect(lines(run)).toEqual([
      'g0 0 none: model.safetensors',
      'g1 1 none: model.safetensors.index.json',
      'g2 2 waits for model.safetensors.index.json:',
      'g3 3 none: adapter_model.safetensors',
    ]);
    expect(run.checkpoints[1]!.parts).toHaveLength(2);
  });

  test('of several checkpoints in a generation the last counts', async () => {
    const root = directoryTree({ ...checkpoint(0), 'generation-0/checkpoint-1000/model.safetensors': model, ...checkpoint(1) });
    const run = await listing(root);
    expect(lines(run)[0]).toBe('generation-0 0 none: checkpoint-1000/model.safetensors');
    expect(run.missing[0]).toBe('Of the checkpoints inside generation-0 only the last is read.');
  });

  test('runs beside one another are no generations', async () => {
    const run = (k: number) => ({ [`run-${k}/checkpoint-1/model.safetensors`]: model, [`run-${k}/checkpoint-2/model.safetensors`]: model });
    expect(await plainFolder.recognise(directoryTree({ ...run(1), ...run(2) }))).toBeNull();
    const final = { 'run-1/model.safetensors': model, 'run-2/model.safetensors': model };
    expect(await plainFolder.recognise(directoryTree({ ...run(1), ...run(2), ...final }))).toBeNull();
    expect(await plainFolder.recognise(directoryTree({ 'a-s0/g1/e.npy': vectors(1), 'b-s0/g1/e.npy': vectors(1) }))).toBeNull();
  });

  test('a linked folder counts once, and one elsewhere not at all', async () => {
    const elsewhere = directoryTree({ 'embeddings.npy': vectors(1) });
    const root = directoryTree({
      ...generation(1),
      ...generation(2),
      'generation-3': { link: 'generation-2' },
      'generation-4': { link: elsewhere },
    });
    expect((await listing(root)).checkpoints.map(({ name }) => name)).toEqual(['generation-1', 'generation-2']);
  });
});

describe('numbered files', () => {
  test('are a run; another series is left aside, by name', async () => {
    const root = directoryTree({
      'embeddings-0.npy': vectors(0),
      'embeddings-2.npy': vectors(2),
      'embeddings-10.npy': vectors(10),
      'hidden-0.npy': vectors(5),
      'table.csv': '1,2\n',
    });
    const run = await listing(root);
    expect(run.recognised).toBe(
      'No known layout; read as a plain folder of numbered names: 3 checkpoints, embeddings-0.npy to embeddings-10.npy.',
    );
    expect(lines(run)).toEqual([
      'embeddings-0.npy 0 none: embeddings-*.npy',
      'embeddings-2.npy 2 none: embeddings-*.npy',
      'embeddings-10.npy 10 none: embeddings-*.npy',
    ]);
    expect(run.missing).toEqual(['hidden-0.npy and table.csv lie beside the checkpoints and are left aside.']);
    expect(await numbersIn(run.checkpoints[1]!, 'embeddings-*.npy', '')).toEqual([2, 1, 2, 3]);
  });

  test('the longer of files and folders is the run', async () => {
    const files = { 'e-1.npy': vectors(1), 'e-2.npy': vectors(2) };
    expect((await listing(directoryTree({ ...files, 'old-1/e.npy': vectors(1) }))).checkpoints.map(({ name }) => name)).toEqual([
      'e-1.npy',
      'e-2.npy',
    ]);
    const folders = { 'g-1/e.npy': vectors(1), 'g-2/e.npy': vectors(1) };
    const run = await listing(directoryTree({ ...files, ...folders }));
    expect(run.checkpoints.map(({ name }) => name)).toEqual(['g-1', 'g-2']);
    expect(run.missing).toEqual(['e-1.npy and e-2.npy lie beside the checkpoints and are left aside.']);
  });

  test('without numbers there is none', async () => {
    expect(await plainFolder.recognise(directoryTree({ 'embeddings.npy': vectors(1), 'all-MiniLM-L6-v2.npy': vectors(2) }))).toBeNull();
    expect(await plainFolder.recognise(directoryTree({}))).toBeNull();
  });
});
