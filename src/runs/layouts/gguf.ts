import type { Checkpoint, Layout } from '../checkpoint';
import { type Entry, filesOf, listDirectory, withoutAliases } from '../directory';
import { fileCheckpoints } from '../file-series';
import { runListing } from '../listing';
import { seriesOf } from '../series';

const PART = /^(.+)-(\d{5})-of-(\d{5})\.gguf$/i;

/** A numbered series of GGUF files; a model in parts (`-00001-of-00003.gguf`) is one checkpoint, known by its first part. */
export const gguf: Layout = {
  id: 'gguf',
  label: 'GGUF',
  async recognise(directory, list = listDirectory) {
    const files = withoutAliases(filesOf((await list(directory)) ?? [])).filter(({ name }) => /\.gguf$/i.test(name));
    const models = new Map<string, Entry[]>();
    for (const file of files) {
      const stem = PART.exec(file.name)?.[1] ?? file.name.slice(0, -'.gguf'.length);
      models.set(stem, [...(models.get(stem) ?? []), file]);
    }
    const [series] = seriesOf([...models].map(([name, parts]) => ({ name, parts })));
    if (series === undefined) return null;
    const checkpoints = await Promise.all(
      series.members.map(async ({ item: { parts }, step }): Promise<Checkpoint[]> => {
        const [first] = await fileCheckpoints([{ item: parts[0]!, step }], null);
        if (first === undefined) return [];
        const total = Number(PART.exec(parts[0]!.name)?.[3] ?? 1);
        const absent = total - parts.length;
        if (absent <= 0) return [first];
        return [{ ...first, marker: 'pending', waitingFor: `${absent} more of its ${total} parts` }];
      }),
    );
    return runListing(this, checkpoints.flat(), ['GGUF files cannot be read yet.']);
  },
};
