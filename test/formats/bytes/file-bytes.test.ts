import { mkdtempSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openFile } from '../../../src/formats/bytes/file-bytes';
import { formatErrorOf } from './memory-bytes';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sigma-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function written(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('ranges of a file', async () => {
  const source = await openFile(written('a', Uint8Array.of(1, 2, 3, 4, 5)));
  const target = new Uint8Array(3);
  await source.read(1, target);
  expect([...target]).toEqual([2, 3, 4]);
  expect(source.size).toBe(5);
  await source.close();
  await source.close();
});

test('the fingerprint changes with the content', async () => {
  const path = written('b', new Uint8Array(5));
  const before = await openFile(path);
  writeFileSync(path, new Uint8Array(6));
  const after = await openFile(path);
  expect(after.fingerprint).not.toBe(before.fingerprint);
  await Promise.all([before.close(), after.close()]);
});

const CHANGED = 'the file changed while it was read; analyse it again once it is saved.';

/** Opens a file of 100 bytes, lets it be changed, and reads from it. */
async function readAfter(name: string, change: (path: string) => void): Promise<string | number> {
  const path = written(name, new Uint8Array(100).fill(1));
  const before = new Date(Date.now() - 5000);
  utimesSync(path, before, before);
  const source = await openFile(path);
  try {
    change(path);
    const target = new Uint8Array(20);
    await source.read(70, target);
    return target[0]!;
  } catch (error) {
    return (error as Error).message.replace(path, name);
  } finally {
    await source.close();
  }
}

test('a file that is cut while it is read', async () => {
  expect(await readAfter('cut', (path) => truncateSync(path, 75))).toBe(`cut: ${CHANGED}`);
  expect(await readAfter('emptied', (path) => truncateSync(path, 0))).toBe(`emptied: ${CHANGED}`);
});

test('a file that is written in place while it is read, as large as before', async () => {
  expect(await readAfter('in place', (path) => writeFileSync(path, new Uint8Array(100).fill(2)))).toBe(`in place: ${CHANGED}`);
});

test('of a file that is replaced or deleted while it is read, what was opened is read to its end', async () => {
  expect(await readAfter('replaced', (path) => renameSync(written('new', new Uint8Array(100).fill(2)), path))).toBe(1);
  expect(await readAfter('deleted', (path) => rmSync(path))).toBe(1);
});

test('two files of one name, size and time have two fingerprints', async () => {
  const [path, other] = [written('first', new Uint8Array(9)), written('second', new Uint8Array(9))];
  const time = new Date(1_700_000_000_000);
  for (const file of [path, other]) utimesSync(file, time, time);
  const before = await openFile(path);
  renameSync(other, path);
  const after = await openFile(path);
  expect(after.fingerprint).not.toBe(before.fingerprint);
  await Promise.all([before.close(), after.close()]);
});

test.each([
  ['EIO', 'its storage reports an error (EIO); check the disk, or the connection to it, and try again.'],
  ['ESTALE', 'its network storage was unmounted, or the file was replaced there (ESTALE); check the mount and open the file again.'],
  ['EHOSTDOWN', 'its storage cannot be reached (EHOSTDOWN); check the disk or the network and try again.'],
  ['ETIMEDOUT', 'its storage cannot be reached (ETIMEDOUT); check the disk or the network and try again.'],
  ['EACCES', 'the file may not be read; check its permissions.'],
  ['EWHATEVER', 'the file cannot be read (EWHATEVER).'],
])('a read that fails with %s, and the next one that does not', async (code, sentence) => {
  const path = written(`fails with ${code}`, new Uint8Array(100));
  const source = await openFile(path);
  const failing = vi.spyOn(await prototypeOfHandles(path), 'read').mockRejectedValueOnce(Object.assign(new Error(code), { code }));
  expect((await formatErrorOf(() => source.read(10, new Uint8Array(5)))).message).toBe(`${path} at byte 10: ${sentence}`);
  await source.read(10, new Uint8Array(5));
  failing.mockRestore();
  await source.close();
});

async function prototypeOfHandles(path: string): Promise<FileHandle> {
  const handle = await open(path);
  await handle.close();
  return Object.getPrototypeOf(handle);
}

test('what cannot be opened', async () => {
  const empty = written('d', new Uint8Array(0));
  expect((await formatErrorOf(() => openFile(empty))).message).toBe(`${empty} at byte 0: the file is empty.`);
  expect((await formatErrorOf(() => openFile(join(folder, 'none')))).message).toContain('there is no such file');
  expect((await formatErrorOf(() => openFile(join(empty, 'x')))).message).toContain('there is no such file');
  expect((await formatErrorOf(() => openFile(folder))).message).toContain('this is a folder');
  expect((await formatErrorOf(() => openFile('/dev/null'))).message).toContain('only regular files');
});
