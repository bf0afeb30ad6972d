import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/formats/format-error';
import { gguf } from '../../../src/formats/gguf/gguf';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { formatErrorOf, memoryFolder, numbers, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'gguf');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));

const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as {
  readonly plain: Readonly<Record<string, readonly (number | string)[]>>;
  readonly blocks: Readonly<Record<string, { readonly shape: readonly number[]; readonly float32: string }>>;
};

const PATH = '/model.gguf';
const noFolder = async () => null;
const openIn = (path: string, files: Readonly<Record<string, Uint8Array>>) => {
  const folder = memoryFolder(files);
  return { folder, opened: gguf.open(path, folder.openBytes, noFolder) };
};
const open = (bytes: Uint8Array) => openIn(PATH, { [PATH]: bytes }).opened;
const refusal = (bytes: Uint8Array) => formatErrorOf(() => open(bytes));
const infoOf = (file: TensorFile, name: string) => file.tensors.find((info) => info.name === name)!;

/** As float32, so that signs of zeros and the last bit count. */
const bits = (values: ArrayLike<number>) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

describe('one file', () => {
  const bytes = fixture('all-types.gguf');

  test.each(Object.keys(expected.blocks))('%s has the numbers of ggml, bit for bit', async (name) => {
    const { shape, float32 } = expected.blocks[name]!;
    const file = await open(bytes);
    expect(infoOf(file, name)).toMatchObject({ dtype: name, shape, note: null, matrix: { rows: shape[0], columns: shape[1] } });
    const matrix = file.matrix(name);
    expect(matrix.access).toBe('random');
    expect(bits(await streamed(matrix, 2))).toBe(float32);
    const [rows, columns] = [matrix.rows!, matrix.columns];
    const whole = Buffer.from(float32, 'base64');
    for (let first = rows - 1; first >= 0; first--) {
      const into = new Float64Array((rows - first) * columns);
      await matrix.read(first, rows - first, into);
      expect(bits(into)).toBe(whole.subarray(4 * first * columns).toString('base64'));
    }
    await expect(matrix.read(1, rows, new Float64Array(rows * columns))).rejects.toThrow(RangeError);
  });

  test.each(Object.keys(expected.plain))('%s has the numbers that were written', async (name) => {
    const file = await open(bytes);
    expect(infoOf(file, name)).toMatchObject({ dtype: name, note: null });
    expect(await streamed(file.matrix(name), 2)).toEqual(numbers(expected.plain[name]!));
  });

  test('of version 2 and of another alignment is the same', async () => {
    const file = await open(fixture('version-2.gguf'));
    for (const { name } of file.tensors) expect(await streamed(file.matrix(name), 1)).toEqual(numbers(expected.plain[name]!));
    expect(file.tensors).toHaveLength(2);
  });

  test('of a big-endian machine is the same', async () => {
    const file = await open(fixture('big-endian.gguf'));
    let seen = 0;
    for (const { name, matrix } of file.tensors) {
      if (matrix === null) continue;
      seen++;
      const values = await streamed(file.matrix(name), 2);
      if (name in expected.plain) expect(values).toEqual(numbers(expected.plain[name]!));
      else expect(bits(values)).toBe(expected.blocks[name]!.float32);
    }
    expect(seen).toBe(12);
    expect(infoOf(file, 'Q3_K').note).toBe('Elements of Q3_K in big-endian order cannot be read yet.');
  });

  test('what has no spectrum is listed with the reason', async () => {
    const { folder, opened } = openIn(PATH, { [PATH]: bytes });
    const file = await opened;
    expect(file).toMatchObject({ path: PATH, format: 'gguf', bytes: bytes.length, warnings: [] });
    expect(infoOf(file, 'IQ2_XXS')).toMatchObject({ matrix: null, bytes: 132, note: 'Elements of IQ2_XXS cannot be read yet.' });
    expect(infoOf(file, 'vector').note).toMatch(/vector/);
    expect(await streamed(file.matrix('__proto__'), 2)).toEqual([0, 1, 2, 3]);
    expect(() => file.matrix('IQ1_M')).toThrow(FormatError);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('cut anywhere, is refused in one sentence and closed', async () => {
    // Every byte of the header, and some in every tensor.
    for (let length = 0; length < bytes.length; length += length < 4000 ? 1 : 37) {
      const { folder, opened } = openIn(PATH, { [PATH]: bytes.subarray(0, length) });
      const { message } = await formatErrorOf(() => opened);
      expect(message).toMatch(/^\/model\.gguf.*cut short or still being written\.$/);
      expect(folder.left()).toBe(0);
    }
  });

  test('with bytes of the header changed, is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(2200), fc.nat(255)), { minLength: 1, maxLength: 3 }), async (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        await readOrRefuse(damaged);
      }),
      { numRuns: 300 },
    );
  });
});

