import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analysableFiles, readablePath, refuseOutside } from '../../src/agents/readable-path';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sigma-paths-')));
const [one, two, secret] = ['one', 'two', 'secret'].map((name) => join(folder, name)) as [string, string, string];
for (const path of [one, two, secret, join(one, 'run')]) mkdirSync(path);
for (const path of [join(one, 'a.npy'), join(two, 'b.npy'), join(secret, 's.npy'), join(one, 'train.py')]) writeFileSync(path, '');
symlinkSync(join(secret, 's.npy'), join(one, 'link.npy'));
symlinkSync(secret, join(one, 'away'));
symlinkSync(join(one, 'a.npy'), join(one, 'same.npy'));
afterAll(() => rmSync(folder, { recursive: true }));

const roots = [one, two];

describe('a path that a model asks for', () => {
  it.each([
    ['relative to the first root', 'a.npy', join(one, 'a.npy'), 'file'],
    ['relative to another', 'b.npy', join(two, 'b.npy'), 'file'],
    ['absolute', join(two, 'b.npy'), join(two, 'b.npy'), 'file'],
    ['a folder', 'run', join(one, 'run'), 'folder'],
    ['a root itself', '.', one, 'folder'],
    ['a link that stays inside', 'same.npy', join(one, 'same.npy'), 'file'],
  ])('may be %s', async (_, asked, path, kind) => {
    expect(await readablePath(asked, roots)).toEqual({ path, kind });
  });

  it.each([
    ['above a root', '../secret/s.npy'],
    ['elsewhere', join(secret, 's.npy')],
    ['a link to a file elsewhere', 'link.npy'],
    ['behind a link to a folder elsewhere', 'away/s.npy'],
    ['a neighbour with a longer name', `${one}x/a.npy`],
    ['elsewhere and not there', '/no/such/file.npy'],
  ])('is refused %s', async (_, asked) => {
    await expect(readablePath(asked, roots)).rejects.toThrow(`is outside of the folders that may be read. Name a path in ${one}, ${two}.`);
  });

  it('that is not there, or is no file of numbers, is answered with what to do', async () => {
    await expect(readablePath('none.npy', roots)).rejects.toThrow(/There is no file or folder none\.npy in .* List the folder/);
    await expect(readablePath('train.py', roots)).rejects.toThrow(/no file that can be analysed. Name one that ends in \.npy/);
    await expect(readablePath('a.npy', [])).rejects.toThrow('a folder has to be opened first');
  });
});

it('files that a run reached by links have to lie inside too', async () => {
  await expect(refuseOutside([join(one, 'a.npy')], roots)).resolves.toBeUndefined();
  await expect(refuseOutside([join(one, 'link.npy')], roots)).rejects.toThrow('is outside');
});

it('of a model in parts the index stands for all', async () => {
  const model = join(folder, 'model');
  mkdirSync(model);
  for (const name of ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'config.json', 'notes.txt'])
    writeFileSync(join(model, name), '');
  expect(await analysableFiles(model)).toEqual([join(model, 'model.safetensors.index.json')]);
});
