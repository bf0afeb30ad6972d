import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ByteSource, ListFolder, OpenBytes } from '../bytes/byte-source';
import { ShardPool } from '../bytes/shard-pool';
import { readEntry, readZip, storedPart, type ZipEntry } from '../bytes/zip';
import { FormatError } from '../format-error';
import { MOST_CHUNK_BYTES } from './zarr-codecs';

/** What Zarr keeps anywhere: metadata and chunks by their keys, `layer/kernel/.zarray` or `layer/kernel/0.0`. */
export interface ZarrStore {
  readonly path: string;
  /** Closing a value does nothing: close the store. */
  readonly values: ReadonlyMap<string, ByteSource>;
  /** Of all files together. */
  readonly bytes: number;
  /** A line that changes when any of the files does. */
  readonly fingerprint: string;
  close(): Promise<void>;
}

/** Each is a file to look at. */
const MOST_VALUES = 100_000;
const DEEPEST = 32;
const AT_ONCE = 16;
const METADATA = /(?:^|\/)(?:\.zarray|zarr\.json)$/;
const CHUNK = /(?:^|\/)(?:c|(?:c\.)?\d+(?:\.\d+)*)$/;

/** A folder with what lies in it. */
export async function folderStore(folder: string, openBytes: OpenBytes, listFolder: ListFolder): Promise<ZarrStore> {
  const keys = (await keysIn(folder, listFolder)).filter((key) => METADATA.test(key) || CHUNK.test(key)).sort();
  const pool = new ShardPool(openBytes);
  try {
    const values = new Map<string, ByteSource>();
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE);
      const sources = await settled(some.map((key) => pool.shard(join(folder, key))));
      some.forEach((key, i) => {
        values.set(key, sources[i]!);
      });
    }
    return storeOf(folder, values, [...values.values()], () => pool.close());
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** @param files that hold the values */
export function storeOf(
  path: string,
  values: ReadonlyMap<string, ByteSource>,
  files: readonly ByteSource[],
  close: () => Promise<void>,
): ZarrStore {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file.path} ${file.fingerprint}\n`);
  return { path, values, bytes: files.reduce((sum, { size }) => sum + size, 0), fingerprint: `${path} ${hash.digest('hex')}`, close };
}

/** Paths of all files, with `/`, relative to the folder. */
async function keysIn(folder: string, listFolder: ListFolder): Promise<string[]> {
  const keys: string[] = [];
  let looked = 0;
  const walk = async (prefix: string, names: readonly string[], depth: number): Promise<void> => {
    looked += names.length;
    if (looked > MOST_VALUES) throw new FormatError(folder, null, `it holds more than the ${MOST_VALUES} files that are read at most.`);
    if (depth > DEEPEST) throw new FormatError(folder, null, `its folders lie more than ${DEEPEST} deep.`);
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const some = names.slice(at, at + AT_ONCE);
      const inside = await Promise.all(some.map((name) => listFolder(join(folder, prefix, name))));
      for (const [i, name] of some.entries()) {
        if (inside[i] === null) keys.push(prefix + name);
        else await walk(`${prefix}${name}/`, inside[i]!, depth + 1);
      }
    }
  };
  const names = await listFolder(folder);
  if (names === null) throw new FormatError(folder, null, 'there is no such folder.');
  await walk('', names, 0);
  return keys;
}

/** All of them, or the first that failed once none is under way. */
async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** A ZIP archive of such a folder. */
export async function zipStore(source: ByteSource): Promise<ZarrStore> {
  const entries = (await readZip(source)).filter(({ name }) => METADATA.test(name) || CHUNK.test(name));
  if (entries.length > MOST_VALUES)
    throw new FormatError(source.path, null, `it holds more than the ${MOST_VALUES} members that are read at most.`);
  const values = new Map(
    entries.map((entry) => [entry.name, entry.method === 'stored' ? storedPart(source, entry) : inflated(source, entry)]),
  );
  return storeOf(source.path, values, [source], () => source.close());
}

function inflated(source: ByteSource, entry: ZipEntry): ByteSource {
  return wholeSource(`${source.path} (${entry.name})`, entry.size, () => readEntry(source, entry, MOST_CHUNK_BYTES));
}

/** A value that is had whole. */
export function wholeSource(path: string, size: number, load: () => Promise<Uint8Array>): ByteSource {
  return {
    path,
    size,
    fingerprint: '',
    async read(offset, target) {
      if (offset < 0 || offset + target.length > size)
        throw new FormatError(path, offset, `${target.length} bytes were expected, but the data ends at byte ${size}.`);
      target.set((await load()).subarray(offset, offset + target.length));
    },
    async close() {},
  };
}

/** All of a value of at most so many bytes. */
export async function wholeValue(value: ByteSource, limit: number): Promise<Uint8Array> {
  if (value.size > limit) throw new FormatError(value.path, null, `it has ${value.size} bytes, more than the ${limit} expected at most.`);
  const bytes = new Uint8Array(value.size);
  await value.read(0, bytes);
  return bytes;
}
