import { describe, expect, it } from 'vitest';
import {
  accumulate,
  accumulateSubsample,
  fitGaussian,
  fresh,
  type Gaussian,
  type Models,
  replace,
  resampled,
  tempered,
  truncated,
} from '../../bench/detection/recursions';
import { gaussianLogDetNull } from '../../src/spectral/gaussian-null';
import { normal, uniform } from '../../src/spectral/random';

const standard = (d: number): Gaussian => ({
  mean: new Float64Array(d),
  factor: Float64Array.from({ length: d * d }, (_, k) => (k % (d + 1) === 0 ? 1 : 0)),
});

/** The models of some generations, of each of many chains. */
function chains(count: number, generations: readonly number[], start: (seed: number) => Models): Gaussian[][] {
  return Array.from({ length: count }, (_, seed) => {
    const models = start(seed);
    const all = Array.from({ length: Math.max(...generations) + 1 }, () => models.next().value);
    return generations.map((k) => all[k]);
  });
}

const average = (values: readonly number[]): number => values.reduce((s, x) => s + x, 0) / values.length;
/** Mean within four standard errors of what it should be. */
function expectMean(values: readonly number[], expected: number): void {
  const mean = average(values);
  const error = Math.sqrt(average(values.map((x) => (x - mean) ** 2)) / values.length);
  expect(Math.abs(mean - expected)).toBeLessThan(4 * error);
}

const logDet = ({ mean, factor }: Gaussian): number =>
  2 * average(Array.from(mean, (_, i) => Math.log(factor[i * (mean.length + 1)]))) * mean.length;
/** Of a Gaussian of one dimension. */
const variance = ({ factor }: Gaussian): number => factor[0] ** 2;

function covariance({ mean, factor }: Gaussian): Float64Array {
  const d = mean.length;
  return Float64Array.from({ length: d * d }, (_, at) => {
    const i = Math.floor(at / d);
    const j = at % d;
    let sum = 0;
    for (let k = 0; k <= Math.min(i, j); k++) sum += factor[k * d + i] * factor[k * d + j];
    return sum;
  });
}

describe('the recursions of recursive training against their closed forms', () => {
  it("replace: the log-determinant falls by the mean of the Gaussian pivot at every generation, and its variance grows by the pivot's", () => {
    const n = 40;
    const models = chains(1500, [0, 5], (seed) => replace(standard(8), n, normal(uniform(seed))));
    const drift = models.map(([first, fifth]) => logDet(fifth) - logDet(first));
    const pivot = gaussianLogDetNull(n - 1, 8)!;
    const each = pivot.mean + 8 * Math.log((n - 1) / n);
    expect(each).toBeCloseTo(-1.1999, 3);
    expect(pivot.sd).toBeCloseTo(0.682, 3);
    expectMean(drift, 5 * each);
    expectMean(
      drift.map((x) => (x - 5 * each) ** 2),
      5 * pivot.sd ** 2,
    );
  });

  it('replace: the participation ratio falls to one', () => {
    const models = chains(1500, [4, 9], (seed) => replace(standard(8), 40, normal(uniform(seed))));
    for (const [g, expected] of [
      [0, 3.755],
      [1, 2.46],
    ]) {
      const moments = models.map((generations) => {
        const c = covariance(generations[g]);
        return { trace: c.reduce((s, x, at) => (at % 9 === 0 ? s + x : s), 0), square: c.reduce((s, x) => s + x * x, 0) };
      });
      // What the ratio of E (tr)^2 and E tr(.^2) says, without the bias of a ratio.
      expectMean(
        moments.map(({ trace, square }) => trace ** 2 - expected * square),
        0,
      );
    }
  });

  it('replace at a temperature: the log-determinant falls by d log lambda more at every generation', () => {
    const chain = (lambda: number) => chains(1, [3], () => replace(standard(8), 40, normal(uniform(1)), { lambda }))[0][0];
    expect(logDet(chain(0.9)) - logDet(chain(1))).toBeCloseTo(3 * 8 * Math.log(0.9), 10);
  });

  it('accumulate: the variance tends to a constant above zero', () => {
    const models = chains(5000, [0, 1, 29], (seed) => accumulate(standard(1), 10, normal(uniform(seed))));
    expectMean(
      models.map(([m]) => variance(m)),
      0.9,
    );
    expectMean(
      models.map(([, m]) => variance(m)),
      0.8775,
    );
    let product = 1;
    for (let i = 1; i <= 30; i++) product *= 1 - 1 / (10 * i * i);
    expectMean(
      models.map(([, , m]) => variance(m)),
      product,
    );
  });

  it('accumulate and subsample: likewise, and lower', () => {
    const models = chains(5000, [0, 29], (seed) => {
      const random = uniform(seed);
      return accumulateSubsample(standard(1), 10, normal(random), random);
    });
    expectMean(
      models.map(([m]) => variance(m)),
      0.9,
    );
    expectMean(
      models.map(([, m]) => variance(m)),
      0.7461,
    );
  });

  it('fresh data: mean and variance come to rest', () => {
    const models = chains(2000, [30], (seed) => replace(standard(1), 40, normal(uniform(seed)), { real: 0.25 }));
    expectMean(
      models.map(([m]) => variance(m)),
      0.9452,
    );
    expectMean(
      models.map(([m]) => m.mean[0] ** 2),
      0.05479,
    );
  });

  it('categorical: support after one generation, heterozygosity after forty', () => {
    const zipf = Float64Array.from({ length: 50 }, (_, i) => (i + 1) ** -1.2);
    const total = zipf.reduce((s, x) => s + x, 0);
    const start = zipf.map((x) => x / total);
    const support: number[] = [];
    const diversity: number[] = [];
    for (let seed = 0; seed < 500; seed++) {
      const random = uniform(seed);
      let p: Float64Array = start;
      for (let t = 1; t <= 40; t++) {
        p = resampled(p, 200, random);
        if (t === 1) support.push(p.filter((x) => x > 0).length);
      }
      diversity.push(1 - p.reduce((s, x) => s + x * x, 0));
    }
    expectMean(support, 36.34);
    expectMean(diversity, 0.7152);
  });

  it('fresh: generations do not depend on one another; a truncated start loses what it says', () => {
    const models = chains(2000, [0, 5], (seed) => fresh(() => standard(2), 40, normal(uniform(seed))));
    expectMean(
      models.map(([first, fifth]) => logDet(fifth) - logDet(first)),
      0,
    );
    expect(logDet(truncated(standard(4), 1, 0.5))).toBeCloseTo(6 * Math.log(0.5), 12);
    expect(logDet(tempered(standard(4), 0.5))).toBeCloseTo(4 * Math.log(0.5), 12);
  });

  it('fits the mean and the covariance, with the divisor n', () => {
    const model = fitGaussian(Float64Array.of(0, 0, 2, 1, 0, 4, 2, 5), 2);
    expect([...model.mean]).toEqual([1, 2.5]);
    expect([...covariance(model)].map((x) => Number(x.toFixed(12)))).toEqual([1, 0.5, 0.5, 4.25]);
    expect(() => fitGaussian(Float64Array.of(1, 1), 2)).toThrow('cannot be fitted to 1 rows');
  });
});
