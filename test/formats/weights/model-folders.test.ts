import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { formatOfFolder } from '../../../src/formats/registry';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const fixtures = join(import.meta.dirname, '../../fixtures/formats/folders');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<string, Record<string, number[]>>;

type Files = Readonly<Record<string, Uint8Array>>;
const text = (content: string | object) => new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content));

/** The files of a fixture, as below `/m`. */
function filesOf(name: string): Record<string, Uint8Array> {
  const folder = join(fixtures, name);
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
  const files = paths.filter((path) => statSync(path).isFile());
  return Object.fromEntries(files.map((path) => [join('/m', relative(folder, path)), new Uint8Array(readFileSync(path))]));
}

function opening(files: Files, path = '/m') {
  const { openBytes, left } = memoryFolder(files);
  const listFolder = async (folder: string) => {
    const inside = Object.keys(files).filter((name) => name.startsWith(`${folder}/`));
    return inside.length === 0 ? null : [...new Set(inside.map((name) => name.slice(folder.length + 1).split('/')[0]!))];
  };
  return { opened: () => openTensorFile(path, { openBytes, listFolder }), left };
}

async function expectTensors(file: TensorFile, tensors: Record<string, number[]>): Promise<void> {
  expect(file.tensors.map(({ name }) => name)).toEqual(Object.keys(tensors));
  for (const [name, values] of Object.entries(tensors)) {
    expect((await streamed(file.matrix(name), 2)).map(Math.fround), name).toEqual(values);
  }
}

describe('opened as a whole', () => {
  test.each([
    ['sentence-transformers', 'sentence-transformers', '/m'],
    ['model-in-parts', 'torch', '/m'],
    ['model-in-parts', 'torch', '/m/pytorch_model.bin.index.json'],
    ['projector', 'projector', '/m'],
    ['projector', 'projector', '/m/projector_config.pbtxt'],
  ])('%s as %s from %s', async (name, format, path) => {
    const files = filesOf(name);
    const { opened, left } = opening(files, path);
    const file = await opened();
    expect(file.format).toBe(format);
    await expectTensors(file, expected[name]!);
    expect(() => file.matrix('none')).toThrow('there is no tensor named "none".');
    await file.close();
    expect(left()).toBe(0);
  });

  test('all bytes and fingerprints are counted', async () => {
    const files = filesOf('sentence-transformers');
    const file = await opening(files).opened();
    const read = ['/m/modules.json', '/m/model.safetensors', '/m/2_Dense/pytorch_model.bin'];
    expect(file.bytes).toBe(read.reduce((sum, path) => sum + files[path]!.length, 0));
    for (const path of read) expect(file.fingerprint).toContain(path);
    expect(file.warnings).toEqual([]);
  });

  test('what lies in a checkpoint of TensorFlow is said to be left out', async () => {
    const file = await opening(filesOf('projector')).opened();
    expect(file.warnings).toEqual(['"in/a/checkpoint" lies in a checkpoint of TensorFlow, which is not read.']);
  });
});

describe('which folder is a model', () => {
  test.each<[string, string[], string | null]>([
    ['safetensors before bin', ['config.json', 'pytorch_model.bin', 'model.safetensors'], 'safetensors'],
    ['an index', ['config.json', 'model.safetensors.index.json'], 'safetensors'],
    ['bin', ['config.json', 'pytorch_model.bin'], 'torch'],
    ['sentence-transformers, which has a model file too', ['modules.json', 'config.json', 'model.safetensors'], 'sentence-transformers'],
    ['without a configuration', ['model.safetensors'], null],
    ['a run with its checkpoints', ['config.json', 'model.safetensors', 'checkpoint-500'], null],
  ])('%s', (_, names, format) => {
    expect(formatOfFolder(names)?.id ?? null).toBe(format);
  });
});

const DENSE = 'sentence_transformers.models.Dense';

describe('sentence-transformers refuses', () => {
  const model = filesOf('sentence-transformers')['/m/model.safetensors']!;
  test.each<[string, Files, RegExp]>([
    [
      'a way up',
      { '/m/modules.json': text([{ path: '../other', type: DENSE }]) },
      /should lie in a folder beside the list, not in "\.\.\/other"\./,
    ],
    ['a way from the root', { '/m/modules.json': text([{ path: '/etc', type: DENSE }]) }, /not in "\/etc"\./],
    ['a way up further down', { '/m/modules.json': text([{ path: 'a/../../b', type: DENSE }]) }, /not in/],
    ["a way by another system's separator", { '/m/modules.json': text([{ path: '..\\b', type: DENSE }]) }, /not in/],
    ['no list', { '/m/modules.json': text({}) }, /a list of modules was expected/],
    ['no JSON', { '/m/modules.json': text('[{') }, /not valid JSON/],
    ['a list of other things', { '/m/modules.json': text([7]) }, /a path and a type/],
    [
      'no weights',
      { '/m/modules.json': text([{ path: '2_Dense', type: DENSE }]) },
      /none of the modules that modules\.json lists has one of model/,
    ],
    ['a broken module', { '/m/modules.json': text([{ path: '', type: DENSE }]), '/m/model.safetensors': model.slice(0, 100) }, /./],
    [
      'a module listed twice',
      {
        '/m/modules.json': text([
          { path: '', type: DENSE },
          { path: '', type: DENSE },
        ]),
        '/m/model.safetensors': model,
      },
      /two of its tensors are named/,
    ],
  ])('%s', async (_, files, message) => {
    const { opened, left } = opening(files);
    expect((await formatErrorOf(opened)).detail).toMatch(message);
    expect(left()).toBe(0);
  });

  test('nothing where a module has lost its weights, but says so', async () => {
    const { '/m/2_Dense/pytorch_model.bin': _, ...files } = filesOf('sentence-transformers');
    expect((await opening(files).opened()).warnings).toEqual(['Module "2_Dense" has no weights that can be read.']);
  });
});

