import { expect, test } from 'vitest';
import { megatron } from '../../../src/runs/layouts/megatron';
import { directoryTree, lines, numbersIn, recognised, torchBytes, write } from '../directory-tree';

test('a save is complete once the tracker names it', async () => {
  const root = directoryTree({
    'iter_0000100/mp_rank_00_000/model_optim_rng.pt': torchBytes,
    'iter_0000100/mp_rank_00_001/model_optim_rng.pt': torchBytes,
    'iter_0000200/mp_rank_00_000/model_optim_rng.pt': '',
    'latest_checkpointed_iteration.txt': '100',
  });
  const files = 'mp_rank_00_000/model_optim_rng.pt mp_rank_00_001/model_optim_rng.pt';
  const empty = 'mp_rank_00_000/model_optim_rng.pt';
  expect(lines(await recognised(megatron, root))).toEqual([
    `iter_0000100 100 complete: ${files}`,
    `iter_0000200 200 waits for ${empty} to be written: ${empty}`,
  ]);
  write(root, {
    'iter_0000200/mp_rank_00_000/model_optim_rng.pt': torchBytes,
    'iter_0000200/mp_rank_00_001/model_optim_rng.pt': torchBytes,
  });
  expect(lines(await recognised(megatron, root))[1]).toBe(
    `iter_0000200 200 waits for latest_checkpointed_iteration.txt to name iteration 200: ${files}`,
  );
  write(root, { 'latest_checkpointed_iteration.txt': '200\n' });
  const run = await recognised(megatron, root);
  expect(lines(run)[1]).toBe(`iter_0000200 200 complete: ${files}`);
  expect((await numbersIn(run.checkpoints[1]!, 'mp_rank_00_001/model_optim_rng.pt', 'state_dict.0.weight')).length).toBe(28);
});

test('a folder without weights waits for them, and without a tracker saves leave no mark', async () => {
  const file = 'mp_rank_00/model_optim_rng.pt';
  const root = directoryTree({
    'iter_0000001/mp_rank_00': null,
    [`iter_0000002/${file}`]: torchBytes,
    'latest_checkpointed_iteration.txt': '2',
  });
  expect(lines(await recognised(megatron, root))).toEqual(['iter_0000001 1 waits for its weights:', `iter_0000002 2 complete: ${file}`]);
  const untracked = await recognised(
    megatron,
    directoryTree({ [`iter_0000001/${file}`]: torchBytes, [`iter_0000002/${file}`]: torchBytes }),
  );
  expect(untracked.checkpoints.map(({ marker }) => marker)).toEqual(['none', 'none']);
  expect(untracked.missing[0]).toContain('There is no file latest_checkpointed_iteration.txt');
});

test('a distributed checkpoint is known by its plan; one of Zarr arrays is said to be unreadable', async () => {
  const common = { 'metadata.json': '{}', 'common.pt': torchBytes };
  const distributed = { ...common, '__0_0.distcp': 'x', '.metadata': 'x' };
  const under = (folder: string, files: Record<string, string | Uint8Array>) =>
    Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));
  const root = directoryTree({
    ...under('iter_0000005', { ...common, 'model.weight/.zarray': '{}' }),
    ...under('iter_0000010', distributed),
    'latest_checkpointed_iteration.txt': '10',
  });
  const run = await recognised(megatron, root);
  expect(lines(run)).toEqual(['iter_0000005 5 complete:', 'iter_0000010 10 complete: .metadata']);
  expect(run.missing).toEqual(['iter_0000005: Zarr shards of a distributed checkpoint, which cannot be read yet.']);
});

test('folders of other things are not claimed', async () => {
  expect(await megatron.recognise(directoryTree({ 'iter_5/embeddings.npy': 'x' }))).toBeNull();
  expect(await megatron.recognise(directoryTree({ 'latest_checkpointed_iteration.txt': '5' }))).toBeNull();
});
