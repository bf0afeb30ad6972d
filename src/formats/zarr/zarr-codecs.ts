import { bloscDecompressor } from '../bytes/blosc';
import { crc32c } from '../bytes/crc32';
import { type Decompress, DecompressionError, decompressor } from '../bytes/decompress';
import { unshuffle } from '../bytes/shuffle';

/** Decoded bytes of a chunk that is held in memory. */
export const MOST_CHUNK_BYTES = 32 * 2 ** 20;

/** One step of how the bytes of a chunk were encoded, by the name that numcodecs and Zarr share. */
export interface ByteCodec {
  readonly name: string;
  /** Of the elements, for shuffles. */
  readonly elementBytes: number;
}

/** `adds`: bytes that it adds to what it encodes, null where that is not known before. */
interface Step {
  readonly adds: number | null;
  readonly undo: () => Promise<Decompress>;
}

const STEPS: Readonly<Record<string, (codec: ByteCodec) => Step>> = {
  gzip: () => ({ adds: null, undo: () => decompressor('gzip') }),
  zlib: () => ({ adds: null, undo: () => decompressor('gzip') }),
  zstd: () => ({ adds: null, undo: () => decompressor('zstd') }),
  lz4: () => ({ adds: null, undo: sizedLz4 }),
  blosc: () => ({ adds: null, undo: bloscDecompressor }),
  crc32c: () => ({ adds: 4, undo: async () => withoutChecksum }),
  shuffle: ({ elementBytes }) => ({ adds: 0, undo: async () => (input, size) => unshuffle(sized(input, size), elementBytes) }),
};

/** Why such chunks cannot be read, as the rest of a sentence; null where they can. */
export function whyUnreadable(codecs: readonly ByteCodec[]): string | null {
  const unknown = codecs.find(({ name }) => !Object.hasOwn(STEPS, name));
  if (unknown !== undefined) return `are encoded with ${JSON.stringify(unknown.name)}, which is not read.`;
  const compressors = codecs.filter((codec) => STEPS[codec.name]!(codec).adds === null);
  return compressors.length > 1 ? 'are compressed more than once.' : null;
}

/** Undoes codecs that can be read, the last of them first. */
export async function chunkDecoder(codecs: readonly ByteCodec[]): Promise<Decompress> {
  const steps = codecs.map((codec) => STEPS[codec.name]!(codec));
  const undo = await Promise.all(steps.map((step) => step.undo()));
  const compressor = steps.findIndex(({ adds }) => adds === null);
  return (input, size) => {
    let bytes = input;
    for (let k = steps.length - 1; k >= 0; k--) {
      const before = steps.slice(0, k).reduce((sum, { adds }) => sum + (adds ?? 0), size);
      // What a compressor gave is of any length.
      bytes = undo[k]!(bytes, k > compressor && compressor >= 0 ? bytes.length - steps[k]!.adds! : before);
    }
    return sized(bytes, size);
  };
}

/** numcodecs writes the length before the block. */
async function sizedLz4(): Promise<Decompress> {
  const block = await decompressor('lz4-block');
  return (input, size) => {
    if (input.length < 4) throw new DecompressionError('it ends too soon');
    const claimed = new DataView(input.buffer, input.byteOffset).getUint32(0, true);
    if (claimed !== size) throw new DecompressionError(`it gives ${claimed} bytes where ${size} were expected`);
    return block(input.subarray(4), size);
  };
}

function withoutChecksum(input: Uint8Array, size: number): Uint8Array {
  if (size < 0) throw new DecompressionError('it ends too soon');
  const bytes = sized(input, size + 4).subarray(0, size);
  const stored = new DataView(input.buffer, input.byteOffset).getUint32(size, true);
  if (crc32c(bytes) !== stored) throw new DecompressionError('its checksum (CRC-32C) differs');
  return bytes;
}

function sized(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) throw new DecompressionError(`it has ${bytes.length} bytes where ${size} were expected`);
  return bytes;
}
