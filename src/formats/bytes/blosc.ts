import { type Decompress, DecompressionError, decompressor, type Expand, intoFresh, literal, repeat } from './decompress';
import { bitUnshuffle, unshuffle } from './shuffle';

const HEADER_BYTES = 16;
/** Blocks of more and of smaller elements, and those shorter than this, are never split into one stream for each byte of an element. */
const MOST_SPLITS = 16;
const LEAST_SPLIT_BYTES = 128;

/**
 * Blosc 1: blocks that are compressed by themselves, shuffled before.
 * https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst
 */
export async function bloscDecompressor(): Promise<Decompress> {
  const [lz4, snappy, zlib, zstd] = await Promise.all((['lz4-block', 'snappy', 'gzip', 'zstd'] as const).map(decompressor));
  const inner = [intoFresh(blosclz), lz4!, snappy!, zlib!, zstd!];
  return (input, size) => {
    const view = new DataView(input.buffer, input.byteOffset, input.length);
    if (input.length < HEADER_BYTES) throw new DecompressionError('it ends before the Blosc header does');
    const [version, , flags, elementBytes] = input as unknown as [number, number, number, number];
    const [bytes, blockBytes, compressedBytes] = [4, 8, 12].map((at) => view.getUint32(at, true)) as [number, number, number];
    if (version !== 2) throw new DecompressionError(`it is of version ${version} of Blosc, where 2 was expected`);
    if (bytes !== size) throw new DecompressionError(`it gives ${bytes} bytes where ${size} were expected`);
    if (compressedBytes !== input.length)
      throw new DecompressionError(`its header says ${compressedBytes} bytes, but there are ${input.length}`);
    if (flags & 0x02) return intoFresh(literally)(input.subarray(HEADER_BYTES), size);
    const decompress = inner[flags >> 5];
    if (decompress === undefined) throw new DecompressionError(`Blosc's compressor ${flags >> 5} is unknown`);
    if (elementBytes === 0 || (size > 0 && blockBytes === 0)) throw new DecompressionError('its Blosc header has a size of 0');

    const output = new Uint8Array(size);
    const blocks = size === 0 ? 0 : Math.ceil(size / blockBytes);
    if (HEADER_BYTES + 4 * blocks > input.length) throw new DecompressionError('it ends too soon');
    for (let k = 0; k < blocks; k++) {
      const length = Math.min(blockBytes, size - k * blockBytes);
      const splittable = elementBytes <= MOST_SPLITS && blockBytes / elementBytes >= LEAST_SPLIT_BYTES && length === blockBytes;
      const splits = (flags & 0x10) === 0 && splittable ? elementBytes : 1;
      const block = new Uint8Array(length);
      let at = view.getUint32(HEADER_BYTES + 4 * k, true);
      for (let split = 0; split < splits; split++) {
        if (at + 4 > input.length) throw new DecompressionError('it ends too soon');
        const stored = view.getInt32(at, true);
        at += 4;
        if (stored < 0 || at + stored > input.length) throw new DecompressionError('it ends too soon');
        const part = Math.floor(length / splits);
        const data = input.subarray(at, at + stored);
        block.set(stored === part ? data : decompress(data, part), split * part);
        at += stored;
      }
      output.set(unshuffled(block, flags, elementBytes), k * blockBytes);
    }
    return output;
  };
}

function unshuffled(block: Uint8Array, flags: number, elementBytes: number): Uint8Array {
  if (flags & 0x01 && elementBytes > 1) return unshuffle(block, elementBytes);
  return flags & 0x04 ? bitUnshuffle(block, elementBytes) : block;
}

const literally: Expand = (input, output, at) => literal(input, 0, input.length, output, at);

/** Distances up to this take 13 bits; longer ones follow in 16 more. */
const NEAR = 8191;

/** The compressor of Blosc itself, after FastLZ: https://github.com/Blosc/c-blosc/blob/main/blosc/blosclz.c */
function blosclz(input: Uint8Array, output: Uint8Array, start: number): number {
  let i = 0;
  let at = start;
  const next = (): number => {
    if (i >= input.length) throw new DecompressionError('it ends too soon');
    return input[i++]!;
  };
  for (let first = true; i < input.length; first = false) {
    const control = first ? next() & 31 : next();
    if (control < 32) {
      at = literal(input, i, control + 1, output, at);
      i += control + 1;
      continue;
    }
    let length = (control >> 5) + 2;
    if (control >> 5 === 7) {
      let more = 255;
      while (more === 255) {
        more = next();
        length += more;
      }
    }
    const low = next();
    let distance = ((control & 31) << 8) + low + 1;
    if (distance === NEAR + 1) distance = next() * 256 + next() + NEAR + 1;
    at = repeat(output, at, distance, length);
  }
  return at;
}
