import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../../src/formats/open';
import type { RawLayout } from '../../../src/formats/vectors/raw';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const values = Array.from({ length: 12 }, (_, i) => i / 2 - 3);
const bytes = new Uint8Array(Float32Array.from(values).buffer);

function open(content: Uint8Array, raw: RawLayout) {
  const folder = memoryFolder({ '/x.f32': content });
  return { folder, opened: openTensorFile('/x.f32', { raw, openBytes: folder.openBytes, listFolder: async () => null }) };
}

test('rows of the type and length that were given, streamed and at random', async () => {
  const { folder, opened } = open(bytes, { dtype: 'float32', columns: 3 });
  const file = await opened;
  expect(file.format).toBe('raw');
  expect(file.tensors).toEqual([{ name: '', dtype: 'float32', shape: [4, 3], bytes: 48, matrix: { rows: 4, columns: 3 }, note: null }]);
  expect(await streamed(file.matrix(''), 3)).toEqual(values);
  const into = new Float64Array(3);
  await file.matrix('').read(2, 1, into);
  expect([...into]).toEqual(values.slice(6, 9));
  await file.close();
  expect(folder.left()).toBe(0);
});

test('bytes before the first row are passed over', async () => {
  const file = await open(bytes, { dtype: 'float32', columns: 5, offset: 8 }).opened;
  expect(await streamed(file.matrix(''), 9)).toEqual(values.slice(2));
});

test('so many rows are read, whatever follows', async () => {
  const file = await open(bytes, { dtype: 'float32', columns: 5, rows: 2 }).opened;
  expect(await streamed(file.matrix(''), 9)).toEqual(values.slice(0, 10));
});

test('a file that would be recognised is raw when that is said', async () => {
  const pickle = Uint8Array.of(0x80, 2, 3, 4);
  expect(await streamed((await open(pickle, { dtype: 'uint8', columns: 2 }).opened).matrix(''), 9)).toEqual([128, 2, 3, 4]);
});

describe('a layout that the file cannot have', () => {
  test.each<[string, RawLayout]>([
    [
      '12 elements of float32, which make no whole rows of 5; the nearest numbers of columns that do are 4 and 6.',
      { dtype: 'float32', columns: 5 },
    ],
    [
      '12 elements of float32, which make no whole rows of 13; the nearest numbers of columns that do are 12.',
      { dtype: 'float32', columns: 13 },
    ],
    ['after the first 4, 11 elements of float32', { dtype: 'float32', columns: 2, offset: 4 }],
    ['the file has 45 bytes after the first 3, which is no multiple of the 4 bytes', { dtype: 'float32', columns: 3, offset: 3 }],
    ['5 x 3 of float32 take 60 bytes, but the file has 48 bytes.', { dtype: 'float32', columns: 3, rows: 5 }],
    ['bytes to skip should be 0 to 47', { dtype: 'float32', columns: 3, offset: 48 }],
    ['bytes to skip should be 0 to 47', { dtype: 'float32', columns: 3, offset: -4 }],
    ['columns, not 0', { dtype: 'float32', columns: 0 }],
    ['columns, not 1.5', { dtype: 'float32', columns: 1.5 }],
    ['columns, not NaN', { dtype: 'float32', columns: Number.NaN }],
    ['columns, not 1e+300', { dtype: 'float32', columns: 1e300 }],
    ['1 row or more, not 0', { dtype: 'float32', columns: 3, rows: 0 }],
    ['take 108086391056891890 bytes', { dtype: 'float32', columns: 3, rows: 2 ** 53 - 1 }],
    ['there is no element type "toString"', { dtype: 'toString' as 'float32', columns: 3 }],
  ])('%s', async (sentence, layout) => {
    const { folder, opened } = open(bytes, layout);
    expect((await formatErrorOf(() => opened)).detail).toContain(sentence);
    expect(folder.left()).toBe(0);
  });
});

test.each(['/x.bin', '/x.dat', '/x.raw', '/x.F32'])('%s that no format recognises says how to give a layout', async (name) => {
  const folder = memoryFolder({ [name]: bytes });
  const error = await formatErrorOf(() => openTensorFile(name, { openBytes: folder.openBytes, listFolder: async () => null }));
  expect(error.message).toContain('--dtype float32 --columns 768');
  expect(folder.left()).toBe(0);
});

test('cut anywhere, it never gives other numbers than those before the cut', async () => {
  for (let end = 1; end < bytes.length; end++) {
    const { folder, opened } = open(bytes.slice(0, end), { dtype: 'float32', columns: 3 });
    if (end % 12 === 0) expect(await streamed((await opened).matrix(''), 9)).toEqual(values.slice(0, end / 4));
    else {
      await formatErrorOf(() => opened);
      expect(folder.left()).toBe(0);
    }
  }
});
