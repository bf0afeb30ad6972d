import { describe, expect, it } from 'vitest';
import { crossing, fitDrift, predict } from '../../src/spectral/forecast';
import { normal, uniform } from '../../src/spectral/random';

const times = (n: number) => Float64Array.from({ length: n }, (_, i) => i);

describe('fitDrift', () => {
  it('reads drift and variance of a line with a known wobble', () => {
    const model = fitDrift(times(5), Float64Array.of(0, -1, -4, -5, -8))!;
    expect(model).toMatchObject({ time: 4, value: -8, drift: -2, duration: 4, degreesOfFreedom: 3 });
    expect(model.variance).toBeCloseTo(4 / 3, 12);
  });

  it('does not depend on the unit of time, nor on even spacing for a straight line', () => {
    const model = fitDrift(Float64Array.of(0, 100, 300, 400), Float64Array.of(0, -10, -30, -40))!;
    expect(model.drift).toBeCloseTo(-0.1, 12);
    expect(model.variance).toBeCloseTo(0, 12);
  });

  it('cannot tell from three values', () => {
    expect(fitDrift(times(3), Float64Array.of(0, 1, 2))).toBeNull();
  });
});

describe('predict', () => {
  it('holds the value of a random walk with drift as often as it says', () => {
    const random = normal(uniform(3));
    const draws = 4000;
    for (const horizon of [1, 5]) {
      let held = 0;
      for (let r = 0; r < draws; r++) {
        const y = new Float64Array(8);
        for (let i = 1; i < 8; i++) y[i] = y[i - 1] - 1 + 2 * random();
        let future = y[7];
        for (let i = 0; i < horizon; i++) future += -1 + 2 * random();
        const { lower, upper } = predict(fitDrift(times(8), y)!, 7 + horizon, 0.9);
        if (lower <= future && future <= upper) held++;
      }
      expect(held / draws).toBeGreaterThan(0.9 - 3 * Math.sqrt(0.09 / draws));
      expect(held / draws).toBeLessThan(0.9 + 3 * Math.sqrt(0.09 / draws));
    }
  });
});

describe('crossing', () => {
  const model = fitDrift(times(7), Float64Array.of(0, -2.2, -3.9, -6.1, -8.2, -9.8, -12))!;

  it('is where the prediction and the ends of its interval meet the threshold', () => {
    const { time, lower, upper } = crossing(model, -20, 0.9)!;
    expect(predict(model, time, 0.9).value).toBeCloseTo(-20, 9);
    expect(predict(model, lower, 0.9).lower).toBeCloseTo(-20, 9);
    expect(predict(model, upper, 0.9).upper).toBeCloseTo(-20, 9);
    expect(lower).toBeLessThan(time);
    expect(time).toBeLessThan(upper);
  });

  it('is a point for a straight line', () => {
    const straight = fitDrift(times(5), Float64Array.of(0, -1, -2, -3, -4))!;
    const { time, lower, upper } = crossing(straight, -10, 0.9)!;
    expect([time, lower, upper]).toEqual([10, 10, 10]);
  });

  it('says nothing where there is no trend, or where it leads away', () => {
    expect(crossing(fitDrift(times(6), Float64Array.of(0, 3, -2, 4, -3, 1))!, -20, 0.9)).toBeNull();
    expect(crossing(model, 5, 0.9)).toBeNull();
  });
});
