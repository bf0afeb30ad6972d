import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isWeight } from '../../../src/analysis/analyze';
import { FormatError } from '../../../src/formats/format-error';
import { openTensorFile } from '../../../src/formats/open';
import { safetensorsBytes } from '../../runs/directory-tree';
import { memoryFolder, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'adapters');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<
  string,
  { readonly shape: readonly number[]; readonly values: readonly number[] }
>;
const PATH = '/a/adapter_model.safetensors';
const ADAPTER = fixture('adapter_model.safetensors');
const MODEL = fixture('model.safetensors');
const noFolder = async () => null;
const json = (value: unknown) => new Uint8Array(Buffer.from(JSON.stringify(value)));

function open(config: unknown, beside: Readonly<Record<string, Uint8Array>> = {}, adapter: Uint8Array = ADAPTER) {
  const folder = memoryFolder({ [PATH]: adapter, ...(config === null ? {} : { '/a/adapter_config.json': json(config) }), ...beside });
  return { folder, opened: openTensorFile(PATH, { openBytes: folder.openBytes, listFolder: noFolder }) };
}

const PREFIX = 'base_model.model.';
const PRODUCTS = [
  [`${PREFIX}model.layers.0.q_proj.lora (B A)`, 'q'],
  [`${PREFIX}conv.lora (B A)`, 'conv'],
  [`${PREFIX}model.embed_tokens.lora (B A)`, 'tokens'],
] as const;
const SUMS = [
  ['model.layers.0.q_proj.weight (W + B A)', 'q on its base'],
  ['model.embed_tokens.weight (W + B A)', 'tokens on its base'],
] as const;

async function expectMatrix(opened: ReturnType<typeof open>['opened'], name: string, key: string, scale: number): Promise<void> {
  const file = await opened;
  const { shape, values } = expected[key]!;
  const info = file.tensors.find((tensor) => tensor.name === name)!;
  expect(info).toMatchObject({ shape, matrix: { rows: shape[0], columns: shape[1] } });
  expect(isWeight(file.format, name)).toBe(true);
  const matrix = file.matrix(name);
  const close = (numbers: Iterable<number>, wanted: readonly number[]) =>
    [...numbers].forEach((x, i) => {
      expect(x).toBeCloseTo(scale * wanted[i]!, 12);
    });
  const all = await streamed(matrix, 2);
  expect(all).toHaveLength(values.length);
  close(all, values);
  const rows = new Float64Array(2 * shape[1]!);
  await matrix.read(shape[0]! - 2, 2, rows);
  close(rows, values.slice(-rows.length));
}

