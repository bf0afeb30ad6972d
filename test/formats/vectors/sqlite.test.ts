import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/formats/format-error';
import { openTensorFile } from '../../../src/formats/open';
import { sqlite } from '../../../src/formats/vectors/sqlite';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'sqlite');
const load = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<string, Record<string, number[][]>>;
const cases = Object.entries(expected).flatMap(([name, tensors]) =>
  Object.entries(tensors).map(([tensor, rows]) => ({ name, tensor, rows })),
);

/** All matrices of a database. */
async function contents(bytes: Uint8Array): Promise<Record<string, number[]>> {
  const folder = memoryFolder({ '/x.db': bytes });
  try {
    const file = await sqlite.open('/x.db', folder.openBytes);
    try {
      const all: Record<string, number[]> = {};
      for (const { name, matrix } of file.tensors) if (matrix !== null) all[name] = await streamed(file.matrix(name), 4);
      return all;
    } finally {
      await file.close();
    }
  } finally {
    expect(folder.left()).toBe(0);
  }
}

const flat = (tensors: Record<string, number[][]>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, rows]) => [name, rows.flat()]));

test.each(cases)('$tensor of $name holds what SQLite says', async ({ name, tensor, rows }) => {
  const folder = memoryFolder({ [`/${name}`]: load(name) });
  const file = await openTensorFile(`/${name}`, { openBytes: folder.openBytes, listFolder: async () => null });
  expect(file.format).toBe('sqlite');
  const matrix = file.matrix(tensor);
  expect(matrix).toMatchObject({ columns: rows[0]!.length, access: 'sequential' });
  for (const perBlock of [1, 7, 1000]) expect(await streamed(matrix, perBlock)).toEqual(rows.flat());
  await file.close();
  expect(folder.left()).toBe(0);
});

test.each(Object.keys(expected))('%s has these columns of vectors and no others', async (name) => {
  const folder = memoryFolder({ '/x.db': load(name) });
  const file = await sqlite.open('/x.db', folder.openBytes);
  const matrices = file.tensors.filter(({ matrix }) => matrix !== null);
  expect(matrices.map((info) => info.name).sort()).toEqual(Object.keys(expected[name]!).sort());
});

test('types, rows and notes', async () => {
  const { openBytes } = memoryFolder({ '/plain.db': load('plain.db'), '/vec.sqlite': load('vec.sqlite') });
  const plain = await sqlite.open('/plain.db', openBytes);
  expect(Object.fromEntries(plain.tensors.map(({ name, dtype }) => [name, dtype]))).toEqual({
    'documents.the embedding': 'float32',
    'wide.v': 'float64',
    'texts.v': 'text',
    'whole.v': 'float64',
  });
  expect(plain.tensors[0]).toMatchObject({ shape: [], matrix: { rows: null, columns: 5 }, note: 'Rows without a vector are left out.' });
  const vec = await sqlite.open('/vec.sqlite', openBytes);
  expect(vec.tensors).toMatchObject([
    { name: 'items.embedding', dtype: 'float32', shape: [26, 6], note: null },
    { name: 'items.small', dtype: 'int8', shape: [26, 4], note: null },
    { name: 'items.bits', dtype: 'bit', matrix: null, note: 'Vectors of one bit an element have no spectrum.' },
    { name: 'chosen.vector', dtype: 'float32' },
  ]);
  expect((await formatErrorOf(() => vec.matrix('items.bits'))).message).toContain('no matrix: Vectors of one bit');
  expect((await formatErrorOf(() => vec.matrix('items'))).message).toContain('there is no column of vectors named "items"');
});

