import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open, rename, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FormatError } from '../../src/formats/format-error';
import type { Checkpoint } from '../../src/runs/checkpoint';
import { checkpointKey, contentKey } from '../../src/runs/content-key';
import { uniform } from '../../src/spectral/random';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sigma-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const noise = (length: number, seed = 1): Uint8Array => {
  const random = uniform(seed);
  return Uint8Array.from({ length }, () => 256 * random());
};
async function written(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(root, name), bytes);
  return join(root, name);
}

test('renaming and touching leave the key, any other content changes it', async () => {
  const bytes = noise(1000);
  const path = await written('a', bytes);
  const key = await contentKey(path);
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  await rename(path, join(root, 'b'));
  await utimes(join(root, 'b'), 5, 5);
  expect(await contentKey(join(root, 'b'))).toBe(key);
  for (const at of [0, 500, 999]) {
    expect(await contentKey(await written('c', bytes.with(at, bytes[at]! ^ 1)))).not.toBe(key);
  }
  expect(await contentKey(await written('c', bytes.subarray(0, 999)))).not.toBe(key);
});

test('of a large file: its header, its end, and any rewritten stretch of a fifteenth', async () => {
  const size = 4_000_000;
  const bytes = noise(size);
  const key = await contentKey(await written('a', bytes));
  for (const at of [0, 8, 65_535, size - 65_536, size - 1]) {
    expect(await contentKey(await written('b', bytes.with(at, bytes[at]! ^ 1)))).not.toBe(key);
  }
  const stretch = Math.ceil(size / 15);
  for (let at = 0; at < size; at += stretch) {
    const rewritten = bytes.slice();
    rewritten.set(noise(Math.min(stretch, size - at), 2), at);
    expect(await contentKey(await written('b', rewritten))).not.toBe(key);
  }
  expect(await contentKey(await written('b', noise(size + 1)))).not.toBe(key);
});

test('files of up to 192 KiB are read whole', async () => {
  const size = 192 * 1024;
  const bytes = noise(size);
  const key = await contentKey(await written('a', bytes));
  for (let at = 0; at < size; at += 997) {
    expect(await contentKey(await written('b', bytes.with(at, bytes[at]! ^ 1)))).not.toBe(key);
  }
});

test('forty gigabytes take no longer', async () => {
  const path = join(root, 'sparse');
  const handle = await open(path, 'w');
  await handle.truncate(40e9);
  await handle.close();
  const start = performance.now();
  await contentKey(path);
  expect(performance.now() - start).toBeLessThan(1000);
});

test('an empty file and a missing one are refused', async () => {
  await expect(contentKey(await written('a', new Uint8Array()))).rejects.toThrow(FormatError);
  await expect(contentKey(join(root, 'none'))).rejects.toThrow(FormatError);
});

async function sharded(name: string, contents: Readonly<Record<string, Uint8Array>>): Promise<Checkpoint> {
  const path = join(root, name);
  mkdirSync(path);
  const parts = await Promise.all(Object.entries(contents).map(([file, bytes]) => written(`${name}/${file}`, bytes)));
  return { name, step: 1, path, files: [{ path: parts[0]!, name: 'index' }], parts, marker: 'none', waitingFor: null };
}

test('of a checkpoint: its parts by their names inside it, in any order', async () => {
  const [a, b] = [noise(100, 1), noise(100, 2)];
  const checkpoint = await sharded('checkpoint-1', { a, b });
  const key = await checkpointKey(checkpoint);
  expect(await checkpointKey({ ...checkpoint, parts: checkpoint.parts.toReversed() })).toBe(key);
  expect(await checkpointKey(await sharded('checkpoint-2', { a, b }))).toBe(key);
  expect(await checkpointKey(await sharded('checkpoint-3', { a: b, b: a }))).not.toBe(key);
  expect(await checkpointKey(await sharded('checkpoint-4', { a, b: a }))).not.toBe(key);
  expect(await checkpointKey(await sharded('checkpoint-5', { a, b, c: a }))).not.toBe(key);
});

test('of a checkpoint of one file: that of the file', async () => {
  const path = await written('gen_1.npy', noise(100));
  const checkpoint: Checkpoint = { name: 'gen_1', step: 1, path, files: [], parts: [path], marker: 'none', waitingFor: null };
  expect(await checkpointKey(checkpoint)).toBe(await contentKey(path));
});
