import { type ByteSource, partOf } from '../bytes/byte-source';
import { type Decompress, DecompressionError } from '../bytes/decompress';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT } from '../matrices/elements';
import { chunkDecoder } from './zarr-codecs';
import type { ChunkedArray } from './zarr-metadata';
import type { ZarrStore } from './zarr-store';

/** Bytes of decoded chunks, and of the indices of shards, that are kept. */
const KEPT_BYTES = 32 * 2 ** 20;
const KEPT_INDEX_BYTES = 16 * 2 ** 20;
/** No compressor adds more to what it cannot shrink. */
const MOST_ADDED = (bytes: number): number => bytes + Math.ceil(bytes / 8) + 65_536;
const MISSING = 0xffff_ffff_ffff_ffffn;

/** Where the encoded bytes of a chunk lie, by its index along each axis; null where it is not stored. */
export type LocateChunk = (index: readonly number[]) => Promise<ByteSource | null>;

/**
 * The decoded bytes of a chunk by its index along each axis, little-endian; null where it is not stored. Those used last are kept.
 * @throws FormatError where it is damaged
 */
export type ReadChunk = (index: readonly number[]) => Promise<Uint8Array | null>;

export function chunkBytes({ chunk, type }: ChunkedArray): number {
  return product(chunk) * BYTES_PER_ELEMENT[type];
}

/** How many chunks are kept. */
export function keptChunks(array: ChunkedArray): number {
  return Math.max(1, Math.floor(KEPT_BYTES / chunkBytes(array)));
}

/** @param prefix of the array's keys */
export function chunkLocator(store: ZarrStore, prefix: string, array: ChunkedArray): LocateChunk {
  const { chunk, shard, stored, keyOf } = array;
  const valueAt = (index: readonly number[]): ByteSource | null => store.values.get(prefix + keyOf(index)) ?? null;
  if (shard === null) return async (index) => valueAt(index);

  const inner = stored.map((length, k) => length / chunk[k]!);
  const indexOf = kept(Math.max(1, Math.floor(KEPT_INDEX_BYTES / (16 * product(inner)))), async (index) => {
    const value = valueAt(index);
    return value === null ? null : { value, entries: await shardIndex(value, product(inner), shard) };
  });
  return async (index) => {
    const found = await indexOf(index.map((i, k) => Math.floor(i / inner[k]!)));
    if (found === null) return null;
    const at = index.reduce((position, i, k) => position * inner[k]! + (i % inner[k]!), 0);
    const [offset, length] = [found.entries.getBigUint64(16 * at, true), found.entries.getBigUint64(16 * at + 8, true)];
    return offset === MISSING && length === MISSING ? null : partOf(found.value, `chunk ${index.join()}`, Number(offset), Number(length));
  };
}

export function chunkReader(locate: LocateChunk, array: ChunkedArray): ReadChunk {
  const { type, encoding } = array;
  const bytes = chunkBytes(array);
  const decoding = chunkDecoder(encoding.codecs);
  return kept(keptChunks(array), async (index) => {
    const source = await locate(index);
    if (source === null) return null;
    checkEncoded(source, bytes);
    const encoded = new Uint8Array(source.size);
    await source.read(0, encoded);
    return native(explained(await decoding, encoded, bytes, source.path, 'the chunk'), BYTES_PER_ELEMENT[type], encoding.order);
  });
}

/** @throws FormatError where a chunk has more bytes than any encoding takes */
export function checkEncoded({ path, size }: ByteSource, decoded: number): void {
  if (size > MOST_ADDED(decoded))
    throw new FormatError(path, null, `the chunk has ${size} bytes, more than its ${decoded} take in any encoding.`);
}

/** Offset and length of every inner chunk, 8 bytes each, little-endian. */
async function shardIndex(
  value: ByteSource,
  chunks: number,
  { codecs, order, atEnd }: NonNullable<ChunkedArray['shard']>,
): Promise<DataView> {
  const bytes = 16 * chunks;
  const length = bytes + 4 * codecs.length;
  if (length > value.size)
    throw new FormatError(value.path, value.size, `an index of ${length} bytes was expected, but the shard has ${value.size}.`);
  const encoded = new Uint8Array(length);
  await value.read(atEnd ? value.size - length : 0, encoded);
  const index = native(explained(await chunkDecoder(codecs), encoded, bytes, value.path, 'the index of the shard'), 8, order);
  return new DataView(index.buffer, index.byteOffset, index.length);
}

function explained(decode: Decompress, encoded: Uint8Array, bytes: number, path: string, what: string): Uint8Array {
  try {
    return decode(encoded, bytes);
  } catch (error) {
    if (!(error instanceof DecompressionError)) throw error;
    throw new FormatError(path, null, `${what} cannot be decoded: ${error.message}.`);
  }
}

/** Bytes of our own, aligned to elements and little-endian. */
function native(bytes: Uint8Array, size: number, order: 'little' | 'big'): Uint8Array {
  if (bytes.byteOffset % size === 0 && (order === 'little' || size === 1)) return bytes;
  const copy = Buffer.from(new Uint8Array(bytes).buffer);
  if (order === 'little' || size === 1) return copy;
  return size === 2 ? copy.swap16() : size === 4 ? copy.swap32() : copy.swap64();
}

/** Keeps the last `count` results; one that failed is tried again. */
function kept<T>(count: number, load: (index: readonly number[]) => Promise<T>): (index: readonly number[]) => Promise<T> {
  const results = new Map<string, Promise<T>>();
  return (index) => {
    const key = index.join();
    const result = results.get(key) ?? load(index);
    results.delete(key);
    results.set(key, result);
    if (results.size > count) results.delete(results.keys().next().value!);
    result.catch(() => results.delete(key));
    return result;
  };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
