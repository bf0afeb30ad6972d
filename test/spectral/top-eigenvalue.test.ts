import { describe, expect, test } from 'vitest';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { populationTopEigenvalue } from '../../src/spectral/top-eigenvalue';
import { gaussians } from './gaussians';

const d = 20;
const spread = 2000;

/** Gaussian rows, one direction of variance 25 and the rest of variance 1. */
const next = gaussians(11);
const rows = Array.from({ length: spread }, () => Float64Array.from({ length: d }, (_, j) => (j === 0 ? 5 : 1) * next()));

function sampled(x: readonly Float64Array[], population: number) {
  const c = new Float64Array(d * d);
  for (const row of x) for (let i = 0; i < d; i++) for (let j = i; j < d; j++) c[i * d + j] += (row[i] * row[j]) / x.length;
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) c[i * d + j] = c[j * d + i];
  const top = powerIteration(c);
  const values = symmetricEigenvalues(c, d);
  const dot = (row: Float64Array): number => row.reduce((s, v, j) => s + v * top[j], 0);
  return {
    eigenvalues: values,
    estimate: populationTopEigenvalue(
      values,
      { rows: x.length, population },
      Float64Array.from(x, (row) => dot(row) ** 2),
    ),
  };
}

/** The eigenvector of the largest eigenvalue. */
function powerIteration(c: Float64Array): Float64Array {
  let x = new Float64Array(d).fill(1);
  for (let k = 0; k < 2000; k++) {
    const y = x.map((_, i) => x.reduce((s, v, j) => s + c[i * d + j] * v, 0));
    const length = Math.sqrt(y.reduce((s, v) => s + v * v, 0));
    x = y.map((v) => v / length);
  }
  return x;
}

const whole = sampled(rows, spread);
const top = Math.log(whole.eigenvalues[0]);

test('a sample that is the whole population gives the eigenvalue itself, without error', () => {
  expect(whole.estimate!.value).toBeCloseTo(top, 12);
  expect(whole.estimate!.standardError).toBe(0);
});

describe('samples of 25 rows of 20 columns', () => {
  const draws = Array.from({ length: 80 }, (_, k) => sampled(rows.slice(25 * k, 25 * (k + 1)), spread));
  const mean = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;

  test('the bias of the largest eigenvalue is mostly gone', () => {
    const plain = mean(draws.map(({ eigenvalues }) => eigenvalues[0])) - Math.exp(top);
    const left = mean(draws.map(({ estimate }) => Math.exp(estimate!.value))) - Math.exp(top);
    expect(plain).toBeGreaterThan(0.5);
    expect(Math.abs(left)).toBeLessThan(0.3 * plain);
  });

  test('intervals cover, and are not wide for nothing', () => {
    const estimates = draws.map(({ estimate }) => estimate!);
    expect(estimates.filter((e) => Math.abs(e.value - top) <= 2.1 * e.standardError).length).toBeGreaterThanOrEqual(70);
    const spread = Math.sqrt(mean(estimates.map((e) => (e.value - top) ** 2)));
    expect(mean(estimates.map((e) => e.standardError)) / spread).toBeLessThan(1.5);
  });
});

test('no number where the top does not stand apart', () => {
  const of = (eigenvalues: Float64Array) => populationTopEigenvalue(eigenvalues, { rows: 100, population: 2000 }, Float64Array.of(1, 2, 3));
  expect(of(Float64Array.from({ length: d }, (_, j) => 1 - 0.01 * j))).toBeNull();
  expect(of(new Float64Array(d).fill(1))).toBeNull();
  expect(of(Float64Array.of(9, 1, 1))).not.toBeNull();
});
