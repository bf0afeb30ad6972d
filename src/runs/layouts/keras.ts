import type { Layout } from '../checkpoint';
import { filesOf, listDirectory, withoutAliases } from '../directory';
import { fileCheckpoints } from '../file-series';
import { runListing } from '../listing';
import { seriesOf } from '../series';

/** Keras's ModelCheckpoint: a numbered series of `.keras`, `.weights.h5` or `.h5`. */
export const keras: Layout = {
  id: 'keras',
  label: 'Keras',
  async recognise(directory, list = listDirectory) {
    const files = withoutAliases(filesOf((await list(directory)) ?? []));
    const [series] = seriesOf(files.filter(({ name }) => /\.(?:keras|h5)$/i.test(name)));
    if (series === undefined) return null;
    return runListing(this, await fileCheckpoints(series.members, null), ['Files of Keras (.keras, .h5) cannot be read yet.']);
  },
};
