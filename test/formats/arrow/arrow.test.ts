import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { arrow } from '../../../src/formats/arrow/arrow';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const folder = join(import.meta.dirname, '../../fixtures/formats/arrow');
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  { column: string; values: (number | null)[]; columns: number }
>;

async function opened<T>(bytes: Uint8Array, use: (file: TensorFile) => T | Promise<T>): Promise<T> {
  const files = memoryFolder({ '/x.arrow': bytes });
  try {
    const file = await arrow.open('/x.arrow', files.openBytes);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } finally {
    expect(files.left()).toBe(0);
  }
}

/** Reads every matrix to its end. */
async function readAll(bytes: Uint8Array): Promise<{ warnings: readonly string[]; values: Record<string, number[]> }> {
  return opened(bytes, async (file) => {
    const values: Record<string, number[]> = {};
    for (const { name, matrix } of file.tensors) if (matrix !== null) values[name] = await streamed(file.matrix(name), 7);
    return { warnings: file.warnings, values };
  });
}

/** The place of a 64-bit number in a file. */
function placesOf(bytes: Uint8Array, value: bigint): number[] {
  const view = new DataView(bytes.buffer);
  const places: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) if (view.getBigInt64(at, true) === value) places.push(at);
  return places;
}

describe('files of pyarrow give the numbers of NumPy', () => {
  test.each(Object.entries(expected))('%s', async (name, { column, values, columns }) => {
    await opened(bytesOf(name), async (file) => {
      const rows = values.length / columns;
      expect(file.warnings).toEqual([]);
      expect(file.tensors.find((tensor) => tensor.name === column)!.matrix).toEqual({ rows, columns });
      const want = values.map((value) => value ?? Number.NaN);
      const matrix = file.matrix(column);
      for (const rowsPerBlock of [1, 7, 1000]) expect(await streamed(matrix, rowsPerBlock)).toEqual(want);
      expect(matrix.access).toBe('random');
      for (const [first, count] of [
        [0, rows],
        [rows - 1, 1],
        [3, 5],
        [2, 0],
      ] as const) {
        const into = new Float64Array(count * columns);
        await matrix.read(first, count, into);
        expect([...into]).toEqual(want.slice(first * columns, (first + count) * columns));
      }
    });
  });
});

test('says what the columns are', async () => {
  await opened(bytesOf('wide.arrow'), ({ tensors, format }) => {
    expect(format).toBe('arrow');
    expect(tensors).toEqual([
      {
        name: '(numeric columns)',
        dtype: 'float32',
        shape: [60, 12],
        bytes: 60 * 12 * 4,
        matrix: { rows: 60, columns: 12 },
        note: '12 of 14 columns side by side, from "f0" to "f11".',
      },
    ]);
  });
  await opened(bytesOf('every-kind.arrow'), ({ tensors }) => {
    expect(tensors.map(({ name, note }) => [name, note])).toEqual([
      ['struct.embedding', null],
      ['matrix', 'Its rows are lists of lists.'],
    ]);
  });
  await opened(bytesOf('ragged.arrow'), async (file) => {
    expect((await formatErrorOf(() => file.matrix('tokens'))).message).toContain(
      'Its rows differ in length: the first has 2 elements, another 1.',
    );
    expect((await formatErrorOf(() => file.matrix('other'))).message).toContain('no column of vectors named "other"');
  });
  const error = await formatErrorOf(() => opened(bytesOf('no-numbers.arrow'), () => {}));
  expect(error.detail).toBe('no column holds vectors, and fewer than two hold numbers; its columns are "id".');
});

test.each(['fixed.arrow', 'stream.arrows', 'zstd.feather'])('%s is known by its first bytes', async (name) => {
  const files = memoryFolder({ '/x.data': bytesOf(name) });
  const file = await openTensorFile('/x.data', { openBytes: files.openBytes, listFolder: async () => null });
  expect(file.format).toBe('arrow');
  await file.close();
});

