import { mkdtempSync, rmSync } from 'node:fs';
import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type JsonValue, reportFromJson, toJson } from '../../src/analysis/report-json';
import { type History, type HistoryEntry, openHistory } from '../../src/runs/history';
import { exact } from '../../src/spectral/bounded';
import { sampleReport } from '../cli/sample-report';

let root: string;
let path: string;
let opened: History[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sigma-'));
  path = join(root, 'deeper', 'history.jsonl');
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((history) => history.close()));
  rmSync(root, { recursive: true });
});

async function reopened(): Promise<History> {
  const history = await openHistory(path);
  opened.push(history);
  return history;
}

function entry(key: string, report: JsonValue = { value: 1 }): HistoryEntry {
  return {
    key,
    run: '/runs/a',
    checkpoint: 'checkpoint-1',
    step: 1,
    file: 'model',
    tensor: null,
    analysedAt: '2026-11-24T10:00:00.000Z',
    report,
  };
}
const keys = (history: History) => history.entries.map(({ key }) => key);

test('entries survive, in their order, and the last of a key counts', async () => {
  const first = await reopened();
  expect(first.entries).toEqual([]);
  await first.append(entry('a', { value: 1 }));
  await first.append({ ...entry('b'), checkpoint: 'größer,"report":{}', tensor: 'x","report":1', step: -0.5 });
  await first.append(entry('a', { value: 2 }));
  for (const history of [first, await reopened()]) {
    expect(keys(history)).toEqual(['a', 'b']);
    expect(await history.find('a')).toEqual(entry('a', { value: 2 }));
    expect(await history.find('b')).toMatchObject({ checkpoint: 'größer,"report":{}', tensor: 'x","report":1', step: -0.5 });
    expect(await history.find('c')).toBeUndefined();
    expect(history.damaged).toBe(0);
  }
  // Reports stay on disk.
  expect(first.entries.some((head) => 'report' in head)).toBe(false);
});

test('NaN stays NaN', async () => {
  const report = sampleReport({ quantities: { effectiveRank: exact(Number.NaN), codingLogDet: [], effectiveDimension: [] } });
  await (await reopened()).append(entry('a', toJson(report)));
  const read = reportFromJson((await (await reopened()).find('a'))!.report);
  expect(read.quantities.effectiveRank!.value).toBeNaN();
  expect(read).toEqual(report);
});

test('appends that are not waited for come one after the other', async () => {
  const history = await reopened();
  await Promise.all(Array.from({ length: 50 }, (_, i) => history.append(entry(`k${i}`, { long: 'x'.repeat(i * 997) }))));
  const again = await reopened();
  expect(keys(again)).toEqual(Array.from({ length: 50 }, (_, i) => `k${i}`));
  expect(again.damaged).toBe(0);
});

test('entries larger than what is read at once', async () => {
  const history = await reopened();
  const sizes = [10, 9_000_000, 10, 4_194_304, 10];
  for (const [i, size] of sizes.entries()) await history.append(entry(`k${i}`, { long: 'x'.repeat(size) }));
  const again = await reopened();
  for (const [i, size] of sizes.entries()) {
    expect((await again.find(`k${i}`))?.report).toEqual({ long: 'x'.repeat(size) });
  }
  expect(again.damaged).toBe(0);
});

describe('after a crash', () => {
  test('in the middle of an entry, that entry alone is lost, wherever it was cut off', async () => {
    const whole = await reopened();
    await whole.append(entry('a'));
    const { size: before } = await stat(path);
    await whole.append(entry('b', { nested: { value: 2 } }));
    const bytes = await readFile(path);
    for (let length = before; length <= bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      const torn = await openHistory(path);
      // Only the newline may be missing.
      const complete = length >= bytes.length - 1;
      expect(keys(torn)).toEqual(complete ? ['a', 'b'] : ['a']);
      expect(torn.damaged).toBe(complete || length === before ? 0 : 1);
      await torn.append(entry('c'));
      await torn.close();
      const again = await openHistory(path);
      expect([await again.find('a'), await again.find('c')]).toEqual([entry('a'), entry('c')]);
      expect(await again.find('b')).toEqual(complete ? entry('b', { nested: { value: 2 } }) : undefined);
      await again.close();
    }
  });

  test('of another writer while this one has the file open, the next entry is whole', async () => {
    const history = await reopened();
    await history.append(entry('a'));
    await appendFile(path, '{"schema":"sigma.history/1","key":"x","che');
    await history.append(entry('b'));
    const again = await reopened();
    expect(keys(again)).toEqual(['a', 'b']);
    expect(again.damaged).toBe(1);
  });

  test('a damaged line in the middle stays in place, is skipped and counted', async () => {
    const lines = ['a', 'b', 'c'].map((key) => JSON.stringify({ schema: 'sigma.history/1', ...entry(key) }));
    const damaged = [
      lines[0],
      '\u0000\u0000\u0000',
      '',
      '{"schema":"sigma.history/2","key":"z","report":1}',
      lines[1]!.slice(9),
      lines[2],
      '',
    ];
    await (await reopened()).append(entry('before'));
    await appendFile(path, damaged.join('\n'));
    const text = await readFile(path, 'utf8');
    const history = await reopened();
    expect(keys(history)).toEqual(['before', 'a', 'c']);
    expect(history.damaged).toBe(3);
    await history.append(entry('d'));
    expect((await readFile(path, 'utf8')).startsWith(text)).toBe(true);
  });

  test('a damaged report is found out when it is asked for', async () => {
    await (await reopened()).append(entry('a', { value: [1, 2, 3] }));
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('[1,2,3]', '[1,2;3]'));
    const history = await reopened();
    expect(await history.find('a')).toBeUndefined();
    expect(history.damaged).toBe(1);
    expect(history.entries).toEqual([]);
    await history.append(entry('a', { value: 4 }));
    expect(await history.find('a')).toEqual(entry('a', { value: 4 }));
  });

  test('an append that fails leaves the ones after it alone', async () => {
    const history = await reopened();
    const circle: Record<string, unknown> = {};
    circle.itself = circle;
    await expect(history.append(entry('a', circle as JsonValue))).rejects.toThrow();
    await history.append(entry('b'));
    expect(keys(await reopened())).toEqual(['b']);
  });
});

test('a history that was cut to nothing is an empty one', async () => {
  await (await reopened()).append(entry('a'));
  await truncate(path, 0);
  expect(keys(await reopened())).toEqual([]);
});

test('500 checkpoints of 200 tensors are open in well under a second', async () => {
  await reopened();
  const report = JSON.stringify(toJson({ ...sampleReport(), spectrum: null }));
  const batch: string[] = [];
  for (let checkpoint = 0; checkpoint < 500; checkpoint++) {
    for (let tensor = 0; tensor < 200; tensor++) {
      const { report: _, ...head } = { ...entry(`${checkpoint} ${tensor}`), checkpoint: `checkpoint-${checkpoint}` };
      batch.push(`{"schema":"sigma.history/1",${JSON.stringify(head).slice(1, -1)},"report":${report}}\n`);
    }
  }
  await writeFile(path, batch.join(''));
  // Of the processor: the clock also counts what others on the machine do.
  const start = process.cpuUsage();
  const history = await reopened();
  const { user, system } = process.cpuUsage(start);
  expect(history.entries).toHaveLength(100_000);
  expect(history.damaged).toBe(0);
  expect(await history.find('499 199')).toMatchObject({ checkpoint: 'checkpoint-499', report: { schema: 'sigma.report/1' } });
  expect((user + system) / 1000).toBeLessThan(2000);
});
