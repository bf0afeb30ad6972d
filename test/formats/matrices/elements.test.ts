import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BYTES_PER_ELEMENT, decoder, type ElementType, valuesByCode } from '../../../src/formats/matrices/elements';
import { expected, numbers } from '../bytes/memory-bytes';

function decoded(type: ElementType, bytes: Uint8Array, order: 'little' | 'big' = 'little', from = 0): Float64Array {
  const values = new Float64Array((bytes.length - from) / BYTES_PER_ELEMENT[type]);
  decoder(type, order)(bytes, from, 1, values, 0, 1, values.length);
  return values;
}

describe('every code of the small floats', () => {
  test.each(Object.keys(expected.tables) as ElementType[])('%s', (type) => {
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code);
    expect([...decoded(type, codes)]).toEqual(numbers(expected.tables[type]!));
  });

  test.each(Object.keys(expected.tableHashes) as ElementType[])('%s', (type) => {
    const values = decoded(type, new Uint8Array(Uint16Array.from({ length: 65536 }, (_, code) => code).buffer));
    for (const [i, value] of values.entries()) if (Number.isNaN(value)) values[i] = Number.NaN;
    expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')).toBe(expected.tableHashes[type]);
  });
});

const getters: Partial<Record<ElementType, (view: DataView, at: number, little: boolean) => number>> = {
  int8: (view, at) => view.getInt8(at),
  uint8: (view, at) => view.getUint8(at),
  int16: (view, at, little) => view.getInt16(at, little),
  uint16: (view, at, little) => view.getUint16(at, little),
  int32: (view, at, little) => view.getInt32(at, little),
  uint32: (view, at, little) => view.getUint32(at, little),
  int64: (view, at, little) => Number(view.getBigInt64(at, little)),
  uint64: (view, at, little) => Number(view.getBigUint64(at, little)),
  float32: (view, at, little) => view.getFloat32(at, little),
  float64: (view, at, little) => view.getFloat64(at, little),
};

test('any strides, alignment and byte order give what DataView reads element by element', () => {
  const types = fc.constantFrom(...(Object.keys(getters) as ElementType[]));
  const small = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(
      types,
      fc.constantFrom('little' as const, 'big' as const),
      fc.integer({ min: 0, max: 9 }),
      small,
      small,
      fc.uint8Array({ minLength: 0, maxLength: 200 }),
      (type, order, from, stride, step, random) => {
        const size = BYTES_PER_ELEMENT[type];
        const count = Math.max(0, Math.floor((random.length - from) / size / stride));
        const into = new Float64Array(count * step + 2).fill(-7);
        const wanted = into.slice();
        const view = new DataView(random.buffer, random.byteOffset);
        for (let i = 0; i < count; i++) wanted[2 + i * step] = getters[type]!(view, from + i * stride * size, order === 'little');
        decoder(type, order)(random, from, stride, into, 2, step, count);
        expect([...into]).toEqual([...wanted]);
      },
    ),
  );
});

test.each(['float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2fnuz'] as const)(
  '%s of any number, at any place, is what its code says',
  (type) => {
    const size = BYTES_PER_ELEMENT[type];
    const values = valuesByCode(type);
    for (const [count, from, order] of [
      [1, 0, 'little'],
      [7, 1, 'little'],
      [16_385, 3, 'little'],
      [40_001, 2, 'little'],
      [9, 1, 'big'],
    ] as const) {
      const bytes = Uint8Array.from({ length: from + count * size }, (_, i) => (i * 2_654_435_761) >>> 13);
      const view = new DataView(bytes.buffer);
      const code = (at: number) => (size === 1 ? view.getUint8(at) : view.getUint16(at, order === 'little'));
      const wanted = Float64Array.from({ length: count }, (_, i) => values[code(from + i * size)]!);
      const into = new Float64Array(count + 2).fill(-7);
      decoder(type, order)(bytes, from, 1, into, 1, 1, count);
      expect(into).toEqual(Float64Array.of(-7, ...wanted, -7));
    }
  },
);

test('a bool is one where any bit is set', () => {
  expect([...decoded('bool', Uint8Array.of(0, 1, 2, 255))]).toEqual([0, 1, 1, 1]);
});

test('the last elements of a buffer can be read at any alignment', () => {
  const bytes = new Uint8Array(1 + 3 * 8);
  bytes.set(new Uint8Array(Float64Array.of(1, -0, Number.NaN).buffer), 1);
  expect([...decoded('float64', bytes, 'little', 1)]).toEqual([1, -0, Number.NaN]);
  expect([...decoded('float64', bytes.subarray(1))]).toEqual([1, -0, Number.NaN]);
});
