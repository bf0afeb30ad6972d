import { expect, test } from 'vitest';
import { dcp } from '../../../src/runs/layouts/dcp';
import { directoryTree, lines, recognised, write } from '../directory-tree';

test('a save is complete once its plan is written; its shards cannot be read', async () => {
  const root = directoryTree({
    'step-500/__0_0.distcp': 'x',
    'step-500/__1_0.distcp': 'x',
    'step-500/.metadata': 'x',
    'step-1000/__0_0.distcp': 'x',
    'logs-1/events': 'x',
  });
  const run = await recognised(dcp, root);
  expect(lines(run)).toEqual(['step-500 500 complete:', 'step-1000 1000 waits for .metadata:']);
  expect(run.missing).toEqual([
    'The shards of DCP cannot be read yet; torch.distributed.checkpoint.format_utils writes them as one file that can.',
  ]);
  write(root, { 'step-1000/.metadata': 'x' });
  expect(lines(await recognised(dcp, root))[1]).toBe('step-1000 1000 complete:');
});

test('other folders are not claimed', async () => {
  expect(await dcp.recognise(directoryTree({ 'step-1/model.pt': 'x', '.metadata': 'x', '__0_0.distcp': 'x' }))).toBeNull();
});
