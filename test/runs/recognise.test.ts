import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findRuns, LAYOUTS, recognise } from '../../src/runs/recognise';
import { formatErrorOf } from '../formats/bytes/memory-bytes';
import { type Content, directoryTree, expectSound, lines, npyBytes, safetensorsBytes, torchBytes, trainerState } from './directory-tree';

const model = safetensorsBytes({ w: [[1, 2], [3, 4]] }); // biome-ignore format: rows
const vectors = npyBytes([[1, 2], [3, 4]]); // biome-ignore format: rows
const hf = (folder: string): Record<string, Content> => ({
  [`${folder}/model.safetensors`]: model,
  [`${folder}/trainer_state.json`]: trainerState(1),
});

/** One run of each layout. */
const TREES: Readonly<Record<string, Readonly<Record<string, Content>>>> = {
  'huggingface-trainer': { ...hf('checkpoint-1'), 'config.json': '{}' },
  'peft-adapter': { 'checkpoint-1/adapter_model.safetensors': model, 'checkpoint-1/adapter_config.json': '{}' },
  lightning: { 'epoch=0-step=1.ckpt': torchBytes, 'last.ckpt': { link: 'epoch=0-step=1.ckpt' } },
  deepspeed: { 'global_step1/mp_rank_00_model_states.pt': torchBytes, latest: 'global_step1' },
  megatron: { 'iter_0000001/mp_rank_00/model_optim_rng.pt': torchBytes, 'latest_checkpointed_iteration.txt': '1' },
  dcp: { 'step-1/__0_0.distcp': 'x', 'step-1/.metadata': 'x' },
  orbax: { '1/_CHECKPOINT_METADATA': '{}', '1/default/_METADATA': '{}' },
  'torch-files': { 'model-1.pt': torchBytes, 'model-2.pt': torchBytes },
  'plain-folder': { 'generation-1/embeddings.npy': vectors, 'generation-2/embeddings.npy': vectors },
  keras: { 'ep-1.keras': 'x', 'ep-2.keras': 'x' },
  gguf: { 'model-1.gguf': 'GGUF', 'model-2.gguf': 'GGUF' },
};

test('there is an example of each layout', () => {
  expect(LAYOUTS.map(({ id }) => id).sort()).toEqual(Object.keys(TREES).sort());
});

test.each(Object.keys(TREES))('a run of %s is recognised as that, and not touched', async (id) => {
  const root = directoryTree(TREES[id]!);
  const before = state(root);
  const run = await recognise(root);
  expect(run.layout).toBe(id);
  expect(run.checkpoints.length).toBeGreaterThan(0);
  expectSound(run);
  expect(state(root)).toBe(before);
});

/** Names, times and bytes of a tree. */
function state(root: string): string {
  const hash = createHash('sha256');
  for (const name of (readdirSync(root, { recursive: true }) as string[]).sort()) {
    const { mtimeMs, mode } = statSync(join(root, name));
    hash.update(`${name} ${mtimeMs} ${mode}`);
    if (statSync(join(root, name)).isFile()) hash.update(readFileSync(join(root, name)));
  }
  return hash.digest('hex');
}

describe('one of several', () => {
  test('the outer series is the run', async () => {
    const run = await recognise(directoryTree({ ...hf('generation-0/checkpoint-600'), ...hf('generation-1/checkpoint-600') }));
    expect(lines(run)).toEqual([
      'generation-0 0 none: checkpoint-600/model.safetensors',
      'generation-1 1 none: checkpoint-600/model.safetensors',
    ]);
  });

  test('the longest series is the run', async () => {
    const embeddings = { 'embeddings-1.npy': vectors, 'embeddings-2.npy': vectors };
    expect((await recognise(directoryTree({ ...TREES.keras, ...TREES.gguf, ...embeddings }))).layout).toBe('plain-folder');
    expect((await recognise(directoryTree({ ...TREES.keras, ...TREES['torch-files'], 'model-3.pt': torchBytes }))).layout).toBe(
      'torch-files',
    );
  });
});

