import type { Checkpoint, Layout } from '../checkpoint';
import { type Entry, type ListDirectory, listDirectory, withoutAliases } from '../directory';
import { fileCheckpoints } from '../file-series';
import { leftAside, markerOf, runListing } from '../listing';
import { distributedIn, isTensorFile } from '../weights';

const NAMED = /(?:^|[^a-z])(?:epoch|step)=\d+.*\.ckpt$/i;

/**
 * PyTorch Lightning's ModelCheckpoint: `epoch=1-step=200.ckpt`, with `-v1` where that name was taken. A link `last.ckpt` is not listed
 * again. In the directory form (FSDP, ModelParallel) each checkpoint is a folder of DCP shards with `meta.pt`.
 */
export const lightning: Layout = {
  id: 'lightning',
  label: 'PyTorch Lightning',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const named = withoutAliases(entries.filter(({ name }) => NAMED.test(name)));
    if (named.length === 0) return null;
    const steps = stepsOf(named.map(({ name }) => name));
    const members = named.map((item, i) => ({ item, step: steps[i]! }));
    const files = members.filter(({ item }) => item.kind === 'file');
    const folders = members.filter(({ item }) => item.kind === 'directory');
    const checkpoints = [
      ...(await fileCheckpoints(files, '*.ckpt')),
      ...(await Promise.all(folders.map(({ item, step }) => folderCheckpoint(item, step, list)))).flat(),
    ];
    const others = withoutAliases(entries).filter((entry) => entry.kind === 'file' && isTensorFile(entry.name) && !named.includes(entry));
    return runListing(this, checkpoints, leftAside(others.map(({ name }) => name)));
  },
};

/** By the step in the names where all have one, otherwise by the epoch. */
function stepsOf(names: readonly string[]): number[] {
  const values = (key: RegExp) => names.map((name) => key.exec(name)?.[1]);
  const steps = values(/step=(\d+)/i);
  if (!steps.includes(undefined)) return steps.map(Number);
  const epochs = values(/epoch=(\d+)/i);
  return epochs.map((epoch, i) => Number(epoch ?? steps[i]));
}

async function folderCheckpoint(folder: Entry, step: number, list: ListDirectory): Promise<Checkpoint[]> {
  const inside = await list(folder.path);
  if (inside === null) return [];
  const { files, parts, waitingFor } = (await distributedIn(inside)) ?? { files: [], parts: [], waitingFor: '.metadata' };
  return [{ name: folder.name, step, path: folder.path, files, parts, ...markerOf(waitingFor, 'complete') }];
}
