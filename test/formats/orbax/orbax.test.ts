import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../../src/formats/bytes/crc32';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, streamed } from '../bytes/memory-bytes';
import { memoryTree } from '../bytes/memory-tree';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'orbax');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Readonly<Record<string, readonly number[]>>;
const parameters = ['params.Dense_0.bias', 'params.Dense_0.kernel', 'params.Embed_0.embedding'];

describe.each([
  ['100', ['']],
  ['100/default', ['']],
  ['100/default/manifest.ocdbt', ['']],
  ['200', ['ema/', 'params/']],
  ['200/ema', ['']],
  ['300/state', ['']],
])('%s', (path, items) => {
  let file: TensorFile;
  beforeAll(async () => {
    file = await openTensorFile(join(fixtures, path));
  });
  afterAll(() => file.close());

  test('has the parameters of the model', () => {
    expect(file.format).toBe('orbax');
    expect(file.tensors.map(({ name }) => name).filter((name) => name !== 'step')).toEqual(
      items.flatMap((item) => parameters.map((name) => item + name)),
    );
    expect(file.tensors.find(({ name }) => name.endsWith('embedding'))).toMatchObject({ dtype: 'bfloat16', shape: [9, 8] });
    expect(file.warnings).toEqual(path.startsWith('100') ? ['1 array of the training (the optimizer) is left out.'] : []);
  });

  test.each(Object.keys(expected))('%s has its values', async (name) => {
    for (const item of items) expect(await streamed(file.matrix(item + name), 7)).toEqual(expected[name]);
  });
});

test('what was not joined is said', async () => {
  const error = await formatErrorOf(() => openTensorFile(join(fixtures, '400/default')));
  expect(error.message).toMatch(
    /400\/default: manifest\.ocdbt is missing: what the processes wrote was not joined, and the save is not complete\.$/,
  );
});

test('a step without arrays is said', async () => {
  const error = await formatErrorOf(() =>
    openTensorFile('/1', memoryTree({ '/1/_CHECKPOINT_METADATA': new Uint8Array(2), '/1/metadata/metadata': new Uint8Array(2) })),
  );
  expect(error.message).toBe('/1: no folder in it holds arrays: one with _METADATA or manifest.ocdbt was expected.');
});

/** Files of a folder of the fixtures, as if it were at the root. */
function load(folder: string): Record<string, Uint8Array> {
  const names = readdirSync(join(fixtures, folder), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(fixtures, folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [`/o/${name}`, new Uint8Array(readFileSync(join(fixtures, folder, name)))]));
}

