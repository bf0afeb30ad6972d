import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, streamed } from '../bytes/memory-bytes';
import { memoryTree } from '../bytes/memory-tree';

const zarrFixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'zarr');

interface ExpectedArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly (number | string)[] | 'wave';
}
const { wave, ...expected } = JSON.parse(readFileSync(join(zarrFixtures, 'expected.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, ExpectedArray>>>
> & { readonly wave: readonly number[] };

const text = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));

const shapes = (store: string) => Object.entries(expected[store]!).map(([name, array]) => ({ name, ...array }));

async function opened<T>(store: string, use: (file: TensorFile) => Promise<T>): Promise<T> {
  const file = await openTensorFile(join(zarrFixtures, store));
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

describe.each(['v2.zarr.zip', 'v2.zarr', 'deflated.zarr.zip', 'v3.zarr.zip'])('%s', (store) => {
  let file: TensorFile;
  beforeAll(async () => {
    file = await openTensorFile(join(zarrFixtures, store));
  });
  afterAll(() => file.close());

  test.each(shapes(store))('$name has its values, in order and at random', async ({ name, shape, dtype, values }) => {
    expect(file.format).toBe('zarr');
    expect(file.tensors.find((tensor) => tensor.name === name)).toMatchObject({ dtype, shape });
    const wanted = (values === 'wave' ? wave : values).map(Number);
    const matrix = file.matrix(name);
    for (const rowsPerBlock of [1, 5, 1000]) expect(await streamed(matrix, rowsPerBlock)).toEqual(wanted);
    const { rows, columns } = matrix;
    expect(matrix.access).toBe('random');
    for (const first of [0, Math.floor(rows! / 2), rows! - 1]) {
      const into = new Float64Array(columns);
      await matrix.read(first, 1, into);
      expect([...into]).toEqual(wanted.slice(first * columns, (first + 1) * columns));
    }
  });
});

test('what is not stored is told', () =>
  opened('v2.zarr.zip', async ({ tensors }) => {
    const note = (name: string) => tensors.find((tensor) => tensor.name === name)?.note;
    expect(note('holes')).toBe('7 of its 8 chunks are not stored: every element of them counts as the fill value, 1.5.');
    expect(note('delta')).toBe('Its chunks are encoded with "delta", which is not read.');
    expect(note('names')).toBe('Elements of type |S2 cannot be read.');
    expect(note('layers/plain')).toBeNull();
  }));

test('any metadata file opens the folder that it lies in', () =>
  opened('v2.zarr/.zarray', async ({ tensors }) => expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([['', [13, 7]]])));

test('a group without arrays is said', async () => {
  const tree = memoryTree({ '/g/zarr.json': text({ zarr_format: 3, node_type: 'group' }) });
  expect((await formatErrorOf(() => openTensorFile('/g', tree))).message).toBe('/g: there is no array in it.');
});

test.each(['zstd', 'gzip'])('chunks of %s that are too large to be held are streamed side by side', (name) =>
  opened('large.zarr.zip', async (file) => {
    const matrix = file.matrix(name);
    expect(matrix.access).toBe('sequential');
    let rows = 0;
    let wrong = 0;
    for await (const { first, count, values } of matrix.stream(500)) {
      expect(first).toBe(rows);
      rows += count;
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < 3000; j++) if (values[i * 3000 + j] !== ((first + i) % 8) * 100 + (j % 16)) wrong++;
      }
    }
    expect([rows, wrong]).toEqual([4000, 0]);
  }),
);

const plain = {
  zarr_format: 2,
  shape: [4, 3],
  chunks: [2, 3],
  dtype: '<f4',
  order: 'C',
  fill_value: 0,
  filters: null,
  compressor: null as unknown,
};

