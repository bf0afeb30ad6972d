import { join } from 'node:path';
import type { Layout } from '../checkpoint';
import { filesOf, foldersOf, listDirectory, readSmallText } from '../directory';
import { markerOf, runListing, unevenFiles } from '../listing';
import { seriesOf } from '../series';
import { trackedBy } from '../tracker';
import { wholeFiles } from '../weights';

const ZERO_SHARD = /^(?:bf16_)?zero_pp_rank_/;
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
        const weights = await wholeFiles(files.filter((file) => MODEL_STATES.test(file.name) && !ZERO_SHARD.test(file.name)));
        const waitingFor = weights.waitingFor ?? tracking.waitingFor(step, name);
        return { name, step, path, files: weights.files, parts: weights.parts, ...markerOf(waitingFor, tracking.settled) };
      }),
    );
    const missing: string[] = [];
    if (own.some(({ files }) => files.some(({ name }) => ZERO_SHARD.test(name)))) {
      missing.push(
        'The shards of ZeRO (zero_pp_rank_*) are not read yet; with stage 3 they hold the weights, which zero_to_fp32.py gathers.',
      );
    }
    return runListing(this, checkpoints, [...missing, ...tracking.missing, ...unevenFiles(checkpoints)]);
  },
};
