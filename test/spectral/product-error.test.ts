import { expect, test } from 'vitest';
import { followChange, openProductCheck, productError } from '../../src/spectral/product-error';

const D = 12;

/** The upper triangle of a symmetric matrix. */
const upper = (entry: (i: number, j: number) => number): Float64Array =>
  Float64Array.from({ length: D * D }, (_, k) => (k % D >= Math.floor(k / D) ? entry(Math.floor(k / D), k % D) : 0));

const sum = upper((i, j) => Math.cos(i * j) + (i === j ? 5 : 0));

const frobenius = (a: Float64Array): number => {
  let square = 0;
  for (let i = 0; i < D; i++) for (let j = i; j < D; j++) square += (i === j ? 1 : 2) * a[i * D + j] ** 2;
  return Math.sqrt(square);
};

test.each([
  ['of rank one', upper((i, j) => Math.sin(i + 1) * Math.sin(j + 1))],
  ['a multiple of the identity', upper((i, j) => (i === j ? 1 : 0))],
  ['without a pattern', upper((i, j) => ((Math.sin(1 + 37 * i + 91 * j) * 1e4) % 1) - 0.5)],
])('an error %s is bounded in all but 0.5 %% of draws, and not by much more than it is', (_, error) => {
  const wrong = sum.map((x, k) => x + 1e-6 * error[k]);
  const norm = 1e-6 * frobenius(error);
  const draws = 2000;
  let missed = 0;
  let bounds = 0;
  for (let seed = 0; seed < draws; seed++) {
    const bound = productError(openProductCheck(sum, D, seed), wrong, D);
    if (bound < norm) missed++;
    bounds += bound / draws;
  }
  // 0.468 % in theory where the rank is one; 3 deviations of a count.
  expect(missed / draws).toBeLessThan(0.00468 + 3 * Math.sqrt(0.00468 / draws));
  expect(bounds / norm).toBeGreaterThan(3.5);
  expect(bounds / norm).toBeLessThan(5);
});

test('what changes both sums is no error', () => {
  const scatter = sum.slice();
  const check = openProductCheck(scatter, D, 3);
  for (let i = 0; i < D; i++) for (let j = i; j < D; j++) scatter[i * D + j] -= 2 * i * j;
  followChange(
    check,
    Float64Array.from({ length: D }, (_, j) => j),
    -2,
  );
  expect(productError(check, scatter, D)).toBeLessThan(1e-11);
  scatter[3 * D + 4] += 1e-3;
  expect(productError(check, scatter, D)).toBeGreaterThan(1e-3 * Math.SQRT2);
});
