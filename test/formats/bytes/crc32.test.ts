import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32, crc32c } from '../../../src/formats/bytes/crc32';

test('the check values of the standards', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

test('as zlib, in any two pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(crc32(b, crc32(a))).toBe(zlib.crc32(b, zlib.crc32(a)));
    }),
  );
});
