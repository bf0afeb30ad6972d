import type { Checkpoint, Layout } from '../checkpoint';
import { type Entry, filesOf, listDirectory, withoutAliases } from '../directory';
import { tensorFileSeries } from '../file-series';
import { leftAside, markerOf, runListing } from '../listing';
import { seriesOf } from '../series';
import { isTensorFile, wholeFiles } from '../weights';

const GGUF = /\.gguf$/i;
const PART = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/i;

interface Model {
  /** Without `.gguf` and the number of the part. */
  readonly name: string;
  readonly parts: readonly Entry[];
}

/** A numbered series of GGUF files; a model in parts (`-00001-of-00003.gguf`) is one checkpoint, known by its first part. */
export const gguf: Layout = {
  id: 'gguf',
  label: 'GGUF',
  async recognise(directory, list = listDirectory) {
    const entries = (await list(directory)) ?? [];
    const files = withoutAliases(filesOf(entries)).filter(({ name }) => isTensorFile(name));
    const [series] = seriesOf(modelsOf(files));
    if (series === undefined) return null;
    // Models that lie beside a series of another kind are the run where they are more.
    const other = tensorFileSeries(entries.filter(({ name }) => !GGUF.test(name)));
    if (other !== null && other.series.members.length >= series.members.length) return null;
    const own = new Set(series.members.flatMap(({ item }) => item.parts));
    const checkpoints = await Promise.all(series.members.map(({ item, step }) => checkpointOf(item, step, `${series.pattern}.gguf`)));
    return runListing(this, checkpoints, leftAside(files.flatMap((file) => (own.has(file) ? [] : [file.name]))));
  },
};

function modelsOf(files: readonly Entry[]): Model[] {
  const models = new Map<string, Entry[]>();
  for (const file of files) {
    if (!GGUF.test(file.name)) continue;
    const name = PART.exec(file.name)?.[1] ?? file.name.replace(GGUF, '');
    models.set(name, [...(models.get(name) ?? []), file]);
  }
  return [...models].map(([name, parts]) => ({ name, parts }));
}

async function checkpointOf({ parts }: Model, step: number, pattern: string): Promise<Checkpoint> {
  const [{ name, path }] = parts as readonly [Entry, ...Entry[]];
  const weights = await wholeFiles(parts);
  const total = Number(PART.exec(name)?.[3] ?? 1);
  const absent = total - parts.length;
  const waitingFor = absent > 0 ? `${absent} more of its ${total} parts` : weights.waitingFor;
  return { name, step, path, files: [{ path, name: pattern }], parts: weights.parts, ...markerOf(waitingFor, 'none') };
}
