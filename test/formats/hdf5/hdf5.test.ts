import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Hdf5File } from '../../../src/formats/hdf5/hdf5-library';
import { kerasNames } from '../../../src/formats/hdf5/keras-names';
import { slabs } from '../../../src/formats/matrices/slabs';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, MemoryBytes, memoryFolder, streamed } from '../bytes/memory-bytes';
import { zip } from '../bytes/zip-writer';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'hdf5');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>>
>;

async function opened(name: string, bytes: Uint8Array = fixture(name)) {
  const folder = memoryFolder({ [`/${name}`]: bytes });
  return { folder, file: await openTensorFile(`/${name}`, { openBytes: folder.openBytes, listFolder: async () => null }) };
}
const noteOf = (file: TensorFile, name: string) => file.tensors.find((tensor) => tensor.name === name)?.note;

describe.each(Object.keys(expected))('%s', (name) => {
  test('has the numbers that h5py wrote, in any order of reading', async () => {
    const { file, folder } = await opened(name);
    for (const [tensor, { shape, values }] of Object.entries(expected[name]!)) {
      expect(file.tensors.find((each) => each.name === tensor)?.shape, tensor).toEqual(shape);
      const matrix = file.matrix(tensor);
      expect(matrix.columns).toBe(shape.at(-1));
      expect(await streamed(matrix, 3), tensor).toEqual(values);
      for (let first = matrix.rows! - 1; first >= 0; first -= 4) {
        const count = Math.min(5, matrix.rows! - first);
        const into = new Float64Array(count * matrix.columns);
        await matrix.read(first, count, into);
        expect([...into], tensor).toEqual(values.slice(first * matrix.columns, (first + count) * matrix.columns));
      }
    }
    await file.close();
    expect(folder.left()).toBe(0);
  });
});

test('what cannot be read says why', async () => {
  const { file } = await opened('types.h5');
  expect(noteOf(file, 'not/lzf')).toBe('It is compressed with LZF, which cannot be read; save it with gzip or uncompressed.');
  for (const name of ['not/text', 'not/compound', 'not/complex'])
    expect(noteOf(file, name)).toBe('Its elements are no numbers that can be read.');
  expect(noteOf(file, 'not/empty')).toBe('It is empty.');
  expect(noteOf(file, 'not/scalar')).toContain('single number');
  expect(noteOf(file, 'not/vector')).toContain('one axis only');
  expect(noteOf(file, 'not/no rows')).toContain('no elements');
  await file.close();
});

describe('what leads out of the file', () => {
  test('is not followed', async () => {
    const { file } = await opened('hostile.h5');
    expect(file.tensors.map(({ name }) => name)).toEqual(['endless', 'large chunk', 'stored outside', 'virtual', 'x']);
    expect(file.warnings).toEqual([
      '4 links (soft link "/dangling", external link "/external", external link "/itself" and 1 more) are not followed.',
    ]);
    expect(noteOf(file, 'virtual')).toBe('It is a virtual dataset, whose data lie in other files.');
    const error = await formatErrorOf(() => streamed(file.matrix('stored outside'), 4));
    expect(error.detail).toMatch(/"\/stored outside" cannot be read: .* in another file\.$/);
    // The file is still of use.
    expect(await streamed(file.matrix('x'), 8)).toEqual(expected['hostile.h5']!.x!.values);
    await file.close();
  });

  test('sizes that no file of its size holds are refused', async () => {
    const { file } = await opened('hostile.h5');
    expect(noteOf(file, 'endless')).toMatch(/^It claims \d+ bytes, more than a file of \d+ bytes can hold\.$/);
    expect(noteOf(file, 'large chunk')).toMatch(/^Its chunks have 536870912 bytes/);
    await file.close();
  });

  test('groups in a circle come to an end', async () => {
    const error = await formatErrorOf(() => opened('circle.h5'));
    expect(error.detail).toContain('in a circle');
  });
});

