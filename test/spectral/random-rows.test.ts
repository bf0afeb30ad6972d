import { describe, expect, test } from 'vitest';
import { debiasedParticipationRatio, effectiveRank, participationRatio, rankMe } from '../../src/spectral/effective-rank';
import { centreBlock } from '../../src/spectral/gram-summary';
import { sigmaUb } from '../../src/spectral/sigma-ub';
import { symmetricEigenvalues } from '../../src/spectral/symmetric-eigen';
import { gaussians } from './gaussians';

// What random-matrix theory says of isotropic rows. Draws are seeded: the same numbers every time.

function rows(n: number, d: number, seed: number): Float64Array {
  const next = gaussians(seed);
  return Float64Array.from({ length: n * d }, next);
}

/** Non-zero eigenvalues of X^T X, on the smaller side. */
function gramEigenvalues(x: Float64Array, n: number, d: number): Float64Array {
  const side = Math.min(n, d);
  const gram = new Float64Array(side * side);
  for (let i = 0; i < side; i++) {
    for (let j = i; j < side; j++) {
      let sum = 0;
      if (n < d) for (let k = 0; k < d; k++) sum += x[i * d + k] * x[j * d + k];
      else for (let k = 0; k < n; k++) sum += x[k * d + i] * x[k * d + j];
      gram[i * side + j] = sum;
    }
  }
  return symmetricEigenvalues(gram, side);
}

/** psi(x), by its recurrence and asymptotic series. */
function digamma(x: number): number {
  return x < 10 ? digamma(x + 1) - 1 / x : Math.log(x) - 1 / (2 * x) - 1 / (12 * x ** 2) + 1 / (120 * x ** 4) - 1 / (252 * x ** 6);
}

/** psi'(x). */
function trigamma(x: number): number {
  return x < 10 ? trigamma(x + 1) + 1 / x ** 2 : 1 / x + 1 / (2 * x ** 2) + 1 / (6 * x ** 3) - 1 / (30 * x ** 5) + 1 / (42 * x ** 7);
}

test('digamma and trigamma, as used here', () => {
  expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 10);
  expect(trigamma(0.5)).toBeCloseTo(Math.PI ** 2 / 2, 9);
});

describe('isotropic Gaussian rows (R6)', () => {
  test('the plain participation ratio is (d nu + 2) / (d + nu + 1) on average, nu = n - 1; the debiased one is d', () => {
    const [n, d, draws] = [60, 90, 40];
    let plain = 0;
    let debiased = 0;
    for (let draw = 0; draw < draws; draw++) {
      const block = centreBlock(rows(n, d, 1000 + draw), n, d);
      const centred = gramEigenvalues(block.centred, n, d).map((l) => Math.max(l, 0) / n);
      plain += participationRatio(centred) / draws;
      debiased += debiasedParticipationRatio({ eigenvalues: centred, rows: n, fourthMoment: block.fourthMoment })! / draws;
    }
    const nu = n - 1;
    expect(plain / ((d * nu + 2) / (d + nu + 1))).toBeCloseTo(1, 2);
    // The standard error of the mean over 40 draws is about 0.6.
    expect(Math.abs(debiased - d)).toBeLessThan(2.5);
  });

  test('square: the effective rank of 200 x 200 is about 121.3, RankMe / d about 0.80504', () => {
    const l = gramEigenvalues(rows(200, 200, 5), 200, 200).map((x) => Math.max(x, 0));
    expect(effectiveRank(l)).toBeGreaterThan(119.5);
    expect(effectiveRank(l)).toBeLessThan(123);
    expect(rankMe(l.map(Math.sqrt)) / 200).toBeCloseTo(0.80504, 2);
  });

  test('U_cov has the bias and the spread of the exact chi-squared pivot', () => {
    const [n, d, draws] = [50, 30, 300];
    let mean = 0;
    let variance = 0;
    for (let i = 0; i < d; i++) {
      mean += digamma((n - i) / 2) - Math.log(n / 2);
      variance += trigamma((n - i) / 2);
    }
    const found = Array.from(
      { length: draws },
      (_, draw) => sigmaUb(gramEigenvalues(rows(n, d, 7000 + draw), n, d), n, n, d, 1e-12, 1).U_cov,
    );
    const average = found.reduce((s, u) => s + u, 0) / draws;
    const spread = Math.sqrt(found.reduce((s, u) => s + (u - average) ** 2, 0) / (draws - 1));
    expect(Math.abs(average - mean)).toBeLessThan(4 * Math.sqrt(variance / draws));
    expect(Math.abs(spread / Math.sqrt(variance) - 1)).toBeLessThan(4 / Math.sqrt(2 * draws));
  });
});

test('uniform on the sphere (R7): the mean squared cosine is 1 / d, so the uncentred participation ratio is near d n / (d + n)', () => {
  const [n, d] = [400, 20];
  const x = rows(n, d, 11);
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * d, (i + 1) * d);
    const length = Math.sqrt(row.reduce((s, v) => s + v * v, 0));
    for (let j = 0; j < d; j++) row[j] /= length;
  }
  // 1 / PR = mean over all pairs, a row with itself included, of the squared cosine: 1 / n + (1 - 1 / n) / d.
  const pr = participationRatio(gramEigenvalues(x, n, d));
  expect(1 / pr).toBeCloseTo(1 / n + (1 - 1 / n) / d, 3);
});
