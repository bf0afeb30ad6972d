import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { FormatError } from '../format-error';
import type { ByteSource, ByteStream } from './byte-source';
import { DecompressionError, zstdParts } from './decompress';

const CHUNK = 256 * 1024;

/** `gzip` stands for zlib too. */
export type StreamedCodec = 'none' | 'gzip' | 'zstd';

/** The content of a compressed source, of so many bytes, which are counted. Never held whole. */
export function inflatedStream(source: ByteSource, codec: StreamedCodec, size: number): ByteStream {
  const { path } = source;
  return {
    path,
    size,
    async *chunks() {
      let done = 0;
      try {
        for await (const chunk of inflated(source, codec)) {
          done += chunk.length;
          if (done > size) throw new FormatError(path, null, `it gives more than the ${size} bytes that were expected.`);
          yield chunk;
        }
      } catch (error) {
        if (error instanceof FormatError) throw error;
        if (!(error instanceof DecompressionError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
        throw new FormatError(path, null, `it cannot be decompressed: ${(error as Error).message}.`);
      }
      if (done < size) throw new FormatError(path, null, `it gives ${done} bytes where ${size} were expected.`);
    },
  };
}

async function* raw(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += CHUNK) {
    // Not reused: the decompressor may still be reading the last one.
    const chunk = new Uint8Array(Math.min(CHUNK, source.size - at));
    await source.read(at, chunk);
    yield chunk;
  }
}

function inflated(source: ByteSource, codec: StreamedCodec): AsyncIterable<Uint8Array> {
  if (codec === 'none') return raw(source);
  if (codec === 'gzip') return through(raw(source), zlib.createUnzip({ chunkSize: CHUNK }));
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };
  return createZstdDecompress === undefined ? zstdParts(raw(source)) : through(raw(source), createZstdDecompress());
}

async function* through(input: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  // Errors of either stream surface in the loop below, which the pipeline's destroy ends.
  pipeline(Readable.from(input, { objectMode: false }), transform, () => {});
  for await (const chunk of transform) yield chunk as Uint8Array;
}
