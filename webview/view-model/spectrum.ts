import type { Spectrum } from '../../src/analysis/report';
import { count, counted, number, percent, reported } from '../../src/words/numbers';
import { factored, type RankedSpectrum, rankedSpectrum } from '../../src/words/ranked-spectrum';
import { type ChartModel, type Line, type Point, pickRanks } from './chart';

const DRAWN = 400;
const TABULATED = 200;
const MARKED = 12;
/** A floor this many powers of ten below all data would press the data flat: it is then named at the chart's lower edge instead. */
const DECADES_TO_FLOOR = 4;

/** Eigenvalues of C and S over their rank. What lies at or below the noise floor is never drawn as data. Null when nothing is resolved. */
export function spectrumModel(spectrum: Spectrum, columns: number, logRank: boolean): ChartModel | null {
  const { noiseFloor, marchenkoPasturEdge } = spectrum;
  const ranked = rankedSpectrum(spectrum);
  const { eigenvalues, centred, computed } = ranked;
  const resolved = resolvedCount(eigenvalues, noiseFloor);
  const resolvedCentred = resolvedCount(centred, noiseFloor);
  if (resolved === 0) return null;
  const smallest = Math.min(eigenvalues[resolved - 1]!, resolvedCentred > 0 ? centred[resolvedCentred - 1]! : Infinity);
  const unresolved = columns - resolved;
  const floorInView = noiseFloor > 0 && (unresolved > 0 || noiseFloor * 10 ** DECADES_TO_FLOOR > smallest);
  const bottom = decadeBelow(floorInView ? noiseFloor / 10 : smallest);
  const top = Math.max(eigenvalues[0]!, marchenkoPasturEdge ?? 0);

  const lines: Line[] = [];
  if (floorInView) lines.push({ y: noiseFloor, label: `noise floor ${number(noiseFloor)}`, side: 'right', look: 'floor' });
  else if (noiseFloor > 0)
    lines.push({ y: bottom, label: `noise floor ${number(noiseFloor)}, far below \u2193`, side: 'right', look: 'floor' });
  if (marchenkoPasturEdge !== null && marchenkoPasturEdge > bottom) {
    lines.push({ y: marchenkoPasturEdge, label: `Marchenko\u2013Pastur edge ${number(marchenkoPasturEdge)}`, side: 'left', look: 'edge' });
  }
  return {
    title: 'Spectrum',
    summary: summary(spectrum, ranked, resolved, unresolved),
    x: { label: 'Direction, strongest first', logarithmic: logRank, min: 1, max: Math.max(columns, 2), percent: false },
    y: { label: 'Eigenvalue', logarithmic: true, min: bottom, max: decadeFractionAbove(top), percent: false },
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
    ],
    lines,
    band: floorInView
      ? { top: noiseFloor, label: unresolved > 0 ? `not resolved: ${counted(unresolved, 'direction')}` : 'not resolved' }
      : null,
    areas: [],
    marks: [],
    readings: null,
    table: table(ranked, resolved, resolvedCentred),
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
