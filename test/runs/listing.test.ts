import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/runs/checkpoint';
import { leftAside, namesInWords, runListing, unevenFiles } from '../../src/runs/listing';

const checkpoint = (name: string, step: number, files: readonly string[] = [], marker: Checkpoint['marker'] = 'none'): Checkpoint => ({
  name,
  step,
  path: `/run/${name}`,
  files: files.map((file) => ({ path: `/run/${name}/${file}`, name: file })),
  parts: files.map((file) => `/run/${name}/${file}`),
  marker,
  waitingFor: marker === 'pending' ? 'more' : null,
});
const layout = { id: 'some', label: 'Some layout' };

test('a listing is by step, then by name, and so are the files of a checkpoint', () => {
  const listing = runListing(layout, [checkpoint('b10', 5), checkpoint('b9', 5), checkpoint('z', 1, ['e10', 'e9'])], ['Nothing.']);
  expect(listing.checkpoints.map(({ name }) => name)).toEqual(['z', 'b9', 'b10']);
  expect(listing.checkpoints[0]!.files.map(({ name }) => name)).toEqual(['e9', 'e10']);
  expect(listing).toMatchObject({ layout: 'some', recognised: 'Some layout: 3 checkpoints, z to b10.', missing: ['Nothing.'] });
  expect(runListing(layout, [checkpoint('a', 1)], []).recognised).toBe('Some layout: 1 checkpoint, a.');
  expect(runListing(layout, [], []).recognised).toBe('Some layout: 0 checkpoints.');
});

test.each([
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
  [['a', 'b', 'c', 'd', 'e'], 'a, b and 3 more'],
])('%j in words', (names, words) => {
  expect(namesInWords(names)).toBe(words);
});

test('what is left aside', () => {
  expect(leftAside([])).toEqual([]);
  expect(leftAside(['a.pt'])).toEqual(['a.pt lies beside the checkpoints and is left aside.']);
  expect(leftAside(['a.pt', 'b.pt'])).toEqual(['a.pt and b.pt lie beside the checkpoints and are left aside.']);
});

describe('files that only some checkpoints hold', () => {
  test('are told, in natural order', () => {
    const run = [checkpoint('1', 1, ['e', 'w10', 'w9']), checkpoint('2', 2, ['e', 'w10']), checkpoint('3', 3, ['e'])];
    expect(unevenFiles(run)).toEqual(['w9 is in 1 of the 3 checkpoints only.', 'w10 is in 2 of the 3 checkpoints only.']);
  });

  test('are not those of a save that goes on, or of none that can be read', () => {
    expect(unevenFiles([checkpoint('1', 1, ['e', 'w']), checkpoint('2', 2, ['e'], 'pending'), checkpoint('3', 3)])).toEqual([]);
  });
});
