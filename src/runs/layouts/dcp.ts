import type { Layout } from '../checkpoint';
import { foldersOf, listDirectory } from '../directory';
import { markerOf, runListing } from '../listing';
import { seriesOf } from '../series';
import { distributedIn } from '../weights';

/** torch.distributed.checkpoint (FSDP, TorchTitan): numbered folders of `__R_N.distcp`, and `.metadata`, which is written last. */
export const dcp: Layout = {
  id: 'dcp',
  label: 'PyTorch distributed checkpoint (DCP)',
  async recognise(directory, list = listDirectory) {
    const folders = foldersOf((await list(directory)) ?? []);
    const listed = await Promise.all(
      folders.map(async (folder) => ({ ...folder, weights: await distributedIn((await list(folder.path)) ?? []) })),
    );
    const [series] = seriesOf(listed.filter(({ weights }) => weights !== null));
    if (series === undefined) return null;
    const checkpoints = series.members.map(({ item: { name, path, weights }, step }) => {
      const { files, parts, waitingFor } = weights!;
      return { name, step, path, files, parts, ...markerOf(waitingFor, 'complete') };
    });
    return runListing(this, checkpoints, []);
  },
};
