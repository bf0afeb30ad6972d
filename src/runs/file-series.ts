import type { Checkpoint } from './checkpoint';
import { type Entry, filesOf, sizeOf, withoutAliases } from './directory';
import { markerOf } from './listing';
import { type Series, seriesOf } from './series';
import { isShard, isTensorFile } from './weights';

/**
 * The longest numbered series among the tensor files of a folder, and the names of the other tensor files. Null without a series; one
 * numbered file among others is none.
 */
export function tensorFileSeries(entries: readonly Entry[]): { series: Series<Entry>; others: string[] } | null {
  const files = withoutAliases(filesOf(entries)).filter(({ name }) => isTensorFile(name));
  const [series] = seriesOf(files.filter(({ name }) => !isShard(name)));
  if (series === undefined || (series.members.length === 1 && files.length > 1)) return null;
  const members = new Set(series.members.map(({ item }) => item));
  return { series, others: files.filter((file) => !members.has(file)).map(({ name }) => name) };
}

/**
 * Checkpoints that are one file each. A file that is gone since it was listed is left out.
 *
 * @param name of the file in the series, the same at every checkpoint
 */
export async function fileCheckpoints(members: Series<Entry>['members'], name: string): Promise<Checkpoint[]> {
  const checkpoints = await Promise.all(
    members.map(async ({ item, step }): Promise<Checkpoint[]> => {
      const size = await sizeOf(item.path);
      if (size === null) return [];
      const files = [{ path: item.path, name }];
      const parts = [item.path];
      return [
        { name: item.name, step, path: item.path, files, parts, ...markerOf(size === 0 ? `${item.name} to be written` : null, 'none') },
      ];
    }),
  );
  return checkpoints.flat();
}
