import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { bloscDecompressor } from '../../../src/formats/bytes/blosc';
import { type Decompress, DecompressionError, zstdOfAnySize, zstdParts } from '../../../src/formats/bytes/decompress';
import { openFile } from '../../../src/formats/bytes/file-bytes';
import { readEntry, readZip } from '../../../src/formats/bytes/zip';

const folder = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'zarr');

async function member(archive: string, name: string): Promise<Uint8Array> {
  const source = await openFile(join(folder, archive));
  try {
    const entry = (await readZip(source)).find((each) => each.name === name)!;
    return await readEntry(source, entry, 2 ** 20);
  } finally {
    await source.close();
  }
}

describe.each(['blosclz', 'lz4', 'zlib', 'zstd', 'snappy'])('a chunk of %s', (codec) => {
  const size = 37 * 33 * 4;
  let chunk: Uint8Array;
  let decompress: Decompress;
  beforeAll(async () => {
    chunk = await member('v2.zarr.zip', `blosc/${codec}-1-f4/0.0`);
    decompress = await bloscDecompressor();
  });

  test('gives as many bytes as are asked for, and no other number', () => {
    expect(decompress(chunk, size)).toHaveLength(size);
    for (const wrong of [0, size - 1, size + 1, 2 ** 31]) expect(() => decompress(chunk, wrong)).toThrow(DecompressionError);
  });

  test('cut anywhere it is refused', () => {
    for (let end = 0; end < chunk.length; end++) expect(() => decompress(chunk.slice(0, end), size)).toThrow(DecompressionError);
  });

  test('damaged, it is refused or gives the same number of bytes', () => {
    const damage = fc.array(fc.tuple(fc.nat(chunk.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, (changes) => {
        const changed = chunk.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        try {
          expect(decompress(changed, size)).toHaveLength(size);
        } catch (error) {
          expect(error).toBeInstanceOf(DecompressionError);
        }
      }),
      { seed: 20261124, numRuns: 300 },
    );
  });
});

describe('zstd that does not say its size', () => {
  let frame: Uint8Array;
  beforeAll(async () => {
    frame = await member('large.zarr.zip', 'zstd/0.0');
  });

  test('makes no more than it may', async () => {
    const unzstd = await zstdOfAnySize();
    expect(() => unzstd(frame, 2 ** 20)).toThrow(DecompressionError);
    expect(() => unzstd(new Uint8Array(100), 2 ** 20)).toThrow(DecompressionError);
    expect(() => unzstd(frame.slice(0, 200), 2 ** 26)).toThrow(DecompressionError);
  });

  test('a window larger than any honest one is refused', async () => {
    const window = new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa0, 1, 0, 0]);
    const parts = async () => {
      for await (const _ of zstdParts(
        (async function* () {
          yield window;
        })(),
      ));
    };
    await expect(parts()).rejects.toThrow(DecompressionError);
  });
});
