import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deepspeed } from '../../../src/runs/layouts/deepspeed';
import { directoryTree, lines, numbersIn, recognised, torchBytes, write } from '../directory-tree';

const folder = (step: number) => ({ [`global_step${step}/mp_rank_00_model_states.pt`]: torchBytes });
const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'formats', 'deepspeed');
const saved = (stage: string, step: number) =>
  Object.fromEntries(
    readdirSync(join(fixtures, stage)).map((file) => [`global_step${step}/${file}`, readFileSync(join(fixtures, stage, file))]),
  );

test('a save is complete once `latest` names it', async () => {
  const root = directoryTree({ ...folder(100), 'zero_to_fp32.py': '' });
  expect(lines(await recognised(deepspeed, root))).toEqual([
    'global_step100 100 waits for latest to name global_step100: mp_rank_00_model_states.pt',
  ]);
  write(root, { latest: 'global_step100', ...folder(20), ...folder(1000) });
  expect(lines(await recognised(deepspeed, root))).toEqual([
    'global_step20 20 complete: mp_rank_00_model_states.pt',
    'global_step100 100 complete: mp_rank_00_model_states.pt',
    'global_step1000 1000 waits for latest to name global_step1000: mp_rank_00_model_states.pt',
  ]);
  write(root, { latest: 'global_step1000\n' });
  const run = await recognised(deepspeed, root);
  expect(run.checkpoints.map(({ marker }) => marker)).toEqual(['complete', 'complete', 'complete']);
  expect(run.missing).toEqual([]);
  expect((await numbersIn(run.checkpoints[2]!, 'mp_rank_00_model_states.pt', 'state_dict.0.weight'))[0]).toBeCloseTo(-1.42596, 5);
});

test('with stage 3 of ZeRO the folder with the shards of all ranks is the model', async () => {
  const run = await recognised(deepspeed, directoryTree({ ...saved('stage-3', 5), ...saved('stage-3', 10), latest: 'global_step10' }));
  expect(lines(run)).toEqual(['global_step5 5 complete: global_step*', 'global_step10 10 complete: global_step*']);
  expect(run.missing).toEqual([]);
  expect(run.checkpoints[0]!.parts).toHaveLength(6);
  expect(await numbersIn(run.checkpoints[1]!, 'global_step*', 'layers.0.weight')).toHaveLength(20);
});

test('with stage 2 the states of the model hold its weights', async () => {
  const run = await recognised(deepspeed, directoryTree({ ...saved('stage-2', 5), latest: 'global_step5' }));
  expect(lines(run)).toEqual(['global_step5 5 complete: mp_rank_00_model_states.pt']);
});

test('where no `latest` is ever written, saves leave no mark', async () => {
  const run = await recognised(deepspeed, directoryTree({ ...folder(1), ...folder(2) }));
  expect(run.checkpoints.map(({ marker }) => marker)).toEqual(['none', 'none']);
  expect(run.missing).toEqual(['There is no file latest: each checkpoint counts as complete once its files are at rest.']);
});

test('a `latest` that names another tag says nothing of these', async () => {
  const run = await recognised(deepspeed, directoryTree({ ...folder(1), ...folder(2), latest: 'best' }));
  expect(run.checkpoints.map(({ marker }) => marker)).toEqual(['none', 'none']);
  expect(run.missing).toEqual([
    'latest names "best", which is none of these: each checkpoint counts as complete once its files are at rest.',
  ]);
});

test('`latest` alone claims nothing', async () => {
  expect(await deepspeed.recognise(directoryTree({ latest: 'global_step100', 'global_step100/other.pt': torchBytes }))).toBeNull();
});