test('what lies beside a database is told of', async () => {
  const journal = new Uint8Array(512);
  journal.set([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
  const warnings = async (files: Record<string, Uint8Array>) => {
    const folder = memoryFolder({ '/wal.db': load('wal.db'), ...files });
    const file = await sqlite.open('/wal.db', folder.openBytes);
    await file.close();
    expect(folder.left()).toBe(0);
    return file.warnings;
  };
  expect(await warnings({})).toEqual([]);
  expect(await warnings({ '/wal.db-wal': new Uint8Array(0) })).toEqual([]);
  expect(await warnings({ '/wal.db-wal': load('wal.db-wal') })).toMatchObject([expect.stringContaining('write-ahead log')]);
  expect(await warnings({ '/wal.db-journal': new Uint8Array(512) })).toEqual([]);
  expect(await warnings({ '/wal.db-journal': journal })).toMatchObject([expect.stringContaining('was not finished')]);
});

test('a database without vectors', async () => {
  const folder = memoryFolder({ '/x.db': load('not-vectors.sqlite') });
  expect((await formatErrorOf(() => sqlite.open('/x.db', folder.openBytes))).message).toContain('no table of the database holds vectors');
  expect(folder.left()).toBe(0);
});

test('a later vector of another length is refused where it is read', async () => {
  expect((await formatErrorOf(() => contents(load('not-one-length.sqlite')))).detail).toBe(
    't.v has 12 bytes in row 20, but vectors of length 4 before.',
  );
});

test('a file that is no database, and one that is encrypted', async () => {
  const folder = memoryFolder({ '/x.db': new Uint8Array(4096).fill(7), '/short.db': load('wal.db').slice(0, 99) });
  const error = await formatErrorOf(() => openTensorFile('/x.db', { openBytes: folder.openBytes, listFolder: async () => null }));
  expect(error.message).toContain('as databases do that are not encrypted');
  expect((await formatErrorOf(() => sqlite.open('/short.db', folder.openBytes))).message).toContain('ends inside the header');
  expect(folder.left()).toBe(0);
});

/** With the number of pages in the header not trusted, as in files of SQLite before 3.7. */
function old(bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer).setUint32(92, 0);
  return bytes;
}

describe.each(['plain.db', 'vec.sqlite', 'utf-16le.sqlite3'])('%s cut', (name) => {
  test('before its last page is refused by its header', async () => {
    const bytes = load(name);
    for (let end = 1; end < bytes.length; end += 61) {
      expect((await formatErrorOf(() => contents(bytes.slice(0, end)))).message).toMatch(/the file ends (after|inside)/);
    }
  });

  test('at each page, where the header does not tell, gives no other numbers', async () => {
    const bytes = old(load(name));
    const whole = await contents(bytes);
    expect(whole).toEqual(flat(expected[name]!));
    for (let end = 512; end < bytes.length; end += 512) {
      try {
        expect(await contents(bytes.slice(0, end))).toEqual(whole);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
  });
});

describe('pages that lie', () => {
  const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
  test.each<[string, string, (bytes: Uint8Array) => void, string]>([
    ['a page size of no power of two', 'plain.db', (b) => view(b).setUint16(16, 513), 'pages of 513 bytes'],
    ['a page that is all reserved', 'plain.db', (b) => view(b).setUint8(20, 255), 'with 255 reserved'],
    ['an unknown encoding', 'plain.db', (b) => view(b).setUint32(56, 9), 'encoding of number 9'],
    ['more pages than there are', 'plain.db', (b) => view(b).setUint32(28, 2 ** 31), 'has 2147483648 pages'],
    ['a root of another kind', 'plain.db', (b) => view(b).setUint8(100, 10), "of a table's b-tree, but is of kind 10"],
    ['more cells than fit', 'plain.db', (b) => view(b).setUint16(103, 65535), '65535 cells do not fit'],
    ['a circle of pages', 'plain.db', (b) => view(b).setUint32(108, 1), 'its b-tree does not end.'],
    ['page 0', 'plain.db', (b) => view(b).setUint32(108, 0), 'page 0 is named'],
    ['a page beyond the end', 'plain.db', (b) => view(b).setUint32(108, 2 ** 32 - 1), 'page 4294967295 is named'],
  ])('%s', async (_, name, change, sentence) => {
    const bytes = load(name);
    change(bytes);
    expect((await formatErrorOf(() => contents(bytes))).message).toContain(sentence);
  });

  test('any byte changed anywhere is read or refused, and holds no more than the file', async () => {
    for (const name of ['plain.db', 'vec.sqlite']) {
      const sound = load(name);
      for (let at = 16; at < sound.length; at += 89) {
        const bytes = sound.slice();
        bytes[at] = bytes[at]! ^ 0xff;
        try {
          await contents(bytes);
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
        }
      }
    }
  });
});
