import { basename, dirname } from 'node:path';
import type { ListFolder, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT } from '../matrices/elements';
import { MOST_COLUMNS } from '../matrices/strided-matrix';
import type { TensorFile } from '../matrix-source';
import { type StoredTensor, storedTensorFile } from '../weights/stored-tensors';
import { chunkBytes, chunkLocator, chunkReader } from './zarr-chunks';
import { MOST_CHUNK_BYTES } from './zarr-codecs';
import { largeChunkMatrix } from './zarr-large-chunks';
import { zarrMatrix } from './zarr-matrix';
import { type ArrayDescription, type ChunkedArray, describeV2, describeV3, MOST_METADATA_BYTES } from './zarr-metadata';
import { folderStore, wholeValue, type ZarrStore, zipStore } from './zarr-store';

const METADATA = /^\.z(?:array|group|metadata)$/;
/** Fewer than one in so many chunks stored is no array that anyone wrote. */
const MOST_MISSING = 1000;

/** Zarr 2 and 3: a folder, or a ZIP archive of one, of arrays in chunks that are files. https://zarr-specs.readthedocs.io */
export const zarr: Reader = {
  async open(path: string, openBytes: OpenBytes, listFolder?: ListFolder): Promise<TensorFile> {
    const folder = METADATA.test(basename(path)) ? dirname(path) : path;
    const isFolder = (await listFolder!(folder)) !== null;
    const store = isFolder ? await folderStore(folder, openBytes, listFolder!) : await zipped(path, openBytes);
    try {
      const tensors = await zarrTensors(store);
      if (tensors.length === 0) throw new FormatError(path, null, 'there is no array in it.');
      const { bytes, fingerprint } = store;
      return storedTensorFile({ path, format: 'zarr', bytes, tensors, warnings: [], fingerprint, close: store.close });
    } catch (error) {
      await store.close();
      throw error;
    }
  },
};

async function zipped(path: string, openBytes: OpenBytes): Promise<ZarrStore> {
  const source = await openBytes(path);
  try {
    return await zipStore(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Every array in a store, by its path in it; an array that is the store itself has no name. */
export async function zarrTensors(store: ZarrStore): Promise<StoredTensor[]> {
  const found: { readonly prefix: string; readonly described: ArrayDescription }[] = [];
  for (const [key, value] of store.values) {
    const name = key.slice(key.lastIndexOf('/') + 1);
    if (name !== '.zarray' && name !== 'zarr.json') continue;
    const text = await wholeValue(value, MOST_METADATA_BYTES);
    const described = name === '.zarray' ? describeV2(text, value.path) : describeV3(text, value.path);
    if (described !== null) found.push({ prefix: key.slice(0, key.length - name.length), described });
  }
  const keys = keysByArray(store, new Set(found.map(({ prefix }) => prefix)));
  return found
    .sort((a, b) => (a.prefix < b.prefix ? -1 : 1))
    .map(({ prefix, described: { dtype, shape, array } }) => {
      const name = prefix.slice(0, -1);
      const unread = (note: string): StoredTensor => ({ name, dtype, shape, bytes: 0, layout: null, note });
      if (typeof array === 'string') return unread(array);
      const bytes = product(shape) * BYTES_PER_ELEMENT[array.type];
      if (bytes === 0) return { name, dtype, shape, bytes, layout: null, note: 'It has no elements.' };
      const grid = product(shape.map((size, k) => Math.ceil(size / array.stored[k]!)));
      const present = storedChunks(keys.get(prefix) ?? [], prefix, array);
      const missing = grid - present;
      if (present === 0) return unread(`None of its chunks is stored: every element would be the fill value, ${array.fill}.`);
      if (missing > MOST_MISSING * present) return unread(`Only ${present} of its ${grid} chunks are stored.`);
      return {
        name,
        dtype,
        shape,
        bytes,
        layout: (rows, columns) => {
          if (columns > MOST_COLUMNS) throw new FormatError(store.path, null, `its rows are longer than ${MOST_COLUMNS} columns.`);
          const locate = chunkLocator(store, prefix, array);
          return chunkBytes(array) > MOST_CHUNK_BYTES
            ? largeChunkMatrix(array, locate, rows, columns, store.path)
            : zarrMatrix(array, chunkReader(locate, array), rows, columns);
        },
        note: missing === 0 ? null : missingNote(missing, grid, array),
      };
    });
}

function missingNote(missing: number, grid: number, { fill }: ChunkedArray): string {
  return `${missing} of its ${grid} ${grid === 1 ? 'chunk' : 'chunks'} ${missing === 1 ? 'is' : 'are'} not stored: every element of ${missing === 1 ? 'it' : 'them'} counts as the fill value, ${fill}.`;
}

/** The keys in a store by the array that they lie in. */
function keysByArray(store: ZarrStore, prefixes: ReadonlySet<string>): Map<string, string[]> {
  const byArray = new Map([...prefixes].map((prefix): [string, string[]] => [prefix, []]));
  for (const key of store.values.keys()) {
    let prefix = key;
    do prefix = prefix.slice(0, prefix.lastIndexOf('/', prefix.length - 2) + 1);
    while (prefix !== '' && !prefixes.has(prefix));
    byArray.get(prefix)?.push(key);
  }
  return byArray;
}

/** How many of its chunks, or shards, are among the keys. */
function storedChunks(keys: readonly string[], prefix: string, { shape, stored, keyOf }: ChunkedArray): number {
  return keys.filter((key) => {
    const parts = key.slice(prefix.length).split(/[./]/);
    const index = parts.filter((part) => part !== 'c').map(Number);
    return index.length === shape.length && index.every((i, k) => i < shape[k]! / stored[k]!) && prefix + keyOf(index) === key;
  }).length;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
