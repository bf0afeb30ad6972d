import { expect, it } from 'vitest';
import { change, percentChange } from '../../src/cli/changes';

it('says differences with their sign', () => {
  expect([change(4.18), change(-191.93), change(0)]).toEqual(['+4.180', '−191.9', '0']);
});

it('says relative changes in whole percent', () => {
  expect([percentChange(37.2, 8.3), percentChange(37.2, 38), percentChange(-2, -1), percentChange(100, 100.1)]).toEqual([
    '−78 %',
    '+2 %',
    '+50 %',
    '0 %',
  ]);
});