test('Feather of version 1 is told', async () => {
  const files = memoryFolder({ '/x': bytesOf('feather-1.feather') });
  const error = await formatErrorOf(() => openTensorFile('/x', { openBytes: files.openBytes, listFolder: async () => null }));
  expect(error.detail).toBe('this is a Feather file of version 1, which is not read; write it again as version 2.');
  expect(files.left()).toBe(0);
});

test('a sample reads the batches that hold it, and no other', async () => {
  const files = memoryFolder({ '/x.arrow': bytesOf('fixed.arrow') });
  const file = await arrow.open('/x.arrow', files.openBytes);
  const matrix = file.matrix('embedding');
  const before = files.sources[0]!.reads;
  await matrix.read(30, 4, new Float64Array(4 * 12));
  expect(files.sources[0]!.reads - before).toBe(2);
  await file.close();
});

describe('what is not sound ends in one sentence', () => {
  test.each(['fixed.arrow', 'fixed-lz4.arrow', 'repeated-zstd.arrow', 'nulls.arrow', 'wide.arrow', 'before-2019.arrow'])(
    '%s, cut at any byte',
    async (name) => {
      const bytes = bytesOf(name);
      for (let length = 0; length < bytes.length; length += length < 64 || length > bytes.length - 64 ? 1 : 29) {
        await formatErrorOf(() => readAll(bytes.subarray(0, length)));
      }
    },
  );

  test.each(['stream.arrows', 'before-2019.arrows'])('%s, cut at any byte: an error, or whole batches with a warning', async (name) => {
    const bytes = bytesOf(name);
    const whole = (await readAll(bytes)).values.embedding!;
    let warned = 0;
    for (let length = 0; length < bytes.length; length++) {
      try {
        const { warnings, values } = await readAll(bytes.subarray(0, length));
        expect(warnings).toEqual(['The stream has no mark of its end: it may be cut off behind its last record batch.']);
        const rows = values.embedding?.length ?? 0;
        expect([0, 25 * 12, 50 * 12, 60 * 12]).toContain(rows);
        expect(values.embedding ?? []).toEqual(whole.slice(0, rows));
        warned++;
      } catch (error) {
        await formatErrorOf(() => Promise.reject(error));
      }
    }
    // Behind the schema and each of three batches.
    expect(warned).toBe(4);
  });

  test.each([
    'fixed.arrow',
    'stream.arrows',
    'fixed-lz4.arrow',
    'repeated-lz4.arrow',
    'repeated-zstd.arrow',
    'large-list.arrow',
    'nulls-zstd.arrow',
    'wide-nulls.arrow',
    'every-kind.arrow',
  ])('%s, any byte changed: right, wrong numbers, or a FormatError', async (name) => {
    const bytes = bytesOf(name);
    for (let at = 0; at < bytes.length - 1; at += 7) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      changed[at + 1]! ^= 0xff;
      await readAll(changed).catch((error: unknown) => formatErrorOf(() => Promise.reject(error)));
    }
  });

  test.each([2n ** 62n, 2n ** 52n, 2n ** 31n, 61n, -1n])('lengths of %d', async (length) => {
    for (const [name, told] of [
      ['fixed.arrow', 25n],
      ['fixed.arrow', 25n * 12n],
      ['stream.arrows', 25n],
      ['list.arrow', 25n * 12n * 4n],
      // The length of a compressed buffer.
      ['repeated-lz4.arrow', 25n * 12n * 4n],
      ['repeated-zstd.arrow', 25n * 12n * 4n],
    ] as const) {
      const bytes = bytesOf(name);
      const places = placesOf(bytes, told);
      expect(places.length).toBeGreaterThan(0);
      for (const at of places) {
        const changed = bytes.slice();
        new DataView(changed.buffer).setBigInt64(at, length, true);
        // Lengths of nodes that nothing depends on may say anything.
        const { values } = await readAll(changed).catch(async (error: unknown) => {
          await formatErrorOf(() => Promise.reject(error));
          return { values: {} as Record<string, number[]> };
        });
        for (const numbers of Object.values(values)) expect(numbers).toEqual(expected[name]!.values);
      }
    }
  });
});
