import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/formats/format-error';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { safetensors } from '../../../src/formats/safetensors/safetensors';
import { formatErrorOf, memoryFolder, numbers, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'safetensors');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));

interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<string, readonly ExpectedTensor[]>;

const PATH = '/model.safetensors';
const open = (bytes: Uint8Array) => safetensors.open(PATH, memoryFolder({ [PATH]: bytes }).openBytes);
const refusal = (bytes: Uint8Array) => formatErrorOf(() => open(bytes));
const byName = (file: TensorFile) => new Map(file.tensors.map((info) => [info.name, info]));

/** A file around a header, which is given as text where JSON.stringify would not write it. */
function fileOf(header: object | string, dataBytes: number, announced?: bigint): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, announced ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const f32 = (shape: number[], from: number, to: number) => ({ dtype: 'F32', shape, data_offsets: [from, to] });

async function expectValues(file: TensorFile, tensors: readonly ExpectedTensor[]): Promise<void> {
  for (const { name, shape, values } of tensors) {
    const info = byName(file).get(name)!;
    expect(info.shape).toEqual(shape);
    if (shape.length < 2 || values.length === 0) expect(info.matrix).toBeNull();
    else expect(await streamed(file.matrix(name), 2)).toEqual(numbers(values));
  }
}

describe('one file', () => {
  const bytes = fixture('all-types.safetensors');

  test('has the values that were written, of every type', async () => {
    const folder = memoryFolder({ [PATH]: bytes });
    const file = await safetensors.open(PATH, folder.openBytes);
    await expectValues(file, expected['all-types.safetensors']!);
    expect(file).toMatchObject({ path: PATH, format: 'safetensors', bytes: bytes.length, warnings: [] });
    const order = file.tensors.map((info) => info.name);
    expect(order.slice(0, expected['all-types.safetensors']!.length)).toEqual(
      expected['all-types.safetensors']!.map((tensor) => tensor.name),
    );
    expect(byName(file).get('bf16')).toMatchObject({ dtype: 'bfloat16', bytes: 12, note: null });
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('what has no spectrum is listed with the reason', async () => {
    const infos = byName(await open(bytes));
    const reasons: Record<string, RegExp> = {
      c64: /^Elements of type complex64 cannot be read yet\.$/,
      f4: /^Elements of type float4_e2m1fn cannot be read yet\.$/,
      e8m0: /powers of two that scale another tensor/,
      'layer.qweight': /only together with "layer\.scales"/,
      experts_blocks: /shapes of blocks and scales that do not fit together/,
      experts_scales: /only together with "experts_blocks"/,
      'fp8.weight_scale_inv': /belongs to the quantised tensor "fp8\.weight"/,
      vector: /vector/,
      empty: /no elements/,
    };
    for (const [name, reason] of Object.entries(reasons)) {
      expect(infos.get(name)!.matrix).toBeNull();
      expect(infos.get(name)!.note).toMatch(reason);
    }
    expect(infos.get('conv.weight')!.note).toMatch(/flattened to 2 x 6/);
  });

  test('cut anywhere, is refused in one sentence and closed', async () => {
    for (let length = 0; length < bytes.length; length++) {
      const folder = memoryFolder({ [PATH]: bytes.subarray(0, length) });
      const { message } = await formatErrorOf(() => safetensors.open(PATH, folder.openBytes));
      expect(message).toMatch(/^\/model\.safetensors.*cut short or still being written\.$/);
      expect(folder.left()).toBe(0);
    }
  });

  test('with bytes of the header changed, is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(2400), fc.nat(255)), { minLength: 1, maxLength: 3 }), async (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        await readOrRefuse(damaged);
      }),
      { numRuns: 300 },
    );
  });

  test('with any header of about the right form, is read or refused', async () => {
    const size = fc.oneof(fc.nat(9), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, null, '2'));
    const entry = fc.record({
      dtype: fc.constantFrom('F32', 'U8', 'F4', 'F6_E2M3', 'BF16', '', '__proto__', 'constructor'),
      shape: fc.oneof(fc.array(size, { maxLength: 3 }), fc.constant('x')),
      data_offsets: fc.array(size, { minLength: 1, maxLength: 3 }),
    });
    const header = fc.dictionary(fc.constantFrom('a', 'b', '__metadata__', '__proto__', 'toString'), fc.oneof(entry, fc.jsonValue()));
    await fc.assert(
      fc.asyncProperty(header, fc.nat(40), (value, data) => readOrRefuse(fileOf(value, data))),
      { numRuns: 500 },
    );
  });
});

