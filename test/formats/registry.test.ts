import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../src/formats/open';
import { ALL_ENDINGS, FORMATS, formatOfEnding, formatsOfEnding } from '../../src/formats/registry';
import { fixture, formatErrorOf, memoryFolder } from './bytes/memory-bytes';
import { zip } from './bytes/zip-writer';

const text = (s: string) => new TextEncoder().encode(s);

const header = '{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
const tiny = new Uint8Array(8 + header.length + 8);
new DataView(tiny.buffer).setBigUint64(0, BigInt(header.length), true);
tiny.set(text(header), 8);

async function formatOf(name: string, bytes: Uint8Array): Promise<string> {
  const folder = memoryFolder({ [name]: bytes });
  const file = await openTensorFile(name, { openBytes: folder.openBytes });
  await file.close();
  expect(folder.left()).toBe(0);
  return file.format;
}

test('an ending that puts the action in the menus belongs to one format; all are in lower case', () => {
  const endings = FORMATS.flatMap((format) => format.extensions);
  expect(new Set(endings).size).toBe(endings.length);
  for (const ending of ALL_ENDINGS) expect(ending).toMatch(/^(\.[a-z0-9]+)+$/);
  for (const format of FORMATS) {
    for (const ending of format.sharedExtensions ?? []) expect(format.extensions).not.toContain(ending);
    expect(format.limits).toMatch(/^[A-Z][^|]*\.$/);
  }
  const ids = FORMATS.map((format) => format.id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a whole ending is looked at, in any case', () => {
  expect(formatOfEnding('/a/MODEL.SAFETENSORS')?.id).toBe('safetensors');
  expect(formatOfEnding('/a/model.safetensors.index.json')?.id).toBe('safetensors');
  expect(formatOfEnding('/a/config.json')).toBeNull();
  expect(formatOfEnding('/a/notes.txt')).toBeNull();
  expect(formatsOfEnding('/a/notes.txt').map(({ id }) => id)).toContain('csv');
});

describe('content', () => {
  test.each([
    ['npy', '/x.npy', fixture('one-row.npy')],
    ['npz', '/x.npz', fixture('stored.npz')],
    ['csv', '/x.csv', text('1,2\n')],
    ['safetensors', '/x.safetensors', tiny],
  ])('%s by its ending', async (format, name, bytes) => {
    expect(await formatOf(name, bytes)).toBe(format);
  });

  test.each([
    ['npy', '/x.csv', fixture('one-row.npy')],
    ['npy', '/x', fixture('one-row.npy')],
    ['npz', '/x.pt', fixture('deflated.npz')],
    ['safetensors', '/x.bin', tiny],
    ['word-vectors', '/vectors.txt', text('king 1 2\nqueen 3 4\n')],
  ])('%s in a file named %s', async (format, name, bytes) => {
    expect(await formatOf(name, bytes)).toBe(format);
  });

  test.each([
    ['/x.md', text('# Title\n\nSome words, and more.\n')],
    ['/x.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1, 2)],
    ['/x.zip', zip([{ name: 'a', content: text('a') }])],
    ['/x', Uint8Array.of(7)],
  ])('%s says what can be read', async (name, bytes) => {
    const folder = memoryFolder({ [name]: bytes });
    const error = await formatErrorOf(() => openTensorFile(name, { openBytes: folder.openBytes }));
    expect(error.message).toContain('this kind of file cannot be read. These can: NumPy array (.npy)');
    expect(folder.left()).toBe(0);
  });

  test('a broken file is told by the format of its ending', async () => {
    for (const [name, why] of [
      ['/x.npz', 'ZIP archive'],
      ['/x.bin', 'ZIP archive'],
      ['/x.npy', 'should start with'],
    ] as const) {
      const folder = memoryFolder({ [name]: fixture('stored.npz').subarray(0, 500) });
      expect((await formatErrorOf(() => openTensorFile(name, { openBytes: folder.openBytes }))).message).toContain(why);
      expect(folder.left()).toBe(0);
    }
  });
});

test('a folder that is of no format', async () => {
  const folder = memoryFolder({});
  const error = await formatErrorOf(() => openTensorFile('/a', { openBytes: folder.openBytes, listFolder: async () => ['x.npy'] }));
  expect(error.message).toBe('/a: this is a folder; give a file inside it.');
});

test('a missing file', async () => {
  expect((await formatErrorOf(() => openTensorFile('/no/such/file.npy'))).message).toBe('/no/such/file.npy: there is no such file.');
});