describe('cut off', () => {
  test.each(['types.h5', 'latest.h5', 'legacy.h5', 'model.weights.h5'])('%s is refused', async (name) => {
    const bytes = fixture(name);
    const lengths = [
      1,
      7,
      8,
      9,
      24,
      47,
      48,
      95,
      96,
      97,
      512,
      ...[0.25, 0.5, 0.75].map((part) => Math.floor(bytes.length * part)),
      bytes.length - 1,
    ];
    for (const length of lengths) {
      if (length >= bytes.length) continue;
      const folder = memoryFolder({ [`/${name}`]: bytes.slice(0, length) });
      const error = await formatErrorOf(() => openTensorFile(`/${name}`, { openBytes: folder.openBytes, listFolder: async () => null }));
      expect(error.message).toMatch(/\.$/);
      expect(folder.left()).toBe(0);
    }
  });

  test('an archive is refused', async () => {
    const bytes = fixture('stored.keras');
    for (const length of [4, 30, bytes.length >> 1, bytes.length - 22, bytes.length - 1]) {
      expect((await formatErrorOf(() => opened('stored.keras', bytes.slice(0, length)))).message).toContain('ZIP');
    }
  });

  test('a file that ends while it is read', async () => {
    const bytes = new MemoryBytes(fixture('types.h5'));
    const file = await Hdf5File.open(bytes);
    bytes.open = false;
    // Small files are held by the library from the start.
    expect(() => file.read('/little/f4', [0, 0], [20, 6], 480, () => {})).toThrow(/is closed|cannot be read/);
    file.close();
    expect(() => file.names('/')).toThrow('nothing more is read');
  });
});

test('damage at any byte ends in numbers or in one sentence, and the next file is read', async () => {
  const sound = fixture('latest.h5');
  for (let at = 0; at < sound.length; at += 97) {
    const bytes = sound.slice();
    bytes[at]! ^= 0xff;
    try {
      const { file } = await opened('latest.h5', bytes);
      for (const { name, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(name), 8);
      await file.close();
    } catch (error) {
      expect((error as Error).name).toBe('FormatError');
    }
  }
  const { file } = await opened('latest.h5');
  expect(await streamed(file.matrix('a/x'), 8)).toEqual(expected['latest.h5']!['a/x']!.values);
  await file.close();
}, 60_000);

describe('Keras', () => {
  test('variables of the training are left out, and said to be', async () => {
    const { file } = await opened('model.weights.h5');
    expect(file.format).toBe('keras');
    expect(file.tensors.map(({ name }) => name).sort()).toEqual([
      'dense/bias',
      'dense/kernel',
      'dense_1/kernel',
      'embedding/embeddings',
      'layer_normalization/beta',
      'layer_normalization/gamma',
      'lstm/cell/kernel',
      'lstm/cell/recurrent_kernel',
      'lstm/cell/vars/2',
    ]);
    expect(file.warnings).toEqual(['2 variables of the training (optimizer, metrics) are left out.']);
    expect(file.tensors.find(({ name }) => name === 'dense_1/kernel')?.dtype).toBe('bfloat16');
    await file.close();
  });

  test('names that would be the same stay paths', () => {
    const paths = ['/layers/a/vars/0', '/a/vars/0'];
    expect(kerasNames(paths, () => false).tensors.map(({ name }) => name)).toEqual(['layers/a/vars/0', 'a/vars/0']);
  });

  test('an archive without weights', async () => {
    const bytes = zip([{ name: 'config.json', content: new TextEncoder().encode('{}') }]);
    expect((await formatErrorOf(() => opened('x.keras', bytes))).detail).toBe('the archive holds no model.weights.h5.');
  });
});

test('rows of merged axes are boxes, each row once and in order', () => {
  const shape = [3, 4, 5, 2];
  for (let first = 0; first < 60; first++) {
    for (let count = 1; first + count <= 60; count++) {
      const rows: number[] = [];
      for (const box of slabs(shape, 3, first, count)) {
        for (let i = 0; i < box.count[0]!; i++)
          for (let j = 0; j < box.count[1]!; j++)
            for (let k = 0; k < box.count[2]!; k++) rows.push(((box.offset[0]! + i) * 4 + box.offset[1]! + j) * 5 + box.offset[2]! + k);
      }
      expect(rows).toEqual(Array.from({ length: count }, (_, i) => first + i));
    }
  }
});
