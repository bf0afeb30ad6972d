import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeEvidence, meanEvidence, updatedVariation } from '../../src/spectral/change-detection';
import { normal, uniform } from '../../src/spectral/random';

const VARIATION = { variance: 4, degreesOfFreedom: 4 };

/** The likelihood ratio of a change at c by solving the regression as it stands, for the mean over shift and ramp and three v. */
function ratioByDefinition(y: number[], c: number, variance: number, nu: number): number {
  const n = y.length;
  const centred = (x: number[]) => {
    const mean = x.reduce((s, v) => s + v, 0) / n;
    return x.map((v) => v - mean);
  };
  const x = centred(y);
  let mean = 0;
  for (const slope of [0, 1]) {
    const g = centred(y.map((_, t) => (t < c ? 0 : 1 + slope * (t - c))));
    for (const v of [4, 25, 100].map((w) => (slope === 0 ? w : w / 4))) {
      // y ~ t with scatter proportional to I + v g g^T on the space orthogonal to 1.
      const gg = g.reduce((s, a) => s + a * a, 0);
      const gx = g.reduce((s, a, i) => s + a * x[i], 0);
      const xx = x.reduce((s, a) => s + a * a, 0);
      const quadratic = xx - (v * gx * gx) / (1 + v * gg);
      mean += ((1 + v * gg) ** -0.5 * ((nu * variance + quadratic) / (nu * variance + xx)) ** (-(nu + n - 1) / 2)) / 6;
    }
  }
  return mean;
}

describe('changeEvidence', () => {
  it('goes on from what is known of the first values, to the bit', () => {
    const random = normal(uniform(5));
    const y = Float64Array.from({ length: 40 }, (_, t) => random() + (t > 20 ? 3 : 0));
    const whole = changeEvidence(y, VARIATION);
    for (const known of [0, 1, 2, 25, 40]) {
      expect(changeEvidence(y, VARIATION, changeEvidence(y.subarray(0, known), VARIATION))).toEqual(whole);
    }
  });

  it('is the sum of the likelihood ratios of every start, and its onset the most likely one', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 9 }), (y) => {
        const { evidence, onset } = changeEvidence(Float64Array.from(y), VARIATION);
        const k = y.length - 1;
        const ratios = Array.from({ length: k }, (_, i) => ratioByDefinition(y, i + 1, VARIATION.variance, VARIATION.degreesOfFreedom));
        expect(evidence[k] / ratios.reduce((s, r) => s + r, 0)).toBeCloseTo(1, 9);
        expect(ratios[onset[k] - 1] / Math.max(...ratios)).toBeCloseTo(1, 9);
      }),
      { seed: 1 },
    );
  });

  it('says of each prefix what it would say of it alone', () => {
    const y = Float64Array.of(0, 1, -1, 5, 9, 14);
    const all = changeEvidence(y, VARIATION);
    for (let n = 1; n <= y.length; n++) {
      expect(changeEvidence(y.subarray(0, n), VARIATION).evidence).toEqual(all.evidence.subarray(0, n));
    }
  });

  it('does not change with the level or the unit of the values', () => {
    const y = Float64Array.of(0, 1, -1, 5, 9, 14);
    const moved = changeEvidence(
      y.map((x) => 1e3 + 10 * x),
      { variance: 400, degreesOfFreedom: 4 },
    );
    const plain = changeEvidence(y, VARIATION);
    for (const [k, m] of plain.evidence.entries()) expect(moved.evidence[k]).toBeCloseTo(m, 6);
    expect(moved.onset).toEqual(plain.onset);
  });

  it('sees a drift either way, and where it began', () => {
    for (const sign of [1, -1]) {
      const y = Float64Array.from([0.3, -1.2, 0.8, -0.5, 1, ...Array.from({ length: 8 }, (_, i) => sign * 4 * (i + 1))]);
      const { evidence, onset } = changeEvidence(y, VARIATION);
      expect(evidence[4]).toBeLessThan(10);
      expect(evidence[12]).toBeGreaterThan(1000);
      expect(onset[12]).toBeGreaterThanOrEqual(5);
      expect(onset[12]).toBeLessThanOrEqual(6);
    }
  });

  it('has the mean k under the null: a martingale less the number of values', () => {
    // The values less their mean, in orthonormal coordinates, are multivariate t: integrated over r = s sqrt(nu) tan(a).
    const { variance, degreesOfFreedom: nu } = VARIATION;
    const scale = Math.sqrt(nu * variance);
    let one = 0;
    let two = 0;
    let massOne = 0;
    let massTwo = 0;
    const steps = 800;
    for (let i = 0; i < steps; i++) {
      const angle = ((i + 0.5) / steps) * (Math.PI / 2);
      const r = scale * Math.tan(angle);
      const weight = Math.cos(angle) ** (nu - 1);
      massOne += weight;
      one += weight * changeEvidence(Float64Array.of(r / Math.SQRT2, -r / Math.SQRT2), VARIATION).evidence[1];
      for (let j = 0; j < 200; j++) {
        const theta = ((j + 0.5) / 200) * 2 * Math.PI;
        const [u, w] = [r * Math.cos(theta), r * Math.sin(theta)];
        const y = Float64Array.of(u / Math.SQRT2 + w / Math.sqrt(6), -u / Math.SQRT2 + w / Math.sqrt(6), -2 * (w / Math.sqrt(6)));
        const weight2 = weight * Math.sin(angle);
        massTwo += weight2;
        two += weight2 * changeEvidence(y, VARIATION).evidence[2];
      }
    }
    expect(one / massOne).toBeCloseTo(1, 3);
    expect(two / massTwo).toBeCloseTo(2, 3);
  });

  it('alarms no more often than once in 1 / alpha values, where the variation is as large as was supposed or smaller', () => {
    const random = normal(uniform(6));
    for (const sigma of [0.5, 1, 2]) {
      let alarms = 0;
      const runs = 200;
      const length = 40;
      for (let r = 0; r < runs; r++) {
        const y = Float64Array.from({ length }, () => sigma * random());
        if (changeEvidence(y, VARIATION).evidence.some((m) => m >= 100)) alarms++;
      }
      expect(alarms / runs).toBeLessThan(length / 100);
    }
  });
});

it('meanEvidence averages detectors value by value', () => {
  const a = { evidence: Float64Array.of(0, 1, 4), onset: new Int32Array(3) };
  const b = { evidence: Float64Array.of(0, 3, 0), onset: new Int32Array(3) };
  expect(meanEvidence([a, b])).toEqual(Float64Array.of(0, 2, 2));
});

describe('updatedVariation', () => {
  it('pools sums of squares and degrees of freedom', () => {
    expect(updatedVariation({ variance: 4, degreesOfFreedom: 4 }, Float64Array.of(1, 3, 5))).toEqual({
      variance: (16 + 8) / 6,
      degreesOfFreedom: 6,
    });
    expect(updatedVariation(VARIATION, Float64Array.of(1))).toBe(VARIATION);
  });
});
