import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { displayWidth, padTo, printable, shorten, wrap } from '../../src/cli/printable';

describe('printable', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['title\u001b]0;owned\u0007', 'title'],
    ['two\nlines\r', 'two\ufffdlines\ufffd'],
    ['bell\u0007', 'bell\ufffd'],
    ['\u009b2J', ''],
    ['turned \u202egnp.exe', 'turned \ufffdgnp.exe'],
    ['naïve 名前 🙂', 'naïve 名前 🙂'],
  ])('%j becomes %j', (text, safe) => {
    expect(printable(text)).toBe(safe);
  });

  it('leaves no control character of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('width', () => {
  it('counts cells, not code units, and no colours', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('名前')).toBe(4);
    expect(displayWidth('🙂')).toBe(2);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(displayWidth('\u001b[1mbold\u001b[22m')).toBe(4);
  });

  it('pads by cells', () => {
    expect(padTo('名', 4, 'left')).toBe('名  ');
    expect(padTo('7', 3, 'right')).toBe('  7');
    expect(padTo('long', 2, 'left')).toBe('long');
  });

  it('shortens in the middle and never past the width', () => {
    expect(shorten('transformer.h.0.attn.c_attn.weight', 15)).toBe('transfo….weight');
    expect(shorten('short', 15)).toBe('short');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(displayWidth(shorten(printable(text), width))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('wraps at spaces and loses no word', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable a', 4)).toEqual(['unbreakable', 'a']);
  });
});