/** An array of two chunks with these differences, each chunk of these bytes. */
async function attempt(more: object, chunk: Uint8Array = new Uint8Array(24)): Promise<{ note: string | null; error: string | null }> {
  const tree = memoryTree({ '/x.zarr/.zarray': text({ ...plain, ...more }), '/x.zarr/0.0': chunk, '/x.zarr/1.0': chunk });
  try {
    const file = await openTensorFile('/x.zarr', tree);
    const [{ matrix, note }] = file.tensors as [TensorFile['tensors'][number]];
    const error = matrix === null ? null : await formatErrorOf(() => streamed(file.matrix(''), 2)).catch(() => null);
    await file.close();
    return { note, error: error?.message ?? null };
  } catch (error) {
    return { note: null, error: (await formatErrorOf(() => Promise.reject(error))).message };
  } finally {
    expect(tree.left()).toBe(0);
  }
}

describe('lies about sizes', () => {
  test('the array itself is sound', async () => expect(await attempt({})).toEqual({ note: null, error: null }));

  test.each([
    [{ shape: [-1, 3] }, 'its shape cannot be [-1,3].'],
    [{ shape: [1e300, 3] }, 'its shape cannot be [1e+300,3].'],
    [{ shape: 'x' }, 'its shape cannot be "x".'],
    [{ chunks: [0, 3] }, 'its shape of chunks cannot be [0,3].'],
    [{ chunks: [2] }, 'its shape of chunks cannot be [2].'],
    [{ order: 'A' }, 'its order cannot be "A".'],
    [{ zarr_format: 4 }, 'its zarr_format cannot be 4.'],
    [{ compressor: 3 }, 'its codec cannot be 3.'],
    [{ dimension_separator: '../' }, 'its dimension_separator cannot be "../".'],
  ])('%j is refused', async (more, sentence) => {
    expect((await attempt(more)).error).toContain(sentence);
  });

  test.each([
    [{ shape: [2 ** 40, 3] }, 'Only 2 of its 549755813888 chunks are stored.'],
    [
      { chunks: [2 ** 40, 3], compressor: { id: 'lz4' } },
      'Its chunks have more than the 32 MiB that are read where they are encoded as these are.',
    ],
    [{ compressor: { id: 'lzma' } }, 'Its chunks are encoded with "lzma", which is not read.'],
    [{ filters: [{ id: 'zlib' }], compressor: { id: 'zstd' } }, 'Its chunks are compressed more than once.'],
    [{ dtype: [['a', '<f4']] }, 'Elements of type structured cannot be read.'],
    [{ dtype: '<c8' }, 'Elements of type <c8 cannot be read.'],
    [{ shape: [0, 3] }, 'It has no elements.'],
    [{ shape: [4, 2 ** 50], chunks: [4, 2 ** 50] }, 'It cannot be read: its rows are longer than 134217728 columns.'],
  ])('%j is told', async (more, note) => {
    expect(await attempt(more)).toEqual({ note, error: null });
  });

  test('chunks that are shorter or longer than they should be are refused', async () => {
    expect((await attempt({}, new Uint8Array(23))).error).toContain('the chunk cannot be decoded: it has 23 bytes where 24 were expected.');
    expect((await attempt({}, new Uint8Array(100_000))).error).toContain('more than its 24 take in any encoding.');
    const bomb = gzipSync(new Uint8Array(10_000_000));
    expect((await attempt({ compressor: { id: 'gzip' } }, bomb)).error).toContain('the chunk cannot be decoded');
    expect((await attempt({ compressor: { id: 'gzip' } }, gzipSync(new Uint8Array(23)))).error).toContain('it gives 23 bytes where 24');
    const large = { shape: [4, 2 ** 22], chunks: [2, 2 ** 22], compressor: { id: 'gzip' } };
    expect((await attempt(large, bomb)).error).toContain('it gives 10000000 bytes where 33554432 were expected.');
    expect((await attempt({ ...large, chunks: [4, 2 ** 22] }, bomb)).error).toContain(
      'it gives 10000000 bytes where 67108864 were expected.',
    );
  });
});

