import { restored } from './analyze-checkpoint';
import type { History, HistoryHead } from './history';
import type { AnalyzedCheckpoint, MatrixReport } from './run-report';

/**
 * What the history says of checkpoints that are deleted by now (`save_total_limit`). A later run into the same folder leaves older
 * entries with the same steps: what does not fit into the order in which the others were analysed is of another run.
 * @param listed names of the checkpoints that are there
 */
export function deletedHeads(history: History, run: string, listed: readonly string[]): HistoryHead[] {
  const heads = history.entries.filter((head) => head.run === run);
  const present = new Set(listed);
  const inOrder = orderOf(heads.filter(({ checkpoint }) => present.has(checkpoint)));
  return heads.filter((head) => !present.has(head.checkpoint) && inOrder(head));
}

/** Tells whether an entry is no older than any of these of an earlier step, and no newer than any of a later one. O(log n). */
function orderOf(heads: readonly HistoryHead[]): (head: HistoryHead) => boolean {
  const times = new Map<number, { first: string; last: string }>();
  for (const { step, analysedAt } of heads) {
    const span = times.get(step);
    if (span === undefined) times.set(step, { first: analysedAt, last: analysedAt });
    else if (analysedAt < span.first) span.first = analysedAt;
    else if (analysedAt > span.last) span.last = analysedAt;
  }
  const steps = Float64Array.from(times.keys()).sort();
  /** Of all steps before each, and of it and all after it. */
  const latest: string[] = [''];
  for (const step of steps) latest.push(later(latest.at(-1)!, times.get(step)!.last));
  const earliest: (string | null)[] = [null];
  for (const step of steps.toReversed()) earliest.push(earlier(earliest.at(-1)!, times.get(step)!.first));
  earliest.reverse();
  return ({ step, analysedAt }) => {
    const before = countBelow(steps, step);
    const after = earliest[before]!;
    return latest[before]! <= analysedAt && (after === null || analysedAt <= after);
  };
}

const later = (a: string, b: string): string => (a > b ? a : b);
const earlier = (a: string | null, b: string): string => (a !== null && a < b ? a : b);

/** How many of ascending values are below. */
function countBelow(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The checkpoints of these entries, with the reports that the history has of them. */
export async function readDeleted(history: History, heads: readonly HistoryHead[]): Promise<AnalyzedCheckpoint[]> {
  const deleted = new Map<string, { step: number; matrices: Map<string, MatrixReport> }>();
  for (const { key, checkpoint, step, file, tensor } of heads) {
    const entry = await history.find(key);
    if (entry === undefined) continue;
    const { matrices } = deleted.get(checkpoint) ?? { matrices: new Map() };
    // Of one matrix that was analysed in several ways, or overwritten, the last counts.
    deleted.set(checkpoint, { step, matrices: matrices.set(JSON.stringify([file, tensor]), { file, report: restored(entry) }) });
  }
  return Array.from(deleted, ([name, { step, matrices }]) => ({ name, step, matrices: [...matrices.values()] }));
}

/** The two in one, for those who have none of them yet. */
export async function deletedCheckpoints(history: History, run: string, listed: readonly string[]): Promise<AnalyzedCheckpoint[]> {
  return readDeleted(history, deletedHeads(history, run, listed));
}
