import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../../src/formats/open';
import { faiss } from '../../../src/formats/vectors/faiss';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'faiss');
const load = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<string, number[][]>;

describe.each(Object.keys(expected))('%s written by FAISS', (name) => {
  const values = expected[name]!.flat();
  const columns = expected[name]![0]!.length;

  test('gives the vectors that FAISS gives, streamed and at random', async () => {
    const folder = memoryFolder({ [`/${name}`]: load(name) });
    const file = await openTensorFile(`/${name}`, { openBytes: folder.openBytes, listFolder: async () => null });
    expect(file.format).toBe('faiss');
    expect(file.tensors[0]).toMatchObject({ name: '', shape: [20, columns] });
    const matrix = file.matrix('');
    expect(await streamed(matrix, 7)).toEqual(values);
    for (const [first, count] of [
      [0, 20],
      [3, 9],
      [19, 1],
      [5, 0],
    ] as const) {
      const into = new Float64Array(count * columns);
      await matrix.read(first, count, into);
      expect([...into]).toEqual(values.slice(first * columns, (first + count) * columns));
    }
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('cut anywhere, it is refused or gives the same numbers', async () => {
    const bytes = load(name);
    for (let end = 1; end < bytes.length; end++) {
      const folder = memoryFolder({ '/x.faiss': bytes.slice(0, end) });
      const { message } = await formatErrorOf(async () => {
        const file = await faiss.open('/x.faiss', folder.openBytes);
        await file.close();
      });
      expect(message).toMatch(/ends at byte|was read; the file has/);
      expect(folder.left()).toBe(0);
    }
  });
});

test.each([
  ['pca.faiss', "The vectors are those after the index's own transform, of 6 dimensions to 3."],
  ['ivf-full.faiss', 'Rows stand list by list, not in the order in which they were added.'],
  ['l2.faiss', null],
])('the note of %s', async (name, note) => {
  const { openBytes } = memoryFolder({ '/x': load(name) });
  expect((await faiss.open('/x', openBytes)).tensors[0]!.note).toBe(note);
});

test.each([
  ['not-pq.faiss', 'the index (IxPq) is compressed by product quantisation'],
  ['not-sq.faiss', 'the index (IxSQ) is compressed by scalar quantisation'],
  ['not-ivfpq.faiss', 'the index (IwPQ) is compressed by product quantisation'],
  ['not-lsh.faiss', 'the index (IxHe) is compressed by bits'],
  ['not-empty.faiss', 'the index holds no vectors.'],
])('%s is told for what it is', async (name, sentence) => {
  const folder = memoryFolder({ [`/${name}`]: load(name) });
  const error = await formatErrorOf(() => openTensorFile(`/${name}`, { openBytes: folder.openBytes, listFolder: async () => null }));
  expect(error.message).toContain(sentence);
  expect(folder.left()).toBe(0);
});

/** `file` with some bytes overwritten. */
function changed(name: string, at: number, value: bigint, bytes: 4 | 8): Uint8Array {
  const content = load(name);
  const view = new DataView(content.buffer);
  if (bytes === 8) view.setBigInt64(at, value, true);
  else view.setInt32(at, Number(value), true);
  return content;
}

describe('sizes that lie', () => {
  test.each([
    ['l2.faiss', 4, 0n, 4, 'length 0; 1 to'],
    ['l2.faiss', 4, -1n, 4, 'length -1; 1 to'],
    ['l2.faiss', 4, 7n, 4, '20 vectors of length 7 do not take 480 bytes'],
    ['l2.faiss', 8, -1n, 8, 'a size of 18446744073709551615'],
    ['l2.faiss', 8, 21n, 8, '21 vectors of length 6 do not take'],
    ['l2.faiss', 37, 2n ** 62n, 8, 'a size of 4611686018427387904'],
    ['hnsw.faiss', 37, 2n ** 40n, 8, 'a size of 1099511627776'],
    ['rotated.faiss', 37, 2n ** 30n, 4, 'the index has 1073741824 transforms.'],
    ['rotated.faiss', 37, -1n, 4, 'the index has -1 transforms.'],
    ['ivf-full.faiss', 8, 19n, 8, 'the inverted lists hold 20 vectors, but the index 19.'],
  ] as const)('%s, byte %d', async (name, at, value, bytes, sentence) => {
    const folder = memoryFolder({ '/x': changed(name, at, value, bytes) });
    expect((await formatErrorOf(() => faiss.open('/x', folder.openBytes))).message).toContain(sentence);
    expect(folder.left()).toBe(0);
    expect(Math.max(...folder.sources.map(({ longestRead }) => longestRead))).toBeLessThan(1024);
  });
});

test('indexes nested in themselves are refused', async () => {
  const map = load('id-map.index').slice(0, 37);
  const bytes = Buffer.concat(Array.from({ length: 20 }, () => map));
  const { openBytes } = memoryFolder({ '/x': bytes });
  expect((await formatErrorOf(() => faiss.open('/x', openBytes))).message).toContain('more than 8 indexes are nested.');
});
