import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/formats/format-error';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'dcp');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<
  string,
  { readonly dtype: string; readonly shape: readonly number[]; readonly values: readonly number[] }
>;
const folderOf = (name: string): Record<string, Uint8Array> =>
  Object.fromEntries(
    readdirSync(join(fixtures, name)).map((file) => [`/run/step-1/${file}`, new Uint8Array(readFileSync(join(fixtures, name, file)))]),
  );

function open(files: Record<string, Uint8Array>, path = '/run/step-1') {
  const folder = memoryFolder(files);
  const names = Object.keys(files).map((file) => file.slice('/run/step-1/'.length));
  return {
    folder,
    opened: openTensorFile(path, { openBytes: folder.openBytes, listFolder: async (path) => (path === '/run/step-1' ? names : null) }),
  };
}

describe.each(['two-ranks', 'one-file-a-rank'])('%s', (name) => {
  test('has the tensors that were saved, whole', async () => {
    const { folder, opened } = open(folderOf(name));
    const file = await opened;
    expect(file.format).toBe('dcp');
    const parts = Array.from({ length: 4 }, (_, k) => `experts.down_proj[${k}]`);
    const names = [...Object.keys(expected).filter((tensor) => tensor !== 'experts.down_proj'), ...parts];
    expect(file.tensors.map((tensor) => tensor.name).sort()).toEqual(names.sort());
    for (const { name, dtype, shape, matrix, note } of file.tensors) {
      const expert = /\[(\d)\]$/.exec(name);
      const whole = expected[name.replace(/\[.*/, '')]!;
      expect(dtype).toBe(whole.dtype);
      expect(shape).toEqual(expert === null ? whole.shape : whole.shape.slice(1));
      if (shape.length === 1) {
        expect(note).toBe('A vector has no spectrum: one axis only.');
        continue;
      }
      const values = expert === null ? whole.values : whole.values.slice(6 * Number(expert[1]), 6 * Number(expert[1]) + 6);
      expect(await streamed(file.matrix(name), 3)).toEqual(values);
      const last = new Float64Array(2 * matrix!.columns);
      await file.matrix(name).read(matrix!.rows! - 2, 2, last);
      expect([...last]).toEqual(values.slice(-last.length));
    }
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test.each(['.metadata', '__0_0.distcp'])('is opened by %s too', async (part) => {
    const file = await open(folderOf(name), `/run/step-1/${part}`).opened;
    expect(file.format).toBe('dcp');
    expect(file.tensors.some((tensor) => tensor.name === 'rows.weight')).toBe(true);
  });

  test('with its plan cut anywhere, is refused in one sentence', async () => {
    const files = folderOf(name);
    const plan = files['/run/step-1/.metadata']!;
    for (let length = 0; length < plan.length; length += 7) {
      const { folder, opened } = open({ ...files, '/run/step-1/.metadata': plan.slice(0, length) });
      await expect(opened).rejects.toBeInstanceOf(FormatError);
      expect(folder.left()).toBe(0);
    }
  });

  test('with a shard missing or cut, is refused in one sentence', async () => {
    const files = folderOf(name);
    const shard = '/run/step-1/__0_0.distcp';
    const { [shard]: bytes, ...others } = files;
    await expect(open(others).opened).rejects.toThrow('there is no such file');
    expect((await formatErrorOf(() => open({ ...files, [shard]: bytes!.slice(0, -1) }).opened)).detail).toContain('it should lie at bytes');
  });
});

test('a chunk that is not what the plan says is refused when it is read', async () => {
  const files = folderOf('two-ranks');
  const [a, b] = ['/run/step-1/__1_0.distcp', '/run/step-1/__1_1.distcp'];
  const file = await open({ ...files, [a!]: files[b!]!, [b!]: files[a!]! }).opened;
  const errors: string[] = [];
  for (const { name, matrix } of file.tensors) {
    if (matrix === null) continue;
    await streamed(file.matrix(name), 3).catch((error: unknown) => {
      if (!(error instanceof FormatError)) throw error;
      errors.push(error.detail);
    });
  }
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) expect(error).toMatch(/^one tensor of \w+ and shape \(.*\) was expected here\.$/);
});

describe('a plan that lies', () => {
  /** Pickles have names as text with a byte for the length before. */
  function planned(from: string, to: string): Record<string, Uint8Array> {
    const files = folderOf('one-file-a-rank');
    const text = Buffer.from(files['/run/step-1/.metadata']!).toString('latin1');
    const changed = text.replaceAll(from, to);
    expect(changed).not.toBe(text);
    return { ...files, '/run/step-1/.metadata': new Uint8Array(Buffer.from(changed, 'latin1')) };
  }

  test.each<[string, string, string, string]>([
    ['a file elsewhere', '__0_0.distcp', '../0.distcp/', 'should lie in a file beside it'],
    ['another kind of pickle', 'storage_data', 'storage_dota', 'the plan of a distributed checkpoint'],
    ['no place for a chunk', 'fqn', 'fqm', 'it does not say where the chunk'],
    ['chunks outside', 'K\x07K\x05\x86', 'K\x03K\x05\x86', 'is damaged'],
    ['no sizes', 'offsets', 'offsots', 'is damaged'],
  ])('%s', async (_, from, to, detail) => {
    const { folder, opened } = open(planned(from, to));
    expect((await formatErrorOf(() => opened)).detail).toContain(detail);
    expect(folder.left()).toBe(0);
  });

  test('about a type is listed with the reason', async () => {
    const file = await open(planned('bfloat16', 'mfloat16')).opened;
    expect(file.tensors.find(({ name }) => name === 'columns.weight')).toMatchObject({
      matrix: null,
      note: 'Elements of type mfloat16 cannot be read yet.',
    });
  });

  test('chunks that overlap are listed with the reason', async () => {
    const file = await open(planned('K\x07K\x05\x86', 'K\x08K\x05\x86')).opened;
    expect(file.tensors.find(({ name }) => name === 'rows.weight')).toMatchObject({
      matrix: null,
      note: 'Its shards do not fill it, or not as rows and columns.',
    });
  });
});
