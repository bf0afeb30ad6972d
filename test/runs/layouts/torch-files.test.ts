import { expect, test } from 'vitest';
import { torchFiles } from '../../../src/runs/layouts/torch-files';
import { type Content, directoryTree, lines, numbersIn, recognised, torchBytes } from '../directory-tree';

test('numbered files are a run; what has no number is left aside', async () => {
  const root = directoryTree({
    'model_step100.pt': torchBytes,
    'model_step20.pt': torchBytes,
    'model_step300.pt': '',
    'model_step400.pt.tmp': torchBytes,
    'best.pt': torchBytes,
    'last.pt': { link: 'model_step100.pt' },
    'optimizer_100.pt': torchBytes,
    'log.txt': 'x',
  });
  const run = await recognised(torchFiles, root);
  expect(lines(run)).toEqual([
    'model_step20.pt 20 none: model_step*.pt',
    'model_step100.pt 100 none: model_step*.pt',
    'model_step300.pt 300 waits for model_step300.pt to be written: model_step*.pt',
  ]);
  expect(run.missing).toEqual(['best.pt lies beside the checkpoints and is left aside.']);
  expect((await numbersIn(run.checkpoints[0]!, 'model_step*.pt', 'state_dict.0.weight'))[0]).toBeCloseTo(-1.42596, 5);
});

test('the parts of one checkpoint, and other files, are not claimed', async () => {
  const shards = { 'pytorch_model-00001-of-00002.bin': torchBytes, 'pytorch_model-00002-of-00002.bin': torchBytes };
  const training = { 'rng_state_0.pth': torchBytes, 'rng_state_1.pth': torchBytes, 'optimizer.pt': torchBytes };
  const ranks = { 'mp_rank_00_model_states.pt': torchBytes, 'mp_rank_01_model_states.pt': torchBytes };
  const trees: Record<string, Content>[] = [
    shards,
    training,
    ranks,
    { 'gpt2.pt': torchBytes },
    { 'a-1.npy': 'x', 'a-2.npy': 'x', 'b-1.pt': torchBytes },
  ];
  for (const tree of trees) {
    expect(await torchFiles.recognise(directoryTree(tree))).toBeNull();
  }
});
