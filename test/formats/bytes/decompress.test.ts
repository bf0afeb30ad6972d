import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { backgroundDecompressor, DecompressionError, decompressor, lz4FrameParts } from '../../../src/formats/bytes/decompress';
import { MemoryBytes } from './memory-bytes';

const folder = join(import.meta.dirname, '../../fixtures/formats/arrow');
const SIZE = 25 * 12 * 4;

/** The first compressed buffer of a fixture, with what comes behind it. */
function frameOf(name: string, ...magic: number[]): Uint8Array {
  const bytes = readFileSync(join(folder, name));
  return new Uint8Array(bytes.subarray(bytes.indexOf(Buffer.from(magic))));
}

async function collected(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part.slice());
  return Buffer.concat(all);
}

/** An LZ4 frame of blocks, each of which may be stored as it is. https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
function frame(...blocks: { bytes: number[]; stored?: true }[]): Uint8Array {
  const parts = blocks.map(({ bytes, stored }) => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE((bytes.length | (stored ? 0x80000000 : 0)) >>> 0);
    return Buffer.concat([head, Uint8Array.from(bytes)]);
  });
  return new Uint8Array(Buffer.concat([Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x40, 0x70, 0), ...parts, Buffer.alloc(4)]));
}

describe('LZ4 block by block', () => {
  test('gives what the whole frame gives', async () => {
    const bytes = frameOf('repeated-lz4.arrow', 0x04, 0x22, 0x4d, 0x18);
    const whole = (await decompressor('lz4-frame'))(bytes, SIZE);
    expect(await collected(lz4FrameParts(new MemoryBytes(bytes)))).toEqual(Buffer.from(whole));
  });

  test('a block may repeat what an earlier one gave, 64 KiB back and no further', async () => {
    const first = Array.from({ length: 70_000 }, (_, i) => i % 251);
    // No literals, four bytes from `distance` before, and one literal to end with.
    const repeating = (distance: number) => [0x00, distance & 255, distance >> 8, 0x10, 9];
    const parts = (distance: number) =>
      lz4FrameParts(new MemoryBytes(frame({ bytes: first, stored: true }, { bytes: repeating(distance) })));
    const far = await collected(parts(65_535));
    expect([...far.subarray(70_000)]).toEqual([...first.slice(70_000 - 65_535, 70_000 - 65_535 + 4), 9]);
    await expect(collected(parts(0))).rejects.toThrow(DecompressionError);
    const tooFar = lz4FrameParts(new MemoryBytes(frame({ bytes: [1, 2], stored: true }, { bytes: repeating(3) })));
    await expect(collected(tooFar)).rejects.toThrow(DecompressionError);
  });

  test('cut at any byte it is refused', async () => {
    const bytes = frame({ bytes: [1, 2, 3], stored: true }, { bytes: [0x10, 7] });
    expect([...(await collected(lz4FrameParts(new MemoryBytes(bytes))))]).toEqual([1, 2, 3, 7]);
    for (let length = 0; length < bytes.length; length++) {
      await expect(collected(lz4FrameParts(new MemoryBytes(bytes.subarray(0, length))))).rejects.toThrow('it ends too soon');
    }
  });
});

describe('Zstandard of a known size', () => {
  const bytes = frameOf('repeated-zstd.arrow', 0x28, 0xb5, 0x2f, 0xfd);

  test.each([0, 1, SIZE - 1, SIZE + 1, 2 ** 24])('%d bytes are refused where it gives others', async (size) => {
    const decompress = await decompressor('zstd');
    expect(() => decompress(bytes, size)).toThrow(DecompressionError);
  });
});

describe('on other threads', () => {
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 7));

  test.each([
    ['gzip', gzipSync(content)],
    ['gzip', deflateSync(content)],
    ['brotli', brotliCompressSync(content)],
  ] as const)('%s gives the same, or an error', async (codec, packed) => {
    const decompress = backgroundDecompressor(codec)!;
    expect(Buffer.compare(await decompress(packed, content.length), content)).toBe(0);
    for (const size of [0, 1, content.length - 1, content.length + 1])
      await expect(decompress(packed, size)).rejects.toThrow(DecompressionError);
    await expect(decompress(packed.subarray(0, packed.length >> 1), content.length)).rejects.toThrow(DecompressionError);
  });
});
