import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decompressor } from '../../../src/formats/bytes/decompress';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { parquet } from '../../../src/formats/parquet/parquet';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const folder = join(import.meta.dirname, '../../fixtures/formats/parquet');
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  { column: string; values: (number | null)[]; columns: number }
>;

async function opened<T>(bytes: Uint8Array, use: (file: TensorFile) => T | Promise<T>): Promise<T> {
  const files = memoryFolder({ '/x.parquet': bytes });
  try {
    const file = await parquet.open('/x.parquet', files.openBytes);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } finally {
    expect(files.left()).toBe(0);
  }
}

/** Reads every matrix to its end. */
async function readAll(bytes: Uint8Array): Promise<void> {
  await opened(bytes, async (file) => {
    for (const { name, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(name), 7);
  });
}

describe('files of pyarrow give the numbers of NumPy', () => {
  test.each(Object.entries(expected))('%s', async (name, { column, values, columns }) => {
    await opened(bytesOf(name), async (file) => {
      const info = file.tensors.find((tensor) => tensor.name === column)!;
      expect(info.matrix).toEqual({ rows: values.length / columns, columns });
      const want = values.map((value) => value ?? Number.NaN);
      for (const rowsPerBlock of [1, 7, 1000]) expect(await streamed(file.matrix(column), rowsPerBlock)).toEqual(want);
    });
  });
});

test('says what the columns are', async () => {
  await opened(bytesOf('wide.parquet'), ({ tensors, format }) => {
    expect(format).toBe('parquet');
    expect(tensors).toEqual([
      {
        name: '(numeric columns)',
        dtype: 'float32',
        shape: [60, 12],
        bytes: 60 * 12 * 4,
        matrix: { rows: 60, columns: 12 },
        note: '12 of 14 columns side by side, from "f0" to "f11".',
      },
    ]);
  });
  await opened(bytesOf('ragged.parquet'), async (file) => {
    expect(file.tensors).toMatchObject([{ name: 'tokens', matrix: null }]);
    expect((await formatErrorOf(() => file.matrix('tokens'))).message).toContain(
      'Its rows differ in length: the first has 2 elements, another 1.',
    );
    expect((await formatErrorOf(() => file.matrix('other'))).message).toContain('no column of vectors named "other"');
  });
  const error = await formatErrorOf(() => opened(bytesOf('no-numbers.parquet'), () => {}));
  expect(error.detail).toBe('no column holds vectors, and fewer than two hold numbers; its columns are "id".');
});

test('is known by its first bytes', async () => {
  const files = memoryFolder({ '/x.data': bytesOf('codec-zstd.parquet') });
  const file = await openTensorFile('/x.data', { openBytes: files.openBytes, listFolder: async () => null });
  expect(file.format).toBe('parquet');
  await file.close();
});

describe('what is not sound ends in one sentence', () => {
  test.each(['codec-snappy.parquet', 'plain-v2.parquet', 'wide.parquet'])('%s, cut at any byte', async (name) => {
    const bytes = bytesOf(name);
    for (let length = 0; length < bytes.length; length += length < 64 || length > bytes.length - 64 ? 1 : 97) {
      await formatErrorOf(() => readAll(bytes.subarray(0, length)));
    }
  });

  test.each([
    'codec-none.parquet',
    'codec-gzip.parquet',
    'small-pages.parquet',
    'repeated-lz4.parquet',
    'repeated-snappy.parquet',
    'repeated-zstd.parquet',
    'delta-int64.parquet',
  ])('%s, any byte changed: right, wrong numbers, or a FormatError', async (name) => {
    const bytes = bytesOf(name);
    for (let at = 0; at < bytes.length; at += 13) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      changed[at + 1]! ^= 0xff;
      await readAll(changed).catch((error: unknown) => formatErrorOf(() => Promise.reject(error)));
    }
  });

  test('a footer that is longer than the file', async () => {
    const bytes = bytesOf('codec-none.parquet');
    new DataView(bytes.buffer).setUint32(bytes.length - 8, 2 ** 31, true);
    expect((await formatErrorOf(() => readAll(bytes))).message).toContain('the footer should have 2147483648 bytes');
  });

  test('an encrypted file', async () => {
    const bytes = bytesOf('codec-none.parquet');
    bytes.set(new TextEncoder().encode('PARE'), 0);
    expect((await formatErrorOf(() => readAll(bytes))).message).toContain('encrypted');
  });
});

describe('decompression', () => {
  test.each([
    // A literal of 2^32 bytes, a copy from before the start, a copy past the end.
    ['snappy', [0x05, 0xfc, 0xff, 0xff, 0xff, 0xff]],
    ['snappy', [0x05, 0x01, 0x04]],
    ['snappy', [0x05, 0x00, 0x61, 0xfe, 0x01, 0x00]],
    ['lz4-block', [0xf0, 0xff, 0xff, 0xff]],
    ['lz4-block', [0x1f, 0x61, 0x01, 0x00, 0xff, 0xff, 0xff, 0x00]],
    ['lz4-frame', [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0xff, 0xff, 0xff, 0x7f]],
    // It claims 2^62 bytes.
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x40]],
    ['gzip', [0x1f, 0x8b, 8, 0]],
    ['brotli', [0xff, 0xff]],
  ] as const)('%s of %j is refused', async (codec, input) => {
    const decompress = await decompressor(codec);
    expect(() => decompress(Uint8Array.from(input), 5)).toThrow(/./);
  });
});
