import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('a file that shrinks while it is read', async () => {
  const path = written('c', new Uint8Array(100));
  const source = await openFile(path);
  truncateSync(path, 40);
  const error = await formatErrorOf(() => source.read(30, new Uint8Array(20)));
  expect(error.message).toBe(`${path} at byte 40: the file ends here, but 10 more bytes were expected.`);
  await source.close();
});

test('what cannot be opened', async () => {
  const empty = written('d', new Uint8Array(0));
  expect((await formatErrorOf(() => openFile(empty))).message).toBe(`${empty} at byte 0: the file is empty.`);
  expect((await formatErrorOf(() => openFile(join(folder, 'none')))).message).toContain('there is no such file');
  expect((await formatErrorOf(() => openFile(join(empty, 'x')))).message).toContain('there is no such file');
  expect((await formatErrorOf(() => openFile(folder))).message).toContain('this is a folder');
  expect((await formatErrorOf(() => openFile('/dev/null'))).message).toContain('only regular files');
});
