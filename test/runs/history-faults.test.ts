import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { selectBackend } from '../../src/compute/select';
import { analyzeCheckpoint } from '../../src/runs/analyze-checkpoint';
import { type History, type HistoryEntry, openHistory } from '../../src/runs/history';
import { recognise } from '../../src/runs/recognise';
import { smallDisk } from '../small-disk';
import { directoryTree, npyBytes } from './directory-tree';

let root: string;
let path: string;
let opened: History[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sigma-'));
  path = join(root, 'history.jsonl');
  opened = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(opened.map((history) => history.close()));
  rmSync(root, { recursive: true });
});

async function reopened(at = path): Promise<History> {
  const history = await openHistory(at);
  opened.push(history);
  return history;
}

function entry(key: string, report: HistoryEntry['report'] = { value: 1 }): HistoryEntry {
  const head = { run: '/runs/a', checkpoint: 'checkpoint-1', step: 1, file: 'model', tensor: null };
  return { key, ...head, analysedAt: '2026-11-24T10:00:00.000Z', report };
}
const keys = (history: History) => history.entries.map(({ key }) => key);
const failure = (code: string) => Object.assign(new Error(`${code}: as the system has it`), { code });

async function prototypeOfHandles(): Promise<FileHandle> {
  const handle = await open(import.meta.filename);
  await handle.close();
  return Object.getPrototypeOf(handle);
}

const ends = 'Until then they are held in memory, and lost when Sigma ends.';

describe('a history that cannot be written', () => {
  test.each([
    ['ENOSPC', 'the disk is full; free some space.'],
    ['EDQUOT', 'the quota of the disk is used up; free some space.'],
    ['EROFS', 'it lies on read-only storage; make that writable.'],
    ['EACCES', 'writing there is not permitted; mend the permissions.'],
    ['EIO', 'its storage reports an error (EIO); check the disk, or the connection to it.'],
    ['ESTALE', 'its network storage was unmounted (ESTALE); mount it again.'],
    ['EHOSTDOWN', 'its network storage does not answer (EHOSTDOWN); check the network.'],
  ])('%s: it says why, keeps what it has in memory, and writes that as soon as it can', async (code, reason) => {
    const history = await reopened();
    await history.append(entry('a'));
    const writing = vi.spyOn(await prototypeOfHandles(), 'appendFile').mockRejectedValue(failure(code));
    await history.append(entry('b', { value: 2 }));
    await history.append(entry('c'));
    expect(history.unkept).toBe(`Reports cannot be kept in ${path}: ${reason} ${ends}`);
    expect(keys(history)).toEqual(['a', 'b', 'c']);
    expect(await history.find('b')).toEqual(entry('b', { value: 2 }));
    expect(keys(await reopened())).toEqual(['a']);

    writing.mockRestore();
    await history.append(entry('d'));
    expect(history.unkept).toBeNull();
    const again = await reopened();
    expect([keys(again), again.damaged]).toEqual([['a', 'b', 'c', 'd'], 0]);
    expect(await history.find('b')).toEqual(entry('b', { value: 2 }));
  });

  test('an error that nobody can mend meanwhile is not held back', async () => {
    const history = await reopened();
    vi.spyOn(await prototypeOfHandles(), 'appendFile').mockRejectedValue(failure('EBADF'));
    await expect(history.append(entry('a'))).rejects.toThrow('EBADF');
  });

  test('a disk that fills only when it is synced says so', async () => {
    const history = await reopened();
    await history.append(entry('a'));
    vi.spyOn(await prototypeOfHandles(), 'sync').mockRejectedValueOnce(failure('ENOSPC'));
    await history.sync();
    expect(history.unkept).toContain('the disk is full');
  });

  test('what cannot be read is not known, and no failure', async () => {
    const history = await reopened();
    await history.append(entry('a'));
    vi.spyOn(await prototypeOfHandles(), 'read').mockRejectedValueOnce(failure('ESTALE'));
    expect(await history.find('a')).toBeUndefined();
    expect(await history.find('a')).toEqual(entry('a'));
  });

  test('a checkpoint is analysed to its end all the same', async () => {
    const rows = (seed: number) => Array.from({ length: 40 }, (_, i) => Array.from({ length: 8 }, (_, j) => Math.sin(i * 8 + j * seed)));
    const run = directoryTree({
      'generation-0/a.npy': npyBytes(rows(1)),
      'generation-0/b.npy': npyBytes(rows(2)),
    });
    const history = await reopened();
    vi.spyOn(await prototypeOfHandles(), 'appendFile').mockRejectedValue(failure('ENOSPC'));
    const analyzer = { run, options: DEFAULT_OPTIONS, backend: await selectBackend('cpu'), history };
    const [checkpoint] = (await recognise(run)).checkpoints;
    const first = await analyzeCheckpoint(checkpoint!, analyzer, { poll() {}, progress() {} });
    expect(first.problems).toEqual([]);
    expect(first.checkpoint.matrices).toHaveLength(2);
    // From memory: timings and all.
    expect((await analyzeCheckpoint(checkpoint!, analyzer, { poll() {}, progress() {} })).checkpoint).toEqual(first.checkpoint);
  });
});

describe('on a real file system', () => {
  test('a full disk: what did not fit is written when there is room again, whole', async () => {
    const disk = smallDisk('size=64k');
    if (disk === null) return;
    const at = join(disk.folder, 'runs.jsonl');
    const history = await reopened(at);
    for (let i = 0; i < 12; i++) await history.append(entry(`k${i}`, { long: 'x'.repeat(8000) }));
    expect(history.unkept).toContain('the disk is full');
    expect(keys(history)).toHaveLength(12);
    // Of the first that did not fit the file holds a part.
    expect(readFileSync(at).at(-1)).not.toBe(10);
    disk.remount('size=1m');
    await history.append(entry('last'));
    expect(history.unkept).toBeNull();
    const again = await reopened(at);
    expect(keys(again)).toEqual([...Array.from({ length: 12 }, (_, i) => `k${i}`), 'last']);
    for (const key of keys(again)) expect(await again.find(key)).toEqual(await history.find(key));
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });

  test('read-only storage: what is there is found, and what is new is written once it can be', async () => {
    const disk = smallDisk('size=1m');
    if (disk === null) return;
    const at = join(disk.folder, 'deep', 'runs.jsonl');
    const before = await openHistory(at);
    await before.append(entry('a'));
    await before.close();
    disk.remount('ro');
    const history = await reopened(at);
    expect(history.unkept).toContain('it lies on read-only storage');
    expect(await history.find('a')).toEqual(entry('a'));
    await history.append(entry('b'));
    expect(keys(history)).toEqual(['a', 'b']);
    const nothingYet = await reopened(join(disk.folder, 'none', 'runs.jsonl'));
    await nothingYet.append(entry('c'));
    expect([nothingYet.unkept !== null, await nothingYet.find('c')]).toEqual([true, entry('c')]);
    disk.remount('rw');
    await history.append(entry('d'));
    expect(history.unkept).toBeNull();
    const again = await reopened(at);
    expect(keys(again)).toEqual(['a', 'b', 'd']);
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });
});
