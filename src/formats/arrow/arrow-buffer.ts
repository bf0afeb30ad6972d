import { type ByteSource, partOf } from '../bytes/byte-source';
import { DecompressionError, decompressor, lz4FrameParts } from '../bytes/decompress';
import { inflatedStream } from '../bytes/inflated-stream';
import { FormatError } from '../format-error';
import type { ArrowBatch, BatchBuffers } from './arrow-batches';

/** One buffer of a record batch, decompressed. */
export interface BufferBytes {
  readonly size: number;
  /** Bytes [from, from + length). A large compressed buffer is begun afresh for what lies before the last range: one reader at a time. */
  range(from: number, length: number): Promise<Uint8Array>;
}

/** Decompressed at once up to this size; what is larger, part by part. */
const WHOLE_BYTES = 64 * 2 ** 20;
const PREFIX_BYTES = 8;

/**
 * Opens a buffer by its place in the schema.
 * @throws FormatError when it is not sound
 */
export async function openBuffer({ source, offset: at }: ArrowBatch, buffers: BatchBuffers, index: number): Promise<BufferBytes> {
  const { path } = source;
  const { offset, bytes } = buffers.buffer(index);
  const codec = buffers.compression;
  if (codec === null || bytes === 0) return plain(source, offset, bytes);
  if (bytes < PREFIX_BYTES) throw new FormatError(path, offset, 'a compressed buffer ends before its length.');
  const prefix = new Uint8Array(PREFIX_BYTES);
  await source.read(offset, prefix);
  const size = Number(new DataView(prefix.buffer).getBigInt64(0, true));
  // What does not shrink is stored as it is.
  if (size === -1) return plain(source, offset + PREFIX_BYTES, bytes - PREFIX_BYTES);
  if (size < 0 || !Number.isSafeInteger(size)) throw new FormatError(path, offset, `a compressed buffer should have ${size} bytes.`);
  const packed = partOf(source, `record batch at byte ${at}`, offset + PREFIX_BYTES, bytes - PREFIX_BYTES);
  return size <= WHOLE_BYTES && packed.size <= 2 * WHOLE_BYTES ? whole(packed, codec, size) : inParts(packed, codec, size);
}

function plain(source: ByteSource, offset: number, size: number): BufferBytes {
  return {
    size,
    async range(from, length) {
      check(source.path, offset, size, from, length);
      const target = Buffer.allocUnsafeSlow(length);
      await source.read(offset + from, target);
      return target;
    },
  };
}

function whole(packed: ByteSource, codec: 'lz4-frame' | 'zstd', size: number): BufferBytes {
  let bytes: Uint8Array | null = null;
  return {
    size,
    async range(from, length) {
      check(packed.path, null, size, from, length);
      if (bytes === null) {
        const input = new Uint8Array(packed.size);
        await packed.read(0, input);
        const decompress = await decompressor(codec);
        bytes = told(packed.path, () => decompress(input, size));
      }
      return bytes.subarray(from, from + length);
    },
  };
}

function inParts(packed: ByteSource, codec: 'lz4-frame' | 'zstd', size: number): BufferBytes {
  let parts: AsyncIterator<Uint8Array> | null = null;
  let part = new Uint8Array(0);
  let start = 0;
  return {
    size,
    async range(from, length) {
      check(packed.path, null, size, from, length);
      if (parts === null || from < start) {
        await parts?.return?.();
        parts = (codec === 'zstd' ? inflatedStream(packed, 'zstd', size).chunks() : lz4Chunks(packed, size))[Symbol.asyncIterator]();
        part = new Uint8Array(0);
        start = 0;
      }
      const target = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const within = from + done - start;
        if (within >= part.length) {
          start += part.length;
          const next = await parts.next();
          if (next.done) throw new FormatError(packed.path, null, `it gives ${start} bytes where ${size} were expected.`);
          part = next.value.slice();
          continue;
        }
        const piece = part.subarray(within, within + length - done);
        target.set(piece, done);
        done += piece.length;
      }
      return target;
    },
  };
}

async function* lz4Chunks(packed: ByteSource, size: number): AsyncGenerator<Uint8Array> {
  let made = 0;
  try {
    for await (const part of lz4FrameParts(packed)) {
      made += part.length;
      if (made > size) throw new DecompressionError(`it gives more than ${size} bytes`);
      yield part;
    }
  } catch (error) {
    throw explained(packed.path, error);
  }
}

function check(path: string, offset: number | null, size: number, from: number, length: number): void {
  if (from < 0 || length < 0 || !(from + length <= size)) {
    throw new FormatError(path, offset, `a column needs bytes up to ${from + length} of a buffer that has ${size}.`);
  }
}

function told<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explained(path, error);
  }
}

function explained(path: string, error: unknown): unknown {
  return error instanceof DecompressionError ? new FormatError(path, null, `it cannot be decompressed: ${error.message}.`) : error;
}
