import { describe, expect, it } from 'vitest';
import { CrashHistory } from '../../src/engine/crash-history';

const policy = { delays: [0, 1000, 5000], window: 60_000 };

describe('CrashHistory', () => {
  it('waits longer after each crash and then gives up', () => {
    const history = new CrashHistory(policy);
    expect([0, 1, 2, 3, 4].map((time) => history.crashed(time))).toEqual([0, 1000, 5000, null, null]);
    expect(history.count).toBe(5);
  });

  it('forgets crashes that are older than the window', () => {
    const history = new CrashHistory(policy);
    history.crashed(0);
    history.crashed(30_000);
    expect(history.crashed(60_000)).toBe(1000);
    expect(history.crashed(200_000)).toBe(0);
    expect(history.count).toBe(1);
  });

  it('starts anew when cleared', () => {
    const history = new CrashHistory(policy);
    for (let time = 0; time < 4; time++) history.crashed(time);
    history.clear();
    expect(history.count).toBe(0);
    expect(history.crashed(5)).toBe(0);
  });
});
