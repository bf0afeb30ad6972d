import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contiguousStrides, flatten, matrixStrides } from '../../../src/formats/matrices/flatten';

test.each([
  ['x', [3, 4], 3, 4],
  ['embeddings', [2, 5, 3], 10, 3],
  ['pos_embed', [1, 197, 768], 197, 768],
  ['conv1.weight', [64, 3, 7, 7], 64, 147],
  ['features/0/weight', [8, 4, 3], 8, 12],
  ['in_proj_weight', [8, 4, 3], 8, 12],
  ['conv.weight_orig', [8, 4, 3, 3, 3], 8, 108],
  ['conv/kernel', [7, 7, 3, 64], 147, 64],
  ['weights_of_evidence', [2, 5, 3], 10, 3],
])('%s %j is %i x %i', (name, shape, rows, columns) => {
  const { matrix, note } = flatten(name, shape);
  expect(matrix).toEqual({ rows, columns });
  if (shape.length === 2) expect(note).toBeNull();
  else expect(note).toContain(`flattened to ${rows} x ${columns}`);
});

test.each([
  ['a number', [], 'single number'],
  ['a vector', [5], 'vector'],
  ['no rows', [0, 5], 'no elements'],
  ['no columns', [5, 0, 2], 'no elements'],
  ['more than can be counted', [2 ** 40, 2 ** 40], 'counted'],
])('%s is no matrix, and says why', (_, shape, why) => {
  const { matrix, note } = flatten('x', shape);
  expect(matrix).toBeNull();
  expect(note).toContain(why);
});

test('one row or one column is a matrix with a note', () => {
  expect(flatten('x', [1, 5])).toMatchObject({ matrix: { rows: 1, columns: 5 }, note: expect.stringContaining('One row') });
  expect(flatten('x', [5, 1])).toMatchObject({ matrix: { rows: 5, columns: 1 }, note: expect.stringContaining('One column') });
});

describe('strides', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 5 });

  test('every contiguous tensor is a matrix whose elements are all of it, in order for C', () => {
    fc.assert(
      fc.property(shapes, fc.constantFrom('C' as const, 'F' as const), fc.constantFrom('x', 'weight'), (shape, order, name) => {
        const { matrix, rowAxes } = flatten(name, shape);
        const strides = matrixStrides(shape, contiguousStrides(shape, order), rowAxes)!;
        const { rows, columns } = matrix!;
        const places: number[] = [];
        for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) places.push(i * strides.rowStride + j * strides.columnStride);
        const all = Array.from({ length: rows * columns }, (_, i) => i);
        expect(order === 'C' ? places : places.toSorted((a, b) => a - b)).toEqual(all);
      }),
    );
  });

  test('axes that do not lie evenly cannot be merged', () => {
    expect(matrixStrides([2, 3, 4], [100, 4, 1], 2)).toBeNull();
    expect(matrixStrides([2, 3, 4], [100, 4, 1], 1)).toEqual({ rowStride: 100, columnStride: 1 });
  });
});
