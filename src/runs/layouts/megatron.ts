import { join } from 'node:path';
import type { Checkpoint, Layout } from '../checkpoint';
import { type Entry, filesOf, foldersOf, type ListDirectory, listDirectory, readSmallText } from '../directory';
import { markerOf, namesInWords, runListing, unevenFiles } from '../listing';
import { trackedBy } from '../tracker';
import { distributedIn, type Weights, wholeFiles } from '../weights';

const ITERATION = /^iter_(\d+)$/;
const RANK = /^mp_rank_\d+(?:_\d+)?$/;
const MODEL = /^model_(?:optim_)?rng\.pt$/;
const TRACKER = 'latest_checkpointed_iteration.txt';

/**
 * Megatron-LM: `iter_0000100/mp_rank_00/model_optim_rng.pt`, or shards of a distributed checkpoint with `metadata.json`. The tracker file
 * names the newest iteration once it is whole.
 */
export const megatron: Layout = {
  id: 'megatron',
  label: 'Megatron-LM',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const folders = foldersOf(entries.filter(({ name }) => ITERATION.test(name)));
    if (folders.length === 0) return null;
    const latest = await readSmallText(join(directory, TRACKER));
    const newest = latest !== null && /^\d+$/.test(latest) ? Number(latest) : null;
    const tracking = trackedBy(TRACKER, latest, newest, folders.length);
    const read = await Promise.all(
      folders.map(async (folder): Promise<{ checkpoint: Checkpoint; sharded: boolean }[]> => {
        const inside = await list(folder.path);
        if (inside === null) return [];
        const { name, path } = folder;
        const step = Number(ITERATION.exec(name)![1]);
        const { files, parts, waitingFor } = (await distributedIn(inside)) ?? (await rankFiles(inside, list));
        // Older distributed checkpoints hold Zarr arrays.
        const sharded = parts.length === 0 && inside.some((entry) => entry.name === 'metadata.json');
        const absent = parts.length === 0 && !sharded ? 'its weights' : waitingFor;
        const marker = markerOf(absent ?? tracking.waitingFor(step, `iteration ${step}`), tracking.settled);
        return [{ checkpoint: { name, step, path, files, parts, ...marker }, sharded }];
      }),
    );
    const found = read.flat();
    const checkpoints = found.map(({ checkpoint }) => checkpoint);
    const sharded = found.flatMap(({ checkpoint, sharded }) => (sharded ? [checkpoint.name] : []));
    if (latest === null && sharded.length === 0 && checkpoints.every(({ files }) => files.length === 0)) return null;
    const missing =
      sharded.length === 0 ? [] : [`${namesInWords(sharded)}: Zarr shards of a distributed checkpoint, which cannot be read yet.`];
    return runListing(this, checkpoints, [...missing, ...tracking.missing, ...unevenFiles(checkpoints)]);
  },
};

/** The file of each tensor- and pipeline-parallel rank, named with its folder. */
async function rankFiles(entries: readonly Entry[], list: ListDirectory): Promise<Weights> {
  const ranks = await Promise.all(
    foldersOf(entries)
      .filter(({ name }) => RANK.test(name))
      .map(async (rank) => {
        const files = filesOf((await list(rank.path)) ?? []).filter(({ name }) => MODEL.test(name));
        return files.map((file) => ({ ...file, name: `${rank.name}/${file.name}` }));
      }),
  );
  return wholeFiles(ranks.flat());
}
