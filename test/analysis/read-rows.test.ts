import { expect, test } from 'vitest';
import { readRows, rowsPerBlock, streamRows } from '../../src/analysis/read-rows';
import type { MatrixSource } from '../../src/formats/matrix-source';

/** Element (i, j) is i + j / 1000. @param failing the row whose reading fails */
function sourceOf(rows: number, columns: number, failing = rows) {
  const reads: [number, number][] = [];
  let open = 0;
  const source: MatrixSource = {
    rows,
    columns,
    access: 'random',
    async read(first, count, into) {
      expect(++open).toBe(1);
      await new Promise(setImmediate);
      open--;
      reads.push([first, count]);
      if (first + count > failing) throw new Error('broken');
      for (let i = 0; i < count; i++) for (let j = 0; j < columns; j++) into[i * columns + j] = first + i + j / 1000;
    },
    stream: () => {
      throw new Error('not here');
    },
  };
  return { source, reads };
}

async function rowsOf(source: MatrixSource, indices: Float64Array): Promise<number[]> {
  const found: number[] = [];
  for await (const { count, values } of readRows(source, indices)) {
    for (let i = 0; i < count; i++) {
      const row = values.subarray(i * source.columns, (i + 1) * source.columns);
      found.push(row[0]);
      expect(row[source.columns - 1] - row[0]).toBeCloseTo((source.columns - 1) / 1000, 9);
    }
    // It may be changed.
    values.fill(Number.NaN);
    await new Promise(setImmediate);
  }
  return found;
}

const range = (from: number, to: number, step = 1): Float64Array =>
  Float64Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step);

test('all rows, in one read for each block', async () => {
  const { source, reads } = sourceOf(2500, 300);
  expect(await rowsOf(source, range(0, 2500))).toEqual([...range(0, 2500)]);
  expect(reads).toEqual([
    [0, 1024],
    [1024, 1024],
    [2048, 452],
  ]);
});

test.each([1, 2, 3, 70, 400])('every row at a distance of %i', async (step) => {
  const { source } = sourceOf(5000, 300);
  expect(await rowsOf(source, range(7, 5000, step))).toEqual([...range(7, 5000, step)]);
});

test('near rows are read with what lies between them, far ones are not', async () => {
  const { source, reads } = sourceOf(9000, 1000);
  expect(await rowsOf(source, Float64Array.of(3, 5, 6, 8000, 8001))).toEqual([3, 5, 6, 8000, 8001]);
  expect(reads).toEqual([
    [3, 4],
    [8000, 2],
  ]);
});

test('no rows', async () => {
  expect(await rowsOf(sourceOf(5, 2).source, new Float64Array(0))).toEqual([]);
});

test('an error comes after the rows before it, and is not heard of when they were enough', async () => {
  const { source } = sourceOf(3000, 600, 1500);
  const limit = rowsPerBlock(600);
  const blocks = readRows(source, range(0, 3000));
  expect((await blocks.next()).value?.count).toBe(limit);
  await new Promise(setImmediate);
  await blocks.return(undefined);

  let seen = 0;
  const read = async (): Promise<void> => {
    for await (const { count } of readRows(source, range(0, 3000))) seen += count;
  };
  await expect(read()).rejects.toThrow('broken');
  expect(seen).toBe(limit);
});

test.each([[1], [7, 1, 300], [1024], [1500], [1024, 3]])(
  'rows of a stream come as many at a time, whatever its blocks are: %j',
  async (...sizes) => {
    const [rows, columns] = [2500, 300];
    const source: MatrixSource = {
      ...sourceOf(rows, columns).source,
      async *stream(most) {
        for (let first = 0, k = 0; first < rows; k++) {
          const count = Math.min(sizes[k % sizes.length], most, rows - first);
          yield { first, count, values: Float64Array.from({ length: count * columns }, (_, i) => first + Math.floor(i / columns)) };
          first += count;
        }
      },
    };
    const counts: number[] = [];
    const found: number[] = [];
    for await (const { count, values } of streamRows(source)) {
      counts.push(count);
      for (let i = 0; i < count; i++) found.push(values[i * columns], values[(i + 1) * columns - 1]);
      values.fill(Number.NaN);
    }
    expect(counts).toEqual([1024, 1024, 452]);
    expect(found).toEqual(Array.from({ length: 2 * rows }, (_, i) => Math.floor(i / 2)));
  },
);
