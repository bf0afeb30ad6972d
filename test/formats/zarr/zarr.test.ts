import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { openTensorFile } from '../../../src/formats/open';
import { streamed } from '../bytes/memory-bytes';

export const zarrFixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'zarr');

interface ExpectedArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly (number | string)[] | 'wave';
}
const { wave, ...expected } = JSON.parse(readFileSync(join(zarrFixtures, 'expected.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, ExpectedArray>>>
> & { readonly wave: readonly number[] };

const shapes = (store: string) => Object.entries(expected[store]!).map(([name, array]) => ({ name, ...array }));

async function opened<T>(store: string, use: (file: TensorFile) => Promise<T>): Promise<T> {
  const file = await openTensorFile(join(zarrFixtures, store));
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

describe.each(['v2.zarr.zip', 'v2.zarr', 'deflated.zarr.zip', 'v3.zarr.zip'])('%s', (store) => {
  test.each(shapes(store))('$name has its values, in order and at random', async ({ name, shape, dtype, values }) => {
    await opened(store, async (file) => {
      expect(file.format).toBe('zarr');
      expect(file.tensors.find((tensor) => tensor.name === name)).toMatchObject({ dtype, shape });
      const wanted = (values === 'wave' ? wave : values).map(Number);
      const matrix = file.matrix(name);
      for (const rowsPerBlock of [1, 5, 1000]) expect(await streamed(matrix, rowsPerBlock)).toEqual(wanted);
      const { rows, columns } = matrix;
      expect(matrix.access).toBe('random');
      for (const first of [0, Math.floor(rows! / 2), rows! - 1]) {
        const into = new Float64Array(columns);
        await matrix.read(first, 1, into);
        expect([...into]).toEqual(wanted.slice(first * columns, (first + 1) * columns));
      }
    });
  });
});

test('what is not stored is told', () =>
  opened('v2.zarr.zip', async ({ tensors }) => {
    const note = (name: string) => tensors.find((tensor) => tensor.name === name)?.note;
    expect(note('holes')).toBe('7 of its 8 chunks are not stored: every element of them counts as the fill value, 1.5.');
    expect(note('delta')).toBe('Its chunks are encoded with "delta", which is not read.');
    expect(note('names')).toBe('Elements of type |S2 cannot be read.');
    expect(note('layers/plain')).toBeNull();
  }));

test('any metadata file opens the folder that it lies in', () =>
  opened('v2.zarr/.zarray', async ({ tensors }) => expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([['', [13, 7]]])));

test.each(['zstd', 'gzip'])('chunks of %s that are too large to be held are streamed side by side', (name) =>
  opened('large.zarr.zip', async (file) => {
    const matrix = file.matrix(name);
    expect(matrix.access).toBe('sequential');
    let rows = 0;
    let wrong = 0;
    for await (const { first, count, values } of matrix.stream(500)) {
      expect(first).toBe(rows);
      rows += count;
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < 3000; j++) if (values[i * 3000 + j] !== ((first + i) % 8) * 100 + (j % 16)) wrong++;
      }
    }
    expect([rows, wrong]).toEqual([4000, 0]);
  }),
);
