import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fillsInBands, type Piece, piecedMatrix } from '../../../src/formats/matrices/pieced-matrix';
import { streamed } from '../bytes/memory-bytes';
import { countingMatrix } from './memory-matrix';

/** Pieces of the matrix of 0, 1, 2, ..., cut along rows and columns at the positions given. */
function pieces(rows: number, columns: number, rowCuts: readonly number[], columnCuts: readonly number[]): Piece[] {
  const spans = (size: number, cuts: readonly number[]) => {
    const at = [...new Set([0, ...cuts.filter((cut) => cut < size), size])].sort((a, b) => a - b);
    return at.slice(1).map((end, k) => [at[k]!, end - at[k]!] as const);
  };
  return spans(rows, rowCuts).flatMap(([row, height]) =>
    spans(columns, columnCuts).map(([column, width]) => ({
      row,
      column,
      rows: height,
      columns: width,
      open: async () => ({
        ...countingMatrix(height, width, 'random'),
        async read(first: number, count: number, into: Float64Array) {
          for (let i = 0; i < count; i++) for (let j = 0; j < width; j++) into[i * width + j] = (row + first + i) * columns + column + j;
        },
      }),
    })),
  );
}

test('any grid of pieces, in any order, is the matrix', async () => {
  const size = fc.integer({ min: 1, max: 9 });
  const cuts = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(size, size, cuts, cuts, fc.integer({ min: 1, max: 4 }), async (rows, columns, rowCuts, columnCuts, perBlock) => {
      const parts = pieces(rows, columns, rowCuts, columnCuts).reverse();
      expect(fillsInBands(parts, rows, columns)).toBe(true);
      const matrix = piecedMatrix(parts, rows, columns, '/x');
      expect(await streamed(matrix, perBlock)).toEqual(Array.from({ length: rows * columns }, (_, i) => i));
      expect(fillsInBands(parts.slice(1), rows, columns)).toBe(false);
      expect(fillsInBands([...parts, parts[0]!], rows, columns)).toBe(false);
      expect(fillsInBands([...parts], rows + 1, columns)).toBe(false);
    }),
  );
});

test('a piece that could not be opened is tried again; rows outside are refused', async () => {
  let tries = 0;
  const piece = { row: 0, column: 0, rows: 2, columns: 2 };
  const open = async () => {
    tries++;
    if (tries === 1) throw new Error('not yet');
    return countingMatrix(2, 2, 'random');
  };
  const matrix = piecedMatrix([{ ...piece, open }], 2, 2, '/x');
  await expect(streamed(matrix, 2)).rejects.toThrow('not yet');
  expect(await streamed(matrix, 2)).toEqual([0, 1, 2, 3]);
  await expect(matrix.read(1, 2, new Float64Array(4))).rejects.toBeInstanceOf(RangeError);
  const turned = piecedMatrix([{ ...piece, open: async () => countingMatrix(2, 2, 'sequential') }], 2, 2, '/x');
  await expect(streamed(turned, 2)).rejects.toThrow('column by column');
});
