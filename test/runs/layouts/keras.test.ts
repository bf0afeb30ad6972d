import { expect, test } from 'vitest';
import { keras } from '../../../src/runs/layouts/keras';
import { directoryTree, lines, recognised } from '../directory-tree';

test('a series of files is recognised', async () => {
  const root = directoryTree({ 'ep-01.weights.h5': 'x', 'ep-10.weights.h5': '', 'ep-02.weights.h5': 'x', 'best.keras': 'x' });
  const run = await recognised(keras, root);
  expect(lines(run)).toEqual([
    'ep-01.weights.h5 1 none: ep-*.weights.h5',
    'ep-02.weights.h5 2 none: ep-*.weights.h5',
    'ep-10.weights.h5 10 waits for ep-10.weights.h5 to be written: ep-*.weights.h5',
  ]);
  expect(run.missing).toEqual([]);
  expect(lines(await recognised(keras, directoryTree({ 'm.3-0.51.keras': 'x', 'm.12-0.49.keras': 'x' })))).toEqual([
    'm.3-0.51.keras 3 none: m.*-*.keras',
    'm.12-0.49.keras 12 none: m.*-*.keras',
  ]);
});

test('one file without a number is not claimed', async () => {
  expect(await keras.recognise(directoryTree({ 'best.keras': 'x', 'model.weights.h5': 'x' }))).toBeNull();
});
