import { expect, test } from 'vitest';
import { topEigenvalues } from '../../src/spectral/block-lanczos';
import { lanczos, type Operator } from '../../src/spectral/lanczos';
import { normal, uniform } from '../../src/spectral/random';
import { sharing } from '../../src/spectral/shared-operator';

const d = 60;
const l = Float64Array.from({ length: d }, (_, i) => 0.8 ** i);
const diagonal: Operator = async (x) => x.map((value, k) => value * l[k % d]);
const starts = (count: number, seed: number): Float64Array => Float64Array.from({ length: count * d }, normal(uniform(seed)));
const TOP = { count: 3, blockSize: 3, dimension: 30, applications: 20, tolerance: 1e-9 };

test('each search finds what it finds alone, in as many applications as the longest takes', async () => {
  let applications = 0;
  const counting: Operator = (x, count) => {
    applications++;
    return diagonal(x, count);
  };
  const [short, long, top] = await sharing(counting, d, [
    (operator) => lanczos(operator, d, starts(2, 1), 5),
    (operator) => lanczos(operator, d, starts(3, 2), 25),
    (operator) => topEigenvalues(operator, d, TOP, 3),
  ]);
  expect(short).toEqual(await lanczos(diagonal, d, starts(2, 1), 5));
  expect(long).toEqual(await lanczos(diagonal, d, starts(3, 2), 25));
  expect(top).toEqual(await topEigenvalues(diagonal, d, TOP, 3));
  expect(applications).toBe(25);
});

test('an operator that fails ends all searches with its error', async () => {
  let applications = 0;
  const failing: Operator = (x, count) => (++applications === 4 ? Promise.reject(new Error('the file is gone')) : diagonal(x, count));
  const searches = [1, 2].map((seed) => (operator: Operator) => lanczos(operator, d, starts(1, seed), 10));
  await expect(sharing(failing, d, searches)).rejects.toThrow('the file is gone');
  expect(applications).toBe(4);
});

test('a search that fails ends the others at their next application', async () => {
  let applications = 0;
  const counting: Operator = (x, count) => {
    applications++;
    return diagonal(x, count);
  };
  const failing = async (operator: Operator): Promise<never> => {
    await operator(starts(1, 1), 1);
    throw new Error('not this one');
  };
  const ended: string[] = [];
  const other = (operator: Operator) =>
    lanczos(operator, d, starts(1, 2), 10).catch((error: Error) => {
      ended.push(error.message);
      throw error;
    });
  await expect(sharing(counting, d, [failing, other])).rejects.toThrow('not this one');
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(ended).toEqual(['not this one']);
  expect(applications).toBe(1);
});
