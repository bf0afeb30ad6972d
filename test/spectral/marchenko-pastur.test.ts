import { expect, test } from 'vitest';
import { marchenkoPasturEdge, marchenkoPasturMedian, noiseVariance } from '../../src/spectral/marchenko-pastur';
import expected from '../fixtures/weights/expected.json';

test('edge', () => {
  expect(marchenkoPasturEdge(2, 0.25)).toBeCloseTo(2 * 1.5 ** 2, 12);
});

test.each([
  // Medians by adaptive quadrature of the density (SciPy's quad and brentq).
  [1, 0.6527759416],
  [0.5, 0.8304658816],
  [0.1, 0.9665651474],
  [0.01, 0.9966656763],
])('median, gamma = %d', (gamma, median) => {
  expect(marchenkoPasturMedian(gamma)).toBeCloseTo(median, 9);
});

test('gamma > 1: gamma times the median of the transposed matrix', () => {
  expect(marchenkoPasturMedian(4)).toBeCloseTo(4 * marchenkoPasturMedian(0.25), 12);
});

test('noise variance is the scale of the eigenvalues', () => {
  const law = Float64Array.of(3, marchenkoPasturMedian(0.2), 0.1);
  expect(
    noiseVariance(
      law.map((x) => 5 * x),
      0.2,
    ),
  ).toBeCloseTo(5, 10);
  expect(noiseVariance(Float64Array.of(9, 2 * marchenkoPasturMedian(0.2), 0, 0), 0.2)).toBeCloseTo(1, 10);
});

test.each(Object.entries(expected.matrices))('edge and soft rank of %s', (_, { rows, columns, squaredSingularValues, ...of }) => {
  const variance = noiseVariance(
    Float64Array.from(squaredSingularValues, (s) => s / rows),
    columns / rows,
  );
  const edge = marchenkoPasturEdge(variance, columns / rows) * rows;
  expect(variance / of.noiseVariance).toBeCloseTo(1, 9);
  expect(edge / of.edge).toBeCloseTo(1, 9);
  expect(edge / squaredSingularValues[0]).toBeCloseTo(of.softRank, 9);
});
