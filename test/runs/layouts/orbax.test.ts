import { expect, test } from 'vitest';
import { orbax } from '../../../src/runs/layouts/orbax';
import { directoryTree, lines, recognised, write } from '../directory-tree';

test('folders are complete when they have their names', async () => {
  const root = directoryTree({
    '100/_CHECKPOINT_METADATA': '{}',
    '100/default/_METADATA': '{}',
    '100/default/manifest.ocdbt': 'x',
    '20/params/_METADATA': '{}',
    '200.orbax-checkpoint-tmp-17/_CHECKPOINT_METADATA': '{}',
    '300.orbax-checkpoint-tmp/default/_METADATA': '{}',
  });
  const run = await recognised(orbax, root);
  expect(lines(run)).toEqual(['20 20 complete:', '100 100 complete:']);
  expect(run.missing).toEqual(['The arrays of Orbax checkpoints cannot be read yet.']);
});

test('on an object store they wait for the commit', async () => {
  const root = directoryTree({ 'checkpoint_1/_METADATA': '{}', 'checkpoint_1/commit_success.txt': 'x', 'checkpoint_2/_METADATA': '{}' });
  expect(lines(await recognised(orbax, root))).toEqual(['checkpoint_1 1 complete:', 'checkpoint_2 2 waits for commit_success.txt:']);
  write(root, { 'checkpoint_2/commit_success.txt': 'x' });
  expect(lines(await recognised(orbax, root))[1]).toBe('checkpoint_2 2 complete:');
});

test('other numbered folders are not claimed', async () => {
  expect(await orbax.recognise(directoryTree({ '1/embeddings.npy': 'x', '2/a/b': 'x' }))).toBeNull();
});
