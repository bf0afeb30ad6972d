import { expect, test } from 'vitest';
import { gguf } from '../../../src/runs/layouts/gguf';
import { directoryTree, lines, recognised, write } from '../directory-tree';

test('a series, with models in parts, is recognised and said to be unreadable', async () => {
  const root = directoryTree({
    'model-step100.gguf': 'GGUF',
    'model-step200-00001-of-00003.gguf': 'GGUF',
    'model-step200-00003-of-00003.gguf': 'GGUF',
  });
  const run = await recognised(gguf, root);
  expect(lines(run)).toEqual(['model-step100.gguf 100 none:', 'model-step200-00001-of-00003.gguf 200 waits for 1 more of its 3 parts:']);
  expect(run.missing).toEqual(['GGUF files cannot be read yet.']);
  write(root, { 'model-step200-00002-of-00003.gguf': 'GGUF' });
  expect(lines(await recognised(gguf, root))[1]).toBe('model-step200-00001-of-00003.gguf 200 none:');
});

test('one model is no series', async () => {
  expect(await gguf.recognise(directoryTree({ 'llama-00001-of-00002.gguf': 'GGUF', 'llama-00002-of-00002.gguf': 'GGUF' }))).toBeNull();
});
