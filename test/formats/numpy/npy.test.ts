import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { npy } from '../../../src/formats/numpy/npy';
import { expected, fixture, formatErrorOf, memoryFolder, numbers, streamed } from '../bytes/memory-bytes';

const text = (s: string) => new TextEncoder().encode(s);

/** A file of version 1 with any header text. */
function file(header: string, data = new Uint8Array(0), length = header.length): Uint8Array {
  const bytes = new Uint8Array(10 + header.length + data.length);
  bytes.set([0x93, ...text('NUMPY'), 1, 0, length & 255, length >> 8]);
  bytes.set(text(header), 10);
  bytes.set(data, 10 + header.length);
  return bytes;
}

async function opened(bytes: Uint8Array) {
  const folder = memoryFolder({ '/x.npy': bytes });
  const array = await npy.open('/x.npy', folder.openBytes);
  return { array, folder };
}

describe('arrays written by NumPy', () => {
  test.each(Object.keys(expected.arrays))('%s', async (name) => {
    const { shape, dtype, values } = expected.arrays[name]!;
    const { array, folder } = await opened(fixture(name));
    expect(array.tensors).toHaveLength(1);
    expect(array.tensors[0]).toMatchObject({ name: '', dtype, shape });
    const matrix = array.matrix('');
    expect(await streamed(matrix, 2)).toEqual(numbers(values));
    expect(array.warnings).toHaveLength(dtype === 'bfloat16' ? 1 : 0);
    await array.close();
    expect(folder.left()).toBe(0);
  });

  test('C order reads rows at random', async () => {
    const { values } = expected.arrays['little-f8-c.npy']!;
    const { array } = await opened(fixture('little-f8-c.npy'));
    const into = new Float64Array(10);
    await array.matrix('').read(3, 2, into);
    expect([...into]).toEqual(numbers(values).slice(15, 25));
  });
});

test.each([
  ['vector', 'float64', 'vector'],
  ['scalar', 'float64', 'single number'],
  ['no-rows', 'float64', 'no elements'],
  ['complex', '<c16', 'Complex'],
  ['text', '<U2', 'Text'],
  ['bytes', '|S2', 'Byte strings'],
  ['date', '<M8[D]', 'Dates'],
  ['objects', '|O', 'pickled'],
  ['structured', 'structured', 'save one of its fields'],
  ['float8-e4m3', 'void8', 'unnamed one-byte type'],
  ['long-double', '<f16', 'depends on the machine'],
])('%s is listed with the reason why it is no matrix', async (name, dtype, why) => {
  const { array } = await opened(fixture(`not-${name}.npy`));
  expect(array.tensors[0]).toMatchObject({ dtype, matrix: null, note: expect.stringContaining(why) });
  expect((await formatErrorOf(() => array.matrix(''))).message).toContain(why);
});

test('any float32 array round trips, bit for bit where it is a number', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      fc.infiniteStream(fc.float()),
      async (rows, columns, fortran, floats) => {
        const matrix = Float32Array.from({ length: rows * columns }, () => floats.next().value);
        const stored = matrix.map((_, k) => (fortran ? matrix[(k % rows) * columns + Math.floor(k / rows)]! : matrix[k]!));
        const header = `{'descr': '<f4', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${rows}, ${columns}), }\n`;
        const { array } = await opened(file(header, new Uint8Array(stored.buffer)));
        expect(await streamed(array.matrix(''), 3)).toEqual([...matrix]);
      },
    ),
  );
});

test('cut off at any byte, it is refused and nothing stays open', async () => {
  for (const name of ['little-f4-c.npy', 'version-3.npy']) {
    const whole = fixture(name);
    for (let length = 0; length < whole.length; length++) {
      const folder = memoryFolder({ '/x.npy': whole.subarray(0, length) });
      const error = await formatErrorOf(() => npy.open('/x.npy', folder.openBytes));
      expect(error.path).toBe('/x.npy');
      expect(folder.left()).toBe(0);
    }
  }
});