describe('cut short', () => {
  const folder = join(zarrFixtures, 'v2.zarr');
  const files = Object.fromEntries(
    ['.zarray', '0.0', '0.1', '1.0', '1.1'].map((name) => [`/v2.zarr/${name}`, new Uint8Array(readFileSync(join(folder, name)))]),
  );

  test.each(Object.keys(files))('%s at any byte ends in a sentence', async (cut) => {
    for (let end = 0; end < files[cut]!.length; end++) {
      const tree = memoryTree({ ...files, [cut]: files[cut]!.slice(0, end) });
      const error = await formatErrorOf(async () => {
        const file = await openTensorFile('/v2.zarr', tree);
        try {
          await streamed(file.matrix(''), 3);
        } finally {
          await file.close();
        }
      });
      expect(error.message).toContain(cut);
      expect(tree.left()).toBe(0);
    }
  });

  test('a chunk that is gone counts as the fill value, and that is told', async () => {
    const { '/v2.zarr/1.0': _, ...rest } = files;
    const tree = memoryTree(rest);
    const file = await openTensorFile('/v2.zarr', tree);
    expect(file.tensors[0]!.note).toBe('1 of its 4 chunks is not stored: every element of it counts as the fill value, 0.');
    expect((await streamed(file.matrix(''), 3)).slice(7 * 7, 7 * 7 + 4)).toEqual([0, 0, 0, 0]);
    await file.close();
  });
});

describe('shards', () => {
  const sharding = (more: object) => ({
    zarr_format: 3,
    node_type: 'array',
    shape: [4, 2],
    data_type: 'uint8',
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [4, 2] } },
    chunk_key_encoding: { name: 'default' },
    fill_value: 0,
    codecs: [
      {
        name: 'sharding_indexed',
        configuration: {
          chunk_shape: [2, 2],
          codecs: ['bytes'],
          index_codecs: [{ name: 'bytes', configuration: { endian: 'little' } }],
          ...more,
        },
      },
    ],
  });
  const attemptShard = async (entries: readonly bigint[], more: object = {}): Promise<string | null> => {
    const shard = new Uint8Array(8 + 32);
    shard.set([1, 2, 3, 4, 5, 6, 7, 8]);
    entries.forEach((entry, i) => {
      new DataView(shard.buffer).setBigUint64(8 + 8 * i, entry, true);
    });
    const tree = memoryTree({ '/s.zarr/zarr.json': text(sharding(more)), '/s.zarr/c/0/0': shard });
    try {
      const file = await openTensorFile('/s.zarr', tree);
      const values = file.tensors[0]!.matrix === null ? file.tensors[0]!.note : (await streamed(file.matrix(''), 1)).join();
      await file.close();
      return values;
    } catch (error) {
      return (await formatErrorOf(() => Promise.reject(error))).message;
    }
  };

  test('chunks lie where the index says', async () => {
    expect(await attemptShard([4n, 4n, 0n, 4n])).toBe('5,6,7,8,1,2,3,4');
    expect(await attemptShard([2n ** 64n - 1n, 2n ** 64n - 1n, 0n, 4n])).toBe('0,0,0,0,1,2,3,4');
  });

  test('an index that lies is refused', async () => {
    expect(await attemptShard([0n, 4n, 38n, 4n])).toContain('it should lie at bytes 38 to 42, but the file has 40 bytes.');
    expect(await attemptShard([0n, 4n, 2n ** 63n, 4n])).toContain('but the file has 40 bytes.');
    expect(await attemptShard([0n, 4n, 0n, 3n])).toContain('it has 3 bytes where 4 were expected.');
    expect(await attemptShard([0n, 4n, 0n, 4n], { chunk_shape: [3, 2] })).toContain('its chunk_shape of sharding_indexed cannot be [3,2].');
    expect(await attemptShard([0n, 4n, 0n, 4n], { index_codecs: ['bytes', 'gzip'] })).toBe(
      'The index of its shards is compressed, which is not read.',
    );
    expect(await attemptShard([0n, 4n, 0n, 4n], { index_codecs: ['bytes', 'crc32c'] })).toContain('its checksum (CRC-32C) differs.');
  });
});

test('a folder whose folders never end is refused', async () => {
  const tree = memoryTree({ '/x.zarr/.zgroup': text({ zarr_format: 2 }) });
  const endless = async (path: string) => (path.endsWith('.zgroup') ? null : ['.zgroup', 'x']);
  const error = await formatErrorOf(() => openTensorFile('/x.zarr', { ...tree, listFolder: endless }));
  expect(error.message).toBe('/x.zarr: its folders lie more than 32 deep.');
});
