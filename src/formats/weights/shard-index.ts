import { basename, dirname, join } from 'node:path';
import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import type { ShardPool } from '../bytes/shard-pool';
import { FormatError } from '../format-error';
import { parseBoundedJson } from '../json/bounded-json';
import { isRecord } from '../safetensors/safetensors-header';

/** Far above any model; each shard is a file to open. */
const MAX_SHARDS = 10_000;
const MAX_INDEX_BYTES = 100_000_000;

/** Which tensor of a model lies in which of its files. */
export interface ShardIndex {
  readonly bytes: number;
  readonly fingerprint: string;
  /** Names of the tensors that each shard should hold, by the shard's file name. */
  readonly shards: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * The index of a model in several files, as Hugging Face libraries write it.
 * @throws FormatError when it is none, or names a file outside its folder
 */
export async function readShardIndex(path: string, openBytes: OpenBytes): Promise<ShardIndex> {
  const source = await openBytes(path);
  try {
    if (source.size > MAX_INDEX_BYTES) {
      throw new FormatError(path, null, `an index of ${source.size} bytes is larger than any model needs.`);
    }
    const text = new Uint8Array(source.size);
    await source.read(0, text);
    const index = parseBoundedJson(text, path, 'the index', 0);
    const weightMap = isRecord(index) ? index.weight_map : undefined;
    if (!isRecord(weightMap)) throw new FormatError(path, null, 'the index should have a weight_map from tensor names to file names.');
    const shards = new Map<string, Set<string>>();
    for (const [tensor, shard] of Object.entries(weightMap)) {
      if (typeof shard !== 'string' || !isFileName(shard)) {
        throw new FormatError(
          path,
          null,
          `tensor ${JSON.stringify(tensor)} should lie in a file beside the index, not in ${JSON.stringify(shard)}.`,
        );
      }
      const names = shards.get(shard) ?? new Set();
      shards.set(shard, names.add(tensor));
    }
    if (shards.size > MAX_SHARDS) {
      throw new FormatError(path, null, `the index names ${shards.size} files, more than the ${MAX_SHARDS} expected at most.`);
    }
    return { bytes: source.size, fingerprint: source.fingerprint, shards };
  } finally {
    await source.close();
  }
}

/** A name that stays in the index's own folder on every platform: no separator, no drive or stream, no way up. */
export function isFileName(name: string): boolean {
  return name.length <= 255 && name !== '' && name !== '.' && name !== '..' && !/[/\\:\0]/.test(name);
}

/**
 * The files beside the index at `path`, by their names.
 * @throws FormatError when one cannot be opened
 */
export async function openShards(path: string, index: ShardIndex, pool: ShardPool): Promise<Map<string, ByteSource>> {
  const shards = new Map<string, ByteSource>();
  const missing: string[] = [];
  let reason = '';
  for (const shard of index.shards.keys()) {
    try {
      shards.set(shard, await pool.shard(join(dirname(path), shard)));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      if (missing.length === 0) reason = error.detail;
      missing.push(shard);
    }
  }
  if (missing.length > 0) {
    throw new FormatError(path, null, `${some(missing, 'file')} of the model cannot be opened: ${reason}`);
  }
  return shards;
}

/**
 * The tensors of a file that the index places there, and what it says of the others.
 * @param path of the file
 * @throws FormatError when one that it places there is not
 */
export function tensorsIn<Tensor extends { readonly name: string }>(
  path: string,
  tensors: readonly Tensor[],
  listed: ReadonlySet<string>,
): { readonly here: Tensor[]; readonly warnings: string[] } {
  const here = tensors.filter(({ name }) => listed.has(name));
  if (here.length < listed.size) {
    const present = new Set(here.map(({ name }) => name));
    const absent = [...listed].filter((name) => !present.has(name));
    throw new FormatError(path, null, `the index expects ${some(absent, 'tensor')} here, but the header does not list them.`);
  }
  const others = tensors.length - here.length;
  const warning = `${basename(path)} holds tensors that the index does not place there (${others}); they are left out.`;
  return { here, warnings: others > 0 ? [warning] : [] };
}

/** `file "a"`, `files "a" and 3 more`. */
function some(names: readonly string[], noun: string): string {
  const first = JSON.stringify(names[0]);
  return names.length === 1 ? `${noun} ${first}` : `${noun}s ${first} and ${names.length - 1} more`;
}
