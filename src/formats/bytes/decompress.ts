import * as zlib from 'node:zlib';
import type { ByteSource } from './byte-source';

/** What is compressed does not give the bytes that it should. */
export class DecompressionError extends Error {}

/**
 * Gives exactly `size` bytes, which may be shared with `input` and are valid until the next call.
 * No more than `size` bytes are ever made, whatever the input says of itself.
 * @throws DecompressionError where the input is unsound or gives another number of bytes
 */
export type Decompress = (input: Uint8Array, size: number) => Uint8Array;

export const CODECS = ['none', 'snappy', 'gzip', 'brotli', 'zstd', 'lz4-block', 'lz4-frame', 'lz4-hadoop'] as const;
export type Codec = (typeof CODECS)[number];

/** The same, on another thread where Node has one for the codec. */
export type BackgroundDecompress = (input: Uint8Array, size: number) => Promise<Uint8Array>;

/** @returns null where nothing but this thread can */
export function backgroundDecompressor(codec: Codec): BackgroundDecompress | null {
  const { zstdDecompress } = zlib as { zstdDecompress?: NativeLater };
  switch (codec) {
    case 'gzip':
      return later((input, options, done) => (isGzip(input) ? zlib.gunzip : zlib.inflate)(input, options, done));
    case 'brotli':
      return later(zlib.brotliDecompress);
    case 'zstd':
      return zstdDecompress === undefined ? null : later(zstdDecompress);
    default:
      return null;
  }
}

/** Loads what the codec needs. */
export async function decompressor(codec: Codec): Promise<Decompress> {
  switch (codec) {
    case 'none':
      return (input, size) => sized(input, size);
    case 'snappy':
      return intoFresh(snappy);
    case 'lz4-block':
      return intoFresh(lz4Block);
    case 'lz4-hadoop':
      return intoFresh(lz4Hadoop);
    case 'lz4-frame':
      return intoFresh(lz4Frame);
    case 'gzip':
      return native((input, options) => (isGzip(input) ? zlib.gunzipSync : zlib.inflateSync)(input, options));
    case 'brotli':
      return native((input, options) => zlib.brotliDecompressSync(input, options));
    case 'zstd':
      return zstd();
  }
}

type Zstd = (input: Uint8Array, options: { maxOutputLength: number; chunkSize?: number }) => Buffer;

/** Made before anything is decompressed. */
const LARGEST_CHUNK = 4 * 2 ** 20;

/** Node has its own since 22.15. */
async function zstd(): Promise<Decompress> {
  const ofNode = (zlib as { zstdDecompressSync?: Zstd }).zstdDecompressSync;
  if (ofNode !== undefined) return native((input, options) => ofNode(input, options));
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  // It writes into a buffer of this size and no further. Of 0 bytes it would ask the input how many there are.
  return (input, size) => {
    const claimed = zstdContentSize(input);
    if (claimed !== null && claimed !== size) throw new DecompressionError(`it gives ${claimed} bytes where ${size} were expected`);
    return sized(size === 0 ? new Uint8Array(0) : guarded(() => decoder.decode(input, size)), size);
  };
}

/** Pushed at once: a push may give 128 KiB for every 4 bytes. */
const PUSHED = 1024;
/** What is written without `--long` needs 8 MiB at most. */
const MOST_WINDOW = 32 * 2 ** 20;

/**
 * Zstandard where nothing says how many bytes it gives.
 * @returns gives at most `limit` bytes, and makes no more
 */
export async function zstdOfAnySize(): Promise<(input: Uint8Array, limit: number) => Uint8Array> {
  const ofNode = (zlib as { zstdDecompressSync?: Zstd }).zstdDecompressSync;
  if (ofNode !== undefined) return (input, maxOutputLength) => guarded(() => ofNode(input, { maxOutputLength }));
  const parts = await zstdPusher();
  return (input, limit) => {
    const kept: Uint8Array[] = [];
    let size = 0;
    const push = parts((part) => {
      size += part.length;
      if (size > limit) throw new DecompressionError(`it gives more than ${limit} bytes`);
      kept.push(part);
    });
    push(input, true);
    return Buffer.concat(kept);
  };
}

/**
 * Zstandard of any length, part by part, on a Node that has none of its own.
 * @throws DecompressionError where the input is unsound
 */
export async function* zstdParts(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  const push = (await zstdPusher())((part) => parts.push(part));
  for await (const chunk of input) {
    for (let at = 0; at < chunk.length; at += PUSHED) {
      push(chunk.subarray(at, at + PUSHED), false);
      yield* parts;
      parts = [];
    }
  }
  push(new Uint8Array(0), true);
  yield* parts;
}

