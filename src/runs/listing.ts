import type { Checkpoint, Layout, RunListing } from './checkpoint';
import { compareNaturally, sortedNaturally } from './natural-order';

/** Puts checkpoints, and the files of each, in order and says what they are. */
export function runListing(
  layout: Pick<Layout, 'id' | 'label'>,
  checkpoints: readonly Checkpoint[],
  missing: readonly string[],
): RunListing {
  const ordered = checkpoints
    .map((checkpoint) => ({ ...checkpoint, files: sortedNaturally(checkpoint.files) }))
    .sort((a, b) => a.step - b.step || compareNaturally(a.name, b.name));
  const count = ordered.length === 1 ? '1 checkpoint' : `${ordered.length} checkpoints`;
  const [first, last] = [ordered[0]?.name, ordered.at(-1)?.name];
  const span = first === undefined ? '' : first === last ? `, ${first}` : `, ${first} to ${last}`;
  return { layout: layout.id, recognised: `${layout.label}: ${count}${span}.`, missing, checkpoints: ordered };
}

/** What the writer says of a save, from what is still awaited; `settled` where nothing is. */
export function markerOf(waitingFor: string | null, settled: 'complete' | 'none'): Pick<Checkpoint, 'marker' | 'waitingFor'> {
  return { marker: waitingFor === null ? settled : 'pending', waitingFor };
}

/** `a`, `a and b`, `a, b and 3 more`. */
export function namesInWords(names: readonly string[]): string {
  if (names.length <= 2) return names.join(' and ');
  return names.length === 3 ? `${names[0]}, ${names[1]} and ${names[2]}` : `${names[0]}, ${names[1]} and ${names.length - 2} more`;
}

/** A sentence on tensor files that lie beside the checkpoints and are no part of them; none without any. */
export function leftAside(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [
    `${namesInWords(names)} ${names.length === 1 ? 'lies' : 'lie'} beside the checkpoints and ${names.length === 1 ? 'is' : 'are'} left aside.`,
  ];
}

/** Sentences on files that some of the finished checkpoints hold and others do not. */
export function unevenFiles(checkpoints: readonly Checkpoint[]): string[] {
  const finished = checkpoints.filter(({ marker, files }) => marker !== 'pending' && files.length > 0);
  const holders = new Map<string, number>();
  for (const { name } of finished.flatMap(({ files }) => files)) holders.set(name, (holders.get(name) ?? 0) + 1);
  return [...holders]
    .filter(([, count]) => count < finished.length)
    .sort(([a], [b]) => compareNaturally(a, b))
    .map(([name, count]) => `${name} is in ${count} of the ${finished.length} checkpoints only.`);
}