describe('the product of an adapter, as NumPy forms it', () => {
  test.each(PRODUCTS)('%s', (name, key) => expectMatrix(open({ lora_alpha: 16 }).opened, name, key, 8));

  test('stands instead of its factors, beside what is no factor', async () => {
    const { folder, opened } = open({ lora_alpha: 16 });
    const file = await opened;
    expect(file.tensors.map(({ name }) => name)).toEqual([`${PREFIX}score.weight`, ...PRODUCTS.map(([name]) => name)]);
    expect(file.fingerprint).toContain('adapter_config.json');
    expect(file.warnings).toEqual([]);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test.each([
    ['alpha / r', { lora_alpha: 3, r: 2 }, 1.5, 'its scale is 3 / 2.'],
    ['alpha / sqrt(r)', { lora_alpha: 3, use_rslora: true }, 3 / Math.SQRT2, 'its scale is 3 / sqrt(2).'],
    ['of its own', { lora_alpha: 3, alpha_pattern: { 'layers.0.q_proj': 5 } }, 2.5, 'its scale is 5 / 2.'],
    ['of another module', { lora_alpha: 3, alpha_pattern: { proj: 5 } }, 1.5, 'its scale is 3 / 2.'],
    ['by a pattern', { lora_alpha: 3, alpha_pattern: { '(a+)+$': 5 } }, 1, 'its scale is not known'],
    ['that is no number', { lora_alpha: 'x' }, 1, 'its scale is not known'],
    ['without a description', null, 1, 'its scale is not known'],
  ])('with the scale %s', async (_, config, scale, note) => {
    const { opened } = open(config);
    await expectMatrix(opened, PRODUCTS[0][0], 'q', scale);
    expect((await opened).tensors.find(({ name }) => name === PRODUCTS[0][0])!.note).toContain(note);
  });
});

describe('a weight with the change of its adapter', () => {
  const config = { lora_alpha: 16, base_model_name_or_path: '../models/base' };
  const beside = { '/models/base/model.safetensors': MODEL };

  test.each(SUMS)('%s', (name, key) => expectMatrix(open(config, beside).opened, name, key, 1));

  test('is read at random only where its model is; every file is closed', async () => {
    const { folder, opened } = open(config, beside);
    const file = await opened;
    expect(file.fingerprint).toContain('/models/base/model.safetensors');
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('of a layer that stores inputs by outputs is the transpose', async () => {
    const [a, b, w] = [[[1, 2, 3]], [[5], [7]], [[1, 1], [1, 1], [1, 1]]]; // biome-ignore format: rows
    const adapter = safetensorsBytes({ 'base_model.model.h.c.lora_A.weight': a, 'base_model.model.h.c.lora_B.weight': b });
    const own = { lora_alpha: 1, fan_in_fan_out: true, base_model_name_or_path: '/models/base' };
    const file = await open(own, { '/models/base/model.safetensors': safetensorsBytes({ 'h.c.weight': w }) }, adapter).opened;
    expect(await streamed(file.matrix('h.c.weight (W + B A)'), 2)).toEqual([6, 8, 11, 15, 16, 22]);
    expect(await streamed(file.matrix('base_model.model.h.c.lora (B A)'), 2)).toEqual([5, 10, 15, 7, 14, 21]);
  });

  test.each([
    ['on a machine elsewhere', '//models/base'],
    ['on a machine elsewhere, by its drive', '\\\\models\\base'],
    ['at an address', 'https://models/base'],
    ['that is not here', 'models/other'],
    ['without a name', 7],
  ])('is left out for a model %s', async (_, name) => {
    const { folder, opened } = open({ ...config, base_model_name_or_path: name }, beside);
    const file = await opened;
    expect(file.tensors.map(({ name }) => name).filter((name) => name.includes('W +'))).toEqual([]);
    expect(file.warnings).toEqual([]);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('is left out with a reason for a model that is damaged', async () => {
    const { folder, opened } = open(config, { '/models/base/model.safetensors': MODEL.slice(0, 50) });
    const file = await opened;
    expect(file.warnings).toEqual([
      expect.stringContaining('The model that it adapts cannot be read, so only the products B A are shown: '),
    ]);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('is left out with a reason for DoRA', async () => {
    const file = await open({ ...config, use_dora: true }, beside).opened;
    expect(file.warnings).toEqual([expect.stringContaining('With DoRA')]);
    expect(file.tensors.map(({ name }) => name)).toEqual([`${PREFIX}score.weight`, ...PRODUCTS.map(([name]) => name)]);
  });

  test('is left out where the sizes differ', async () => {
    const other = safetensorsBytes({ 'model.layers.0.q_proj.weight': [[1, 2], [3, 4]] }); // biome-ignore format: rows
    const file = await open(config, { '/models/base/model.safetensors': other }).opened;
    expect(file.tensors.some(({ name }) => name.includes('W +'))).toBe(false);
  });
});

test.each([
  ['one factor alone', { 'x.lora_A.weight': [[1, 2]] }],
  [
    'factors of unequal rank',
    {
      'x.lora_A.weight': [[1, 2]],
      'x.lora_B.weight': [
        [1, 2],
        [3, 4],
      ],
    },
  ],
])('%s is listed as it is stored', async (_, tensors) => {
  const file = await open({ lora_alpha: 1 }, {}, safetensorsBytes(tensors)).opened;
  expect(file.tensors.map(({ name }) => name)).toEqual(Object.keys(tensors));
});

test('adapters of another kind are listed as they are stored, with a sentence', async () => {
  const tensors = { 'base_model.model.x.q_proj.hada_w1_a': [[1, 2]], 'base_model.model.x.q_proj.hada_w1_b': [[1], [2]] }; // biome-ignore format: rows
  const file = await open({ peft_type: 'LOHA' }, {}, safetensorsBytes(tensors)).opened;
  expect(file.tensors.map(({ name }) => name)).toEqual(Object.keys(tensors));
  expect(file.warnings).toEqual([expect.stringContaining('only LoRA is multiplied out')]);
});

test('an adapter that was cut is refused in one sentence', async () => {
  for (let length = 0; length < ADAPTER.length; length += 61) {
    const { folder, opened } = open({ lora_alpha: 16 }, {}, ADAPTER.slice(0, length));
    await expect(opened).rejects.toBeInstanceOf(FormatError);
    expect(folder.left()).toBe(0);
  }
});
