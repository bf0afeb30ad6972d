import { expect, test } from 'vitest';
import { threadsFor } from '../../src/analysis/matrix-job';

function file(count: number, rows: number | null, columns: number) {
  const tensors = Array.from({ length: count }, (_, i) => ({
    name: String(i),
    dtype: 'float32',
    shape: [],
    bytes: 0,
    matrix: { rows, columns },
    note: null,
  }));
  return { file: { tensors }, names: tensors.map(({ name }) => name) };
}

test.each([
  ['the layers of a small model', 48, 768, 3072, 8, 6],
  ['with two cores', 48, 768, 3072, 2, 2],
  ['of few, one each at most', 3, 1024, 4096, 8, 3],
  ['of wide ones, as many as memory allows', 100, 2048, 8192, 8, 1],
  ['of small ones, none but this', 20, 64, 64, 8, 1],
  ['of one matrix, one', 1, 1024, 1024, 8, 1],
  ['of a text file, whose rows nobody knows, by its columns', 4, null, 768, 8, 4],
] as const)('threads for %s', (_, count, rows, columns, cores, threads) => {
  const { file: of, names } = file(count, rows, columns);
  expect(threadsFor(of, names, cores)).toBe(threads);
});

test('only matrices that are asked for count', () => {
  const { file: of } = file(48, 768, 3072);
  expect(threadsFor(of, ['3', '4'], 8)).toBe(2);
});
