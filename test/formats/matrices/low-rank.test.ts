import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lowRankMatrix } from '../../../src/formats/matrices/low-rank';
import { streamed } from '../bytes/memory-bytes';
import { countingMatrix } from './memory-matrix';

const size = fc.integer({ min: 1, max: 9 });

test.each(['random', 'sequential', 'without'] as const)('is the sum of outer products, on a base or alone (%s)', async (base) => {
  await fc.assert(
    fc.asyncProperty(size, size, size, size, async (rows, columns, rank, perBlock) => {
      const left = Float64Array.from({ length: rows * rank }, (_, i) => Math.sin(i + 1));
      const right = Float64Array.from({ length: rank * columns }, (_, i) => Math.cos(3 * i));
      const onto = base === 'without' ? null : countingMatrix(rows, columns, base);
      const matrix = lowRankMatrix({ rows, columns, rank }, async () => ({ left, right }), onto);
      const values = await streamed(matrix, perBlock);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = onto === null ? 0 : i * columns + j;
          for (let k = 0; k < rank; k++) sum += left[i * rank + k]! * right[k * columns + j]!;
          expect(values[i * columns + j]).toBeCloseTo(sum, 10);
        }
      }
      if (matrix.access === 'sequential') return;
      const last = new Float64Array(columns);
      await matrix.read(rows - 1, 1, last);
      expect([...last]).toEqual(values.slice(-columns));
    }),
  );
});

test('factors are asked for once, and again where that failed', async () => {
  let asked = 0;
  const factors = async () => {
    asked++;
    if (asked === 1) throw new Error('not yet');
    return { left: Float64Array.of(2), right: Float64Array.of(3) };
  };
  const matrix = lowRankMatrix({ rows: 1, columns: 1, rank: 1 }, factors, null);
  expect(asked).toBe(0);
  await expect(streamed(matrix, 1)).rejects.toThrow('not yet');
  expect(await streamed(matrix, 1)).toEqual([6]);
  expect(await streamed(matrix, 1)).toEqual([6]);
  expect(asked).toBe(2);
  await expect(matrix.read(0, 2, new Float64Array(2))).rejects.toBeInstanceOf(RangeError);
});
