import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dcp } from '../../../src/runs/layouts/dcp';
import { directoryTree, lines, numbersIn, recognised, write } from '../directory-tree';

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'formats', 'dcp', 'two-ranks');
const saved = (folder: string) =>
  Object.fromEntries(readdirSync(fixtures).map((file) => [`${folder}/${file}`, readFileSync(join(fixtures, file))]));

test('a save is complete once its plan is written, which stands for its shards', async () => {
  const { 'step-1000/.metadata': plan, ...shards } = saved('step-1000');
  const root = directoryTree({ ...saved('step-500'), ...shards, 'logs-1/events': 'x' });
  const run = await recognised(dcp, root);
  expect(lines(run)).toEqual(['step-500 500 complete: .metadata', 'step-1000 1000 waits for .metadata:']);
  expect(run.missing).toEqual([]);
  expect(run.checkpoints[0]!.parts).toHaveLength(13);
  expect(await numbersIn(run.checkpoints[0]!, '.metadata', 'rows.weight')).toHaveLength(35);
  write(root, { 'step-1000/.metadata': plan! });
  expect(lines(await recognised(dcp, root))[1]).toBe('step-1000 1000 complete: .metadata');
});

test('other folders are not claimed', async () => {
  expect(await dcp.recognise(directoryTree({ 'step-1/model.pt': 'x', '.metadata': 'x', '__0_0.distcp': 'x' }))).toBeNull();
});
