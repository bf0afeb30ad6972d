import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDecimal } from '../../../src/formats/text/decimal';

function parsed(text: string): { value: number; read: number } {
  const cursor = { at: 0 };
  const value = parseDecimal(Buffer.from(`${text}\n`), cursor);
  return { value, read: cursor.at };
}

test('any number as JavaScript writes it, with any precision', () => {
  const texts = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((x) => x.toPrecision(9)),
    fc.tuple(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 25 })).map(([x, n]) => x.toExponential(n)),
    fc.stringMatching(/^[+-]?([0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?$/),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(parsed(text)).toEqual({ value: Number(text), read: text.length });
    }),
    { numRuns: 2000 },
  );
});

test.each(['', '-', '.', '+.', 'e5', '1e', '1e+', 'nan', 'inf', ',1', ' 1', '--1'])('%j is no number, and nothing is read', (text) => {
  expect(parsed(text)).toEqual({ value: Number.NaN, read: 0 });
});

test.each([
  ['1,2', 1, 1],
  ['1.5.2', 1.5, 3],
  ['0x10', 0, 1],
  ['-0', -0, 2],
  ['1e400', Number.POSITIVE_INFINITY, 5],
  ['9007199254740993', 9007199254740992, 16],
])('%j reads %d in %i characters', (text, value, read) => {
  expect(parsed(text)).toEqual({ value, read });
});
