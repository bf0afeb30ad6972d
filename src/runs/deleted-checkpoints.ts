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
  const others = heads.filter(({ checkpoint }) => present.has(checkpoint));
  return heads.filter(
    ({ checkpoint, step, analysedAt }) =>
      !present.has(checkpoint) &&
      others.every((other) => (other.step < step ? other.analysedAt <= analysedAt : other.analysedAt >= analysedAt)),
  );
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
