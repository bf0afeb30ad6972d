import { expect, test } from 'vitest';
import { trackedBy } from '../../src/runs/tracker';

test('what the tracker names, and all before it, is complete', () => {
  const tracking = trackedBy('latest', 'step20', 20, 3);
  expect([10, 20, 30].map((step) => tracking.waitingFor(step, `step${step}`))).toEqual([null, null, 'latest to name step30']);
  expect(tracking).toMatchObject({ settled: 'complete', missing: [] });
});

test('the first save waits for the tracker', () => {
  expect(trackedBy('latest', null, null, 1).waitingFor(10, 'step10')).toBe('latest to name step10');
});

test.each([
  [null, 'There is no file latest'],
  ['best', 'latest names "best", which is none of these'],
])('a tracker of %j leaves no mark', (text, reason) => {
  const tracking = trackedBy('latest', text, null, 2);
  expect(tracking.waitingFor(10, 'step10')).toBeNull();
  expect(tracking).toMatchObject({
    settled: 'none',
    missing: [`${reason}: each checkpoint counts as complete once its files are at rest.`],
  });
});
