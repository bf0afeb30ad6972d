import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Gathering } from '../../src/editor/gathering';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('hands on together what comes in a short while, and at once when it is told to', () => {
  const handed: (readonly number[])[] = [];
  const gathering = new Gathering<number>(100, (items) => handed.push(items));
  gathering.add(1);
  vi.advanceTimersByTime(99);
  gathering.add(2);
  expect(handed).toEqual([]);
  vi.advanceTimersByTime(1);
  gathering.add(3);
  gathering.flush();
  gathering.flush();
  vi.advanceTimersByTime(1000);
  expect(handed).toEqual([[1, 2], [3]]);
  gathering.add(4);
  gathering.dispose();
  vi.advanceTimersByTime(1000);
  expect(handed).toHaveLength(2);
});
