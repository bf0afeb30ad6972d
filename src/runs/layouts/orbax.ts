import type { Layout } from '../checkpoint';
import { type Entry, foldersOf, type ListDirectory, listDirectory } from '../directory';
import { markerOf, runListing } from '../listing';
import { seriesOf } from '../series';

/** Written by Orbax into a checkpoint, or into each of its items in older versions. */
const METADATA = /^_(?:CHECKPOINT_)?METADATA$/;
/** On object stores, where nothing can be renamed, it is written last. */
const COMMITTED = 'commit_success.txt';

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
    const checkpoints = series.members.map(({ item: { name, path, entries }, step }) => {
      const waitingFor = commits && !entries.some((entry) => entry.name === COMMITTED) ? COMMITTED : null;
      return { name, step, path, files: [], parts: [], ...markerOf(waitingFor, 'complete') };
    });
    return runListing(this, checkpoints, ['The arrays of Orbax checkpoints cannot be read yet.']);
  },
};

async function isOrbax(entries: readonly Entry[], list: ListDirectory): Promise<boolean> {
  if (entries.some(({ name }) => METADATA.test(name))) return true;
  const items = await Promise.all(foldersOf(entries).map(({ path }) => list(path)));
  return items.some((inside) => inside?.some(({ name }) => METADATA.test(name)));
}
