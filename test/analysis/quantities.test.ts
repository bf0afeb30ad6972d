import { describe, expect, test } from 'vitest';
import { RowPreparation } from '../../src/analysis/prepare-rows';
import { noiseFloor, quantities } from '../../src/analysis/quantities';
import type { Quantities } from '../../src/analysis/report';
import { type Spectra, SpectraAccumulator } from '../../src/analysis/spectra';
import { cpuKernels } from '../../src/compute/cpu';
import type { Bound, Bounded } from '../../src/spectral/bounded';
import { sigmaUb } from '../../src/spectral/sigma-ub';
import { gaussians } from '../spectral/gaussians';

/** Gaussian rows of variances 1 / j around a common mean; n x d, row-major. */
function rows(n: number, d: number, seed: number): Float64Array {
  const next = gaussians(seed);
  return Float64Array.from({ length: n * d }, (_, k) => (next() + (k % d === 0 ? 2 : 0)) / Math.sqrt((k % d) + 1));
}

async function measure(values: Float64Array, d: number, population: number, normalized = true) {
  const preparation = new RowPreparation(d, normalized);
  const accumulator = new SpectraAccumulator(d, cpuKernels(), () => {});
  const n = values.length / d;
  // In blocks, as a file is read.
  for (let i = 0; i < n; i += 100)
    await accumulator.add(preparation.prepare({ count: Math.min(100, n - i), values: values.slice(i * d, (i + 100) * d) }));
  const facts = preparation.facts();
  const spectra = await accumulator.spectra(() => {});
  const gram = spectra.uncentred.map((l) => l * spectra.rows);
  const sigma = sigmaUb(gram, spectra.rows, population, d, 1e-3, facts.rho);
  const floor = noiseFloor(spectra.uncentred, spectra);
  const floors = { uncentred: floor, centred: floor };
  const evidence = { spectra, facts, sigma, confidence: 0.95, normalized, floors, heldOut: null, weights: false, poll() {} };
  return { spectra, quantities: quantities(evidence) };
}

/** The interval that is shown; Chernoff's holds whatever the rows are, and is there always. */
const stochastic = (q: Bounded | undefined): Bound | undefined =>
  q?.bounds.find(({ kind, method }) => kind === 'stochastic' && method !== 'Matrix Chernoff');

describe('quadratic forms of the pilot rows', () => {
  /** By the definitions, from the rows themselves. */
  function direct(values: Float64Array, d: number, spectra: Spectra) {
    const n = values.length / d;
    const x = Array.from({ length: n }, (_, i) => values.subarray(i * d, (i + 1) * d));
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, j) => s + v * b[j], 0);
    const mean = Float64Array.from({ length: d }, (_, j) => x.reduce((s, row) => s + row[j] / n, 0));
    const y = x.map((row) => row.map((v, j) => v - mean[j]));
    // Power iteration: u = C u / |C u|.
    let u = x[0].slice();
    for (let k = 0; k < 200; k++) {
      const image = new Float64Array(d);
      for (const row of x) {
        const c = dot(row, u);
        for (let j = 0; j < d; j++) image[j] += c * row[j];
      }
      u = image.map((v) => v / Math.sqrt(dot(image, image)));
    }
    expect(spectra.spread).toHaveLength(n);
    return {
      centredSquares: y.map((row) => dot(row, row)),
      centred: y.map((row) => y.reduce((s, other) => s + dot(row, other) ** 2 / n, 0)),
      top: x.map((row) => dot(row, u) ** 2),
    };
  }

  test.each([
    ['columns', 60, 8],
    ['rows', 25, 40],
  ])('on the side of the %s', async (_, n, d) => {
    const values = rows(n, d, 4);
    const { spectra } = await measure(values.slice(), d, 1000, false);
    const want = direct(values, d, spectra);
    for (const form of ['centredSquares', 'centred', 'top'] as const) {
      const found = spectra.forms[form]();
      expect(found).toHaveLength(n);
      found.forEach((q, i) => {
        expect(Math.abs(q - want[form][i]), form).toBeLessThan(1e-6 * Math.max(...want[form]));
      });
    }
  });

  test('rows that are kept stay few, and are spread over all that were read', async () => {
    const { spectra } = await measure(rows(3000, 5, 6), 5, 3000);
    expect(spectra.spread.length).toBeGreaterThanOrEqual(512);
    expect(spectra.spread.length).toBeLessThan(1024);
    expect(spectra.forms.top().length).toBeGreaterThanOrEqual(128);
    expect(spectra.forms.top().length).toBeLessThan(256);
  });
});

