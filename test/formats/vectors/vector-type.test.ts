import fc from 'fast-check';
import { expect, test } from 'vitest';
import { vectorTypeOf } from '../../../src/formats/vectors/vector-type';

const bytesOf = (values: Float32Array | Float64Array) => new Uint8Array(values.buffer);
/** Normal numbers from uniform ones (Box and Muller), and random bytes: mulberry32. */
function random(seed: number) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { uniform, normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()) };
}
const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const scales = fc.constantFrom(1e-3, 0.05, 1, 30);

test('embeddings of any scale are told by their type', () => {
  fc.assert(
    fc.property(seeds, scales, fc.integer({ min: 8, max: 64 }), (seed, scale, columns) => {
      const { normal } = random(seed);
      const draw = () => Array.from({ length: columns }, () => scale * normal());
      const rows = [draw(), draw(), draw(), draw()];
      expect(vectorTypeOf(rows.map((row) => bytesOf(Float32Array.from(row))))).toBe('float32');
      expect(vectorTypeOf(rows.map((row) => bytesOf(Float64Array.from(row))))).toBe('float64');
      expect(vectorTypeOf(rows.map((row) => bytesOf(Float64Array.from(Float32Array.from(row)))))).toBe('float64');
    }),
    { seed: 1 },
  );
});

test('bytes of keys and of compressed data are no vectors', () => {
  fc.assert(
    fc.property(seeds, fc.constantFrom(16, 20, 32, 64, 1024), (seed, length) => {
      const { uniform } = random(seed);
      const blobs = Array.from({ length: 8 }, () => Uint8Array.from({ length }, () => 256 * uniform()));
      expect(vectorTypeOf(blobs)).toBeNull();
    }),
    { seed: 1 },
  );
});

test('whole numbers, vectors with NaN, and what is too short, of other lengths or all zero', () => {
  expect(vectorTypeOf([bytesOf(Float64Array.of(1, 2, 3, 100))])).toBe('float64');
  expect(vectorTypeOf([bytesOf(Float32Array.of(1, 2, 3, 100))])).toBe('float32');
  expect(vectorTypeOf([bytesOf(Float32Array.of(1, Number.NaN, 3, 0.5))])).toBe('float32');
  expect(vectorTypeOf([bytesOf(Float32Array.of(1))])).toBeNull();
  expect(vectorTypeOf([new Uint8Array(10)])).toBeNull();
  expect(vectorTypeOf([new Uint8Array(16)])).toBeNull();
});
