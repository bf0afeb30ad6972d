import type { SpectralReport, Spectrum } from '../../src/analysis/report';
import { eigenvalueOfAll } from '../../src/spectral/matrix-concentration';
import { decayExponent, decayRange } from '../../src/spectral/power-law';
import { count, counted, number, percent, reported } from '../../src/words/numbers';
import { factored, type RankedSpectrum, rankedSpectrum } from '../../src/words/ranked-spectrum';
import { type Area, type ChartModel, type Line, type Point, pickRanks } from './chart';

const DRAWN = 400;
const TABULATED = 200;
const MARKED = 12;
/** A floor this many powers of ten below all data would press the data flat: it is then named at the chart's lower edge instead. */
const DECADES_TO_FLOOR = 4;

/** Which axes are logarithmic. */
export interface SpectrumAxes {
  readonly logRank: boolean;
  readonly logValue: boolean;
}

/**
 * Eigenvalues of C and S over their rank, with what is proven of those of all rows where a sample was read. What lies at or below the noise
 * floor is never drawn as data. Null when nothing is resolved.
 */
export function spectrumModel(report: SpectralReport, { logRank, logValue }: SpectrumAxes): ChartModel | null {
  const { spectrum, source } = report;
  if (spectrum === null) return null;
  const { columns } = source;
  const { noiseFloor, marchenkoPasturEdge } = spectrum;
  const ranked = rankedSpectrum(spectrum);
  const { eigenvalues, centred, computed } = ranked;
  const resolved = resolvedCount(eigenvalues, noiseFloor);
  const resolvedCentred = resolvedCount(centred, noiseFloor);
  if (resolved === 0) return null;
  const smallest = Math.min(eigenvalues[resolved - 1]!, resolvedCentred > 0 ? centred[resolvedCentred - 1]! : Infinity);
  const unresolved = columns - resolved;
  const floorInView = noiseFloor > 0 && (unresolved > 0 || noiseFloor * 10 ** DECADES_TO_FLOOR > smallest);
  const fit = decayOf(spectrum, resolvedCentred);
  const proven = provenBand(report, resolved, logRank);
  const bottom = logValue ? decadeBelow(floorInView ? noiseFloor / 10 : smallest) : 0;
  const top = Math.max(eigenvalues[0]!, marchenkoPasturEdge ?? 0, ...(proven?.upper ?? []).map(({ y }) => y));

  const lines: Line[] = [];
  if (floorInView) lines.push({ y: noiseFloor, label: `noise floor ${number(noiseFloor)}`, side: 'right', look: 'floor' });
  else if (noiseFloor > 0 && logValue)
    lines.push({ y: bottom, label: `noise floor ${number(noiseFloor)}, far below \u2193`, side: 'right', look: 'floor' });
  if (marchenkoPasturEdge !== null && marchenkoPasturEdge > bottom) {
    lines.push({ y: marchenkoPasturEdge, label: `Marchenko\u2013Pastur edge ${number(marchenkoPasturEdge)}`, side: 'left', look: 'edge' });
  }
  return {
    title: 'Spectrum',
    summary: [summary(spectrum, ranked, resolved, unresolved), fit === null ? '' : decaySentence(fit), proven?.sentence ?? '']
      .filter((part) => part !== '')
      .join(' '),
    x: { label: 'Direction, strongest first', logarithmic: logRank, min: 1, max: Math.max(columns, 2), percent: false },
    y: { label: 'Eigenvalue', logarithmic: logValue, min: bottom, max: decadeFractionAbove(top), percent: false },
    series: [
      {
        name: `With the mean (C, uncentred)${estimated(computed.eigenvalues, eigenvalues)}`,
        look: 'first',
        points: points(eigenvalues, resolved, logRank),
      },
      {
        name: `Around the mean (S, centred)${estimated(computed.centred, centred)}`,
        look: 'second',
        points: points(centred, resolvedCentred, logRank),
      },
      ...(fit === null ? [] : [{ name: `Power law, rank^${number(-fit.exponent)}`, look: 'reference' as const, points: fit.points }]),
    ],
    lines,
    band: floorInView
      ? { top: noiseFloor, label: unresolved > 0 ? `not resolved: ${counted(unresolved, 'direction')}` : 'not resolved' }
      : null,
    areas: proven === null ? [] : [proven.area(bottom)],
    marks: [],
    readings: null,
    table: table(ranked, resolved, resolvedCentred),
    data: () => ({
      columns: ['direction', 'eigenvalue_uncentred', 'eigenvalue_centred'],
      rows: Array.from(eigenvalues, (value, index) => [index + 1, value, centred[index] ?? null]),
    }),
  };
}

/** The power law through the eigenvalues of S over the ranks of alpha-ReQ. */
interface Decay {
  readonly exponent: number;
  readonly first: number;
  readonly last: number;
  readonly points: readonly Point[];
}

/** Null where too few eigenvalues are resolved, and for an estimated density, which has no ranks. */
function decayOf(spectrum: Spectrum, resolved: number): Decay | null {
  const range = spectrum.kind === 'exact' ? decayRange(resolved) : null;
  if (range === null || spectrum.kind !== 'exact') return null;
  const [first, last] = range;
  const exponent = decayExponent(spectrum.centred, first, last);
  const logs = Array.from(spectrum.centred.subarray(first - 1, last), (l, index) => Math.log(l) + exponent * Math.log(first + index));
  // A least-squares line passes through the means.
  const scale = Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
  const ranks = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return { exponent, first, last, points: ranks.map((rank) => ({ x: rank, y: scale * rank ** -exponent, marked: false })) };
}

function decaySentence({ exponent, first, last }: Decay): string {
  return `From direction ${first} to ${last} the variance falls like rank to the power ${number(-exponent)}.`;
}

