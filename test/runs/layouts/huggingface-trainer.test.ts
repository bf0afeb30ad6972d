import { rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../../src/formats/open';
import { huggingFaceTrainer } from '../../../src/runs/layouts/huggingface-trainer';
import { directoryTree, indexOf, lines, numbersIn, recognised, safetensorsBytes, torchBytes, trainerState, write } from '../directory-tree';

const model = (x: number) => safetensorsBytes({ 'wte.weight': [[x, 2], [3, 4]], 'lm_head.weight': [[5, 6], [7, 8]] }); // biome-ignore format: rows
/** What the Trainer writes beside the weights, in its order: the state comes last. */
const rest = (folder: string, step: number) => ({
  [`${folder}/config.json`]: '{}',
  [`${folder}/training_args.bin`]: torchBytes,
  [`${folder}/optimizer.pt`]: torchBytes,
  [`${folder}/scheduler.pt`]: torchBytes,
  [`${folder}/rng_state_0.pth`]: torchBytes,
  [`${folder}/rng_state_1.pth`]: torchBytes,
  [`${folder}/trainer_state.json`]: trainerState(step),
});
const listing = (root: string) => recognised(huggingFaceTrainer, root);

describe('one file of weights', () => {
  test('takes the step of a state that was rewritten, also of the same length', async () => {
    const root = directoryTree({ 'checkpoint-1/model.safetensors': model(1), ...rest('checkpoint-1', 7) });
    const step = async () => (await listing(root)).checkpoints[0]!.step;
    expect([await step(), await step()]).toEqual([7, 7]);
    const state = join(root, 'checkpoint-1/trainer_state.json');
    writeFileSync(state, trainerState(8));
    utimesSync(state, 1, 1);
    expect(await step()).toBe(8);
    writeFileSync(state, '{"global_st');
    expect(await step()).toBe(1);
    writeFileSync(state, trainerState(9));
    expect(await step()).toBe(9);
  });

  test('is a run in the order of the steps', async () => {
    const root = directoryTree({
      'checkpoint-1000/model.safetensors': model(9),
      ...rest('checkpoint-1000', 1000),
      'checkpoint-200/model.safetensors': model(1),
      ...rest('checkpoint-200', 200),
      'tmp-checkpoint-1200/model.safetensors': model(0),
      'checkpoint-best': { link: 'checkpoint-200' },
      'checkpoint-300': { link: 'checkpoint-200' },
      'runs/events.out.tfevents.1': 'x',
    });
    const run = await listing(root);
    expect(run.recognised).toBe('Hugging Face Trainer: 2 checkpoints, checkpoint-200 to checkpoint-1000.');
    expect(run.missing).toEqual([]);
    expect(lines(run)).toEqual(['checkpoint-200 200 complete: model.safetensors', 'checkpoint-1000 1000 complete: model.safetensors']);
    expect(run.checkpoints[0]).toMatchObject({
      path: join(root, 'checkpoint-200'),
      parts: [join(root, 'checkpoint-200', 'model.safetensors')],
    });
    expect(await numbersIn(run.checkpoints[1]!, 'model.safetensors', 'wte.weight')).toEqual([9, 2, 3, 4]);
  });

  test('is pending until the state is written', async () => {
    const root = directoryTree({
      'checkpoint-5/config.json': '{}',
      ...rest('checkpoint-1', 1),
      'checkpoint-1/model.safetensors': model(1),
    });
    expect(lines(await listing(root))[1]).toBe('checkpoint-5 5 waits for its weights:');
    write(root, { 'checkpoint-5/model.safetensors': '' });
    expect(lines(await listing(root))[1]).toBe('checkpoint-5 5 waits for model.safetensors to be written: model.safetensors');
    write(root, { 'checkpoint-5/model.safetensors': model(2) });
    expect(lines(await listing(root))[1]).toBe('checkpoint-5 5 waits for trainer_state.json: model.safetensors');
    write(root, { 'checkpoint-5/trainer_state.json': '' });
    expect(lines(await listing(root))[1]).toBe('checkpoint-5 5 waits for trainer_state.json: model.safetensors');
    write(root, { 'checkpoint-5/trainer_state.json': trainerState(5) });
    expect(lines(await listing(root))[1]).toBe('checkpoint-5 5 complete: model.safetensors');
  });

  test('of a folder that is being removed waits, and is gone with it', async () => {
    const root = directoryTree({ 'checkpoint-5/model.safetensors': model(1), ...rest('checkpoint-5', 5), ...rest('checkpoint-6', 6) });
    expect(lines(await listing(root))[1]).toBe('checkpoint-6 6 waits for its weights:');
    rmSync(join(root, 'checkpoint-6'), { recursive: true });
    expect(lines(await listing(root))).toEqual(['checkpoint-5 5 complete: model.safetensors']);
  });

  test('the state knows the step better than the name', async () => {
    const root = directoryTree({ 'checkpoint-7/model.safetensors': model(1), 'checkpoint-7/trainer_state.json': trainerState(700) });
    expect(lines(await listing(root))).toEqual(['checkpoint-7 700 complete: model.safetensors']);
    write(root, { 'checkpoint-7/trainer_state.json': '{"global_step": "many"}' });
    expect(lines(await listing(root))).toEqual(['checkpoint-7 7 complete: model.safetensors']);
    write(root, { 'checkpoint-7/trainer_state.json': `${' '.repeat(2 ** 20)}{"global_step": 700}` });
    expect(lines(await listing(root))).toEqual(['checkpoint-7 7 complete: model.safetensors']);
  });

  test('in a loop that writes no state only the first waits for one', async () => {
    const root = directoryTree({ 'checkpoint-1/model.safetensors': model(1) });
    expect(lines(await listing(root))).toEqual(['checkpoint-1 1 waits for trainer_state.json: model.safetensors']);
    write(root, { 'checkpoint-2/model.safetensors': model(2) });
    const run = await listing(root);
    expect(lines(run)).toEqual(['checkpoint-1 1 none: model.safetensors', 'checkpoint-2 2 none: model.safetensors']);
    expect(run.missing).toEqual(['No checkpoint has trainer_state.json: each counts as complete once its files are at rest.']);
  });

  test('may be of PyTorch, or of another name', async () => {
    const root = directoryTree({
      'checkpoint-1/pytorch_model.bin': torchBytes,
      ...rest('checkpoint-1', 1),
      'checkpoint-2/pytorch_lora_weights.safetensors': model(1),
      ...rest('checkpoint-2', 2),
      'model.safetensors': model(3),
    });
    const run = await listing(root);
    expect(lines(run)).toEqual(['checkpoint-1 1 complete: pytorch_model.bin', 'checkpoint-2 2 complete: pytorch_lora_weights.safetensors']);
    expect((await numbersIn(run.checkpoints[0]!, 'pytorch_model.bin', 'state_dict.0.weight'))[0]).toBeCloseTo(-1.42596, 5);
    expect(run.missing).toEqual([
      'pytorch_lora_weights.safetensors is in 1 of the 2 checkpoints only.',
      'pytorch_model.bin is in 1 of the 2 checkpoints only.',
      'model.safetensors lies beside the checkpoints and is left aside.',
    ]);
  });
});

describe('shards', () => {
  const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  const folder = 'checkpoint-600';

  test('are one file with its index, once all are there', async () => {
    const root = directoryTree({ [`${folder}/${one}`]: safetensorsBytes({ a: [[1, 2]] }), ...rest(folder, 600) });
    expect(lines(await listing(root))).toEqual(['checkpoint-600 600 waits for model.safetensors.index.json:']);
    write(root, { [`${folder}/model.safetensors.index.json`]: indexOf({ a: one, b: two }).slice(0, 60) });
    expect(lines(await listing(root))).toEqual(['checkpoint-600 600 waits for model.safetensors.index.json to be a readable index:']);
    write(root, { [`${folder}/model.safetensors.index.json`]: indexOf({ a: one, b: two }) });
    expect(lines(await listing(root))).toEqual([`checkpoint-600 600 waits for ${two}: model.safetensors.index.json`]);
    write(root, { [`${folder}/${two}`]: '' });
    expect(lines(await listing(root))).toEqual([`checkpoint-600 600 waits for ${two} to be written: model.safetensors.index.json`]);
    write(root, { [`${folder}/${two}`]: safetensorsBytes({ b: [[3, 4], [5, 6]] }) }); // biome-ignore format: rows
    const run = await listing(root);
    expect(lines(run)).toEqual(['checkpoint-600 600 complete: model.safetensors.index.json']);
    expect(run.checkpoints[0]!.parts).toEqual(['model.safetensors.index.json', one, two].map((name) => join(root, folder, name)));
    expect(await numbersIn(run.checkpoints[0]!, 'model.safetensors.index.json', 'b')).toEqual([3, 4, 5, 6]);
  });

  test('of PyTorch are read one by one', async () => {
    const [first, second] = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'] as const;
    const root = directoryTree({
      [`${folder}/${first}`]: torchBytes,
      [`${folder}/${second}`]: torchBytes,
      [`${folder}/pytorch_model.bin.index.json`]: indexOf({ a: first, b: second }),
      ...rest(folder, 600),
    });
    const [checkpoint] = (await listing(root)).checkpoints;
    expect(checkpoint!.files.map(({ name }) => name)).toEqual([first, second]);
    expect(checkpoint!.parts).toHaveLength(3);
    expect((await numbersIn(checkpoint!, second, 'state_dict.0.weight')).length).toBe(28);
  });

  test.each(['../secret.safetensors', '/etc/passwd', 'sub\\a.safetensors'])('never lie outside the folder: %s', async (outside) => {
    const root = directoryTree({
      'secret.safetensors': model(1),
      [`${folder}/model.safetensors.index.json`]: indexOf({ a: one, b: outside }),
      [`${folder}/${one}`]: model(1),
      ...rest(folder, 600),
    });
    const run = await listing(root);
    expect(run.checkpoints[0]).toMatchObject({ files: [], parts: [] });
    expect(run.missing[0]).toContain(`places tensors in ${JSON.stringify(outside)}, outside its folder; it is not read.`);
  });

  test('of DeepSpeed alone cannot be read, which is said', async () => {
    const root = directoryTree({
      ...rest(folder, 600),
      [`${folder}/latest`]: 'global_step600',
      [`${folder}/global_step600/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt`]: torchBytes,
    });
    const run = await listing(root);
    expect(lines(run)).toEqual(['checkpoint-600 600 complete:']);
    expect(run.missing).toEqual(['checkpoint-600 holds the weights only in shards of DeepSpeed or FSDP, which cannot be read yet.']);
  });
});

test('folders of other things are not claimed', async () => {
  expect(
    await huggingFaceTrainer.recognise(directoryTree({ 'checkpoint-1/embeddings.npy': 'x', 'checkpoint-x/model.safetensors': 'x' })),
  ).toBeNull();
  expect(await huggingFaceTrainer.recognise(directoryTree({ 'checkpoint-1': { link: '.' }, 'model.safetensors': model(1) }))).toBeNull();
  expect(await huggingFaceTrainer.recognise('/no/such/folder')).toBeNull();
});

test('nothing in the listing is a state of the training', async () => {
  const root = directoryTree({ 'checkpoint-1/model.safetensors': model(1), ...rest('checkpoint-1', 1) });
  const file = await openTensorFile((await listing(root)).checkpoints[0]!.files[0]!.path);
  expect(file.tensors.map(({ name }) => name)).toEqual(['wte.weight', 'lm_head.weight']);
  await file.close();
});
