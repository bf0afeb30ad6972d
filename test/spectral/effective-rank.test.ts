import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countAbove,
  debiasedParticipationRatio,
  effectiveRank,
  isoScore,
  participationRatio,
  populationParticipationRatio,
  rankMe,
  stableRank,
} from '../../src/spectral/effective-rank';
import { centreBlock } from '../../src/spectral/gram-summary';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { gaussians } from './gaussians';

describe('closed forms', () => {
  test('equal eigenvalues: every rank is their number (R1)', () => {
    const l = new Float64Array(7).fill(0.3);
    for (const rank of [effectiveRank, participationRatio, stableRank]) expect(rank(l)).toBeCloseTo(7, 12);
    expect(isoScore(participationRatio(l), 7)).toBeCloseTo(1, 12);
  });

  test('one eigenvalue: every rank is 1', () => {
    const l = Float64Array.of(5, 0, 0, 0);
    for (const rank of [effectiveRank, participationRatio, stableRank]) expect(rank(l)).toBeCloseTo(1, 12);
    expect(isoScore(participationRatio(l), 4)).toBeCloseTo(0, 12);
  });

  test('two levels {a x p, b x (d - p)} (R2)', () => {
    const [a, b, p, d] = [3, 0.5, 4, 10];
    const l = Float64Array.from({ length: d }, (_, i) => (i < p ? a : b));
    const t = p * a + (d - p) * b;
    expect(participationRatio(l)).toBeCloseTo(t ** 2 / (p * a * a + (d - p) * b * b), 12);
    expect(stableRank(l)).toBeCloseTo(t / a, 12);
    const entropy = -p * (a / t) * Math.log(a / t) - (d - p) * (b / t) * Math.log(b / t);
    expect(effectiveRank(l)).toBeCloseTo(Math.exp(entropy), 12);
  });

  test('power law 1 / i, d = 384: PR = H^2 / sum 1/i^2 (R5)', () => {
    const l = Float64Array.from({ length: 384 }, (_, i) => 1 / (i + 1));
    expect(participationRatio(l)).toBeCloseTo(6.5291 ** 2 / 1.64233, 2);
  });

  test('RankMe adds 1e-7 to every share', () => {
    const p = [0.75 + 1e-7, 0.25 + 1e-7, 1e-7];
    expect(rankMe(Float64Array.of(3, 1, 0))).toBeCloseTo(Math.exp(-p.reduce((h, x) => h + x * Math.log(x), 0)), 12);
  });

  test('countAbove', () => {
    expect(countAbove(Float64Array.of(3, 2, 1, 0), 1)).toBe(2);
    expect(countAbove(Float64Array.of(3, 2), 0)).toBe(2);
  });
});

test('1 <= stable rank <= participation ratio <= effective rank <= number of eigenvalues, and RankMe >= effective rank', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }), (values) => {
      const l = Float64Array.from(values).sort().reverse();
      const ranks = [1, stableRank(l), participationRatio(l), effectiveRank(l), l.length];
      for (let i = 1; i < ranks.length; i++) expect(ranks[i]).toBeGreaterThanOrEqual(ranks[i - 1] * (1 - 1e-12));
      expect(rankMe(l.map(Math.sqrt))).toBeGreaterThanOrEqual(effectiveRank(l) * (1 - 1e-6));
    }),
  );
});

