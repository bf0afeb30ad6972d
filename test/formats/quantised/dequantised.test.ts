import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/formats/format-error';
import type { MatrixSource } from '../../../src/formats/matrix-source';
import { safetensors } from '../../../src/formats/safetensors/safetensors';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'quantised');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, `${name}.safetensors`)));

const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<
  string,
  Record<string, { readonly shape: readonly number[]; readonly float32: string }>
>;

const json = (value: unknown) => new Uint8Array(Buffer.from(JSON.stringify(value)));
/** Expected numbers, the file they are read from, and what lies beside it. */
const CASES: readonly [string, string, Readonly<Record<string, Uint8Array>>][] = [
  ['gptq', 'gptq', { 'quantize_config.json': json({ bits: 4, group_size: 16, desc_act: true }) }],
  [
    'gptq_v2',
    'gptq',
    { 'config.json': json({ quantization_config: { quant_method: 'gptq', group_size: 16, checkpoint_format: 'gptq_v2' } }) },
  ],
  ['awq', 'awq', {}],
  ['awq', 'awq', { 'config.json': json({ quantization_config: { quant_method: 'awq', version: 'gemm' } }) }],
  ['compressed-tensors', 'compressed-tensors', {}],
  ['mlx', 'mlx', { 'config.json': json({ quantization: { group_size: 32, bits: 4, 'layers.6': { group_size: 16, bits: 6 } } }) }],
  ['bitsandbytes', 'bitsandbytes', {}],
  ['mxfp4', 'mxfp4', {}],
  ['float8', 'float8', {}],
  ['float8-blocks', 'float8-blocks', { 'config.json': json({ quantization_config: { weight_block_size: [3, 4] } }) }],
  ['nvfp4', 'nvfp4', {}],
];

const PATH = '/run/model.safetensors';
const noFolder = async () => null;
function openWith(bytes: Uint8Array, beside: Readonly<Record<string, Uint8Array>>) {
  const named = Object.fromEntries(Object.entries(beside).map(([name, content]) => [`/run/${name}`, content]));
  const folder = memoryFolder({ [PATH]: bytes, ...named });
  return { folder, opened: safetensors.open(PATH, folder.openBytes, noFolder) };
}

const bits = (values: ArrayLike<number>) => Buffer.from(Float32Array.from(values).buffer).toString('base64');

const ofTensor = (whole: string, name: string) => name === whole || name.startsWith(`${whole}[`);

async function expectRows(matrix: MatrixSource, float32: string): Promise<void> {
  expect(matrix.access).toBe('random');
  const [rows, columns] = [matrix.rows!, matrix.columns];
  for (const perBlock of [1, 3, rows]) expect(bits(await streamed(matrix, perBlock))).toBe(float32);
  const whole = Buffer.from(float32, 'base64');
  for (let first = rows - 1; first >= 0; first -= 2) {
    const count = Math.min(2, rows - first);
    const into = new Float64Array(count * columns);
    await matrix.read(first, count, into);
    expect(bits(into)).toBe(whole.subarray(4 * first * columns, 4 * (first + count) * columns).toString('base64'));
  }
}

