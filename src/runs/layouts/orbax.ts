import { basename } from 'node:path';
import type { CheckpointFile, Layout } from '../checkpoint';
import { type Entry, foldersOf, type ListDirectory, listDirectory } from '../directory';
import { markerOf, runListing, unevenFiles } from '../listing';
import { seriesOf } from '../series';

/** Written by Orbax into a checkpoint, or into each of its items in older versions. */
const METADATA = /^_(?:CHECKPOINT_)?METADATA$/;
/** On object stores, where nothing can be renamed, it is written last. */
const COMMITTED = 'commit_success.txt';
/** What an item with arrays has: an OCDBT database, or Zarr arrays. */
const ARRAYS = /^(?:manifest\.ocdbt|\.zarray|zarr\.json)$/;
/** Metadata, manifests, data files of OCDBT and chunks of Zarr. */
const PART = /^(?:_METADATA|manifest\.\w+|\.zarray|zarr\.json|[0-9a-f]{32}|c|(?:c\.)?\d+(?:\.\d+)*)$/;
const OPTIMIZER = /^(?:opt_state|optimizer|opt)$/;
/** Of the folders in an item: `ocdbt.process_0/d`, or the chunks of an array of Zarr by their indices. */
const DEEPEST = 8;

/** Orbax (JAX, Flax): `<step>/` or `<prefix>_<step>/`, renamed to that from a name with `.orbax-checkpoint-tmp` once it is whole. */
export const orbax: Layout = {
  id: 'orbax',
  label: 'Orbax',
  async recognise(directory, list = listDirectory) {
    const folders = foldersOf(((await list(directory)) ?? []).filter(({ name }) => /(?:^|_)\d+$/.test(name)));
    const listed = await Promise.all(folders.map(async (folder) => ({ ...folder, entries: (await list(folder.path)) ?? [] })));
    const own = await Promise.all(listed.map(({ entries }) => isOrbax(entries, list)));
    const [series] = seriesOf(listed.filter((_, i) => own[i]));
    if (series === undefined) return null;
    const commits = series.members.some(({ item }) => item.entries.some(({ name }) => name === COMMITTED));
    const checkpoints = await Promise.all(
      series.members.map(async ({ item: { name, path, entries }, step }) => {
        const waitingFor = commits && !entries.some((entry) => entry.name === COMMITTED) ? COMMITTED : null;
        const items = await itemsIn({ name: name.replace(/\d+/g, '*'), path }, entries, list);
        const files = items.map(({ file }) => file);
        return { name, step, path, files, parts: items.flatMap(({ parts }) => parts), ...markerOf(waitingFor, 'complete') };
      }),
    );
    return runListing(this, checkpoints, unevenFiles(checkpoints));
  },
};

async function isOrbax(entries: readonly Entry[], list: ListDirectory): Promise<boolean> {
  if (entries.some(({ name }) => METADATA.test(name))) return true;
  const items = await Promise.all(foldersOf(entries).map(({ path }) => list(path)));
  return items.some((inside) => inside?.some(({ name }) => METADATA.test(name)));
}

interface Item {
  /** A folder, which is opened as one model. */
  readonly file: CheckpointFile;
  readonly parts: readonly string[];
}

/** The checkpoint itself where it is an item, or those of its folders that hold arrays of the model. */
async function itemsIn(checkpoint: CheckpointFile, entries: readonly Entry[], list: ListDirectory): Promise<Item[]> {
  const candidates = isItem(entries)
    ? [{ file: checkpoint, entries }]
    : await Promise.all(
        foldersOf(entries)
          .filter(({ name }) => !OPTIMIZER.test(name))
          .map(async ({ name, path }) => ({ file: { name, path }, entries: (await list(path)) ?? [] })),
      );
  const items = candidates.filter((candidate) => isItem(candidate.entries));
  const held = await Promise.all(items.map(async ({ file, entries }) => ({ file, parts: await partsIn(entries, list, 0) })));
  return held.filter(({ parts }) => parts.some((part) => ARRAYS.test(basename(part))));
}

function isItem(entries: readonly Entry[]): boolean {
  return entries.some(({ name }) => name === '_METADATA' || name === 'manifest.ocdbt');
}

async function partsIn(entries: readonly Entry[], list: ListDirectory, depth: number): Promise<string[]> {
  const own = entries.filter(({ name, kind }) => kind === 'file' && PART.test(name)).map(({ path }) => path);
  if (depth === DEEPEST) return own;
  const inside = await Promise.all(foldersOf(entries).map(async ({ path }) => partsIn((await list(path)) ?? [], list, depth + 1)));
  return [...own, ...inside.flat()];
}
