import { join } from 'node:path';
import type { OpenBytes } from '../bytes/byte-source';
import { ShardPool } from '../bytes/shard-pool';
import { FormatError } from '../format-error';
import { BYTES_PER_ELEMENT, type ElementType } from '../matrices/elements';
import { contiguousStrides } from '../matrices/flatten';
import { readQuantisationConfig } from '../quantised/quantisation-config';
import { dequantised, type Outcome } from '../quantised/quantised';
import type { Stored } from '../quantised/quantised-tensor';
import { openShards, readShardIndex, tensorsIn } from '../weights/shard-index';
import type { StoredModel, StoredTensor } from '../weights/stored-tensors';
import { readSafetensorsHeader } from './safetensors-header';

const INDEX = '.safetensors.index.json';

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
  const index = await readShardIndex(path, openBytes);
  const pool = new ShardPool(openBytes);
  try {
    const shards = await openShards(path, index, pool);
    const files = [...shards.values()];
    const placed: Stored[] = [];
    const warnings: string[] = [];
    for (const [shard, source] of shards) {
      const header = await readSafetensorsHeader(source);
      const { here, warnings: left } = tensorsIn(source.path, header.entries, index.shards.get(shard)!);
      for (const entry of here) placed.push({ ...entry, source });
      warnings.push(...header.warnings, ...left);
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