/** Gives parts to `take` as input is pushed; one of them, and the window, is all that is made of memory. */
async function zstdPusher(): Promise<(take: (part: Uint8Array) => void) => (input: Uint8Array, last: boolean) => void> {
  const { Decompress } = await import('fzstd');
  return (take) => {
    const stream = new Decompress((part) => take(part.slice()));
    let started = false;
    return (input, last) =>
      guarded(() => {
        if (!started && input.length > 0) {
          if (zstdWindow(input) > MOST_WINDOW) throw new DecompressionError(`it needs a window of more than ${MOST_WINDOW} bytes`);
          started = true;
        }
        // Its own copy: what a push leaves over is kept.
        for (let at = 0; at < input.length; at += PUSHED) stream.push(input.slice(at, at + PUSHED), last && at + PUSHED >= input.length);
        if (last && input.length === 0) stream.push(input, true);
      });
  };
}

/** Bytes of memory that the first frame asks for. */
function zstdWindow(input: Uint8Array): number {
  const size = zstdContentSize(input);
  const single = (input[4]! & 0x20) !== 0;
  return single ? size! : 2 ** (10 + (input[5]! >> 3)) * (1 + (input[5]! & 7) / 8);
}

/** Bytes that the first frame gives; null where it does not say. https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1 */
function zstdContentSize(input: Uint8Array): number | null {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  if (input.length < 6 || view.getUint32(0, true) !== 0xfd2fb528) throw new DecompressionError('it is no zstd frame');
  const flags = input[4]!;
  const single = (flags >> 5) & 1;
  const bytes = flags >> 6 === 0 ? single : 1 << (flags >> 6);
  const at = 6 - single + [0, 1, 2, 4][flags & 3]!;
  if (at + bytes > input.length) throw new DecompressionError('it ends too soon');
  switch (bytes) {
    case 0:
      return null;
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

interface NativeOptions {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}

function native(decompress: (input: Uint8Array, options: NativeOptions) => Uint8Array): Decompress {
  return (input, size) =>
    sized(
      guarded(() => decompress(input, nativeOptions(size))),
      size,
    );
}

type NativeLater = (input: Uint8Array, options: NativeOptions, done: (error: Error | null, bytes: Uint8Array) => void) => void;

function later(decompress: NativeLater): BackgroundDecompress {
  return (input, size) =>
    new Promise((resolve, reject) => {
      decompress(input, nativeOptions(size), (error, bytes) => {
        try {
          if (error !== null) throw error;
          resolve(sized(bytes, size));
        } catch (error) {
          reject(error instanceof DecompressionError ? error : new DecompressionError((error as Error).message));
        }
      });
    });
}

/** Node refuses a limit of 0. In one chunk it takes a quarter less time than in those of 16 KiB that it makes otherwise, and copies together. */
function nativeOptions(size: number): NativeOptions {
  return { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, Math.min(size + 1, LARGEST_CHUNK)) };
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DecompressionError) throw error;
    throw new DecompressionError(error instanceof Error ? error.message : String(error));
  }
}

function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new DecompressionError(`it gives ${bytes.length} bytes where ${size} were expected`);
  return bytes;
}

function isGzip(input: Uint8Array): boolean {
  return input[0] === 0x1f && input[1] === 0x8b;
}

/** Writes to `output` from `at`; returns where it ended. */
export type Expand = (input: Uint8Array, output: Uint8Array, at: number) => number;

export function intoFresh(expand: Expand): Decompress {
  return (input, size) => {
    const output = new Uint8Array(size);
    const end = expand(input, output, 0);
    if (end !== size) throw new DecompressionError(`it gives ${end} bytes where ${size} were expected`);
    return output;
  };
}

/** Copies `length` bytes from `distance` before `at`: what overlaps repeats. Inside `output`, or an error. */
export function repeat(output: Uint8Array, at: number, distance: number, length: number): number {
  if (distance === 0 || distance > at) throw new DecompressionError('it refers to bytes before its start');
  const end = at + length;
  if (end > output.length) throw new DecompressionError('it gives more bytes than it should');
  if (distance >= length && length > 32) output.copyWithin(at, at - distance, at - distance + length);
  else for (let i = at; i < end; i++) output[i] = output[i - distance]!;
  return end;
}

/** Copies `length` bytes from `from`. Inside both, or an error. */
export function literal(input: Uint8Array, from: number, length: number, output: Uint8Array, at: number): number {
  if (length > input.length - from) throw new DecompressionError('it ends too soon');
  if (length > output.length - at) throw new DecompressionError('it gives more bytes than it should');
  if (length > 32) output.set(input.subarray(from, from + length), at);
  else for (let i = 0; i < length; i++) output[at + i] = input[from + i]!;
  return at + length;
}