describe('a model in parts is refused', () => {
  test.each<[string, (files: Record<string, Uint8Array>) => void, RegExp]>([
    [
      'without a part',
      (files) => delete files['/m/pytorch_model-00002-of-00002.bin'],
      /"pytorch_model-00002-of-00002.bin" of the model cannot be opened/,
    ],
    ['with a part cut off', (files) => cut(files, '/m/pytorch_model-00001-of-00002.bin'), /./],
    ['with a way up', (files) => setIndex(files, { 'a.weight': '../a.bin' }), /in a file beside the index/],
    [
      'with a tensor elsewhere',
      (files) => setIndex(files, { 'a.weight': 'pytorch_model-00002-of-00002.bin' }),
      /the index expects tensor "a.weight" here/,
    ],
  ])('%s', async (_, change, message) => {
    const files = filesOf('model-in-parts');
    change(files);
    const { opened, left } = opening(files);
    expect((await formatErrorOf(opened)).detail).toMatch(message);
    expect(left()).toBe(0);
  });

  const cut = (files: Record<string, Uint8Array>, path: string) => {
    files[path] = files[path]!.slice(0, -20);
  };
  const setIndex = (files: Record<string, Uint8Array>, weight_map: object) => {
    files['/m/pytorch_model.bin.index.json'] = text({ weight_map });
  };
});

describe('the projector', () => {
  const embedding = (fields: string) => ({
    '/m/projector_config.pbtxt': text(`embeddings { ${fields} }`),
    '/m/t.bytes': new Uint8Array(24),
  });
  test.each<[string, Files, RegExp]>([
    ['a way up', embedding('tensor_path: "../t.tsv"'), /not in "\.\.\/t\.tsv"\./],
    ['a way from the root', embedding('tensor_path: "/tmp/t.tsv"'), /not in "\/tmp\/t\.tsv"\./],
    [
      'bytes of another shape',
      embedding('tensor_path: "t.bytes" tensor_shape: [2, 4]'),
      /24 bytes should be float32 in .*, which is 2 x 4\./,
    ],
    ['bytes without a shape', embedding('tensor_path: "t.bytes"'), /which is not given\./],
    ['a negative shape', embedding('tensor_path: "t.bytes" tensor_shape: -2 tensor_shape: -3'), /1 to \d+ columns|should be float32/],
    ['no file', embedding('tensor_name: "a"'), /names no file of vectors \(tensor_path\)\. "a" lies in a checkpoint/],
    ['a missing file', embedding('tensor_path: "other.tsv"'), /no such file/],
    [
      'an open brace',
      { '/m/projector_config.pbtxt': text('embeddings { tensor_name: "a"') },
      /the name of a field was expected, not the end/,
    ],
    ['an open string', { '/m/projector_config.pbtxt': text('embeddings { tensor_name: "a }') }, /no text of a protocol buffer/],
    ['no colon', { '/m/projector_config.pbtxt': text('embeddings "a"') }, /a colon was expected/],
    ['no message', { '/m/projector_config.pbtxt': text('embeddings: 7') }, /should be a message in braces/],
    ['too deep', { '/m/projector_config.pbtxt': text('a{'.repeat(100)) }, /a simpler message was expected/],
  ])('refuses %s', async (_, files, message) => {
    const { opened, left } = opening(files);
    expect((await formatErrorOf(opened)).detail).toMatch(message);
    expect(left()).toBe(0);
  });

  test('reads every way to write a configuration', async () => {
    const config = `embeddings: < tensor_name: 'a\\x62' "c"; tensor_path: "t.bytes", tensor_shape: [3, 2] > # end`;
    const file = await opening({ '/m/projector_config.pbtxt': text(config), '/m/t.bytes': new Uint8Array(24) }).opened();
    expect(file.tensors).toMatchObject([{ name: 'abc', shape: [3, 2], dtype: 'float32' }]);
  });
});
