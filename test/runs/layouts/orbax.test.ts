import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { orbax } from '../../../src/runs/layouts/orbax';
import { directoryTree, lines, numbersIn, recognised, write } from '../directory-tree';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'formats', 'orbax');
const saved = (from: string, to: string) =>
  Object.fromEntries(
    readdirSync(join(fixtures, from), { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(fixtures, from, name)).isFile())
      .map((name) => [`${to}/${name}`, readFileSync(join(fixtures, from, name))]),
  );

test('folders are complete when they have their names, and each item with arrays is a model', async () => {
  const root = directoryTree({
    ...saved('100', '100'),
    ...saved('200/params', '20/default'),
    '100/metadata/metadata': '{}',
    '200.orbax-checkpoint-tmp-17/_CHECKPOINT_METADATA': '{}',
    '300.orbax-checkpoint-tmp/default/_METADATA': '{}',
  });
  const run = await recognised(orbax, root);
  expect(lines(run)).toEqual(['20 20 complete: default', '100 100 complete: default']);
  expect(run.missing).toEqual([]);
  expect(run.checkpoints[1]!.parts.map((part) => part.slice(root.length))).toEqual([
    '/100/default/_METADATA',
    '/100/default/manifest.ocdbt',
    '/100/default/ocdbt.process_0/d/0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  ]);
  for (const checkpoint of run.checkpoints) expect(await numbersIn(checkpoint, 'default', 'params.Dense_0.kernel')).toHaveLength(120);
});

test('without OCDBT, a checkpoint that is its only item', async () => {
  const root = directoryTree({ ...saved('300/state', 'checkpoint_1'), ...saved('300/state', 'checkpoint_2') });
  const run = await recognised(orbax, root);
  expect(lines(run)).toEqual(['checkpoint_1 1 complete: checkpoint_*', 'checkpoint_2 2 complete: checkpoint_*']);
  expect(run.checkpoints[0]!.parts).toHaveLength(9);
  expect(await numbersIn(run.checkpoints[1]!, 'checkpoint_*', 'params.Embed_0.embedding')).toHaveLength(72);
});

test('the optimizer is left aside, and items that only some checkpoints hold are told', async () => {
  const root = directoryTree({ ...saved('200', '1'), ...saved('200/params', '2/params'), ...saved('200/params', '2/opt_state') });
  const run = await recognised(orbax, root);
  expect(lines(run)).toEqual(['1 1 complete: ema params', '2 2 complete: params']);
  expect(run.missing).toEqual(['ema is in 1 of the 2 checkpoints only.']);
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
