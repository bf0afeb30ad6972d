import { expect, test } from 'vitest';
import { cumulativeShares, directionsFor, varianceModel } from '../../../webview/view-model/variance';

test('running shares end at 1 and take rounding below zero as zero', () => {
  expect([...cumulativeShares(Float64Array.from([6, 3, 1, -1e-18]))!]).toEqual([0.6, 0.9, 1, 1]);
});

test('rows that do not vary explain nothing', () => {
  expect(cumulativeShares(new Float64Array(3))).toBeNull();
  expect(varianceModel(new Float64Array(3), 3)).toBeNull();
});

test('how many directions reach a share', () => {
  const even = cumulativeShares(new Float64Array(10).fill(0.1))!;
  expect(directionsFor(even)).toEqual([
    [0.5, 5],
    [0.9, 9],
    [0.99, 10],
  ]);
});

test('the counts in words', () => {
  expect(varianceModel(Float64Array.from([6, 3, 0.95, 0.05]), 4)!.summary).toBe(
    '1 direction of 4 carries 50 % of the variance around the mean, 2 carry 90 % and 3 carry 99 %.',
  );
});

test('the curve starts at nothing and ends at everything', () => {
  const { points } = varianceModel(Float64Array.from([6, 3, 1]), 3)!.series[0]!;
  expect(points.map(({ x, y }) => [x, y])).toEqual([
    [0, 0],
    [1, 0.6],
    [2, 0.9],
    [3, 1],
  ]);
});
