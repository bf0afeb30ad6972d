import { describe, expect, it } from 'vitest';
import type { Departure } from '../../src/runs/findings';
import { forecastCollapse } from '../../src/runs/forecast-collapse';
import { embeddingSeries, statisticSeries } from '../../src/runs/matrix-series';
import { run } from './reports';

/** A run of these effective ranks, with an alarm that began at `onset`. */
function outlook(ranks: readonly number[], onset: number, steps?: readonly number[]) {
  const checkpoints = run(ranks.map((effectiveRank) => ({ effectiveRank }))).map((c, k) => ({ ...c, step: steps?.[k] ?? c.step }));
  const [leading] = statisticSeries(embeddingSeries(checkpoints)[0], []);
  const departure: Departure = { matrix: leading.matrix, moved: [leading], onset, certainAt: ranks.length - 1 };
  return forecastCollapse(checkpoints, [departure]);
}

describe('forecastCollapse', () => {
  it('says when half of the rank is lost, by the decay since the change', () => {
    // Steady, then 10 % a step with a wobble.
    const ranks = [40, 40, 40, 36.2, 32.2, 29.3, 26.1];
    const { forecast, reason } = outlook(ranks, 3);
    expect(reason).toBeNull();
    expect(forecast!.threshold).toBe(20);
    expect(forecast!.step).toBeGreaterThan(8);
    expect(forecast!.step).toBeLessThan(9);
    expect(forecast!.lower).toBeGreaterThan(6);
    expect(forecast!.upper).toBeGreaterThan(forecast!.step);
    expect(forecast!.confidence).toBe(0.9);
  });

  it('counts in steps, which may be far apart, and takes the last of two saves of one step', () => {
    const ranks = [40, 36.2, 32.2, 29.3, 29.2, 26.1];
    const { forecast } = outlook(ranks, 1, [0, 500, 1000, 1500, 1500, 2000]);
    expect(forecast!.step).toBeGreaterThan(2500);
    expect(forecast!.step).toBeLessThan(3500);
  });

  it('says why there is none', () => {
    expect(outlook([40, 38, 33], 1).reason!.code).toBe('cannot-tell');
    expect(outlook([40, 39, 36, 39, 35, 38], 1).reason!.code).toBe('no-trend');
  });

  it('says nothing of what is past, or on its way up', () => {
    expect(outlook([40, 30, 22, 15], 1)).toEqual({ forecast: null, reason: null });
    expect(outlook([40, 42, 44, 47], 1)).toEqual({ forecast: null, reason: null });
  });
});
