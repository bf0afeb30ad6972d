import { join } from 'node:path';
import type { Layout } from '../checkpoint';
import { type Entry, filesOf, foldersOf, listDirectory, readSmallText } from '../directory';
import { markerOf, runListing, unevenFiles } from '../listing';
import { seriesOf } from '../series';
import { trackedBy } from '../tracker';
import { type Weights, wholeFiles } from '../weights';

const ZERO_SHARD = /^(?:bf16_)?zero_pp_rank_/;
const ZERO_STATES = /_(?:optim|model)_states\.pt$/;
const MODEL_STATES = /model_states\.pt$/;
const TRACKER = 'latest';

/**
 * DeepSpeed: `global_step<N>/mp_rank_00_model_states.pt` with the shards of ZeRO beside it, and `latest`, a text file that names the
 * newest folder once it is whole.
 */
export const deepspeed: Layout = {
  id: 'deepspeed',
  label: 'DeepSpeed',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const listed = await Promise.all(
      foldersOf(entries).map(async (folder) => ({ ...folder, files: filesOf((await list(folder.path)) ?? []) })),
    );
    const own = listed.filter(({ files }) => files.some(({ name }) => MODEL_STATES.test(name) || ZERO_SHARD.test(name)));
    const [series] = seriesOf(own);
    if (series === undefined) return null;
    const latest = await readSmallText(join(directory, TRACKER));
    const newest = series.members.find(({ item }) => item.name === latest)?.step ?? null;
    const tracking = trackedBy(TRACKER, latest, newest, series.members.length);
    const checkpoints = await Promise.all(
      series.members.map(async ({ item: { name, path, files }, step }) => {
        const weights = await weightsIn(name, path, files);
        const waitingFor = weights.waitingFor ?? tracking.waitingFor(step, name);
        return { name, step, path, files: weights.files, parts: weights.parts, ...markerOf(waitingFor, tracking.settled) };
      }),
    );
    return runListing(this, checkpoints, [...tracking.missing, ...unevenFiles(checkpoints)]);
  },
};

/** The model's states; with stage 3 of ZeRO they hold no weights, and the folder with the shards of all ranks is the model. */
async function weightsIn(folder: string, path: string, files: readonly Entry[]): Promise<Weights> {
  const states = files.filter(({ name }) => MODEL_STATES.test(name) && !ZERO_SHARD.test(name));
  if (states.length > 0) return wholeFiles(states);
  const shards = await wholeFiles(files.filter(({ name }) => ZERO_SHARD.test(name) && ZERO_STATES.test(name)));
  return { ...shards, files: [{ path, name: folder.replace(/\d+/g, '*') }] };
}
