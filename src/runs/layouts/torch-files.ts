import { formatOfEnding } from '../../formats/registry';
import type { Layout } from '../checkpoint';
import { listDirectory } from '../directory';
import { fileCheckpoints, tensorFileSeries } from '../file-series';
import { leftAside, runListing } from '../listing';

/** A folder of numbered files of `torch.save`: `model_step100.pt`. */
export const torchFiles: Layout = {
  id: 'torch-files',
  label: 'PyTorch files',
  async recognise(directory, list = listDirectory) {
    const found = tensorFileSeries((await list(directory)) ?? []);
    if (found === null || formatOfEnding(found.series.pattern)?.id !== 'torch') return null;
    return runListing(this, await fileCheckpoints(found.series.members, found.series.pattern), leftAside(found.others));
  },
};