describe('what is no run', () => {
  const NONE = 'No known layout; read as a plain folder, which holds no numbered checkpoints.';

  test.each<[string, Record<string, Content>]>([
    ['of the Trainer', hf('checkpoint-600')],
    ['of an adapter', { 'checkpoint-600/adapter_model.safetensors': model }],
    ['of DCP', { 'checkpoint-600/.metadata': 'x', 'checkpoint-600/__0_0.distcp': 'x' }],
    ['of DeepSpeed', { 'checkpoint-600/mp_rank_00_model_states.pt': torchBytes }],
    ['of a generation', { 'checkpoint-600/embeddings.npy': vectors }],
    [
      'of several models',
      { ...hf('checkpoint-600'), 'checkpoint-600/model_1.safetensors': model, 'checkpoint-600/rng_state_0.pth': torchBytes },
    ],
  ])('one checkpoint %s', async (_, content) => {
    const root = directoryTree(content);
    const run = await recognise(join(root, 'checkpoint-600'));
    expect(run).toEqual({
      layout: 'plain-folder',
      recognised: NONE,
      missing: [`This is one checkpoint, not a run: choose the folder that holds it and its siblings, ${root}.`],
      checkpoints: [],
    });
  });

  test('a folder of runs names them', async () => {
    const root = directoryTree({ ...under('b/deep', TREES.lightning!), ...under('b/deep', { 'epoch=1-step=2.ckpt': torchBytes }) });
    expect((await recognise(root)).missing).toEqual(['There is a run inside: b/deep.']);
    const two = directoryTree({ ...under('b', TREES.deepspeed!), ...under('a', TREES['plain-folder']!) });
    expect(await recognise(two)).toMatchObject({ layout: 'plain-folder', checkpoints: [], missing: ['There are 2 runs inside: a and b.'] });
  });

  test('an empty folder, one without numbers, a file, and nothing', async () => {
    expect((await recognise(directoryTree({ 'readme.md': 'x' }))).missing).toEqual([
      'There are no files of weights or embeddings in numbered names.',
    ]);
    const root = directoryTree({ 'reference/embeddings.npy': vectors, 'reference/gpt2.npy': vectors });
    expect((await recognise(join(root, 'reference'))).missing).toEqual([
      'embeddings.npy and gpt2.npy: no numbers in the names tell which came first.',
    ]);
    const file = await formatErrorOf(() => recognise(join(root, 'reference', 'gpt2.npy')));
    expect(file.detail).toBe('this is a file; a run is a folder of checkpoints.');
    expect((await formatErrorOf(() => recognise(join(root, 'no')))).detail).toBe('there is no such folder.');
  });
});

function under(folder: string, content: Readonly<Record<string, Content>>): Record<string, Content> {
  return Object.fromEntries(Object.entries(content).map(([name, what]) => [`${folder}/${name}`, what]));
}

describe('findRuns', () => {
  test('takes a folder that was a run before for one, without a look inside, while it is there', async () => {
    const root = directoryTree({ 'a/notes.txt': 'x', 'b/notes.txt': 'x' });
    const known = new Set(['a', 'gone'].map((name) => join(root, name)));
    expect(await findRuns(root, undefined, known)).toEqual([join(root, 'a')]);
  });

  const found = async (root: string) => (await findRuns(root)).map((path) => relative(root, path).split(sep).join('/'));

  test('finds every layout, level by level, and none inside a run', async () => {
    const root = directoryTree(
      Object.assign({}, ...Object.entries(TREES).map(([id, tree]) => under(id, tree)), under('x/y', TREES['torch-files']!)),
    );
    // One file of Lightning alone might be anything.
    expect(await found(root)).toEqual([
      ...Object.keys(TREES)
        .filter((id) => id !== 'lightning')
        .sort(),
      'x/y',
    ]);
  });

  test('a run is found by its own path', async () => {
    const root = directoryTree(TREES['plain-folder']!);
    expect(await findRuns(root)).toEqual([root]);
    expect(await findRuns(join(root, 'no'))).toEqual([]);
  });

  test('looks four levels down, and not where no runs are', async () => {
    const run = TREES['torch-files']!;
    const places = ['1/2/3/4', '1/2/3/x/5', '.cache/run', 'node_modules/run', '.git/run'];
    const root = directoryTree(Object.assign({ loop: { link: '.' }, again: { link: '1' } }, ...places.map((place) => under(place, run))));
    expect(await found(root)).toEqual(['1/2/3/4']);
  });

  test('stops after many entries', async () => {
    const many = Object.fromEntries(Array.from({ length: 97 }, (_, i) => [`a/file${i}.txt`, '']));
    const root = directoryTree({ ...many, ...under('b', TREES['torch-files']!) });
    // Two folders and 97 files are seen before `b` is looked into.
    expect(await findRuns(root, 98)).toEqual([]);
    expect(await findRuns(root, 99)).toEqual([join(root, 'b')]);
  });
});

test('a tree that changes while it is read never fails', async () => {
  const names = Array.from({ length: 30 }, (_, i) => `generation-${i}`);
  const content = Object.assign({}, ...names.map((name) => ({ [`${name}/embeddings.npy`]: vectors, ...hf(`${name}/checkpoint-5`) })));
  const root = directoryTree(content);
  const listing = recognise(root);
  for (const name of names) {
    await new Promise(setImmediate);
    rmSync(join(root, name), { recursive: true });
  }
  expectSound(await listing);
  expect((await recognise(root)).checkpoints).toEqual([]);
});