async function readOrRefuse(bytes: Uint8Array): Promise<void> {
  const { folder, opened } = openIn(PATH, { [PATH]: bytes });
  try {
    const file = await opened;
    for (const { name, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(name), 16);
    await file.close();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
  }
  expect(folder.left()).toBe(0);
  for (const source of folder.sources) expect(source.longestRead).toBeLessThanOrEqual(bytes.length);
}

interface Entry {
  readonly name: string | Uint8Array;
  /** First axis fastest, as in the file. */
  readonly axes?: readonly (number | bigint)[];
  readonly type?: number;
  readonly offset?: number | bigint;
}

const u32 = (n: number) => Buffer.from(Uint32Array.of(n).buffer);
const u64 = (n: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(n)).buffer);
const string = (text: string | Uint8Array) => Buffer.concat([u64(Buffer.from(text).length), Buffer.from(text)]);

interface Parts {
  readonly version?: number;
  readonly tensors?: number | bigint;
  readonly values?: readonly Uint8Array[];
  readonly valueCount?: number | bigint;
  readonly entries?: readonly Entry[];
  readonly data?: number;
}

/** A file around a header; counts that are left out are those of what is there. */
function fileOf({ version = 3, entries = [], tensors = entries.length, values = [], valueCount = values.length, data = 64 }: Parts) {
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensors),
    u64(valueCount),
    ...values,
    ...entries.flatMap(({ name, axes = [2, 2], type = 0, offset = 0 }) => [
      string(name),
      u32(axes.length),
      ...axes.map(u64),
      u32(type),
      u64(offset),
    ]),
  ]);
  return new Uint8Array(Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32), Buffer.alloc(data)]));
}

