import { expect, test } from 'vitest';
import type { DensitySpectrum } from '../../src/analysis/report';
import { rankedSpectrum } from '../../src/words/ranked-spectrum';

const density = (points: readonly (readonly [node: number, weight: number])[]) => ({
  nodes: Float64Array.from(points, ([node]) => node),
  weights: Float64Array.from(points, ([, weight]) => weight),
});
const spectrum = (eigenvalues: number[], ofC: [number, number][], ofS: [number, number][]): DensitySpectrum => ({
  kind: 'density',
  eigenvalues: Float64Array.from(eigenvalues),
  density: density(ofC),
  centredDensity: density(ofS),
  noiseFloor: 0,
  marchenkoPasturEdge: null,
});

test('an exact spectrum is itself', () => {
  const eigenvalues = Float64Array.of(2, 1);
  const centred = Float64Array.of(1, 0.5);
  const ranked = rankedSpectrum({ kind: 'exact', method: 'gram', eigenvalues, centred, noiseFloor: 0, marchenkoPasturEdge: null });
  expect(ranked).toEqual({ eigenvalues, centred, computed: { eigenvalues: 2, centred: 2 } });
});

test('a density of whole eigenvalues gives them back', () => {
  const points: [number, number][] = [
    [5, 1],
    [2, 3],
    [0, 2],
  ];
  const { centred, computed } = rankedSpectrum(spectrum([], points, points));
  expect([...centred]).toEqual([5, 2, 2, 2, 0, 0]);
  expect(computed).toEqual({ eigenvalues: 0, centred: 0 });
});

test('parts of eigenvalues are shared between ranks, and the sum stays', () => {
  const { centred } = rankedSpectrum(
    spectrum(
      [],
      [],
      [
        [8, 0.5],
        [4, 1.25],
        [1, 2.25],
      ],
    ),
  );
  expect([...centred]).toEqual([6, 3.25, 1, 1]);
  expect(centred.reduce((sum, x) => sum + x)).toBe(8 * 0.5 + 4 * 1.25 + 2.25);
});

test('computed eigenvalues take the first ranks, and nothing after them is larger', () => {
  const points: [number, number][] = [
    [9, 1.5],
    [1, 2.5],
  ];
  const { eigenvalues, computed } = rankedSpectrum(spectrum([8, 4], points, points));
  expect([...eigenvalues]).toEqual([8, 4, 1, 1]);
  expect(computed.eigenvalues).toBe(2);
  expect([...rankedSpectrum(spectrum([8], points, points)).eigenvalues]).toEqual([8, 5, 1, 1]);
});
