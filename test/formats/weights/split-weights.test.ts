import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isWeight } from '../../../src/analysis/analyze';
import { FormatError } from '../../../src/formats/format-error';
import { selectedRows } from '../../../src/formats/matrices/selected-rows';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { splitWeights } from '../../../src/formats/weights/split-weights';
import type { StoredTensor } from '../../../src/formats/weights/stored-tensors';
import { MemoryBytes, memoryFolder, streamed } from '../bytes/memory-bytes';
import { countingMatrix } from '../matrices/memory-matrix';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'fused');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));
interface Case {
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly parts: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>;
}
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<string, Case>;
const noFolder = async () => null;

async function openCase(name: string, config: unknown): Promise<{ file: TensorFile; folder: ReturnType<typeof memoryFolder> }> {
  const path = name === 'modules' ? '/m/modules.pt' : `/m/${name}.safetensors`;
  const beside: Record<string, Uint8Array> =
    config === null ? {} : { '/m/config.json': new Uint8Array(Buffer.from(JSON.stringify(config))) };
  const folder = memoryFolder({ [path]: fixture(path.slice(3)), ...beside });
  return { file: await openTensorFile(path, { openBytes: folder.openBytes, listFolder: noFolder }), folder };
}

describe.each(Object.entries(expected))('%s', (name, { config, parts }) => {
  test('its parts are those that the models make of it', async () => {
    const { file, folder } = await openCase(name, config);
    const infos = new Map(file.tensors.map((info) => [info.name, info]));
    for (const [part, { shape, values }] of Object.entries(parts)) {
      const info = infos.get(part);
      expect(info, part).toMatchObject({ shape, bytes: 4 * values.length, matrix: { rows: shape[0], columns: shape[1] } });
      expect(info!.note).not.toBeNull();
      expect(isWeight(file.format, part)).toBe(true);
      const matrix = file.matrix(part);
      expect(await streamed(matrix, 3)).toEqual(values);
      if (matrix.access !== 'random') continue;
      const [last, before] = [new Float64Array(shape[1]!), new Float64Array(2 * shape[1]!)];
      await matrix.read(shape[0]! - 1, 1, last);
      expect([...last]).toEqual(values.slice(-shape[1]!));
      await matrix.read(shape[0]! - 2, 2, before);
      expect([...before]).toEqual(values.slice(-2 * shape[1]!));
    }
    const wholes = new Set(Object.keys(parts).map((part) => part.replace(/\[.*$/, '')));
    for (const whole of wholes) expect(infos.has(whole)).toBe(false);
    await file.close();
    expect(folder.left()).toBe(0);
  });
});

test('a part changes with the description of the model', async () => {
  const { config } = expected.bloom!;
  expect((await openCase('bloom', config)).file.fingerprint).toContain('config.json');
  expect((await openCase('bloom', null)).file.fingerprint).not.toContain('config.json');
});

test.each([
  ['bloom', null, 'l.0.query_key_value.weight', 'how they lie is not clear'],
  ['bloom', { model_type: 'bloom', n_head: 5, n_embd: 8 }, 'l.0.query_key_value.weight', 'how they lie is not clear'],
  ['bloom', { model_type: 'bloom', n_head: -4, n_embd: 8 }, 'l.0.query_key_value.weight', 'how they lie is not clear'],
  ['bloom', { model_type: 'chatglm', num_attention_heads: 4, hidden_size: 8 }, 'l.0.query_key_value.weight', 'how they lie is not clear'],
  ['phi3', null, 'l.0.qkv_proj.weight', 'how they lie is not clear'],
  ['gpt-oss', null, 'l.0.experts.gate_up_proj[1]', 'config.json does not tell how they lie'],
])('%s with config.json %j: %s is left whole', async (name, config, whole, note) => {
  const { file } = await openCase(name, config);
  expect(file.tensors.find((info) => info.name === whole)!.note).toContain(note);
  expect(file.matrix(whole).rows).not.toBeNull();
});

describe('tensors whose numbers are computed', () => {
  const tensor = (name: string, shape: number[], access: 'random' | 'sequential' = 'random'): StoredTensor => ({
    name,
    dtype: 'codes',
    shape,
    bytes: 96,
    layout: (rows, columns) => countingMatrix(rows, columns, access),
    note: null,
  });
  const open = async (...tensors: StoredTensor[]) => (await splitWeights(tensors, '/m/x', memoryFolder({}).openBytes)).tensors;
  const rowsOf = (part: StoredTensor) =>
    streamed((part.layout as (rows: number, columns: number) => ReturnType<typeof countingMatrix>)(...(part.shape as [number, number])), 2);

  test.each(['random', 'sequential'] as const)('are split by rows (%s)', async (access) => {
    const parts = await open(tensor('a.in_proj_weight', [6, 2], access));
    expect(parts.map(({ name }) => name)).toEqual(['a.in_proj_weight[q]', 'a.in_proj_weight[k]', 'a.in_proj_weight[v]']);
    expect(await Promise.all(parts.map(rowsOf))).toEqual([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]); // biome-ignore format: rows
    const experts = await open(tensor('experts.down_proj', [3, 2, 2], access));
    expect(await rowsOf(experts[2]!)).toEqual([8, 9, 10, 11]);
  });

  test('of short runs that lie close are read together', async () => {
    const matrix = countingMatrix(400, 1, 'random');
    const every = selectedRows(matrix, { start: 1, run: 1, period: 2, runs: 200 });
    const odd = Array.from({ length: 200 }, (_, i) => 2 * i + 1);
    expect(await streamed(every, 150)).toEqual(odd);
    const into = new Float64Array(70);
    await every.read(120, 70, into);
    expect([...into]).toEqual(odd.slice(120, 190));
  });

  test('are left whole where columns would have to be told apart', async () => {
    const [whole] = await open(tensor('h.0.attn.c_attn.weight', [2, 6]));
    expect(whole).toMatchObject({ name: 'h.0.attn.c_attn.weight', note: 'It holds q, k, v, which cannot be told apart in this format.' });
  });
});

describe('a name that says more than the shape', () => {
  const source = new MemoryBytes(new Uint8Array(4 * 5000));
  const stored = (name: string, shape: readonly number[], strides: readonly number[]): StoredTensor => ({
    name,
    dtype: 'float32',
    shape,
    bytes: 4 * shape.reduce((a, b) => a * b),
    layout: { source, offset: 0, type: 'float32', order: 'little', strides },
    note: null,
  });
  const namesOf = async (...tensors: StoredTensor[]) =>
    (await splitWeights(tensors, '/m/x', memoryFolder({}).openBytes)).tensors.map(({ name }) => name);

  test.each([
    ['odd halves', stored('a.gate_up_proj.weight', [5, 2], [2, 1])],
    ['no sibling that tells the units', stored('a.weight_ih_l0', [8, 3], [3, 1])],
    ['too many experts', stored('a.experts.down_proj', [4097, 1, 1], [1, 1, 1])],
    ['nothing in it', stored('a.experts.down_proj', [0, 1, 1], [1, 1, 1])],
    ['one axis', stored('a.in_proj_weight', [6], [1])],
    ['another name', stored('a.in_proj.weight', [6, 2], [2, 1])],
  ])('is left whole: %s', async (_, tensor) => expect(await namesOf(tensor)).toEqual([tensor.name]));

  test('and where a part would take the name of another tensor', async () => {
    const [fused, other] = [stored('a.in_proj_weight', [6, 2], [2, 1]), stored('a.in_proj_weight[k]', [2, 2], [2, 1])];
    expect(await namesOf(fused, other)).toEqual([fused.name, other.name]);
  });

  test('and where there would be more parts than any model has', async () => {
    const many = Array.from({ length: 65 }, (_, i) => stored(`${i}.experts.down_proj`, [4096, 1, 1], [1, 1, 1]));
    const names = await namesOf(...many);
    expect(names).toHaveLength(64 * 4096 + 1);
    expect(names.at(-1)).toBe('64.experts.down_proj');
  });
});

test('a part of a file that was cut says so in one sentence', async () => {
  const bytes = fixture('gpt2.safetensors');
  for (let length = 0; length < bytes.length; length += 97) {
    const folder = memoryFolder({ '/m/model.safetensors': bytes.slice(0, length) });
    await expect(openTensorFile('/m/model.safetensors', { openBytes: folder.openBytes, listFolder: noFolder })).rejects.toBeInstanceOf(
      FormatError,
    );
    expect(folder.left()).toBe(0);
  }
});
