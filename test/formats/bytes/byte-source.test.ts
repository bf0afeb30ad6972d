import { expect, test } from 'vitest';
import { partOf } from '../../../src/formats/bytes/byte-source';
import { formatErrorOf, MemoryBytes } from './memory-bytes';

const source = () => new MemoryBytes(Uint8Array.of(0, 1, 2, 3, 4, 5), '/f');

test('a part reads its own bytes, and leaves the whole open', async () => {
  const whole = source();
  const part = partOf(whole, 'middle', 2, 3);
  const target = new Uint8Array(2);
  await part.read(1, target);
  expect([...target]).toEqual([3, 4]);
  expect(part).toMatchObject({ path: '/f (middle)', size: 3, fingerprint: whole.fingerprint });
  await part.close();
  expect(whole.open).toBe(true);
});

test('a part ends where it ends', async () => {
  const error = await formatErrorOf(() => partOf(source(), 'middle', 2, 3).read(2, new Uint8Array(2)));
  expect(error.message).toBe('/f (middle) at byte 2: 2 bytes were expected, but the data ends at byte 3.');
});

test.each([
  [4, 3],
  [-1, 2],
  [0, -1],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [Number.NaN, 1],
])('a part of %i bytes and %i cannot lie outside', async (offset, size) => {
  const error = await formatErrorOf(() => partOf(source(), 'part', offset, size));
  expect(error.message).toContain('but the file has 6 bytes');
});