describe.each(CASES)('%s', (wanted, file, beside) => {
  const bytes = fixture(file);

  test.each(Object.keys(expected[wanted]!))('%s has the numbers of its scheme, in any order of rows', async (name) => {
    const { folder, opened } = openWith(bytes, beside);
    const opening = await opened;
    const { shape, float32 } = expected[wanted]![name]!;
    const parts = opening.tensors.filter((tensor) => ofTensor(name, tensor.name));
    // Experts that lie stacked are tensors of their own.
    const whole = Buffer.from(float32, 'base64');
    expect(parts.map((part) => part.shape)).toEqual(shape.length === 3 ? Array(shape[0]).fill(shape.slice(1)) : [shape]);
    for (const [k, part] of parts.entries()) {
      expect(part.note).toMatch(/^Dequantised/);
      const own = whole.subarray((k * whole.length) / parts.length, ((k + 1) * whole.length) / parts.length);
      await expectRows(opening.matrix(part.name), own.toString('base64'));
    }
    await opening.close();
    expect(folder.left()).toBe(0);
  });

  test('what belongs to a tensor has no spectrum of its own', async () => {
    const file = await openWith(bytes, beside).opened;
    const names = Object.keys(expected[wanted]!);
    const others = file.tensors.filter(({ name }) => !names.some((wanted) => ofTensor(wanted, name)));
    expect(others.length).toBeGreaterThan(0);
    for (const { name, matrix, note } of others) {
      expect(matrix).toBeNull();
      expect(note, name).toMatch(/^It belongs to the quantised tensor ".*"\.$/);
    }
  });

  test('with bytes of the file changed, is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }), async (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        const { folder, opened } = openWith(damaged, beside);
        try {
          const file = await opened;
          try {
            for (const { name, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(name), 16);
          } finally {
            await file.close();
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        expect(folder.left()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('cut anywhere, is refused', async () => {
    for (let length = 0; length < bytes.length; length += Math.ceil(bytes.length / 300)) {
      const { folder, opened } = openWith(bytes.subarray(0, length), beside);
      expect((await formatErrorOf(() => opened)).message).toMatch(/cut short or still being written\.$/);
      expect(folder.left()).toBe(0);
    }
  });
});

/** A safetensors file of zeros. */
function fileOf(
  tensors: Readonly<Record<string, readonly [dtype: string, shape: readonly number[], bytesEach: number]>>,
  data?: Uint8Array,
) {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, [dtype, shape, bytesEach]] of Object.entries(tensors)) {
    const length = shape.reduce((product, n) => product * n, bytesEach);
    header[name] = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, data ?? Buffer.alloc(at)]));
}

describe('what is not defined is said in one sentence', () => {
  const gptq = { qweight: ['I32', [5, 16], 4], qzeros: ['I32', [2, 2], 4], scales: ['F16', [2, 16], 2] } as const;
  test.each<[string, Uint8Array, string, string, Readonly<Record<string, Uint8Array>>]>([
    ['codes without their scales', fileOf({ qweight: ['I32', [4, 4], 4] }), 'qweight', 'which is not in this file.', {}],
    ['blocks without their scales', fileOf({ up_blocks: ['U8', [2, 2, 16], 1] }), 'up_blocks', 'which is not in this file.', {}],
    ['bytes for weights', fileOf({ 'a.weight': ['U8', [2, 2], 1] }), 'a.weight', 'which is not in this file.', {}],
    [
      'AWQ for one kind of kernel',
      fileOf({ qweight: ['I32', [16, 2], 4], qzeros: ['I32', [2, 2], 4], scales: ['F16', [2, 16], 2] }),
      'qweight',
      'layout other than gemm',
      { 'config.json': json({ quantization_config: { quant_method: 'awq', version: 'gemv' } }) },
    ],
    [
      'GPTQ of five bits',
      fileOf({ qweight: ['I32', [5, 32], 4], qzeros: ['I32', [2, 5], 4], scales: ['F16', [2, 32], 2] }),
      'qweight',
      'GPTQ with 5 bits',
      {},
    ],
    [
      'GPTQ in groups of unknown size',
      fileOf({ ...gptq, scales: ['F16', [3, 16], 2], qzeros: ['I32', [3, 2], 4] }),
      'qweight',
      'what size they have is said nowhere',
      {},
    ],
    ['GPTQ with a list of another length', fileOf({ ...gptq, g_idx: ['I32', [39], 4] }), 'qweight', 'not one per input', {}],
    [
      'MLX without its configuration',
      fileOf({ weight: ['U32', [2, 4], 4], scales: ['F16', [2, 1], 2], biases: ['F16', [2, 1], 2] }),
      'weight',
      'not beside this file',
      {},
    ],
    ['MLX with float scales', fileOf({ weight: ['U32', [2, 4], 4], scales: ['U8', [2, 1], 1] }), 'weight', 'mode that cannot be read', {}],
    [
      'blocks of unknown size',
      fileOf({ weight: ['F8_E4M3', [7, 10], 1], weight_scale: ['F32', [3, 3], 4] }),
      'weight',
      'blocks whose size is not said',
      {},
    ],
    [
      'int8 for one kind of GPU',
      fileOf(
        { weight: ['I8', [4, 4], 1], SCB: ['F32', [4], 4], weight_format: ['U8', [], 1] },
        Buffer.concat([Buffer.alloc(32), Buffer.of(2)]),
      ),
      'weight',
      'reordered for one kind of GPU',
      {},
    ],
    [
      'four bits without a state',
      fileOf({ weight: ['U8', [8, 1], 1], 'weight.absmax': ['F32', [1], 4] }),
      'weight',
      'without its state',
      {},
    ],
    [
      'a name that is taken',
      fileOf({ qweight: ['I32', [2, 16], 4], qzeros: ['I32', [1, 2], 4], scales: ['F16', [1, 16], 2], weight: ['F32', [2, 2], 4] }),
      'qweight',
      'only together with "scales"',
      {},
    ],
  ])('%s', async (_, bytes, name, detail, beside) => {
    const file = await openWith(bytes, beside).opened;
    const info = file.tensors.find((tensor) => tensor.name === name)!;
    expect(info.matrix).toBeNull();
    expect(info.note).toContain(detail);
    expect(info.note).toMatch(/^Quantised[^\n]*\.$/);
  });

  test('a list that names a group that is not there is refused when it is read', async () => {
    const data = Buffer.alloc(320 + 16 + 64 + 160);
    data.writeInt32LE(9, data.length - 4);
    const file = await openWith(fileOf({ ...gptq, g_idx: ['I32', [40], 4] }, data), {}).opened;
    expect((await formatErrorOf(() => streamed(file.matrix('weight'), 1))).detail).toContain('should name one of 2 groups');
  });

  test.each<[string, string, string]>([
    ['no JSON', '{', 'is not valid JSON'],
    ['no shape', '{"blocksize":64}', 'should have a shape and sizes of blocks'],
    ['a block of nothing', '{"shape":[4,4],"blocksize":0}', 'should have a shape and sizes of blocks'],
    ['a list', '[]', 'should be a JSON object'],
  ])('a state with %s is refused', async (_, text, detail) => {
    const state = Buffer.from(text);
    const bytes = fileOf(
      {
        weight: ['U8', [8, 1], 1],
        'weight.absmax': ['F32', [1], 4],
        'weight.quant_map': ['F32', [16], 4],
        'weight.quant_state.bitsandbytes__nf4': ['U8', [state.length], 1],
      },
      Buffer.concat([Buffer.alloc(76), state]),
    );
    const { folder, opened } = openWith(bytes, {});
    expect((await formatErrorOf(() => opened)).detail).toContain(detail);
    expect(folder.left()).toBe(0);
  });
});

test.each<[string, Readonly<Record<string, readonly [string, readonly number[], number]>>]>([
  ['GPTQ', { qweight: ['I32', [2 ** 27, 8], 4], qzeros: ['I32', [2 ** 26, 1], 4], scales: ['F16', [2 ** 26, 8], 2] }],
  ['AWQ', { qweight: ['I32', [2 ** 27, 1], 4], qzeros: ['I32', [2 ** 26, 1], 4], scales: ['F16', [2 ** 26, 8], 2] }],
  ['GPTQ in one group', { qweight: ['I32', [2 ** 27, 8], 4], qzeros: ['I32', [1, 1], 4], scales: ['F16', [1, 8], 2] }],
  ['float8', { weight: ['F8_E4M3', [2 ** 26, 4], 1], weight_scale: ['F32', [2 ** 26], 4] }],
])('%s with more scales than can be held is refused when it is read', async (_, tensors) => {
  const header = fileOf(tensors, new Uint8Array(0));
  const source = {
    path: PATH,
    size: 2 ** 44,
    fingerprint: 'sparse',
    async read(offset: number, target: Uint8Array) {
      target.fill(0);
      target.set(header.subarray(offset, offset + target.length));
    },
    async close() {},
  };
  const openBytes = async (path: string) => {
    if (path !== PATH) throw new FormatError(path, null, 'there is no such file.');
    return source;
  };
  const file = await safetensors.open(PATH, openBytes, noFolder);
  expect((await formatErrorOf(() => file.matrix('weight').read(0, 1, new Float64Array(8)))).detail).toContain('too many to hold');
});

test('of two tensors of codes for one name the second is listed as codes', async () => {
  const bytes = fileOf(
    {
      qweight: ['I32', [2, 16], 4],
      qzeros: ['I32', [1, 2], 4],
      scales: ['F16', [1, 16], 2],
      weight_packed: ['I32', [2, 1], 4],
      weight_scale: ['F16', [2, 1], 2],
      weight_shape: ['I64', [2], 8],
    },
    Buffer.concat([Buffer.alloc(128 + 8 + 32 + 8 + 4), Buffer.from(BigInt64Array.of(2n, 8n).buffer)]),
  );
  const file = await openWith(bytes, {}).opened;
  expect(file.tensors.filter(({ name }) => name === 'weight')).toMatchObject([{ dtype: 'GPTQ 4-bit', shape: [16, 16] }]);
  expect(file.tensors.find(({ name }) => name === 'weight_packed')!.note).toMatch(/^Quantised/);
});

test('a model in several files finds its scales in another', async () => {
  const all = fixture('awq');
  const headerLength = Number(new DataView(all.buffer).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(all.subarray(8, 8 + headerLength)).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const files: Record<string, Uint8Array> = {};
  const weightMap: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    const [from, to] = entry.data_offsets;
    const text = Buffer.from(JSON.stringify({ [name]: { ...entry, data_offsets: [0, to - from] } }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    files[`/run/${name}.safetensors`] = Buffer.concat([length, text, all.subarray(8 + headerLength + from, 8 + headerLength + to)]);
    weightMap[name] = `${name}.safetensors`;
  }
  const index = '/run/model.safetensors.index.json';
  const folder = memoryFolder({
    ...files,
    [index]: json({ weight_map: weightMap }),
    '/run/config.json': json({ quantization_config: { bits: 4 } }),
  });
  const file = await safetensors.open(index, folder.openBytes, noFolder);
  await expectRows(file.matrix('mlp.weight'), expected.awq!['mlp.weight']!.float32);
  expect(file.fingerprint).toContain('/run/config.json');
  await file.close();
  expect(folder.left()).toBe(0);
});