async function readOrRefuse(bytes: Uint8Array): Promise<void> {
  const folder = memoryFolder({ [PATH]: bytes });
  try {
    const file = await safetensors.open(PATH, folder.openBytes);
    for (const { name, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(name), 16);
    await file.close();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
  }
  expect(folder.left()).toBe(0);
  for (const source of folder.sources) expect(source.longestRead).toBeLessThanOrEqual(bytes.length);
}

describe('headers', () => {
  test('may be padded, hold metadata, and list the tensors in any order', async () => {
    const header = { b: f32([1, 2], 16, 24), __metadata__: { format: 'pt' }, a: f32([2, 2], 0, 16) };
    const file = await open(fileOf(`${JSON.stringify(header)}    `, 24));
    expect(file.tensors.map((info) => info.name)).toEqual(['a', 'b']);
    expect(file.warnings).toEqual([]);
  });

  test('bytes that belong to no tensor are a warning', async () => {
    const file = await open(fileOf({ a: f32([1, 1], 4, 8) }, 10));
    expect(file.warnings).toEqual(['6 bytes of /model.safetensors belong to no tensor; other readers may refuse the file.']);
  });

  test('of a name that occurs twice, the last counts and the bytes of the first are told', async () => {
    const file = await open(
      fileOf('{"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}', 12),
    );
    expect(file.tensors).toMatchObject([{ name: 'a', shape: [1, 2] }]);
    expect(file.warnings).toHaveLength(1);
  });

  test('names of JavaScript are just names', async () => {
    const file = await open(
      fileOf(
        '{"__proto__":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"constructor":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}}',
        8,
      ),
    );
    expect(file.tensors.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
    expect(file.matrix('__proto__')).toMatchObject({ rows: 1, columns: 1 });
    expect(() => file.matrix('toString')).toThrow(FormatError);
  });

  test('100,000 tensors are listed, and reading one of them reads little', async () => {
    const header: Record<string, object> = {};
    for (let i = 0; i < 100_000; i++) header[`model.layers.${i}.weight`] = f32([1, 2], 8 * i, 8 * i + 8);
    const folder = memoryFolder({ [PATH]: fileOf(header, 800_000) });
    const file = await safetensors.open(PATH, folder.openBytes);
    expect(file.tensors).toHaveLength(100_000);
    const { reads } = folder.sources[0]!;
    expect(reads).toBe(2);
    expect(await streamed(file.matrix('model.layers.99999.weight'), 1)).toEqual([0, 0]);
    expect(folder.sources[0]!.reads).toBe(reads + 1);
  });

  test.each<[string, Uint8Array, string]>([
    ['a length beyond the file', fileOf({}, 0, 1000n), 'the header should end at byte 1008, but the file has 10 bytes'],
    ['a length beyond any header', fileOf({}, 0, 100_000_001n), 'a header of 100000001 bytes is announced'],
    ['a length beyond 2^53', fileOf({}, 0, 2n ** 64n - 1n), 'a header of 18446744073709551615 bytes is announced'],
    ['half of the length', new Uint8Array(5), 'the file has 5 bytes, too few'],
    ['no JSON', fileOf('{"a":', 0), 'not valid JSON'],
    ['a byte order mark', fileOf('\ufeff{}', 0), 'not valid JSON'],
    ['text that is not UTF-8', fileOf('{}', 0).map((byte, i) => (i === 8 ? 0xff : byte)), 'not valid JSON in UTF-8'],
    ['a list', fileOf('[]', 0), 'the header should be a JSON object'],
    [
      'a million tensors',
      fileOf(`{${Array.from({ length: 1_000_000 }, (_, i) => `"${i}":{}`).join(',')}}`, 0),
      'more than the 200,000 tensors that are read',
    ],
    ['a million numbers, twice and more', fileOf(`[0${',0'.repeat(2_000_001)}]`, 0), 'more than the 200,000 tensors that are read'],
    ['nothing but brackets', fileOf('['.repeat(100_000), 0), 'more brackets than a list of tensors can have'],
    ['many empty lists', fileOf(`{"a":[${'[],'.repeat(100_000)}0]}`, 0), 'more brackets than a list of tensors can have'],
    ['an entry that is a number', fileOf({ a: 1 }, 0), 'entry for tensor "a" should be a JSON object'],
    ['an unknown type', fileOf({ a: { ...f32([1], 0, 4), dtype: 'F33' } }, 4), 'has the type "F33", which is not a known one'],
    ['a type of JavaScript', fileOf({ a: { ...f32([1], 0, 4), dtype: 'constructor' } }, 4), 'has the type "constructor"'],
    ['a negative size', fileOf({ a: f32([-1, 4], 0, 4) }, 4), 'should have a shape of whole numbers'],
    [
      'a size beyond 2^53',
      fileOf('{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 4),
      'should have a shape of whole numbers',
    ],
    ['one offset', fileOf({ a: { ...f32([1], 0, 4), data_offsets: [0] } }, 4), 'should have two data_offsets'],
    ['an end before its start', fileOf({ a: f32([1], 4, 0) }, 4), 'before it starts'],
    ['an end outside the file', fileOf({ a: f32([2], 0, 8) }, 4), 'but the file has'],
    ['a size that is not its shape’s', fileOf({ a: f32([2, 2], 0, 12) }, 12), 'gives it 12 bytes, but shape (2, 2) of F32 takes 16'],
    ['sizes whose product overflows', fileOf({ a: f32([2 ** 40, 2 ** 40], 0, 4) }, 4), 'gives it 4 bytes, but shape'],
    ['half a byte', fileOf({ a: { dtype: 'F4', shape: [3], data_offsets: [0, 2] } }, 2), 'gives it 2 bytes, but shape (3) of F4 takes 1.5'],
    ['tensors that overlap', fileOf({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12), 'tensors "a" and "b" overlap here'],
    ['tensors in the same place', fileOf({ a: f32([2], 0, 8), b: f32([2], 0, 8) }, 8), 'tensors "a" and "b" overlap here'],
  ])('%s is refused', async (_, bytes, detail) => {
    expect((await refusal(bytes)).detail).toContain(detail);
  });
});

describe('a model in several files', () => {
  const INDEX = '/run/model.safetensors.index.json';
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  const index = fixture('sharded/model.safetensors.index.json');
  const files: Record<string, Uint8Array> = {
    [INDEX]: index,
    ...Object.fromEntries(shards.map((name) => [`/run/${name}`, fixture(`sharded/${name}`)])),
  };
  const json = (weightMap: unknown) => new Uint8Array(Buffer.from(JSON.stringify({ metadata: {}, weight_map: weightMap })));
  const refused = async (contents: Record<string, Uint8Array>) => {
    const folder = memoryFolder(contents);
    const error = await formatErrorOf(() => safetensors.open(INDEX, folder.openBytes));
    expect(folder.left()).toBe(0);
    return error;
  };

  test('opens as one', async () => {
    const folder = memoryFolder(files);
    const file = await safetensors.open(INDEX, folder.openBytes);
    await expectValues(file, expected.sharded!);
    expect(file.tensors).toHaveLength(expected.sharded!.length);
    expect(file.bytes).toBe(Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0));
    for (const path of Object.keys(files)) expect(file.fingerprint).toContain(path);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('each file opens alone, as itself', async () => {
    const file = await safetensors.open(`/run/${shards[1]}`, memoryFolder(files).openBytes);
    expect(file.tensors.map((info) => info.name)).toEqual(['layer.2.weight']);
  });

  test('few files are open at a time, however many there are', async () => {
    const weightMap: Record<string, string> = {};
    const many: Record<string, Uint8Array> = {};
    for (let i = 0; i < 200; i++) {
      weightMap[`t${i}`] = `${i}.safetensors`;
      const bytes = fileOf({ [`t${i}`]: f32([1, 1], 0, 4) }, 4);
      new DataView(bytes.buffer).setFloat32(bytes.length - 4, i, true);
      many[`/run/${i}.safetensors`] = bytes;
    }
    const folder = memoryFolder({ ...many, [INDEX]: json(weightMap) });
    const file = await safetensors.open(INDEX, folder.openBytes);
    expect(folder.left()).toBeLessThanOrEqual(16);
    const values = await Promise.all(file.tensors.map(({ name }) => streamed(file.matrix(name), 1)));
    expect(values.flat()).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(folder.left()).toBeLessThanOrEqual(16);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('a missing file is named', async () => {
    const error = await refused({ [INDEX]: index, [`/run/${shards[0]}`]: files[`/run/${shards[0]}`]! });
    expect(error.detail).toBe(`file "${shards[1]}" of the model cannot be opened: there is no such file.`);
  });

  test('a tensor missing from its file is named', async () => {
    const error = await refused({ ...files, [INDEX]: json({ 'layer.1.weight': shards[0], 'layer.9.weight': shards[1] }) });
    expect(error.message).toContain(`/run/${shards[1]}: the index expects tensor "layer.9.weight" here`);
  });

  test('tensors that the index does not place are told', async () => {
    const folder = memoryFolder({ ...files, [INDEX]: json({ 'layer.1.weight': shards[0] }) });
    const file = await safetensors.open(INDEX, folder.openBytes);
    expect(file.tensors.map((info) => info.name)).toEqual(['layer.1.weight']);
    expect(file.warnings).toEqual([expect.stringContaining('holds tensors that the index does not place there (1)')]);
  });

  test.each([
    '../secret.safetensors',
    '/etc/passwd',
    'sub/model.safetensors',
    'sub\\model.safetensors',
    'C:model.safetensors',
    '..',
    '.',
    '',
    'a\0b',
  ])('a name that leaves the folder is refused: %j', async (name) => {
    const folder = memoryFolder({ [INDEX]: json({ a: name }) });
    const error = await formatErrorOf(() => safetensors.open(INDEX, folder.openBytes));
    expect(error.detail).toContain('should lie in a file beside the index');
    expect(folder.sources).toHaveLength(1);
  });

  test.each<[string, Uint8Array, string]>([
    ['no weight_map', new Uint8Array(Buffer.from('{}')), 'should have a weight_map'],
    ['a list for a weight_map', json([]), 'should have a weight_map'],
    ['a number for a file', json({ a: 1 }), 'should lie in a file beside the index, not in 1'],
    ['no JSON', new Uint8Array(Buffer.from('{')), 'the index is not valid JSON'],
    [
      'more files than any model',
      json(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, `${i}.safetensors`]))),
      'names 10001 files',
    ],
  ])('an index with %s is refused', async (_, bytes, detail) => {
    expect((await refused({ ...files, [INDEX]: bytes })).detail).toContain(detail);
  });

  test('a damaged index is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(index.length - 1), fc.nat(255), async (at, byte) => {
        const folder = memoryFolder({ ...files, [INDEX]: index.map((before, i) => (i === at ? byte : before)) });
        try {
          await (await safetensors.open(INDEX, folder.openBytes)).close();
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        expect(folder.left()).toBe(0);
      }),
    );
  });
});
