import fc from 'fast-check';
import { expect, test } from 'vitest';
import { transpose } from '../../../src/formats/matrices/transpose';

test('any shape, and nothing else is written', () => {
  const size = fc.integer({ min: 1, max: 20 });
  fc.assert(
    fc.property(size, size, fc.integer({ min: 0, max: 3 }), (rows, columns, at) => {
      const from = Float64Array.from({ length: rows * columns }, (_, k) => k);
      const into = new Float64Array(at + rows * columns + 2).fill(-1);
      const wanted = into.slice();
      for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) wanted[at + j * rows + i] = i * columns + j;
      transpose(from, rows, columns, into, at);
      expect(into).toEqual(wanted);
    }),
  );
});
