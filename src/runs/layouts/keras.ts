import type { Layout } from '../checkpoint';
import { filesOf, listDirectory, withoutAliases } from '../directory';
import { fileCheckpoints, tensorFileSeries } from '../file-series';
import { runListing } from '../listing';
import { seriesOf } from '../series';

/** `.h5` alone says nothing: such a series is read as a plain folder. */
const KERAS = /\.(?:keras|weights\.h5)$/i;

/** Keras's ModelCheckpoint: a numbered series of `.keras` or `.weights.h5`. */
export const keras: Layout = {
  id: 'keras',
  label: 'Keras',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const files = withoutAliases(filesOf(entries));
    const [series] = seriesOf(files.filter(({ name }) => KERAS.test(name)));
    if (series === undefined) return null;
    // Models that lie beside a series of another kind are the run where they are more.
    const other = tensorFileSeries(entries.filter(({ name }) => !KERAS.test(name)));
    if (other !== null && other.series.members.length >= series.members.length) return null;
    return runListing(this, await fileCheckpoints(series.members, series.pattern), []);
  },
};
