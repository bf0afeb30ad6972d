import { describe, expect, test } from 'vitest';
import { npz } from '../../../src/formats/numpy/npz';
import { expected, fixture, formatErrorOf, memoryFolder, numbers, streamed } from '../bytes/memory-bytes';
import { zip } from '../bytes/zip-writer';

describe.each(Object.keys(expected.archives))('%s', (archive) => {
  test.each(Object.keys(expected.archives[archive]!))('%s', async (name) => {
    const { shape, dtype, values } = expected.archives[archive]![name]!;
    const folder = memoryFolder({ '/x.npz': fixture(archive) });
    const file = await npz.open('/x.npz', folder.openBytes);
    expect(file.tensors.map((tensor) => tensor.name)).toEqual(Object.keys(expected.archives[archive]!));
    expect(file.tensors.find((tensor) => tensor.name === name)).toMatchObject({ dtype, shape });
    if (shape.length > 1) {
      const matrix = file.matrix(name);
      expect(matrix.access).toBe(archive === 'stored.npz' && name !== 'fortran' ? 'random' : 'sequential');
      for (const rowsPerBlock of [1, 4, 1000]) expect(await streamed(matrix, rowsPerBlock)).toEqual(numbers(values));
    } else {
      expect((await formatErrorOf(() => file.matrix(name))).message).toContain(`/x.npz (${name}.npy): A vector has no spectrum`);
    }
    await file.close();
    expect(folder.left()).toBe(0);
  });
});

const array = fixture('little-f4-c.npy');

test('cut off at any byte, it is refused and nothing stays open', async () => {
  const whole = zip([{ name: 'x.npy', content: array, deflate: true }]);
  for (let length = 0; length < whole.length; length++) {
    const folder = memoryFolder({ '/x.npz': whole.subarray(0, length) });
    await formatErrorOf(() => npz.open('/x.npz', folder.openBytes));
    expect(folder.left()).toBe(0);
  }
});

test('a compressed array that is damaged is refused at its end, whatever it looks like', async () => {
  const wrong = zip([{ name: 'x.npy', content: array, deflate: true, lies: { crc: 7 } }]);
  const file = await npz.open('/x.npz', memoryFolder({ '/x.npz': wrong }).openBytes);
  expect((await formatErrorOf(() => streamed(file.matrix('x'), 2))).message).toContain('CRC-32');
});

test('an array that is too short for its shape names the member, the byte and what was expected', async () => {
  for (const deflate of [false, true]) {
    const short = zip([{ name: 'x.npy', content: array.subarray(0, 260), deflate }]);
    const error = await formatErrorOf(() => npz.open('/x.npz', memoryFolder({ '/x.npz': short }).openBytes));
    expect(error.message).toBe(
      '/x.npz (x.npy) at byte 260: the data ends here, but shape (7, 5) of float32 needs 140 bytes from byte 128.',
    );
  }
});

test('what is no array is left out with a warning, and an archive without arrays is refused', async () => {
  const readme = { name: 'README', content: new Uint8Array(3) };
  const both = memoryFolder({ '/x.npz': zip([readme, { name: 'x.npy', content: array }]) });
  expect((await npz.open('/x.npz', both.openBytes)).warnings).toEqual(['Member "README" is not an array, and is ignored.']);
  const none = memoryFolder({ '/x.npz': zip([readme]) });
  expect((await formatErrorOf(() => npz.open('/x.npz', none.openBytes))).message).toContain('holds no arrays');
});

test('an unknown name', async () => {
  const file = await npz.open('/x.npz', memoryFolder({ '/x.npz': fixture('stored.npz') }).openBytes);
  expect((await formatErrorOf(() => file.matrix('nope'))).message).toContain('no array named "nope"');
});