describe('debiased participation ratio', () => {
  test('the average of its two moments over samples is the truth, where the plain one is far off', () => {
    // All n-subsets of a small population, drawn with replacement, would be exact; two-point coordinates make all moments known.
    // Independent signs times fixed scales: Sigma = diag(s^2), so (tr Sigma)^2 / tr Sigma^2 = d for equal scales.
    const [n, d, draws] = [12, 30, 4000];
    let state = 1;
    const sign = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 31 === 0 ? 1 : -1;
    };
    let debiased = 0;
    let plain = 0;
    for (let draw = 0; draw < draws; draw++) {
      // X X^T has the same non-zero spectrum; its moments are all the estimator needs.
      const x = Array.from({ length: n }, () => Array.from({ length: d }, sign));
      const mean = Array.from({ length: d }, (_, j) => x.reduce((s, row) => s + row[j], 0) / n);
      const y = x.map((row) => row.map((v, j) => v - mean[j]));
      let squares = 0;
      let trace = 0;
      let fourth = 0;
      for (let i = 0; i < n; i++) {
        const own = y[i].reduce((s, v) => s + v * v, 0);
        trace += own / n;
        fourth += own * own;
        for (let k = 0; k < n; k++) squares += (y[i].reduce((s, v, j) => s + v * y[k][j], 0) / n) ** 2;
      }
      plain += trace ** 2 / squares / draws;
      // Two eigenvalues with the same sum and sum of squares stand for the spectrum; ones with an imaginary part are avoided by enough directions.
      const l = withMoments(trace, squares, n);
      debiased += debiasedParticipationRatio({ eigenvalues: l, rows: n, fourthMoment: fourth })! / draws;
    }
    expect(plain).toBeLessThan(10);
    expect(Math.abs(debiased - d)).toBeLessThan(1.5);
  });

  test('needs four rows', () => {
    expect(debiasedParticipationRatio({ eigenvalues: Float64Array.of(1, 1), rows: 3, fourthMoment: 1 })).toBeNull();
  });
});

/** `count` eigenvalues with this sum and sum of squares: one differs from the rest. */
function withMoments(sum: number, squares: number, count: number): Float64Array {
  const m = sum / count;
  const spread = Math.sqrt((squares - count * m * m) * (1 / (count * (count - 1))));
  const l = new Float64Array(count).fill(m - spread);
  l[0] = m + (count - 1) * spread;
  return l;
}

describe('the participation ratio of all rows, from a sample', () => {
  const d = 6;
  const next = gaussians(3);
  const rows = Array.from({ length: 1200 }, () => Float64Array.from({ length: d }, (_, j) => 2 / (j + 1) + next() / (j + 1)));

  function moments(x: readonly Float64Array[]) {
    const n = x.length;
    const { centred, fourthMoment } = centreBlock(Float64Array.from(x.flatMap((row) => [...row])), n, d);
    const s = new Float64Array(d * d);
    const y = x.map((_, i) => centred.slice(i * d, (i + 1) * d));
    for (const row of y) for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) s[i * d + j] += (row[i] * row[j]) / n;
    const form = (row: Float64Array): number =>
      row.reduce((sum, v, i) => sum + v * row.reduce((inner, w, j) => inner + s[i * d + j] * w, 0), 0);
    return {
      moments: { eigenvalues: symmetricEigenvalues(s.slice(), d), rows: n, fourthMoment },
      squares: Float64Array.from(y, (row) => row.reduce((sum, v) => sum + v * v, 0)),
      forms: Float64Array.from(y, form),
    };
  }
  const estimate = (x: readonly Float64Array[], population: number) => {
    const { moments: of, squares, forms } = moments(x);
    return populationParticipationRatio(of, population, squares, forms);
  };
  const truth = Math.log(participationRatio(moments(rows).moments.eigenvalues));

  test('all rows: the plain ratio, without error; endless rows: the debiased one', () => {
    const whole = estimate(rows, 1200)!;
    expect(whole.value).toBeCloseTo(truth, 12);
    expect(whole.standardError).toBe(0);
    const few = rows.slice(0, 30);
    expect(Math.exp(estimate(few, Number.POSITIVE_INFINITY)!.value)).toBeCloseTo(debiasedParticipationRatio(moments(few).moments)!, 10);
    expect(estimate(rows.slice(0, 3), 1200)).toBeNull();
  });

  test('samples of 30: intervals cover, and are not wide for nothing', () => {
    const draws = Array.from({ length: 40 }, (_, k) => estimate(rows.slice(30 * k, 30 * (k + 1)), 1200)!);
    expect(draws.filter((e) => Math.abs(e.value - truth) <= 2.05 * e.standardError).length).toBeGreaterThanOrEqual(34);
    const spread = Math.sqrt(draws.reduce((s, e) => s + (e.value - truth) ** 2, 0) / 40);
    const stated = draws.reduce((s, e) => s + e.standardError, 0) / 40;
    expect(stated / spread).toBeGreaterThan(0.7);
    expect(stated / spread).toBeLessThan(2);
  });
});