const IDS = [
  'rankMe',
  'participationRatioPlain',
  'isoScore',
  'stableRank',
  'lambdaMax',
  'logScale',
  'meanCosine',
  'uniformity',
] as const satisfies readonly (keyof Quantities)[];

describe('a sample, and all rows', () => {
  const d = 12;
  const all = rows(900, d, 9);

  test('intervals of disjoint samples hold the quantity of all rows', async () => {
    const whole = (await measure(all.slice(), d, 900)).quantities;
    const missed: Record<string, number> = {};
    for (let k = 0; k < 9; k++) {
      const sample = (await measure(all.slice(100 * k * d, 100 * (k + 1) * d), d, 900)).quantities;
      for (const id of IDS) {
        expect(whole[id], id).toMatchObject({ exact: true });
        const { lower, upper, confidence } = stochastic(sample[id])!;
        expect(confidence).toBe(0.95);
        const truth = whole[id]!.value!;
        if (truth < lower! || truth > upper!) missed[id] = (missed[id] ?? 0) + 1;
      }
    }
    // 9 x 8 intervals, each wrong once in twenty.
    for (const id of IDS) expect(missed[id] ?? 0, id).toBeLessThanOrEqual(2);
  });

  test('of rows that keep their length, what depends on lengths has no interval, and uniformity is not defined', async () => {
    const whole = (await measure(all.slice(), d, 900, false)).quantities;
    const sample = (await measure(all.slice(0, 300 * d), d, 900, false)).quantities;
    for (const id of ['logScale', 'participationRatioPlain', 'isoScore', 'stableRank', 'lambdaMax'] as const) {
      expect(stochastic(sample[id]), id).toBeUndefined();
      expect(sample[id]!.reason, id).toBe('Estimated from 300 of 900 rows, without a confidence interval. One needs rows of unit length.');
      expect(Math.abs(sample[id]!.value! / whole[id]!.value! - 1), id).toBeLessThan(0.2);
    }
    // Directions have unit length.
    const { lower, upper } = stochastic(sample.meanCosine)!;
    expect(lower!).toBeLessThan(whole.meanCosine!.value!);
    expect(upper!).toBeGreaterThan(whole.meanCosine!.value!);
    expect(sample.uniformity).toMatchObject({ value: null, reason: 'Defined for rows of unit length, and these are not scaled.' });
  });

  test('the debiased participation ratio has an interval even when every row was read: it is for the distribution', async () => {
    const { participationRatio } = (await measure(all.slice(), d, 900)).quantities;
    expect(participationRatio!.exact).toBe(false);
    expect(stochastic(participationRatio)!.upper!).toBeGreaterThan(participationRatio!.value!);
  });

  test('what a sample cannot tell is said', async () => {
    const few = (await measure(all.slice(0, 8 * d), d, 900)).quantities;
    expect(few.rankMe).toMatchObject({ value: null, bounds: [] });
    expect(few.rankMe!.reason).toMatch(/^Not identifiable from 8 rows of 12 columns/);
    // No eigenvalue stands out of even rows.
    const next = gaussians(2);
    const even = Float64Array.from({ length: 60 * d }, () => next());
    const { lambdaMax } = (await measure(even, d, 900)).quantities;
    expect(stochastic(lambdaMax)).toBeUndefined();
    expect(lambdaMax!.reason).toBe(
      'Estimated from 60 of 900 rows, without a confidence interval. The largest eigenvalue does not stand apart enough for one.',
    );
  });

  test('two rows: values, and no intervals', async () => {
    const two = (await measure(all.slice(0, 2 * d), d, 900)).quantities;
    for (const id of IDS) expect(stochastic(two[id]), id).toBeUndefined();
  });
});
