import { expect, test } from 'vitest';
import { deepspeed } from '../../../src/runs/layouts/deepspeed';
import { directoryTree, lines, numbersIn, recognised, torchBytes, write } from '../directory-tree';

const folder = (step: number) => ({ [`global_step${step}/mp_rank_00_model_states.pt`]: torchBytes });
const states = (step: number) => ({ [`global_step${step}/zero_pp_rank_0_mp_rank_00_optim_states.pt`]: torchBytes });

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

test('the shards of ZeRO are said not to be read', async () => {
  const zero3 = { 'global_step5/zero_pp_rank_0_mp_rank_00_model_states.pt': torchBytes };
  const run = await recognised(deepspeed, directoryTree({ ...states(5), ...zero3, latest: 'global_step5' }));
  expect(lines(run)).toEqual(['global_step5 5 complete:']);
  expect(run.missing).toEqual([
    'The shards of ZeRO (zero_pp_rank_*) are not read yet; with stage 3 they hold the weights, which zero_to_fp32.py gathers.',
  ]);
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
