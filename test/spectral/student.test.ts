import { expect, test } from 'vitest';
import { studentQuantile } from '../../src/spectral/student';

// By SciPy's t.ppf, and the last two, where that is right to ten digits only, by mpmath.
test.each([
  [0.975, 1, 12.706204736174694],
  [0.975, 2, 4.302652729749462],
  [0.95, 3, 2.3533634348018264],
  [0.975, 7, 2.3646242515927844],
  [0.995, 10, 3.16927267261695],
  [0.975, 31, 2.0395134463964077],
  [0.5, 4, 0],
  [0.9999, 200, 3.78912078874773],
  [0.6, 63, 0.25441963124770284],
])('Student quantile %d of %i degrees', (p, freedom, x) => {
  expect(studentQuantile(p, freedom)).toBeCloseTo(x, 10);
});
