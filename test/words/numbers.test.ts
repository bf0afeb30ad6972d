import { describe, expect, test } from 'vitest';
import { bytes, change, count, counted, duration, number, percent, percentChange, powerOfTen, reported } from '../../src/words/numbers';

describe('number', () => {
  test.each([
    [0, '0'],
    [1, '1'],
    [-72.38873, '\u221272.39'],
    [0.00074921, '0.0007492'],
    [37.2385, '37.24'],
    [13504.45, '13,500'],
    [123456, '123,456'],
    [1.0000001, '1.000'],
    [6.2072e-5, '6.207 × 10⁻⁵'],
    [-4.5e13, '\u22124.500 × 10¹³'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '\u2212∞'],
  ])('%d', (value, text) => expect(number(value)).toBe(text));
});

test('an estimate carries a sign, an exact value does not', () => {
  expect(reported(2.5, true)).toBe('2.500');
  expect(reported(2.5, false)).toBe('≈ 2.500');
});

test('percentages do not round a share away', () => {
  expect(percent(1)).toBe('100 %');
  expect(percent(0)).toBe('0 %');
  expect(percent(0.99999)).toBe('over 99.9 %');
  expect(percent(0.00001)).toBe('under 0.1 %');
  expect(percent(0.1234)).toBe('12.3 %');
});

test('counts, powers, sizes and times', () => {
  expect(count(4000)).toBe('4,000');
  expect(counted(1, 'row')).toBe('1 row');
  expect(counted(2, 'row')).toBe('2 rows');
  expect(powerOfTen(-12)).toBe('10⁻¹²');
  expect(bytes(999)).toBe('999 bytes');
  expect(bytes(400128)).toBe('400 kB');
  expect(bytes(2.5e9)).toBe('2.5 GB');
  expect(duration(0.2)).toBe('under 1 ms');
  expect(duration(41.9)).toBe('42 ms');
  expect(duration(3400)).toBe('3.4 s');
});

test('says differences with their sign', () => {
  expect([change(4.18), change(-191.93), change(0)]).toEqual(['+4.180', '−191.9', '0']);
});

test('says relative changes in whole percent', () => {
  expect([percentChange(37.2, 8.3), percentChange(37.2, 38), percentChange(-2, -1), percentChange(100, 100.1)]).toEqual([
    '−78 %',
    '+2 %',
    '+50 %',
    '0 %',
  ]);
});
