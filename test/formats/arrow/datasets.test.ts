import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const folder = join(import.meta.dirname, '../../fixtures/formats/datasets');
const { values, columns } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as { values: number[]; columns: number };
const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The files of a fixture under `/d`, some changed or left out. */
async function opened<T>(name: string, changes: Readonly<Record<string, Uint8Array | null>>, use: (file: TensorFile) => T | Promise<T>) {
  const files: Record<string, Uint8Array> = {};
  for (const path of readdirSync(join(folder, name), { recursive: true, encoding: 'utf8' })) {
    if (/\.(?:json|arrow)$/.test(path)) files[`/d/${path.replaceAll('\\', '/')}`] = new Uint8Array(readFileSync(join(folder, name, path)));
  }
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === null) delete files[`/d/${path}`];
    else files[`/d/${path}`] = bytes;
  }
  const held = memoryFolder(files);
  const listFolder = async (path: string) => {
    const inside = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
    return inside.length === 0 ? null : [...new Set(inside.map((file) => file.slice(path.length + 1).split('/')[0]!))];
  };
  try {
    const file = await openTensorFile('/d', { openBytes: held.openBytes, listFolder });
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } finally {
    expect(held.left()).toBe(0);
  }
}

test('a dataset in two files', async () => {
  await opened('one', {}, async (file) => {
    expect(file.format).toBe('datasets');
    expect(file.tensors).toMatchObject([{ name: 'embedding', dtype: 'float32', matrix: { rows: 60, columns } }]);
    const matrix = file.matrix('embedding');
    expect(await streamed(matrix, 7)).toEqual(values);
    const into = new Float64Array(4 * columns);
    await matrix.read(28, 4, into);
    expect([...into]).toEqual(values.slice(28 * columns, 32 * columns));
  });
});

test('files come in the order of state.json', async () => {
  const files = ['data-00001-of-00002.arrow', 'data-00000-of-00002.arrow'].map((filename) => ({ filename }));
  await opened('one', { 'state.json': text({ _data_files: files }) }, async (file) => {
    expect(await streamed(file.matrix('embedding'), 60)).toEqual([...values.slice(30 * columns), ...values.slice(0, 30 * columns)]);
  });
});

test('splits are tensors of their own', async () => {
  await opened('splits', {}, async (file) => {
    expect(file.tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['train/embedding', [40, columns]],
      ['test/embedding', [20, columns]],
    ]);
    expect(await streamed(file.matrix('train/embedding'), 7)).toEqual(values.slice(0, 40 * columns));
    expect(await streamed(file.matrix('test/embedding'), 7)).toEqual(values.slice(40 * columns));
  });
});

describe('what is not sound ends in one sentence', () => {
  test.each(['../one/data-00000-of-00002.arrow', '/etc/passwd', '..', 'a\\b', 'C:x', '', 7, null])('a file named %j', async (filename) => {
    const error = await formatErrorOf(() => opened('one', { 'state.json': text({ _data_files: [{ filename }] }) }, () => {}));
    expect(error.detail).toBe(`the file ${JSON.stringify(filename)} is no name inside the folder.`);
  });

  test.each([['../..'], ['train/x'], [3]])('a split named %j', async (split) => {
    const error = await formatErrorOf(() => opened('splits', { 'dataset_dict.json': text({ splits: [split] }) }, () => {}));
    expect(error.detail).toBe(`the split ${JSON.stringify(split)} is no name inside the folder.`);
  });

  test.each([
    [{ 'state.json': text({}) }, 'it should list the files of the dataset, but names none.'],
    [{ 'state.json': text([]) }, 'it should hold one object.'],
    [{ 'state.json': new TextEncoder().encode('{"_data_files": [') }, 'the description is not valid JSON in UTF-8.'],
    [{ 'data-00001-of-00002.arrow': null }, 'there is no such file.'],
    [{ 'data-00001-of-00002.arrow': new Uint8Array(20) }, 'this is no Arrow stream'],
    [
      { 'data-00001-of-00002.arrow': new Uint8Array(readFileSync(join(folder, '../arrow/wide.arrow'))) },
      'the files of the dataset have different columns.',
    ],
  ] as const)('%#: %s', async (changes, detail) => {
    expect((await formatErrorOf(() => opened('one', changes, () => {}))).detail).toContain(detail);
  });

  test('a file cut at any byte', async () => {
    const name = 'data-00001-of-00002.arrow';
    const bytes = new Uint8Array(readFileSync(join(folder, 'one', name)));
    for (let length = 0; length < bytes.length; length += 31) {
      const changes = { [name]: bytes.subarray(0, length) };
      await opened('one', changes, async ({ warnings, ...file }) => {
        for (const { name: tensor, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(tensor), 7);
        expect(warnings).toHaveLength(1);
      }).catch((error: unknown) => formatErrorOf(() => Promise.reject(error)));
    }
  });
});
