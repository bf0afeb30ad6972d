import { RowPreparation } from '../../src/analysis/prepare-rows';
import { quantities } from '../../src/analysis/quantities';
import type { BoundedAtScale, Quantities } from '../../src/analysis/report';
import { type Spectra, SpectraAccumulator } from '../../src/analysis/spectra';
import { cpuKernels } from '../../src/compute/cpu';
import type { Bounded } from '../../src/spectral/bounded';
import { type PopulationEstimate, populationLogDet, type SampledMoment } from '../../src/spectral/deterministic-equivalent';
import { codingLogDet } from '../../src/spectral/log-det';
import { normalQuantile } from '../../src/spectral/normal';
import { gaussianBias, type SigmaUb, sigmaUb, trackTwoHalfWidth } from '../../src/spectral/sigma-ub';
import type { Population } from './populations';

const CONFIDENCE = 0.95;
const RIDGE = 1e-3;

/** Of one method for one quantity in one cell. */
export interface Tally {
  draws: number;
  /** Draws in which the method gave an interval. */
  spoke: number;
  covered: number;
  width: number;
  bias: number;
  truth: number;
}

interface Interval {
  readonly value: number;
  readonly half: number;
}

/** Quantity -> method -> what came of it. Intervals are compared on the scale on which they are symmetric. */
export type Tallies = Record<string, Record<string, Tally>>;

interface Measured {
  readonly spectra: Spectra;
  readonly sigma: SigmaUb;
  readonly quantities: Quantities;
}

async function measure(values: Float64Array, count: number, columns: number, population: number): Promise<Measured> {
  const preparation = new RowPreparation(columns, true);
  const accumulator = new SpectraAccumulator(columns, cpuKernels(), () => {});
  const rows = preparation.prepare({ count, values });
  await accumulator.add(rows);
  const facts = preparation.facts();
  const spectra = await accumulator.spectra(() => {});
  const sigma = sigmaUb(
    spectra.uncentred.map((l) => l * spectra.rows),
    spectra.rows,
    population,
    columns,
    RIDGE,
    facts.rho,
  );
  return {
    spectra,
    sigma,
    quantities: quantities({ spectra, facts, sigma, confidence: CONFIDENCE, normalized: true, roundoff: Number.EPSILON, weights: false }),
  };
}

/** Every quantity that may carry an interval, by name. */
function listed(quantities: Quantities): Map<string, Bounded> {
  const scaled = (id: string, all: readonly BoundedAtScale[]): [string, Bounded][] => all.map((q) => [`${id} ${q.alphaOverD}`, q]);
  return new Map<string, Bounded>([
    ...scaled('codingLogDet', quantities.codingLogDet),
    ...scaled('effectiveDimension', quantities.effectiveDimension),
    ['vendiScore', quantities.vendiScore!],
    ['effectiveRank', quantities.effectiveRank!],
    ['shape', quantities.shape!],
    ['logDetGram', quantities.logDetGram!],
  ]);
}

/** `draws` samples of n rows without replacement, against the quantities of all rows. */
export async function cell(population: Population, n: number, draws: number, random: () => number): Promise<Tallies> {
  const { rows: N, columns: d, values } = population;
  const truth = listed((await measure(values.slice(), N, d, N)).quantities);
  const tallies: Tallies = {};
  const order = Uint32Array.from({ length: N }, (_, i) => i);
  const sample = new Float64Array(n * d);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < n; i++) {
      const j = i + Math.floor(random() * (N - i));
      [order[i], order[j]] = [order[j], order[i]];
      sample.set(values.subarray(order[i] * d, (order[i] + 1) * d), i * d);
    }
    const measured = await measure(sample.slice(), n, d, N);
    for (const [id, bounded] of listed(measured.quantities)) {
      const target = truth.get(id)!.value!;
      const shown = bounded.bounds.find(({ kind }) => kind === 'stochastic');
      note(
        id,
        'deterministic equivalent + Jensen gap (shown)',
        target,
        shown === undefined ? null : between(shown.lower!, shown.upper!, bounded.value!),
      );
      const scale = /^codingLogDet (.*)$/.exec(id)?.[1];
      if (scale !== undefined) for (const [name, interval] of logDets(measured, N, Number(scale) * d)) note(id, name, target, interval);
      if (id === 'logDetGram') {
        const shift = d * Math.log(RIDGE);
        for (const [name, interval] of logDets(measured, N, N / RIDGE))
          note(id, name, target, interval === null ? null : { ...interval, value: interval.value + shift });
        for (const [name, interval] of trackTwo(measured, N)) note(id, name, target, interval);
      }
    }
  }
  return tallies;

  function note(id: string, method: string, target: number, interval: Interval | null): void {
    tallies[id] ??= {};
    tallies[id][method] ??= { draws: 0, spoke: 0, covered: 0, width: 0, bias: 0, truth: target };
    const tally = tallies[id][method];
    tally.draws++;
    if (interval === null || !Number.isFinite(interval.value)) return;
    tally.spoke++;
    // Rounding, where an interval has all but closed on the truth.
    if (Math.abs(interval.value - target) <= interval.half + 1e-9 * (1 + Math.abs(target))) tally.covered++;
    tally.width += 2 * interval.half;
    tally.bias += interval.value - target;
  }
}

function between(lower: number, upper: number, value: number): Interval {
  return { value: (lower + upper) / 2 || value, half: (upper - lower) / 2 };
}

const z = normalQuantile((1 + CONFIDENCE) / 2);

function* logDets({ spectra, sigma }: Measured, N: number, alpha: number): Generator<[string, Interval | null]> {
  const n = spectra.rows;
  const plain = codingLogDet(spectra.uncentred, alpha);
  const leverages = spectra.leverages.uncentred(1 / alpha);
  const half = z * standardDeviation(leverages) * n * Math.sqrt(1 / n - 1 / N);
  yield ['plain value, delta method', { value: plain, half }];
  let gap = 0;
  for (const l of leverages) gap += l ** 2 / (1 - l);
  yield ['half-gap correction, delta method', { value: plain + ((gap / leverages.length) * n * (1 - n / N)) / 2, half }];
  const sample: SampledMoment = {
    eigenvalues: spectra.uncentred,
    dimension: sigma.m,
    rows: n,
    population: N,
    leverages: spectra.leverages.uncentred,
  };
  const equivalent: PopulationEstimate | null = populationLogDet(sample, alpha);
  yield [
    'deterministic equivalent alone',
    equivalent === null ? null : { value: equivalent.value - 2 * equivalent.biasAllowance, half: z * equivalent.standardError },
  ];
}

/** Track II's own interval for logdet(G + delta I), and the same with the mean of the Gaussian pivot taken off. */
function* trackTwo({ spectra, sigma }: Measured, N: number): Generator<[string, Interval | null]> {
  if (sigma.n_A <= sigma.m) {
    yield ['SIGMA-UB Track II, its own CLT', null];
    yield ['SIGMA-UB Track II less the Gaussian bias', null];
    return;
  }
  const q = spectra.leverages.uncentred(sigma.delta / sigma.n_A).map((l) => l * sigma.n_A);
  const half = trackTwoHalfWidth(sigma, standardDeviation(q), z);
  const value = sigma.U_cov + sigma.m * Math.log(N);
  yield ['SIGMA-UB Track II, its own CLT', { value, half }];
  yield ['SIGMA-UB Track II less the Gaussian bias', { value: value - gaussianBias(sigma), half }];
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((s, x) => s + x, 0) / values.length;
  return Math.sqrt(values.reduce((s, x) => s + (x - mean) ** 2, 0) / (values.length - 1));
}
