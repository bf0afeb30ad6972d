import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { toJson } from '../../src/analysis/report-json';
import { deletedCheckpoints } from '../../src/runs/deleted-checkpoints';
import { type History, type HistoryEntry, openHistory } from '../../src/runs/history';
import { directoryTree } from './directory-tree';
import { matrixReport } from './reports';

async function historyIn(folder: string): Promise<History> {
  const history = await openHistory(join(folder, 'history.jsonl'));
  onTestFinished(() => history.close());
  return history;
}

/** Analysed in the minute given. */
function entry(name: string, step: number, minute: number, changes: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    key: `${name} ${minute}`,
    run: '/run',
    checkpoint: name,
    step,
    file: 'embeddings.npy',
    tensor: null,
    analysedAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    report: toJson(matrixReport().report),
    ...changes,
  };
}

it('deleted checkpoints come from the history, those of an earlier run into the same folder and of other runs do not', async () => {
  const history = await historyIn(directoryTree({}));
  // An earlier run reached step 300.
  await history.append(entry('checkpoint-300', 300, 1));
  await history.append(entry('checkpoint-100', 100, 10));
  await history.append(entry('checkpoint-100', 100, 10, { key: 'other', run: '/other', checkpoint: 'checkpoint-50', step: 50 }));
  await history.append(entry('checkpoint-200', 200, 11));
  const deleted = await deletedCheckpoints(history, '/run', ['checkpoint-200']);
  expect(deleted.map(({ name, step }) => [name, step])).toEqual([['checkpoint-100', 100]]);
  expect(deleted[0]!.matrices.map(({ file }) => file)).toEqual(['embeddings.npy']);
});

it('a deleted checkpoint that was analysed in two ways counts once, as it was analysed last', async () => {
  const history = await historyIn(directoryTree({}));
  await history.append(entry('checkpoint-100', 100, 10));
  const { report } = matrixReport({ effectiveRank: 5 });
  await history.append(entry('checkpoint-100', 100, 11, { report: toJson(report) }));
  await history.append(entry('checkpoint-200', 200, 12));
  const deleted = await deletedCheckpoints(history, '/run', ['checkpoint-200']);
  expect(deleted.flatMap(({ matrices }) => matrices.map(({ report }) => report.quantities.effectiveRank?.value))).toEqual([5]);
});
