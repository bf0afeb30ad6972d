import { expect, test } from 'vitest';
import { unreachablePhrase } from '../../src/words/unreachable';

test.each(['EACCES', 'EPERM', 'ENOENT', 'EIO', 'ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'EHOSTUNREACH', 'ETIMEDOUT'])(
  '%s says what to do',
  (code) => {
    expect(unreachablePhrase(code)).toMatch(/check |mount it again|\?$/);
  },
);

test('what is a sentence already, or not known, stays', () => {
  expect(unreachablePhrase('EWHATEVER')).toBe('EWHATEVER');
});