test('a file cut off says where, and what was expected', async () => {
  const error = await formatErrorOf(() => opened(fixture('little-f4-c.npy').subarray(0, 200)));
  expect(error.message).toBe('/x.npy at byte 200: the data ends here, but shape (7, 5) of float32 needs 140 bytes from byte 128.');
});

test('with any byte of the header changed, it is read or refused', async () => {
  const whole = fixture('little-f4-fortran.npy');
  for (let at = 0; at < 128; at++) {
    for (const value of [0, 0x27, 0x28, 0x30, 0x39, 0x7b, 0xff]) {
      const bytes = whole.slice();
      bytes[at] = value;
      const result = await opened(bytes)
        .then(({ array }) => (array.tensors[0]!.matrix === null ? [] : streamed(array.matrix(''), 4)))
        .catch((error) => error);
      if (result instanceof Error) expect(result.name).toBe('FormatError');
    }
  }
});

test('more data than the shape says is a warning', async () => {
  const bytes = new Uint8Array([...fixture('one-row.npy'), 1, 2, 3]);
  const { array } = await opened(bytes);
  expect(array.warnings).toEqual(['shape (1, 5) of float32 ends at byte 148, but 3 more bytes follow; they are ignored.']);
});

describe('headers', () => {
  const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}";
  const data = new Uint8Array(4);

  test.each([
    good,
    "{'descr':'<f4','fortran_order':False,'shape':(1,1,),}   \n",
    "{'shape': (1L, 1L), 'descr': \"<f4\", 'fortran_order': False}",
    "\n{\n'descr'\n:\n'<f4'\n,'fortran_order':False,'shape':[1,1]\n}",
  ])('%j is read', async (header) => {
    expect((await opened(file(header, data))).array.tensors[0]!.shape).toEqual([1, 1]);
  });

  test.each([
    ['', 'a Python literal was expected'],
    ['[]', 'a dictionary was expected'],
    [`${good} 1`, 'nothing more was expected'],
    ["{'descr': '<f4', 'shape': (1, 1)}", 'exactly the keys'],
    [good.replace('}', ", 'x': 1}"), 'exactly the keys'],
    [good.replace("'fortran_order'", "'descr'"), 'each key should be a string, once'],
    [good.replace('False', '0'), 'True or False'],
    [good.replace('(1, 1)', '1'), 'tuple of sizes'],
    [good.replace('(1, 1)', '(1, -1)'), 'tuple of sizes'],
    [good.replace('(1, 1)', '(1, 99999999999999999999)'), 'tuple of sizes'],
    [good.replace('(1, 1)', `(${'1, '.repeat(65)})`), 'tuple of sizes'],
    [good.replace('(1, 1)', '(1, 1'), '")" was expected'],
    [good.replace("'<f4'", "__import__('os')"), 'a Python literal was expected'],
    [good.replace("'<f4'", "'<f4"), '"}" was expected'],
    [good.replace("'shape'", "'shape"), 'this string does not end'],
    [good.replace("'<f4'", `${'['.repeat(5000)}`), 'nested too deeply'],
  ])('%j is refused', async (header, why) => {
    const error = await formatErrorOf(() => opened(file(header, data)));
    expect(error.offset).not.toBeNull();
    expect(error.message).toContain(why);
  });

  test('a length beyond the file', async () => {
    const error = await formatErrorOf(() => opened(file(good, data, 65535)));
    expect(error.message).toContain('should have 65535 bytes, but the file ends at byte');
  });

  test('10^12 elements in 100 bytes', async () => {
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}";
    const error = await formatErrorOf(() => opened(file(header, data)));
    expect(error.message).toContain('needs 8000000000000 bytes');
  });

  test('an unknown version, and a file that is no array', async () => {
    const future = file(good, data);
    future[6] = 4;
    expect((await formatErrorOf(() => opened(future))).message).toContain('at byte 6: NumPy format version 4.0 is unknown');
    expect((await formatErrorOf(() => opened(text('not an array at all')))).message).toContain('at byte 0: a NumPy array should start');
  });
});

test('there is only the unnamed array', async () => {
  const { array } = await opened(fixture('one-row.npy'));
  expect((await formatErrorOf(() => array.matrix('weights'))).message).toContain('no tensor named "weights"');
});
