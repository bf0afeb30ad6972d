import type { Layout } from '../checkpoint';
import { foldersOf, listDirectory } from '../directory';
import { markerOf, runListing } from '../listing';
import { seriesOf } from '../series';

const SHARD = /\.distcp$/;
const PLAN = '.metadata';

/** torch.distributed.checkpoint (FSDP, TorchTitan): numbered folders of `__R_N.distcp`, and `.metadata`, which is written last. */
export const dcp: Layout = {
  id: 'dcp',
  label: 'PyTorch distributed checkpoint (DCP)',
  async recognise(directory, list = listDirectory) {
    const folders = foldersOf((await list(directory)) ?? []);
    const listed = await Promise.all(folders.map(async (folder) => ({ ...folder, entries: (await list(folder.path)) ?? [] })));
    const [series] = seriesOf(listed.filter(({ entries }) => entries.some(({ name }) => SHARD.test(name) || name === PLAN)));
    if (series === undefined) return null;
    const checkpoints = series.members.map(({ item: { name, path, entries }, step }) => {
      const waitingFor = entries.some((entry) => entry.name === PLAN) ? null : PLAN;
      return { name, step, path, files: [], parts: [], ...markerOf(waitingFor, 'complete') };
    });
    return runListing(this, checkpoints, [
      'The shards of DCP cannot be read yet; torch.distributed.checkpoint.format_utils writes them as one file that can.',
    ]);
  },
};
