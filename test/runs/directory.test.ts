import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { foldersOf, listDirectory, readSmallFile, readSmallText, sizeOf, withoutAliases } from '../../src/runs/directory';
import { formatErrorOf } from '../formats/bytes/memory-bytes';
import { directoryTree } from './directory-tree';

const text = (entries: Awaited<ReturnType<typeof listDirectory>>) =>
  entries!.map(({ name, kind, alias }) => `${kind} ${name}${alias === null ? '' : ` -> ${alias}`}`);

/** What opening a folder answers, while set. */
const refusal = vi.hoisted(() => ({ code: null as string | null }));
vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof import('node:fs/promises')>();
  const opendir: typeof actual.opendir = (...args) =>
    refusal.code === null ? actual.opendir(...args) : Promise.reject(Object.assign(new Error(refusal.code), { code: refusal.code }));
  return { ...actual, opendir };
});

describe('a listing', () => {
  test('is in natural order, without what is temporary', async () => {
    const root = directoryTree({ 'a-10': '', 'a-9': '', 'tmp-checkpoint-3': null, 'b.tmp': '', '.metadata': '', 'a-1/x': '' });
    expect(text(await listDirectory(root))).toEqual(['file .metadata', 'directory a-1', 'file a-9', 'file a-10']);
  });

  test('follows links of files, and links of folders to siblings only', async () => {
    const elsewhere = directoryTree({ 'weights.bin': 'abc', 'folder/x': '' });
    const root = directoryTree({
      'one.ckpt': 'abc',
      'one/x': '',
      'blob.bin': { link: join(elsewhere, 'weights.bin') },
      'last.ckpt': { link: 'one.ckpt' },
      latest: { link: 'one' },
      outside: { link: join(elsewhere, 'folder') },
      up: { link: '..' },
      self: { link: '.' },
      broken: { link: 'nothing' },
      circle: { link: 'circle' },
    });
    const entries = (await listDirectory(root))!;
    expect(text(entries)).toEqual([
      'file blob.bin',
      'file last.ckpt -> one.ckpt',
      'directory latest -> one',
      'directory one',
      'file one.ckpt',
    ]);
    expect(withoutAliases(entries).map(({ name }) => name)).toEqual(['blob.bin', 'one', 'one.ckpt']);
    expect(foldersOf(entries).map(({ name }) => name)).toEqual(['one']);
    // A link whose target is not among the entries stands for it.
    expect(withoutAliases(entries.filter(({ name }) => name !== 'one.ckpt')).map(({ name }) => name)).toContain('last.ckpt');
  });

  test('of a folder reached through a link still knows siblings', async () => {
    const root = directoryTree({ 'real/one.ckpt': 'abc', 'real/last.ckpt': { link: 'one.ckpt' }, way: { link: 'real' } });
    expect(text(await listDirectory(join(root, 'way')))).toEqual(['file last.ckpt -> one.ckpt', 'file one.ckpt']);
  });

  test('of what is no folder is null', async () => {
    const root = directoryTree({ file: '' });
    expect(await listDirectory(join(root, 'nothing'))).toBeNull();
    expect(await listDirectory(join(root, 'file'))).toBeNull();
  });

  test('of a closed folder says so, and of one that cannot be listed why', async () => {
    const root = directoryTree({ 'closed/x': '' });
    // Permissions do not hold for everybody: the system's answer stands in for them.
    refusal.code = 'EACCES';
    const closed = await formatErrorOf(() => listDirectory(join(root, 'closed')));
    refusal.code = 'EIO';
    const failing = await formatErrorOf(() => listDirectory(join(root, 'closed')));
    refusal.code = null;
    expect(closed.detail).toBe('the folder may not be read; check its permissions.');
    expect(failing.detail).toBe('the folder cannot be listed (EIO).');
  });
});

test('small files are read whole, others not at all', async () => {
  const root = directoryTree({
    latest: ' global_step20\n',
    large: new Uint8Array(2 ** 20 + 1),
    most: new Uint8Array(2 ** 20),
    empty: '',
    folder: null,
  });
  expect(await readSmallText(join(root, 'latest'))).toBe('global_step20');
  expect((await readSmallFile(join(root, 'most')))!.length).toBe(2 ** 20);
  for (const name of ['large', 'empty', 'folder', 'nothing']) expect(await readSmallFile(join(root, name))).toBeNull();
  expect(await readSmallFile(join(root, 'most'), 1000)).toBeNull();
  expect(await sizeOf(join(root, 'large'))).toBe(2 ** 20 + 1);
  expect(await sizeOf(join(root, 'nothing'))).toBeNull();
});
