import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileWatch } from '../../src/editor/file-watch';

let folder: string;
let path: string;
let changes: number;
let watch: FileWatch;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-watch-'));
  path = join(folder, 'a.npy');
  await writeFile(path, 'one');
  changes = 0;
  watch = new FileWatch(path, () => changes++);
  await watch.look();
  await watch.look();
});

afterEach(() => rm(folder, { recursive: true }));

describe('FileWatch', () => {
  it('is silent while nothing changes', () => expect(changes).toBe(0));

  it('tells of a change once, when the file has come to rest', async () => {
    await appendFile(path, ' two');
    await watch.look();
    expect(changes).toBe(0);
    await watch.look();
    expect(changes).toBe(1);
    await watch.look();
    expect(changes).toBe(1);
  });

  it('waits while the file still grows', async () => {
    for (let piece = 0; piece < 3; piece++) {
      await appendFile(path, 'more');
      await watch.look();
    }
    expect(changes).toBe(0);
    await watch.look();
    expect(changes).toBe(1);
  });

  it('says nothing while the file is gone, and tells when another takes its place', async () => {
    await rm(path);
    await watch.look();
    await watch.look();
    expect(changes).toBe(0);
    await writeFile(path, 'another file');
    await watch.look();
    await watch.look();
    expect(changes).toBe(1);
  });

  it('tells of a file that changed below a folder, when all of it has come to rest', async () => {
    const below = join(folder, 'shards');
    await mkdir(below);
    await writeFile(join(below, '0'), 'one');
    const whole = new FileWatch(folder, () => changes++);
    await whole.look();
    await whole.look();
    await appendFile(join(below, '0'), ' two');
    await whole.look();
    await writeFile(join(below, '1'), 'three');
    await whole.look();
    expect(changes).toBe(0);
    await whole.look();
    expect(changes).toBe(1);
  });

  it('looks while it is active, and only then', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const look = vi.spyOn(watch, 'look').mockResolvedValue();
      vi.advanceTimersByTime(10_000);
      expect(look).toHaveBeenCalledTimes(0);
      watch.active = true;
      watch.active = true;
      expect(look).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(3000);
      expect(look).toHaveBeenCalledTimes(4);
      watch.dispose();
      vi.advanceTimersByTime(10_000);
      expect(look).toHaveBeenCalledTimes(4);
    } finally {
      vi.useRealTimers();
    }
  });
});
