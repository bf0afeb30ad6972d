import { dirname, join } from 'node:path';
import type { ByteSource, OpenBytes } from '../bytes/byte-source';
import { ShardPool } from '../bytes/shard-pool';
import { FormatError } from '../format-error';
import { parseBoundedJson } from '../json/bounded-json';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';
import { contiguousStrides } from '../matrices/flatten';
import { readQuantisationConfig } from '../quantised/quantisation-config';
import { dequantised, type Outcome } from '../quantised/quantised';
import type { Stored } from '../quantised/quantised-tensor';
import type { StoredModel, StoredTensor } from '../weights/stored-tensors';
import { type HeaderEntry, isRecord, readSafetensorsHeader } from './safetensors-header';

const INDEX = '.safetensors.index.json';
/** Far above any model; each shard is a file to open. */
const MAX_SHARDS = 10_000;
const MAX_INDEX_BYTES = 100_000_000;

/**
 * Tensors of one file, or of a model in several with an index that says which tensor lies where, as they are stored.
 * @throws FormatError when it is not sound
 */
export function openSafetensors(path: string, openBytes: OpenBytes): Promise<StoredModel> {
  return path.toLowerCase().endsWith(INDEX) ? openSharded(path, openBytes) : openSingle(path, openBytes);
}

/** The model in a folder, under the names that Hugging Face libraries give it; null without one. */
export async function openSafetensorsFolder(folder: string, openBytes: OpenBytes): Promise<StoredModel | null> {
  for (const name of ['model.safetensors', `model${INDEX}`]) {
    const path = join(folder, name);
    const there = await openBytes(path).catch((error: unknown) => {
      if (error instanceof FormatError) return null;
      throw error;
    });
    await there?.close();
    if (there !== null) return openSafetensors(path, openBytes);
  }
  return null;
}

async function openSingle(path: string, openBytes: OpenBytes): Promise<StoredModel> {
  const source = await openBytes(path);
  try {
    const { entries, warnings } = await readSafetensorsHeader(source);
    const { tensors, config } = await toTensors(
      path,
      entries.map((entry) => ({ ...entry, source })),
      openBytes,
    );
    return {
      bytes: source.size,
      tensors,
      warnings,
      fingerprint: [`${path} ${source.fingerprint}`, ...config],
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openSharded(path: string, openBytes: OpenBytes): Promise<StoredModel> {
  const index = await readIndex(path, openBytes);
  const pool = new ShardPool(openBytes);
  try {
    const shards = await openShards(path, index, pool);
    const files = [...shards.values()];
    const placed: Stored[] = [];
    const warnings: string[] = [];
    for (const [shard, source] of shards) {
      const header = await readSafetensorsHeader(source);
      const here = entriesIn(source, header.entries, index.shards.get(shard)!);
      for (const entry of here) placed.push({ ...entry, source });
      warnings.push(...header.warnings);
      const others = header.entries.length - here.length;
      if (others > 0) warnings.push(`${shard} holds tensors that the index does not place there (${others}); they are left out.`);
    }
    const { tensors, config } = await toTensors(path, placed, openBytes);
    return {
      bytes: files.reduce((sum, file) => sum + file.size, index.bytes),
      tensors,
      warnings,
      fingerprint: [`${path} ${index.fingerprint}`, ...files.map((file) => `${file.path} ${file.fingerprint}`), ...config],
      close: () => pool.close(),
    };
  } catch (error) {
    await pool.close();
    throw error;
  }
}

/** @throws FormatError when one of the tensors that the index places in the file is not there */
function entriesIn(source: ByteSource, entries: readonly HeaderEntry[], listed: ReadonlySet<string>): HeaderEntry[] {
  const here = entries.filter(({ name }) => listed.has(name));
  if (here.length < listed.size) {
    const present = new Set(here.map(({ name }) => name));
    const absent = [...listed].filter((name) => !present.has(name));
    throw new FormatError(source.path, null, `the index expects ${some(absent, 'tensor')} here, but the header does not list them.`);
  }
  return here;
}

interface Index {
  readonly bytes: number;
  readonly fingerprint: string;
  /** Names of the tensors that each shard should hold, by the shard's file name. */
  readonly shards: ReadonlyMap<string, ReadonlySet<string>>;
}

async function readIndex(path: string, openBytes: OpenBytes): Promise<Index> {
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

async function openShards(path: string, index: Index, pool: ShardPool): Promise<Map<string, ByteSource>> {
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

/** `config` has the fingerprint of the files beside the model that say how it was quantised, if any were asked. */
async function toTensors(
  path: string,
  placed: readonly Stored[],
  openBytes: OpenBytes,
): Promise<{ tensors: StoredTensor[]; config: string[] }> {
  const { outcomes, fingerprint } = await dequantised(placed, () => readQuantisationConfig(path, openBytes));
  return {
    tensors: placed.map((tensor) => toTensor(tensor, outcomes.get(tensor.name))),
    config: fingerprint === '' ? [] : [fingerprint],
  };
}

function toTensor({ name, dtype, shape, source, start, end }: Stored, outcome: Outcome | undefined): StoredTensor {
  const bytes = end - start;
  if (outcome?.kind === 'numbers') {
    const { tensor } = outcome;
    return { name: tensor.name, dtype: tensor.scheme, shape: tensor.shape, bytes, layout: tensor.open, note: tensor.note };
  }
  const note = outcome?.note ?? unreadable(dtype);
  const layout =
    note === null
      ? { source, offset: start, type: dtype as ElementType, order: 'little' as const, strides: contiguousStrides(shape, 'C') }
      : null;
  return { name, dtype, shape, bytes, layout, note };
}

/** Why the elements are not numbers that have a spectrum, or null where they are. */
function unreadable(dtype: string): string | null {
  if (dtype === 'float8_e8m0fnu') return 'Elements of type float8_e8m0fnu are powers of two that scale another tensor.';
  if (!Object.hasOwn(BYTES_PER_ELEMENT, dtype)) return `Elements of type ${dtype} cannot be read yet.`;
  return null;
}

/** `file "a"`, `files "a" and 3 more`. */
function some(names: readonly string[], noun: string): string {
  const first = JSON.stringify(names[0]);
  return names.length === 1 ? `${noun} ${first}` : `${noun}s ${first} and ${names.length - 1} more`;
}
