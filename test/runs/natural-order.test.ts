import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareNaturally, sortedNaturally, stemOf } from '../../src/runs/natural-order';

const sorted = (...names: string[]) => sortedNaturally(names.map((name) => ({ name }))).map(({ name }) => name);

describe('natural order', () => {
  test('numbers count by their value', () => {
    expect(sorted('generation-10', 'generation-9', 'generation-0')).toEqual(['generation-0', 'generation-9', 'generation-10']);
    expect(sorted('a10b2', 'a2b10', 'a10b1')).toEqual(['a2b10', 'a10b1', 'a10b2']);
    expect(sorted('x100000000000000000001', 'x99999999999999999999')).toEqual(['x99999999999999999999', 'x100000000000000000001']);
  });

  test('a name comes before those that add to it', () => {
    expect(sorted('epoch=1-v1.ckpt', 'epoch=1.ckpt', 'epoch=1-v2.ckpt')).toEqual(['epoch=1.ckpt', 'epoch=1-v1.ckpt', 'epoch=1-v2.ckpt']);
  });

  test('is a total order in which only equal names are equal', () => {
    const name = fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'B', '-', '.', '_'), maxLength: 7 });
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(compareNaturally(a, b) === 0).toBe(a === b);
        expect(Math.sign(compareNaturally(a, b)) + Math.sign(compareNaturally(b, a))).toBe(0);
        const [x, y, z] = [a, b, c].sort(compareNaturally);
        expect(compareNaturally(x!, z!)).toBeLessThanOrEqual(0);
        expect(compareNaturally(x!, y!)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 10_000, seed: 5 },
    );
  });
});

test.each([
  ['model.pt', 'model'],
  ['model.step100.pt', 'model.step100'],
  ['run.step100', 'run.step100'],
  ['ep1.weights.h5', 'ep1'],
  ['ep1.h5', 'ep1'],
  ['generation-3', 'generation-3'],
])('the stem of %s is %s', (name, stem) => {
  expect(stemOf(name)).toBe(stem);
});
