import { restored } from './analyze-checkpoint';
import type { History } from './history';
import type { AnalyzedCheckpoint, MatrixReport } from './run-report';

/**
 * What the history has of checkpoints that are deleted by now (`save_total_limit`). A later run into the same folder leaves older
 * entries with the same steps: what does not fit into the order in which the others were analysed is of another run.
 * @param listed names of the checkpoints that are there
 */
export async function deletedCheckpoints(history: History, run: string, listed: readonly string[]): Promise<AnalyzedCheckpoint[]> {
  const heads = history.entries.filter((head) => head.run === run);
  const present = new Set(listed);
  const others = heads.filter(({ checkpoint }) => present.has(checkpoint));
  const fits = (step: number, time: string): boolean =>
    others.every((other) => (other.step < step ? other.analysedAt <= time : other.analysedAt >= time));
  const deleted = new Map<string, { step: number; matrices: Map<string, MatrixReport> }>();
  for (const { key, checkpoint, step, file, tensor, analysedAt } of heads) {
    if (present.has(checkpoint) || !fits(step, analysedAt)) continue;
    const entry = await history.find(key);
    if (entry === undefined) continue;
    const { matrices } = deleted.get(checkpoint) ?? { matrices: new Map() };
    // Of one matrix that was analysed in several ways, or overwritten, the last counts.
    deleted.set(checkpoint, { step, matrices: matrices.set(JSON.stringify([file, tensor]), { file, report: restored(entry) }) });
  }
  return Array.from(deleted, ([name, { step, matrices }]) => ({ name, step, matrices: [...matrices.values()] }));
}
