import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainRowPasses, rowPasses, rowsPerBand } from '../../src/analysis/row-passes';
import { type RowPasses, wasmRowPasses } from '../../src/compute/row-passes';

const wasm = wasmRowPasses() as RowPasses;
/** The same of rows that lie in its own memory, in the second of two rooms and behind other rows. */
const roomy: RowPasses = {
  ...wasm,
  measure: (x, count, d, ...rest) => wasm.measure(inRoom(x, d), count, d, ...rest),
  take(x, count, d, factors, sums, first, differs, into) {
    const rows = inRoom(x, d);
    const taken = wasm.take(rows, count, d, factors, sums, first, differs, new Float64Array(rows.buffer, rows.byteOffset - 8 * d));
    into.set(new Float64Array(rows.buffer, rows.byteOffset - 8 * d, taken * d));
    return taken;
  },
  gather(x, count, d, ...rest) {
    const rows = inRoom(x, d);
    const fourth = wasm.gather(rows, count, d, ...rest);
    x.set(rows);
    return fourth;
  },
};
const rooms = new Map<number, Float64Array>();
function inRoom(x: Float64Array, d: number): Float64Array {
  const room = rooms.get(d) ?? wasm.room(2, 2 ** 17, d)[1]!;
  rooms.set(d, room);
  const rows = room.subarray(d, d + x.length);
  rows.set(x);
  return rows;
}
const all = [wasm, roomy, plainRowPasses];
/** What each of them finds: that of the plain ones, and those of the others. */
function compared<T>(find: (passes: RowPasses) => T): { expected: T; others: T[] } {
  const found = all.map(find);
  return { expected: found.at(-1)!, others: found.slice(0, -1) };
}
const values = (length: number, seed: number): Float64Array => Float64Array.from({ length }, (_, i) => Math.sin(i * i + seed));
const shape = fc.record({ count: fc.integer({ min: 1, max: 12 }), d: fc.integer({ min: 1, max: 70 }), seed: fc.nat(1e6) });

/** Of numbers of about the same size. */
function expectClose(found: Float64Array, expected: Float64Array): void {
  const size = expected.reduce((s, x) => Math.max(s, Math.abs(x)), 0);
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < found.length; i++) expect(Math.abs(found[i] - expected[i])).toBeLessThanOrEqual(1e-13 * size);
}

function measured(passes: RowPasses, x: Float64Array, count: number, d: number) {
  const squares = new Float64Array(count);
  const hashes = new Int32Array(2 * count);
  passes.measure(x, count, d, squares, hashes);
  return { squares, hashes };
}

function taken(passes: RowPasses, x: Float64Array, count: number, d: number, factors: Float64Array) {
  const rows = x.slice();
  const sums = new Float64Array(d).fill(1);
  const differs = new Int32Array(2 * d);
  const kept = passes.take(rows, count, d, factors, sums, x.slice(0, d), differs, rows);
  return { kept, rows, sums, differs };
}

function gathered(passes: RowPasses, x: Float64Array, count: number, d: number) {
  const rows = x.slice();
  const offset = values(d, 2);
  const third = values(d, 3);
  const fourth = passes.gather(rows, count, d, values(d, 4), offset, third);
  return { rows, offset, third, fourth };
}

test('WebAssembly SIMD is here to be tested, and in use', () => {
  expect(wasm).not.toBeNull();
  expect(rowPasses()).not.toBe(plainRowPasses);
});

test('small rooms are memory like any other', () => {
  for (const passes of [wasm, plainRowPasses]) {
    const [a, b] = passes.room(2, 7, 3);
    expect([a!.length, b!.length]).toEqual([7, 7]);
    expect(a!.buffer).not.toBe(b!.buffer);
  }
});

test('a band is a row at least', () => {
  expect([1, 768, 2 ** 15, 2 ** 20].map(rowsPerBand)).toEqual([2 ** 15, 42, 1, 1]);
});

describe('WebAssembly, against the plain passes', () => {
  test('sums of squares; the same bits of every hash', () => {
    fc.assert(
      fc.property(shape, ({ count, d, seed }) => {
        const { expected, others } = compared((passes) => measured(passes, values(count * d, seed), count, d));
        for (const found of others) {
          expectClose(found.squares, expected.squares);
          expect(found.hashes).toEqual(expected.hashes);
        }
      }),
      { seed: 1 },
    );
  });

  test('rows are scaled, or dropped, in place', () => {
    fc.assert(
      fc.property(shape, ({ count, d, seed }) => {
        const factors = values(2 * count, seed).map((f, i) => (i % 2 === 0 && f > 0.3 ? Number.NaN : f));
        // Some columns hold the same in all rows.
        const x = values(count * d, seed).map((v, i) => ((i % d) % 3 === 0 ? (i % d) + 0.1 : v));
        const { expected, others } = compared((passes) => taken(passes, x, count, d, factors));
        for (const found of others) {
          expect(found.kept).toBe(expected.kept);
          expect(found.rows.subarray(0, found.kept * d)).toEqual(expected.rows.subarray(0, found.kept * d));
          expect(found.differs).toEqual(expected.differs);
          expectClose(found.sums, expected.sums);
        }
      }),
      { seed: 2 },
    );
  });

  test('rows are centred, and their moments gathered', () => {
    fc.assert(
      fc.property(shape, ({ count, d, seed }) => {
        const { expected, others } = compared((passes) => gathered(passes, values(count * d, seed), count, d));
        for (const found of others) {
          expect(found.rows).toEqual(expected.rows);
          expectClose(found.offset, expected.offset);
          expectClose(found.third, expected.third);
          expectClose(Float64Array.of(found.fourth), Float64Array.of(expected.fourth));
        }
      }),
      { seed: 3 },
    );
  });

  test('rows wider than the memory so far', () => {
    const d = 300_001;
    const [found, expected] = [wasm, plainRowPasses].map((passes) => measured(passes, values(2 * d, 1), 2, d));
    expectClose(found.squares, expected.squares);
    expect(found.hashes).toEqual(expected.hashes);
  });
});

describe.each([
  ['WebAssembly', wasm],
  ['plain', plainRowPasses],
] as const)('%s', (_, passes) => {
  test('what is not finite shows in the sum of squares of its own row', () => {
    const x = new Float64Array(5 * 9).fill(1);
    x[9] = Number.NaN;
    x[2 * 9 + 8] = Number.NEGATIVE_INFINITY;
    x[3 * 9 + 1] = 1e200;
    expect([...measured(passes, x, 5, 9).squares]).toEqual([9, Number.NaN, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 9]);
  });

  test('rows beyond the count are left alone', () => {
    const x = values(4 * 3, 5);
    expect(gathered(passes, x, 2, 3).rows.slice(6)).toEqual(x.slice(6));
    expect(taken(passes, x, 2, 3, new Float64Array(8).fill(2)).rows.slice(6)).toEqual(x.slice(6));
  });

  test('kept rows go where they are wanted', () => {
    const x = Float64Array.of(0, 0, 1, 2, 3, 4);
    const kept = passes.take(
      x.subarray(2),
      2,
      2,
      Float64Array.of(2, 1, 3, 1),
      new Float64Array(2),
      new Float64Array(2),
      new Int32Array(4),
      x,
    );
    expect(kept).toBe(2);
    expect([...x.subarray(0, 4)]).toEqual([2, 4, 9, 12]);
  });
});
