import { expect, test } from 'vitest';
import { ShardPool } from '../../../src/formats/bytes/shard-pool';
import { FormatError } from '../../../src/formats/format-error';
import { formatErrorOf, memoryFolder } from './memory-bytes';

const files = () => memoryFolder({ '/a': Uint8Array.of(1), '/b': Uint8Array.of(2) });

async function firstByte(source: { read(offset: number, target: Uint8Array): Promise<void> }): Promise<number> {
  const target = new Uint8Array(1);
  await source.read(0, target);
  return target[0]!;
}

test('a shard is closed for another and opened again when it is read', async () => {
  const folder = files();
  const pool = new ShardPool(folder.openBytes, 1);
  const a = await pool.shard('/a');
  const b = await pool.shard('/b');
  expect([await firstByte(a), await firstByte(b), await firstByte(a)]).toEqual([1, 2, 1]);
  expect(folder.left()).toBe(1);
  expect(folder.sources).toHaveLength(5);
  await pool.close();
  expect(folder.left()).toBe(0);
  await expect(firstByte(a)).rejects.toThrow('/a is closed');
});

test('no file is closed while it is being read', async () => {
  const folder = files();
  const pool = new ShardPool(folder.openBytes, 1);
  const [a, b] = await Promise.all([pool.shard('/a'), pool.shard('/b')]);
  const reads = Array.from({ length: 20 }, (_, i) => firstByte(i % 2 === 0 ? a : b));
  expect(await Promise.all(reads)).toEqual(Array.from({ length: 20 }, (_, i) => 1 + (i % 2)));
  await pool.close();
  expect(folder.left()).toBe(0);
});

test('a file that is replaced in between is refused, not mixed with the old one', async () => {
  const folder = files();
  let version = 'old';
  const pool = new ShardPool(async (path) => Object.assign(await folder.openBytes(path), { fingerprint: version }), 1);
  const a = await pool.shard('/a');
  await pool.shard('/b');
  version = 'new';
  expect((await formatErrorOf(() => firstByte(a))).message).toBe(
    '/a: the file changed while it was read; analyse it again once it is saved.',
  );
  await pool.close();
  expect(folder.left()).toBe(0);
});

test('what could not be opened is tried afresh', async () => {
  const folder = files();
  let there = false;
  const pool = new ShardPool(async (path) => {
    if (!there) throw new FormatError(path, null, 'there is no such file.');
    return folder.openBytes(path);
  });
  expect((await formatErrorOf(() => pool.shard('/a'))).detail).toBe('there is no such file.');
  there = true;
  expect(await firstByte(await pool.shard('/a'))).toBe(1);
  await pool.close();
  expect(folder.left()).toBe(0);
});
