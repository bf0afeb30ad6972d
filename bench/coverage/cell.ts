import { measureDense } from '../../src/analysis/measure';
import { RowPreparation } from '../../src/analysis/prepare-rows';
import type { Rows } from '../../src/analysis/read-rows';
import { type BoundedAtScale, DEFAULT_OPTIONS, type Quantities } from '../../src/analysis/report';
import { type Spectra, SpectraAccumulator } from '../../src/analysis/spectra';
import { cpuKernels } from '../../src/compute/cpu';
import type { BackendDescription } from '../../src/compute/kernels';
import { type Bound, type Bounded, exact } from '../../src/spectral/bounded';
import { populationLogDet, type SampledMoment } from '../../src/spectral/deterministic-equivalent';
import type { PopulationEstimate } from '../../src/spectral/jackknife';
import { codingLogDet } from '../../src/spectral/log-det';
import { normalQuantile } from '../../src/spectral/normal';
import { gaussianBias, type SigmaUb, trackTwoHalfWidth } from '../../src/spectral/sigma-ub';
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

async function measure(
  values: Float64Array,
  count: number,
  heldOut: Rows | null,
  { rows: population, columns, scaled }: Population,
): Promise<Measured> {
  const kernels = cpuKernels();
  const preparation = new RowPreparation(columns, scaled);
  const accumulator = new SpectraAccumulator(columns, kernels, () => {});
  await accumulator.add(preparation.prepare({ count, values }));
  const facts = preparation.facts();
  const spectra = await accumulator.spectra(() => {});
  const prepared = heldOut === null ? null : new RowPreparation(columns, scaled).prepare(heldOut);
  const options = { ...DEFAULT_OPTIONS, confidence: CONFIDENCE, ridge: RIDGE };
  const settings = { columns, normalize: scaled, weights: false, options, backend: { kernels, description: FLOAT64 } };
  const { sigma, quantities } = await measureDense({ spectra, facts, population, heldOut: prepared, passes: null }, settings, () => {});
  return { spectra, sigma: sigma!, quantities };
}

const FLOAT64: BackendDescription = { name: 'cpu', device: '', precision: 'float64', selfTestError: 0, fallbackReason: null };

/** Methods whose coverage is a theorem: shown around the interval, where rows beyond the sample are read. */
const PROVEN = ['SIGMA-S', 'Submodular gain bound', 'Matrix Chernoff'];

/** Method of the interval that is shown, where it is not the deterministic equivalent. */
const METHODS = {
  participationRatio: 'unbiased moments',
  participationRatioPlain: 'unbiased moments',
  isoScore: 'unbiased moments',
  stableRank: 'spiked spectrum',
  lambdaMax: 'spiked spectrum',
  logScale: 'jackknife',
  meanCosine: 'U-statistic',
  uniformity: 'U-statistic',
} as const;

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
    ['rankMe', quantities.rankMe!],
    ['lambdaMin', quantities.lambdaMin!],
    ...(Object.keys(METHODS) as (keyof typeof METHODS)[]).map((id): [string, Bounded] => [id, quantities[id]!]),
  ]);
}

/** The quantities of all rows. */
export async function truthOf(population: Population): Promise<Map<string, Bounded>> {
  const { rows, values, scaled } = population;
  const truth = listed((await measure(values.slice(), rows, null, population)).quantities);
  if (scaled) truth.set('uniformity', exact(uniformityOfAll(population)));
  return truth;
}

/** `draws` samples of n rows without replacement, against the quantities of all rows. */
export async function cell(
  population: Population,
  truth: Map<string, Bounded>,
  n: number,
  draws: number,
  random: () => number,
): Promise<Tallies> {
  const { rows: N, columns: d, values } = population;
  const tallies: Tallies = {};
  const order = Uint32Array.from({ length: N }, (_, i) => i);
  // An eighth more, as the analysis of a large file reads.
  const beyond = Math.min(Math.ceil(n / 8), N - n);
  const sample = new Float64Array((n + beyond) * d);
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < n + beyond; i++) {
      const j = i + Math.floor(random() * (N - i));
      [order[i], order[j]] = [order[j], order[i]];
      sample.set(values.subarray(order[i] * d, (order[i] + 1) * d), i * d);
    }
    const heldOut = { count: beyond, values: sample.slice(n * d) };
    const measured = await measure(sample.slice(0, n * d), n, heldOut, population);
    for (const [id, bounded] of listed(measured.quantities)) {
      const method = `${id in METHODS ? METHODS[id as keyof typeof METHODS] : 'deterministic equivalent + Jensen gap'} (shown)`;
      const target = truth.get(id)!.value;
      if (target === null) {
        note(id, method, Number.NaN, null);
        continue;
      }
      for (const { lower, upper, method } of bounded.bounds)
        if (PROVEN.includes(method)) note(id, `${method} (shown, proven)`, target, between(lower!, upper!));
      if (id === 'lambdaMin') continue;
      const shown = bounded.bounds.find(({ kind, method }) => kind === 'stochastic' && !PROVEN.includes(method));
      note(
        id,
        method,
        target,
        shown === undefined
          ? null
          : id === 'participationRatio'
            ? ofAll(shown, bounded.value!, n / N)
            : between(shown.lower!, shown.upper!),
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

function between(lower: number, upper: number): Interval {
  return { value: (lower + upper) / 2, half: (upper - lower) / 2 };
}

/** An interval for the distribution, symmetric in the logarithm, as one for a finite population: what a draw without replacement can test. */
function ofAll({ lower, upper }: Bound, value: number, seen: number): Interval {
  const shrunk = (end: number): number => value * (end / value) ** Math.sqrt(1 - seen);
  return between(shrunk(lower!), shrunk(upper!));
}

/** Distances in the file over which rows are paired for the true uniformity. */
const DISTANCES = 500;

/** Over pairs at evenly spread distances, in which every row stands equally often: its error is a tenth of the sampling error and less. */
function uniformityOfAll({ rows: N, columns: d, values }: Population): number {
  const { values: unit } = new RowPreparation(d, true).prepare({ count: N, values });
  let sum = 0;
  for (let k = 1; k <= DISTANCES; k++) {
    const distance = Math.floor((k * (N - 1)) / (2 * DISTANCES));
    for (let i = 0; i < N; i++) {
      const x = i * d;
      const y = ((i + distance) % N) * d;
      let cosine = 0;
      for (let j = 0; j < d; j++) cosine += unit[x + j] * unit[y + j];
      sum += Math.exp(4 * (cosine - 1));
    }
  }
  return Math.log(sum / (N * DISTANCES));
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
