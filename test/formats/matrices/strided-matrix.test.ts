import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stridedMatrix } from '../../../src/formats/matrices/strided-matrix';
import { formatErrorOf, MemoryBytes, streamed } from '../bytes/memory-bytes';

/** Float32 elements that hold their own index, behind `offset` bytes. */
function indexed(elements: number, offset = 0): MemoryBytes {
  const bytes = new Uint8Array(offset + elements * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < elements; i++) view.setFloat32(offset + i * 4, i, true);
  return new MemoryBytes(bytes);
}

const float32 = { type: 'float32', order: 'little' } as const;

describe('any layout without overlap', () => {
  // Row-like: columns within rows, both with gaps; column-like: the other way round.
  const layouts = fc
    .record({
      rows: fc.integer({ min: 1, max: 9 }),
      columns: fc.integer({ min: 1, max: 9 }),
      step: fc.integer({ min: 1, max: 7 }),
      gap: fc.integer({ min: 0, max: 60 }),
      offset: fc.integer({ min: 0, max: 9 }),
      byColumn: fc.boolean(),
    })
    .map(({ rows, columns, step, gap, offset, byColumn }) => {
      const inner = byColumn ? rows : columns;
      const outer = (inner - 1) * step + 1 + gap;
      return { rows, columns, offset, rowStride: byColumn ? step : outer, columnStride: byColumn ? outer : step };
    });

  test('is streamed and read as it lies', async () => {
    await fc.assert(
      fc.asyncProperty(layouts, fc.integer({ min: 1, max: 10 }), async (layout, rowsPerBlock) => {
        const { rows, columns, rowStride, columnStride } = layout;
        const source = indexed((rows - 1) * rowStride + (columns - 1) * columnStride + 1, layout.offset);
        const matrix = stridedMatrix(source, { ...layout, ...float32 });
        const wanted: number[] = [];
        for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) wanted.push(i * rowStride + j * columnStride);
        expect(await streamed(matrix, rowsPerBlock)).toEqual(wanted);
        if (matrix.access === 'random') {
          const first = Math.floor(rows / 2);
          const into = new Float64Array((rows - first) * columns);
          await matrix.read(first, rows - first, into);
          expect([...into]).toEqual(wanted.slice(first * columns));
        }
      }),
    );
  });
});

test('rows that lie together are random, columns that lie together sequential', async () => {
  const source = indexed(12);
  const byRow = stridedMatrix(source, { offset: 0, ...float32, rows: 3, columns: 4, rowStride: 4, columnStride: 1 });
  const byColumn = stridedMatrix(source, { offset: 0, ...float32, rows: 3, columns: 4, rowStride: 1, columnStride: 3 });
  expect([byRow.access, byColumn.access]).toEqual(['random', 'sequential']);
  await expect(byColumn.read(0, 1, new Float64Array(4))).rejects.toThrow('streamed');
  await expect(byRow.read(2, 2, new Float64Array(8))).rejects.toThrow(RangeError);
});

test('a row is one read of its own bytes only', async () => {
  const source = indexed(100_000);
  const matrix = stridedMatrix(source, { offset: 0, ...float32, rows: 1000, columns: 100, rowStride: 100, columnStride: 1 });
  const into = new Float64Array(100);
  await matrix.read(500, 1, into);
  expect(into[0]).toBe(50_000);
  expect([source.reads, source.longestRead]).toEqual([1, 400]);
});

test('two reads at once do not disturb each other', async () => {
  const matrix = stridedMatrix(indexed(1000), { offset: 0, ...float32, rows: 100, columns: 10, rowStride: 10, columnStride: 1 });
  const rows = Array.from({ length: 20 }, () => new Float64Array(10));
  await matrix.read(0, 1, new Float64Array(10));
  await Promise.all(rows.map((row, i) => matrix.read(i, 1, row)));
  expect(rows.map((row) => row[0])).toEqual(rows.map((_, i) => i * 10));
});

test('a column-major matrix larger than its panel is read in few long pieces, in bounded memory', async () => {
  // 80 MB of uint8: two panels of at most 64 MiB, one read per column and panel.
  const rows = 800_000;
  const columns = 100;
  const bytes = new Uint8Array(rows * columns);
  for (let j = 0; j < columns; j++) bytes.fill(j, j * rows, (j + 1) * rows);
  const source = new MemoryBytes(bytes);
  const matrix = stridedMatrix(source, { offset: 0, type: 'uint8', order: 'little', rows, columns, rowStride: 1, columnStride: rows });
  let seen = 0;
  for await (const { first, count, values } of matrix.stream(1024)) {
    expect(first).toBe(seen);
    expect([values[0], values[count * columns - 1]]).toEqual([0, columns - 1]);
    seen += count;
  }
  expect(seen).toBe(rows);
  expect(source.reads).toBe(2 * columns);
  expect(source.longestRead).toBeLessThan(2 ** 20);
});

describe('refused before anything is read or allocated', () => {
  const base = { offset: 0, ...float32, rows: 10, columns: 10, rowStride: 10, columnStride: 1 };
  test.each([
    ['past the end', { rows: 11 }, 'needs bytes up to 440, but the data ends at byte 400'],
    ['an offset past the end', { offset: 4 }, 'ends at byte 400'],
    ['10^12 elements', { rows: 1e6, columns: 1e6, rowStride: 1e6 }, 'ends at byte 400'],
    ['sizes beyond integers', { rows: 2 ** 52, rowStride: 2 ** 40 }, 'impossible sizes'],
    ['a negative stride', { rowStride: -10 }, 'impossible sizes'],
    ['a fractional size', { rows: 1.5 }, 'impossible sizes'],
    ['NaN', { offset: Number.NaN }, 'impossible sizes'],
    ['a repeated row', { rowStride: 0 }, 'use elements twice'],
    ['a repeated element, without end', { rows: 1e9, columns: 1e6, rowStride: 0, columnStride: 0 }, 'use elements twice'],
    ['overlapping rows', { rowStride: 5 }, 'use elements twice'],
  ])('%s', async (_, change, why) => {
    const source = indexed(100);
    const error = await formatErrorOf(() => stridedMatrix(source, { ...base, ...change }));
    expect(error.message).toContain('/memory');
    expect(error.message).toContain(why);
    expect(source.reads).toBe(0);
  });
});

test('strides of axes of one element do not matter', async () => {
  const matrix = stridedMatrix(indexed(5), { offset: 0, ...float32, rows: 1, columns: 5, rowStride: 0, columnStride: 1 });
  expect(await streamed(matrix, 3)).toEqual([0, 1, 2, 3, 4]);
});