/** https://github.com/google/snappy/blob/main/format_description.txt */
function snappy(input: Uint8Array, output: Uint8Array, start: number): number {
  let i = 0;
  // The length, which is known.
  while (input[i]! >= 0x80) i++;
  i++;
  let at = start;
  while (i < input.length) {
    const tag = input[i++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let length = tag >> 2;
      if (length >= 60) {
        const bytes = length - 59;
        if (i + bytes > input.length) throw new DecompressionError('it ends too soon');
        length = 0;
        for (let k = bytes - 1; k >= 0; k--) length = length * 256 + input[i + k]!;
        i += bytes;
      }
      length++;
      at = literal(input, i, length, output, at);
      i += length;
      continue;
    }
    const bytes = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    if (i + bytes > input.length) throw new DecompressionError('it ends too soon');
    const length = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    let distance = kind === 1 ? ((tag >> 5) << 8) | input[i]! : input[i]! | (input[i + 1]! << 8);
    if (kind === 3) distance += (input[i + 2]! + input[i + 3]! * 256) * 65536;
    i += bytes;
    at = repeat(output, at, distance, length);
  }
  return at;
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
function lz4Block(input: Uint8Array, output: Uint8Array, start: number): number {
  let i = 0;
  let at = start;
  const more = (length: number): number => {
    let sum = length;
    if (length === 15) {
      let byte = 255;
      while (byte === 255) {
        if (i >= input.length) throw new DecompressionError('it ends too soon');
        byte = input[i++]!;
        sum += byte;
      }
    }
    return sum;
  };
  while (i < input.length) {
    const token = input[i++]!;
    const literals = more(token >> 4);
    at = literal(input, i, literals, output, at);
    i += literals;
    // The last sequence has literals only.
    if (i === input.length) return at;
    if (i + 2 > input.length) throw new DecompressionError('it ends too soon');
    const distance = input[i]! | (input[i + 1]! << 8);
    i += 2;
    at = repeat(output, at, distance, more(token & 15) + 4);
  }
  return at;
}

/** Blocks behind big-endian lengths, decompressed and compressed, as Hadoop writes them; files say the same of plain blocks, so both are tried. */
function lz4Hadoop(input: Uint8Array, output: Uint8Array, start: number): number {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  let at = start;
  let i = 0;
  while (i + 8 <= input.length) {
    const [size, length] = [view.getUint32(i), view.getUint32(i + 4)];
    i += 8;
    if (length > input.length - i || size > output.length - at) return lz4Block(input, output, start);
    let end: number;
    try {
      end = lz4Block(input.subarray(i, i + length), output, at);
    } catch {
      return lz4Block(input, output, start);
    }
    if (end !== at + size) return lz4Block(input, output, start);
    at = end;
    i += length;
  }
  return i === input.length && at === output.length ? at : lz4Block(input, output, start);
}

const LZ4_MAGIC = 0x184d2204;

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md; checksums are not verified. */
function lz4Frame(input: Uint8Array, output: Uint8Array, start: number): number {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  if (input.length < 7 || view.getUint32(0, true) !== LZ4_MAGIC) throw new DecompressionError('it is no LZ4 frame');
  const flags = input[4]!;
  const blockChecksum = flags & 0x10 ? 4 : 0;
  let i = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0);
  let at = start;
  for (;;) {
    if (i + 4 > input.length) throw new DecompressionError('it ends too soon');
    const head = view.getUint32(i, true);
    i += 4;
    if (head === 0) return at;
    const length = head & 0x7fffffff;
    if (length > input.length - i) throw new DecompressionError('it ends too soon');
    at = head > 0x7fffffff ? literal(input, i, length, output, at) : lz4Block(input.subarray(i, i + length), output, at);
    i += length + blockChecksum;
  }
}

/** What a copy may refer back to, and the largest block. */
const LZ4_WINDOW = 64 * 1024;
const LZ4_BLOCK = 4 * 2 ** 20;

/**
 * An LZ4 frame of any length, block by block.
 * @throws DecompressionError where the input is unsound
 */
export async function* lz4FrameParts(input: ByteSource): AsyncGenerator<Uint8Array> {
  const take = async (at: number, length: number): Promise<Uint8Array> => {
    if (length > input.size - at) throw new DecompressionError('it ends too soon');
    const bytes = new Uint8Array(length);
    await input.read(at, bytes);
    return bytes;
  };
  const head = await take(0, 7);
  if (new DataView(head.buffer).getUint32(0, true) !== LZ4_MAGIC) throw new DecompressionError('it is no LZ4 frame');
  const blockChecksum = head[4]! & 0x10 ? 4 : 0;
  const output = new Uint8Array(LZ4_WINDOW + LZ4_BLOCK);
  let kept = 0;
  for (let at = 7 + (head[4]! & 0x08 ? 8 : 0) + (head[4]! & 0x01 ? 4 : 0); ; ) {
    const size = new DataView((await take(at, 4)).buffer).getUint32(0, true);
    if (size === 0) return;
    const length = size & 0x7fffffff;
    if (length > LZ4_BLOCK) throw new DecompressionError(`it has a block of ${length} bytes`);
    const block = await take(at + 4, length);
    const end = size > 0x7fffffff ? literal(block, 0, length, output, kept) : lz4Block(block, output, kept);
    yield output.subarray(kept, end);
    const from = Math.max(0, end - LZ4_WINDOW);
    output.copyWithin(0, from, end);
    kept = end - from;
    at += 4 + length + blockChecksum;
  }
}
