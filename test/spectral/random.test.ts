import { expect, test } from 'vitest';
import { normal, uniform } from '../../src/spectral/random';

test('the same seed gives the same numbers, another seed others', () => {
  const [a, b, c] = [uniform(7), uniform(7), uniform(8)];
  const of = (random: () => number): number[] => Array.from({ length: 5 }, random);
  const first = of(a);
  expect(of(b)).toEqual(first);
  expect(of(c)).not.toEqual(first);
});

test.each([0, 1, -5, 2 ** 31])('uniform on [0, 1): mean 1/2, variance 1/12, no correlation of neighbours, seed %i', (seed) => {
  const random = uniform(seed);
  const x = Array.from({ length: 40_000 }, random);
  const mean = x.reduce((s, v) => s + v, 0) / x.length;
  const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length;
  const neighbours = x.slice(1).reduce((s, v, i) => s + (v - mean) * (x[i] - mean), 0) / x.length;
  expect(Math.min(...x.slice(0, 10_000))).toBeGreaterThanOrEqual(0);
  expect(Math.max(...x.slice(0, 10_000))).toBeLessThan(1);
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / x.length));
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(4 * Math.sqrt(1 / 180 / x.length));
  expect(Math.abs(neighbours * 12)).toBeLessThan(4 / Math.sqrt(x.length));
});

test('normal: the first four moments', () => {
  const random = normal(uniform(3));
  const x = Array.from({ length: 40_000 }, random);
  const moment = (k: number): number => x.reduce((s, v) => s + v ** k, 0) / x.length;
  expect(Math.abs(moment(1))).toBeLessThan(4 / 200);
  expect(Math.abs(moment(2) - 1)).toBeLessThan((4 * Math.sqrt(2)) / 200);
  expect(Math.abs(moment(3))).toBeLessThan((4 * Math.sqrt(15)) / 200);
  expect(Math.abs(moment(4) - 3)).toBeLessThan((4 * Math.sqrt(96)) / 200);
});
