import fc from 'fast-check';
import { expect, test } from 'vitest';
import { streamedMatrix } from '../../../src/formats/matrices/streamed-matrix';
import { formatErrorOf, memoryStream, streamed } from '../bytes/memory-bytes';

test('any shape, order, chunk and block size', async () => {
  const small = fc.integer({ min: 1, max: 9 });
  await fc.assert(
    fc.asyncProperty(
      small,
      small,
      fc.constantFrom('row' as const, 'column' as const),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 1, max: 50 }),
      small,
      async (rows, columns, major, offset, chunkBytes, rowsPerBlock) => {
        const bytes = new Uint8Array(offset + rows * columns * 2 + 3).fill(0xee);
        const view = new DataView(bytes.buffer);
        const wanted: number[] = [];
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const place = major === 'row' ? i * columns + j : j * rows + i;
            view.setInt16(offset + place * 2, i * 100 + j, true);
            wanted.push(i * 100 + j);
          }
        }
        const layout = { offset, type: 'int16', order: 'little', rows, columns, major } as const;
        const matrix = streamedMatrix(memoryStream(bytes, chunkBytes), layout);
        expect(await streamed(matrix, rowsPerBlock)).toEqual(wanted);
      },
    ),
  );
});

test('a column-major matrix takes one pass for every 64 MiB', async () => {
  const rows = 700_000;
  const columns = 100;
  const column = new Uint8Array(rows);
  let passes = 0;
  const stream = {
    path: '/memory',
    size: rows * columns,
    async *chunks() {
      passes++;
      for (let j = 0; j < columns; j++) yield column.fill(j);
    },
  };
  const matrix = streamedMatrix(stream, { offset: 0, type: 'uint8', order: 'little', rows, columns, major: 'column' });
  let seen = 0;
  for await (const { count, values } of matrix.stream(4096)) {
    expect([values[1], values[count * columns - 1]]).toEqual([1, columns - 1]);
    seen += count;
  }
  expect([seen, passes]).toEqual([rows, 2]);
});

test('refused when the stream is too short, before anything is allocated', async () => {
  const layout = { offset: 8, type: 'float32', order: 'little', rows: 1e6, columns: 1e6, major: 'row' } as const;
  const error = await formatErrorOf(() => streamedMatrix(memoryStream(new Uint8Array(100), 10), layout));
  expect(error.message).toBe(
    '/memory at byte 8: the 1000000 x 1000000 matrix of float32 needs bytes up to 4000000000008, but the data ends at byte 100.',
  );
});

test('a row that a small compressed file could blow up is refused', async () => {
  const stream = { path: '/memory', size: 2 ** 40, async *chunks() {} };
  const layout = { offset: 0, type: 'float64', order: 'little', rows: 2, columns: 2 ** 30, major: 'row' } as const;
  expect((await formatErrorOf(() => streamedMatrix(stream, layout))).message).toContain('too long');
});
