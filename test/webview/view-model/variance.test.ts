import { expect, test } from 'vitest';
import type { Spectrum } from '../../../src/analysis/report';
import { cumulativeShares, directionsFor, varianceModel } from '../../../webview/view-model/variance';

const exact = (...centred: number[]): Spectrum => ({
  kind: 'exact',
  method: 'gram',
  eigenvalues: Float64Array.from(centred),
  centred: Float64Array.from(centred),
  noiseFloor: 0,
  marchenkoPasturEdge: null,
});

test('running shares end at 1 and take rounding below zero as zero', () => {
  expect([...cumulativeShares(Float64Array.from([6, 3, 1, -1e-18]))!]).toEqual([0.6, 0.9, 1, 1]);
});

test('rows that do not vary explain nothing', () => {
  expect(cumulativeShares(new Float64Array(3))).toBeNull();
  expect(varianceModel(exact(0, 0, 0), 3)).toBeNull();
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
  expect(varianceModel(exact(6, 3, 0.95, 0.05), 4)!.summary).toBe(
    '1 direction of 4 carries 50 % of the variance around the mean, 2 carry 90 % and 3 carry 99 %.',
  );
});

test('the curve starts at nothing and ends at everything', () => {
  const { points } = varianceModel(exact(6, 3, 1), 3)!.series[0]!;
  expect(points.map(({ x, y }) => [x, y])).toEqual([
    [0, 0],
    [1, 0.6],
    [2, 0.9],
    [3, 1],
  ]);
});

test('of an estimated density it says that it is an estimate', () => {
  const density = { nodes: Float64Array.of(6, 1), weights: Float64Array.of(1, 4) };
  const model = varianceModel(
    {
      kind: 'density',
      eigenvalues: new Float64Array(0),
      density,
      centredDensity: density,
      noiseFloor: 0,
      marchenkoPasturEdge: null,
    },
    5,
  )!;
  expect(model.summary).toContain('1 direction of 5 carries 50 %');
  expect(model.summary).toContain('estimated density');
  expect(model.series[0]!.name).toContain('estimated');
  expect(model.table.caption).toContain('Estimated');
  expect(model.series[0]!.points.map(({ y }) => y)).toEqual([0, 0.6, 0.7, 0.8, 0.9, 1]);
});
