import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gguf } from '../../../src/runs/layouts/gguf';
import { recognise } from '../../../src/runs/recognise';
import { directoryTree, lines, npyBytes, numbersIn, recognised, write } from '../directory-tree';

const model = new Uint8Array(readFileSync(join(import.meta.dirname, '..', '..', 'fixtures', 'formats', 'gguf', 'version-2.gguf')));
/** A part without tensors. */
const empty = Buffer.concat([Buffer.from('GGUF'), Buffer.of(3, 0, 0, 0), Buffer.alloc(16)]);

test('a series, with models in parts, is a run that can be read', async () => {
  const root = directoryTree({
    'model-step100.gguf': model,
    'model-step200-00001-of-00003.gguf': empty,
    'model-step200-00003-of-00003.gguf': model,
    'model-step300.gguf': '',
    'imatrix.gguf': model,
  });
  const run = await recognised(gguf, root);
  expect(lines(run)).toEqual([
    'model-step100.gguf 100 none: model-step*.gguf',
    'model-step200-00001-of-00003.gguf 200 waits for 1 more of its 3 parts: model-step*.gguf',
    'model-step300.gguf 300 waits for model-step300.gguf to be written: model-step*.gguf',
  ]);
  expect(run.missing).toEqual(['imatrix.gguf lies beside the checkpoints and is left aside.']);
  write(root, { 'model-step200-00002-of-00003.gguf': empty });
  const whole = await recognised(gguf, root);
  expect(lines(whole)[1]).toBe('model-step200-00001-of-00003.gguf 200 none: model-step*.gguf');
  expect(whole.checkpoints[1]!.parts).toHaveLength(3);
  for (const checkpoint of whole.checkpoints.slice(0, 2)) {
    expect((await numbersIn(checkpoint, 'model-step*.gguf', 'float32'))[0]).toBeCloseTo(81.637, 3);
  }
  expect((await recognise(root)).layout).toBe('gguf');
});

test('one model is no series', async () => {
  expect(await gguf.recognise(directoryTree({ 'llama-00001-of-00002.gguf': model, 'llama-00002-of-00002.gguf': model }))).toBeNull();
});

test('models beside a longer series of another kind are not the run', async () => {
  const embeddings = Object.fromEntries([1, 2, 3].map((i) => [`embeddings-${i}.npy`, npyBytes([[i, 1]])]));
  const root = directoryTree({ 'llama-7b.gguf': model, 'llama-13b.gguf': model, ...embeddings });
  expect(await gguf.recognise(root)).toBeNull();
  expect((await recognise(root)).layout).toBe('plain-folder');
});