/** Every matrix is read; null where all went well. */
async function failureOf(files: Readonly<Record<string, Uint8Array>>): Promise<string | null> {
  const tree = memoryTree(files);
  try {
    const file = await openTensorFile('/o', tree);
    try {
      for (const { name, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(name), 7);
    } finally {
      await file.close();
    }
    return null;
  } catch (error) {
    return (await formatErrorOf(() => Promise.reject(error))).message;
  } finally {
    expect(tree.left()).toBe(0);
  }
}

describe.each(['100/default', '200/params', '200/ema'])('%s damaged', (folder) => {
  const files = load(folder);
  const used = Object.keys(files).filter((name) => /manifest\.ocdbt$|manifest\.0*2$|\/d\//.test(name));

  test('whole, all of it is read', async () => expect(await failureOf(files)).toBeNull());

  test.each(used)('cut anywhere, %s ends in a sentence', async (name) => {
    for (let end = 0; end < files[name]!.length; end++) {
      expect(await failureOf({ ...files, [name]: files[name]!.slice(0, end) }), String(end)).toMatch(/[.)]$/);
    }
  });

  test('a data file that is gone is named', async () => {
    const data = used.find((name) => name.includes('/d/'))!;
    const { [data]: _, ...rest } = files;
    expect(await failureOf(rest)).toBe(`${data}: there is no such file.`);
  });

  test('a changed byte is found, or changes numbers only', async () => {
    const manifest = used.find((name) => name.endsWith('manifest.ocdbt'))!;
    for (let at = 0; at < files[manifest]!.length; at++) {
      const changed = files[manifest]!.slice();
      changed[at]! ^= 0x40;
      expect(await failureOf({ ...files, [manifest]: changed }), String(at)).not.toBeNull();
    }
  });
});

describe('manifests that lie', () => {
  const varint = (value: number | bigint): number[] => {
    const bytes: number[] = [];
    let rest = BigInt(value);
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    return [...bytes, Number(rest)];
  };
  const envelope = (magic: number, content: readonly number[], more: { version?: number; compression?: number } = {}): Uint8Array => {
    const bytes = new Uint8Array(12 + 2 + content.length + 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, magic);
    view.setBigUint64(4, BigInt(bytes.length), true);
    bytes.set([more.version ?? 0, more.compression ?? 0, ...content], 12);
    view.setUint32(bytes.length - 4, crc32c(bytes.subarray(0, -4)), true);
    return bytes;
  };
  const table = (path: string, base = 0): number[] => [1, ...varint(path.length), base, ...Buffer.from(path)];
  const manifest = (
    files: readonly number[],
    root: { height?: number; id?: number | bigint; offset?: number | bigint; length: number | bigint },
    more = {},
  ) =>
    envelope(
      0x0cdb3a2a,
      [
        ...new Array<number>(16).fill(0),
        ...[0, 100, 100, 4, 0],
        ...files,
        ...[1, 1, root.height ?? 0],
        ...varint(root.id ?? 0),
        ...varint(root.offset ?? 0),
        ...varint(root.length),
        ...[1, 1, 0],
        ...new Array<number>(8).fill(0),
        0,
      ],
      more,
    );
  const leaf = (entries: readonly number[], files: readonly number[] = [0]): Uint8Array => envelope(0x0cdb20de, [0, ...files, ...entries]);
  const attempt = (node: Uint8Array, root: object = {}, files = table('d/x'), more = {}): Promise<string | null> =>
    failureOf({ '/o/manifest.ocdbt': manifest(files, { length: node.length, ...root }, more), '/o/d/x': node });
  const sound = leaf([1, 1, 97, 1, 0, 7]);

  test('a sound one without arrays', async () => expect(await attempt(sound)).toBe('/o: the file holds no tensors.'));

  test('an empty database', async () =>
    expect(await attempt(sound, { offset: 2n ** 64n - 1n, length: 2n ** 64n - 1n })).toBe('/o: the file holds no tensors.'));

  test.each(['../x', 'd/../../x', '/etc/passwd', 'd//x', 'C:x', 'd\\x', 'd/./x', ''])('a data file at %j is refused', async (path) => {
    expect(await attempt(sound, {}, table(path))).toMatch(/a data file should lie in the database's folder/);
  });

  test.each([
    ['a root of another height', sound, { height: 3 }, /not of the height/],
    ['an unknown data file', sound, { id: 7 }, /data file 7 is not among the 1/],
    ['a root outside its file', sound, { offset: 1 }, /should lie at bytes/],
    ['a root of impossible length', sound, { length: 2n ** 63n }, /should lie at bytes/],
    ['more entries than bytes', leaf([...varint(2 ** 40)]), {}, /ends too soon, or its counts are wrong/],
    ['a number that does not end', leaf(new Array<number>(20).fill(0x80)), {}, /more than 64 bits/],
    ['no entries', leaf([0]), {}, /the node is empty/],
    ['a value longer than the node', leaf([1, 1, 97, ...varint(2 ** 50), 0]), {}, /takes more than|ends too soon/],
    ['a value of an unknown kind', leaf([1, 1, 97, 1, 2]), {}, /neither inline nor in a data file/],
    ['a key that shares more than there is', leaf([2, 9, 1, 1, 97, 98, 1, 1, 0, 0, 1, 2]), {}, /shorter than what the next one shares/],
    ['a value outside its file', leaf([1, 1, 97, 5, 1, 0, ...varint(2 ** 40)], table('d/x')), {}, /should lie at bytes/],
    [
      'keys that take too much memory',
      leaf([...varint(9), ...new Array<number>(8).fill(0), ...varint(2 ** 45), ...new Array<number>(20).fill(1)]),
      {},
      /takes more than|ends too soon/,
    ],
  ])('%s', async (_, node, root, sentence) => {
    expect(await attempt(node, root)).toMatch(sentence);
  });

  test('a tree that contains itself ends with its height', async () => {
    const entries = (length: number) => [1, 1, 0, 97, 0, 0, ...varint(length), 1, 1, 0];
    const length = envelope(0x0cdb20de, [1, ...table('d/x'), ...entries(40)]).length;
    expect(await attempt(envelope(0x0cdb20de, [1, ...table('d/x'), ...entries(length)]), { height: 1 })).toMatch(/not of the height/);
  });

  test('another version or compression', async () => {
    expect(await attempt(sound, {}, table('d/x'), { version: 3 })).toMatch(/is of version 3; only version 0 is known\.$/);
    expect(await attempt(sound, {}, table('d/x'), { compression: 3 })).toMatch(/is compressed with method 3; only zstd is known\.$/);
    expect(await attempt(sound, {}, table('d/x'), { compression: 1 })).toMatch(/cannot be decompressed/);
  });
});