interface ProvenBand {
  readonly upper: readonly Pick<Point, 'x' | 'y'>[];
  readonly sentence: string;
  /** @param bottom of the chart: a lower end below it, or of 0, is drawn there */
  area(bottom: number): Area;
}

/**
 * Where the eigenvalues of C of all rows lie, all of them at once with the report's confidence: each with its share of what may go wrong.
 * Null where every row was read, and where rows are not of unit length.
 */
function provenBand({ spectrum, source, sample, sigma, options }: SpectralReport, resolved: number, logRank: boolean): ProvenBand | null {
  if (spectrum?.kind !== 'exact' || sigma === null || sample.complete || options.normalize !== true) return null;
  const { columns } = source;
  const rows = { eigenvalues: spectrum.eigenvalues, dimension: columns, rows: sigma.n_A, population: sigma.n_k, rho: 1 };
  const each = 1 - (1 - options.confidence) / columns;
  const bounds = pickRanks(resolved, DRAWN, logRank).map((rank) => ({ x: rank, ...eigenvalueOfAll(rows, rank, each) }));
  const upper = bounds.map(({ x, upper }) => ({ x, y: upper! }));
  const share = percent(options.confidence);
  return {
    upper,
    sentence: `The strip is where the eigenvalues of C of all rows lie, all at once with ${share} confidence (matrix Chernoff).`,
    area: (bottom) => ({
      name: `Eigenvalues of C of all rows, ${share}`,
      look: 'interval',
      polygons: [[...upper, ...[...bounds].reverse().map(({ x, lower }) => ({ x, y: Math.max(lower!, bottom) }))]],
    }),
  };
}

/** Eigenvalues are in descending order. */
function resolvedCount(eigenvalues: Float64Array, floor: number): number {
  const below = eigenvalues.findIndex((value) => !(value > floor && value > 0));
  return below < 0 ? eigenvalues.length : below;
}

function points(eigenvalues: Float64Array, resolved: number, logRank: boolean): Point[] {
  const marked = new Set(pickRanks(resolved, MARKED, logRank));
  const ranks = new Set([...pickRanks(resolved, DRAWN, logRank), ...marked]);
  return [...ranks].sort((a, b) => a - b).map((rank) => ({ x: rank, y: eigenvalues[rank - 1]!, marked: marked.has(rank) }));
}

function summary(spectrum: Spectrum, { eigenvalues, centred, computed }: RankedSpectrum, resolved: number, unresolved: number): string {
  const { kind, noiseFloor, marchenkoPasturEdge } = spectrum;
  const sentences = [
    ...(kind === 'density' ? [howEstimated(computed.eigenvalues)] : []),
    kind === 'density'
      ? 'An estimate does not tell weak directions from none: count nothing at its lower end.'
      : unresolved === 0
        ? `All ${counted(resolved, 'direction')} stand above the noise floor of ${number(noiseFloor)}.`
        : `${counted(resolved, 'direction')} of ${count(resolved + unresolved)} stand above the noise floor of ${number(noiseFloor)}; the other ${count(unresolved)} cannot be told from zero.`,
    `The strongest holds ${percent(share(eigenvalues))} of the energy with the mean, and ${percent(share(centred))} of the variance around it.`,
  ];
  if (marchenkoPasturEdge !== null) {
    const above = eigenvalues.filter((value) => value > marchenkoPasturEdge).length;
    sentences.push(
      `${counted(above, 'eigenvalue')} of C ${above === 1 ? 'stands' : 'stand'} above the edge of a random bulk, ${number(marchenkoPasturEdge)}.`,
    );
  }
  return [...sentences, factored(spectrum)].join(' ').trimEnd();
}

function estimated(computed: number, values: Float64Array): string {
  if (computed === values.length) return '';
  return computed === 0 ? ', estimated density' : `, after the first ${count(computed)} an estimated density`;
}

function howEstimated(computed: number): string {
  const curves = 'an estimate of how the eigenvalues are distributed, from random probes';
  return computed === 0
    ? `Both curves are ${curves}; single eigenvalues were not told apart.`
    : `The ${counted(computed, 'largest eigenvalue')} of C ${computed === 1 ? 'is' : 'are'} computed; the rest of both curves is ${curves}.`;
}

function share(eigenvalues: Float64Array): number {
  const total = eigenvalues.reduce((sum, value) => sum + Math.max(value, 0), 0);
  return total > 0 ? eigenvalues[0]! / total : 0;
}

function table({ eigenvalues, centred, computed }: RankedSpectrum, resolved: number, resolvedCentred: number): ChartModel['table'] {
  const ranks = pickRanks(eigenvalues.length, TABULATED, true);
  const cell = (values: Float64Array, limit: number, exact: number, rank: number) =>
    rank <= limit ? reported(values[rank - 1]!, rank <= exact) : 'not resolved';
  const some =
    ranks.length === eigenvalues.length
      ? 'Every eigenvalue, strongest first'
      : `${count(ranks.length)} of ${counted(eigenvalues.length, 'eigenvalue')}, strongest first`;
  return {
    caption: computed.eigenvalues === eigenvalues.length ? some : `${some}; those marked \u2248 are read off an estimated density`,
    columns: ['Direction', 'C, uncentred', 'S, centred'],
    rows: ranks.map((rank) => [
      count(rank),
      cell(eigenvalues, resolved, computed.eigenvalues, rank),
      cell(centred, resolvedCentred, computed.centred, rank),
    ]),
  };
}

function decadeBelow(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return value > 2 * decade ? decade : decade / 2;
}

/** The next of 1, 2, 5 times a power of ten with a little air above the value. */
function decadeFractionAbove(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  return decade * ([2, 5, 10].find((step) => value * 1.2 < step * decade) ?? 20);
}
