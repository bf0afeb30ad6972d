import { basename, dirname, join } from 'node:path';
import type { ListFolder, OpenBytes } from '../bytes/byte-source';
import type { Reader } from '../format';
import { FormatError } from '../format-error';
import { modelFile } from '../weights/model-file';
import type { StoredModel, StoredTensor } from '../weights/stored-tensors';
import { zarrTensors } from '../zarr/zarr';
import { folderStore, type ZarrStore } from '../zarr/zarr-store';
import { MANIFEST, ocdbtStore } from './ocdbt';

const METADATA = '_METADATA';
/** State of the training, which has matrices but none of the model's. */
const TRAINING_STATE = /^(?:[^/]*\/)?(?:opt_state|optimizer|opt)[./]/;

/**
 * Checkpoints of Orbax (JAX, Flax): a step with one folder for each item, or one item. Each parameter is a Zarr array, `params.dense.kernel`,
 * a folder by itself or in an OCDBT database. https://orbax.readthedocs.io/en/latest/guides/checkpoint/checkpoint_format.html
 */
export const orbax: Reader = {
  async open(path: string, openBytes: OpenBytes, listFolder?: ListFolder) {
    const folder = basename(path) === MANIFEST ? dirname(path) : path;
    return modelFile(path, 'orbax', await openCheckpoint(folder, openBytes, listFolder!), openBytes);
  },
};

/** Whether a folder with these names is an item of a checkpoint: arrays, and how they hang together. */
export function isItem(names: readonly string[]): boolean {
  return names.includes(METADATA) || names.includes(MANIFEST);
}

async function openCheckpoint(folder: string, openBytes: OpenBytes, listFolder: ListFolder): Promise<StoredModel> {
  const items = await itemsIn(folder, listFolder);
  const stores: ZarrStore[] = [];
  const close = async (): Promise<void> => {
    for (const store of stores) await store.close();
  };
  try {
    const held: { readonly item: string; readonly tensors: readonly StoredTensor[] }[] = [];
    for (const { name, names } of items) {
      const path = join(folder, name);
      if (!names.includes(MANIFEST) && names.some((inside) => inside.startsWith('ocdbt.process_')))
        throw new FormatError(path, null, `${MANIFEST} is missing: what the processes wrote was not joined, and the save is not complete.`);
      const store = names.includes(MANIFEST)
        ? await ocdbtStore(path, openBytes, listFolder)
        : await folderStore(path, openBytes, listFolder);
      stores.push(store);
      const tensors = await zarrTensors(store);
      if (tensors.length > 0) held.push({ item: name, tensors });
    }
    const tensors = held.flatMap(({ item, tensors }) =>
      held.length === 1 ? tensors : tensors.map((tensor) => ({ ...tensor, name: `${item}/${tensor.name}` })),
    );
    const weights = tensors.filter(({ name }) => !TRAINING_STATE.test(name));
    const left = weights.length === 0 ? 0 : tensors.length - weights.length;
    return {
      bytes: stores.reduce((sum, { bytes }) => sum + bytes, 0),
      tensors: left === 0 ? tensors : weights,
      warnings:
        left === 0 ? [] : [`${left} array${left === 1 ? '' : 's'} of the training (the optimizer) ${left === 1 ? 'is' : 'are'} left out.`],
      fingerprint: stores.map(({ fingerprint }) => fingerprint),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The folder itself, named '', or those of its folders that hold arrays. */
async function itemsIn(folder: string, listFolder: ListFolder): Promise<{ readonly name: string; readonly names: readonly string[] }[]> {
  const names = (await listFolder(folder)) ?? [];
  if (isItem(names)) return [{ name: '', names }];
  const inside = await Promise.all(names.map(async (name) => ({ name, names: (await listFolder(join(folder, name))) ?? [] })));
  const items = inside.filter((item) => isItem(item.names)).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (items.length === 0)
    throw new FormatError(folder, null, `no folder in it holds arrays: one with ${METADATA} or ${MANIFEST} was expected.`);
  return items;
}