describe('headers', () => {
  test('list tensors by where they lie', async () => {
    const file = await open(fileOf({ entries: [{ name: 'b', offset: 32 }, { name: 'a' }] }));
    expect(file.tensors.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('types of the future are listed, and the rest is read', async () => {
    const file = await open(fileOf({ entries: [{ name: 'a', type: 99 }, { name: 'b' }] }));
    expect(infoOf(file, 'a')).toMatchObject({ dtype: 'ggml type 99', matrix: null, note: 'Elements of ggml type 99 cannot be read yet.' });
    expect(await streamed(file.matrix('b'), 2)).toEqual([0, 0, 0, 0]);
  });

  test('30,000 tensors and 50,000 words are listed with few reads, and reading one of them reads little', async () => {
    const entries = Array.from({ length: 30_000 }, (_, i): Entry => ({ name: `blk.${i}.weight`, axes: [2, 1], offset: 8 * i }));
    const words = Buffer.concat(Array.from({ length: 50_000 }, (_, i) => string(`word${i}`)));
    const tokens = Buffer.concat([string('tokens'), u32(9), u32(8), u64(50_000), words]);
    const { folder, opened } = openIn(PATH, { [PATH]: fileOf({ entries, values: [tokens], data: 240_000 }) });
    const file = await opened;
    expect(file.tensors).toHaveLength(30_000);
    const { reads } = folder.sources[0]!;
    expect(reads).toBeLessThan(20);
    expect(await streamed(file.matrix('blk.29999.weight'), 1)).toEqual([0, 0]);
    expect(folder.sources[0]!.reads).toBe(reads + 1);
  });

  test('experts that lie stacked are tensors of their own', async () => {
    const bytes = fileOf({ entries: [{ name: 'blk.0.ffn_up_exps.weight', axes: [2, 3, 2] }] });
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    bytes.set(new Uint8Array(data.buffer), bytes.length - 64);
    const file = await open(bytes);
    expect(file.tensors).toMatchObject([
      { name: 'blk.0.ffn_up_exps.weight[0]', shape: [3, 2], bytes: 24 },
      { name: 'blk.0.ffn_up_exps.weight[1]', shape: [3, 2], bytes: 24 },
    ]);
    expect(await streamed(file.matrix('blk.0.ffn_up_exps.weight[1]'), 2)).toEqual([6, 7, 8, 9, 10, 11]);
    const many = await open(fileOf({ entries: [{ name: 'a_exps.weight', axes: [1, 1, 4097] }], data: 4 * 4097 }));
    expect(many.tensors).toHaveLength(1);
  });

  const deep = Buffer.concat([string('k'), u32(9), ...Array.from({ length: 9 }, () => [u32(9), u64(1)]).flat(), u32(0), u64(0)]);
  test.each<[string, Uint8Array, string]>([
    ['another magic', new Uint8Array(Buffer.from('GGML\x03\0\0\0')), 'should start with "GGUF"'],
    ['version 1', fileOf({ version: 1 }), 'version 1 of GGUF is read by no program any more'],
    ['version 1, big-endian', fileOf({ version: 0x0100_0000 }), 'version 1 of GGUF is read by no program any more'],
    ['version 4', fileOf({ version: 4 }), 'version 4 of GGUF is not known'],
    ['version 0', fileOf({ version: 0 }), 'version 0 of GGUF is not known'],
    ['no tensors', fileOf({}), 'the file holds no tensors'],
    ['more tensors than bytes', fileOf({ tensors: 1000 }), '1000 tensors are announced'],
    ['2^64 - 1 tensors', fileOf({ tensors: 2n ** 64n - 1n }), 'tensors are announced'],
    ['a million tensors', fileOf({ tensors: 1_000_000, data: 28_000_000 }), 'more than the 200000 that are read'],
    ['2^63 metadata values', fileOf({ valueCount: 2n ** 63n }), 'metadata values are announced'],
    ['a long key', fileOf({ values: [string('k'.repeat(70_000))] }), 'a key of the metadata has 70000 bytes'],
    ['a key beyond the file', fileOf({ values: [u64(2n ** 60n)] }), 'bytes of a key of the metadata are announced'],
    ['text beyond the file', fileOf({ values: [Buffer.concat([string('k'), u32(8), u64(2n ** 53n)])] }), 'bytes of text are announced'],
    ['a list beyond the file', fileOf({ values: [Buffer.concat([string('k'), u32(9), u32(10), u64(2n ** 61n)])] }), 'values of a list'],
    ['a list of lists of lists', fileOf({ values: [deep] }), 'lie in one another more deeply'],
    ['a value of no type', fileOf({ values: [Buffer.concat([string('k'), u32(13)])] }), 'has the type 13'],
    [
      'an alignment of 0',
      fileOf({ values: [Buffer.concat([string('general.alignment'), u32(4), u32(0)])] }),
      'the alignment should be a power of two, not 0',
    ],
    [
      'an alignment of 24',
      fileOf({ values: [Buffer.concat([string('general.alignment'), u32(4), u32(24)])] }),
      'should be a power of two, not 24',
    ],
    ['a name that is not UTF-8', fileOf({ entries: [{ name: Uint8Array.of(0xff) }] }), 'the name of a tensor is not UTF-8'],
    ['five axes', fileOf({ entries: [{ name: 'a', axes: [1, 1, 1, 1, 1] }] }), 'has 5 axes, more than the 4 of GGUF'],
    ['sizes whose product overflows', fileOf({ entries: [{ name: 'a', axes: [2n ** 40n, 2n ** 40n] }] }), 'beyond what can be counted'],
    ['a size of 2^64 - 1', fileOf({ entries: [{ name: 'a', axes: [1, 2n ** 64n - 1n] }] }), 'beyond what can be counted'],
    ['an offset of 2^64 - 1', fileOf({ entries: [{ name: 'a', offset: 2n ** 64n - 1n }] }), 'beyond what can be counted'],
    ['an offset beyond the file', fileOf({ entries: [{ name: 'a', offset: 2 ** 40 }] }), 'tensor "a" should end at byte'],
    ['a part of a block', fileOf({ entries: [{ name: 'a', axes: [48, 1], type: 8 }] }), 'no whole blocks of 32 as Q8_0 needs'],
    ['a name that occurs twice', fileOf({ entries: [{ name: 'a' }, { name: 'a', offset: 32 }] }), 'two tensors are named "a"'],
    ['tensors that overlap', fileOf({ entries: [{ name: 'a' }, { name: 'b', offset: 8 }] }), 'tensors "a" and "b" overlap here'],
  ])('%s: refused', async (_, bytes, detail) => {
    expect((await refusal(bytes)).detail).toContain(detail);
  });
});

describe('a model in several files', () => {
  const part = (k: number) => `/run/model-0000${k}-of-00003.gguf`;
  const files = {
    [part(1)]: fileOf({}),
    [part(2)]: fileOf({ entries: [{ name: 'a' }] }),
    [part(3)]: fileOf({ entries: [{ name: 'b' }] }),
  };

  test('opens as one by its first part', async () => {
    const { folder, opened } = openIn(part(1), files);
    const file = await opened;
    expect(file.tensors.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await streamed(file.matrix('b'), 2)).toEqual([0, 0, 0, 0]);
    expect(file.bytes).toBe(Object.values(files).reduce((sum, { length }) => sum + length, 0));
    for (const path of Object.keys(files)) expect(file.fingerprint).toContain(path);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('another part opens alone, and says so', async () => {
    const file = await openIn(part(3), files).opened;
    expect(file.tensors.map(({ name }) => name)).toEqual(['b']);
    expect(file.warnings).toEqual([`${part(3)} is part 3 of 3 of a model; the first part opens them all.`]);
  });

  test('a missing part is named', async () => {
    const { folder, opened } = openIn(part(1), { [part(1)]: files[part(1)]!, [part(2)]: files[part(2)]! });
    const { message } = await formatErrorOf(() => opened);
    expect(message).toBe(`${part(1)}: part "model-00003-of-00003.gguf" of the model cannot be opened: there is no such file.`);
    expect(folder.left()).toBe(0);
  });

  test('a tensor in two parts is refused', async () => {
    const { message } = await formatErrorOf(() => openIn(part(1), { ...files, [part(3)]: files[part(2)]! }).opened);
    expect(message).toBe(`${part(3)}: two tensors of the model are named "a".`);
  });
});
