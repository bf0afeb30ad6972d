import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { toJson } from '../../src/analysis/report-json';
import { deletedCheckpoints, deletedHeads } from '../../src/runs/deleted-checkpoints';
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

it('keeps the entries that fit between those of the checkpoints that are there, as looking at each of them would', () => {
  const heads = fc.array(fc.record({ step: fc.nat(6), minute: fc.nat(9) }), { maxLength: 12 });
  fc.assert(
    fc.property(heads, fc.array(fc.nat(6)), (saved, present) => {
      const entries = saved.map(({ step, minute }) => entry(`c${step}`, step, minute));
      const listed = present.map((step) => `c${step}`);
      const others = entries.filter(({ checkpoint }) => listed.includes(checkpoint));
      const fits = entries.filter(
        ({ checkpoint, step, analysedAt }) =>
          !listed.includes(checkpoint) &&
          others.every((other) => (other.step < step ? other.analysedAt <= analysedAt : other.analysedAt >= analysedAt)),
      );
      expect(deletedHeads({ entries } as unknown as History, '/run', listed)).toEqual(fits);
    }),
  );
});

it('takes a moment for 100,000 entries, half of them of checkpoints that are gone', () => {
  const any = entry('c', 0, 0);
  const times = Array.from({ length: 782 }, (_, minute) => entry('c', 0, minute).analysedAt);
  const entries = Array.from({ length: 100_000 }, (_, i) => {
    return { ...any, checkpoint: `c${i >> 7}`, step: i >> 7, analysedAt: times[i >> 7]! };
  });
  const listed = entries.filter((_, i) => (i >> 7) % 2).map(({ checkpoint }) => checkpoint);
  const start = process.cpuUsage();
  expect(deletedHeads({ entries } as unknown as History, '/run', listed)).toHaveLength(50_048);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(1000);
});
