import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../../src/formats/open';
import { vecs } from '../../../src/formats/vectors/vecs';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const fixture = (name: string) => new Uint8Array(readFileSync(join(import.meta.dirname, '../..', 'fixtures', 'formats', 'vecs', name)));
const base = Array.from({ length: 15 }, (_, i) => i);

describe.each([
  ['x.fvecs', 'float32', base.map((n) => n / 4 - 1), 4],
  ['x.bvecs', 'uint8', base.map((n) => n * 17), 1],
  ['x.ivecs', 'int32', base.map((n) => n * 1000 - 7000), 4],
] as const)('%s written by NumPy', (name, dtype, values, elementBytes) => {
  test('streams and reads rows at random', async () => {
    const folder = memoryFolder({ [`/${name}`]: fixture(name) });
    const file = await openTensorFile(`/${name}`, { openBytes: folder.openBytes, listFolder: async () => null });
    expect(file.format).toBe('vecs');
    expect(file.tensors[0]).toMatchObject({ name: '', dtype, shape: [5, 3] });
    expect(await streamed(file.matrix(''), 2)).toEqual(values);
    const into = new Float64Array(6);
    await file.matrix('').read(3, 2, into);
    expect([...into]).toEqual(values.slice(9));
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('cut anywhere inside a vector is refused', async () => {
    const bytes = fixture(name);
    const rowBytes = 4 + 3 * elementBytes;
    for (let end = 0; end < bytes.length; end++) {
      if (end > 0 && end % rowBytes === 0) continue;
      const folder = memoryFolder({ [`/${name}`]: bytes.slice(0, end) });
      const error = await formatErrorOf(() => vecs.open(`/${name}`, folder.openBytes));
      expect(error.message).toMatch(end < 4 ? /ends before the length/ : /bytes are left at the end/);
      expect(folder.left()).toBe(0);
    }
  });
});

test.each([0, -1, 2 ** 31 - 1])('a first length of %d is refused', async (length) => {
  const bytes = fixture('x.fvecs');
  new DataView(bytes.buffer).setInt32(0, length, true);
  const { openBytes } = memoryFolder({ '/x.fvecs': bytes });
  expect((await formatErrorOf(() => vecs.open('/x.fvecs', openBytes))).message).toContain(`has length ${length}; 1 to`);
});

test('a later vector of another length is refused where it is read', async () => {
  const bytes = fixture('x.fvecs');
  new DataView(bytes.buffer).setInt32(2 * 16, 4, true);
  const { openBytes } = memoryFolder({ '/x.fvecs': bytes });
  const file = await vecs.open('/x.fvecs', openBytes);
  const error = await formatErrorOf(() => streamed(file.matrix(''), 2));
  expect(error.offset).toBe(32);
  expect(error.detail).toBe('vector 3 has length 4, but the first has 3.');
});

test('640 columns, which start like a pickle, are told by the ending', async () => {
  const bytes = new Uint8Array(4 + 640 * 4);
  new DataView(bytes.buffer).setInt32(0, 640, true);
  const { openBytes } = memoryFolder({ '/x.fvecs': bytes });
  const file = await openTensorFile('/x.fvecs', { openBytes, listFolder: async () => null });
  expect(file.tensors[0]).toMatchObject({ shape: [1, 640] });
});
