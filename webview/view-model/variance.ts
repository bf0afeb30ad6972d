import type { Spectrum } from '../../src/analysis/report';
import { count, counted, percent } from '../../src/words/numbers';
import { rankedSpectrum } from '../../src/words/ranked-spectrum';
import { type ChartModel, pickRanks } from './chart';

const LEVELS = [0.5, 0.9, 0.99];
const DRAWN = 400;
const TABULATED = 200;
const MARKED = 10;

const ESTIMATE = 'These counts are read off an estimated density of the eigenvalues.';

/** How many of the strongest directions hold each share of the variance around the mean: `[share, directions]`. */
export function directionsFor(cumulative: Float64Array, shares: readonly number[] = LEVELS): [share: number, directions: number][] {
  // Sums of rounded shares may stop a hair short of 1.
  return shares.map((share) => [share, cumulative.findIndex((sum) => sum >= share - 1e-12) + 1]);
}

/** Running sums of the eigenvalues of S over their total, or null when the rows do not vary. */
export function cumulativeShares(centred: Float64Array): Float64Array | null {
  const total = centred.reduce((sum, value) => sum + Math.max(value, 0), 0);
  if (!(total > 0)) return null;
  let sum = 0;
  return centred.map((value) => {
    sum += Math.max(value, 0);
    return Math.min(1, sum / total);
  });
}

/** Explained variance over the number of directions. Null when the rows do not vary. */
export function varianceModel(spectrum: Spectrum, columns: number): ChartModel | null {
  const cumulative = cumulativeShares(rankedSpectrum(spectrum).centred);
  if (cumulative === null) return null;
  const reached = directionsFor(cumulative);
  const estimated = spectrum.kind === 'density';
  const marked = new Set(pickRanks(cumulative.length, MARKED, false));
  const ranks = [...new Set([...pickRanks(cumulative.length, DRAWN, false), ...marked])].sort((a, b) => a - b);
  const variance = estimated ? 'Estimated explained variance' : 'Explained variance';
  const tabulated = pickRanks(cumulative.length, TABULATED, false);
  return {
    title: 'Explained variance',
    summary: sentence(reached, columns) + (estimated ? ` ${ESTIMATE}` : ''),
    x: { label: 'Strongest directions', logarithmic: false, min: 0, max: columns, percent: false },
    y: { label: 'Share of the variance', logarithmic: false, min: 0, max: 1, percent: true },
    series: [
      {
        name: `These rows, around their mean${estimated ? ', estimated' : ''}`,
        look: 'first',
        points: [{ x: 0, y: 0, marked: false }, ...ranks.map((rank) => ({ x: rank, y: cumulative[rank - 1]!, marked: marked.has(rank) }))],
      },
      {
        name: 'If all directions were equal',
        look: 'reference',
        points: [
          { x: 0, y: 0, marked: false },
          { x: columns, y: 1, marked: false },
        ],
      },
    ],
    lines: reached.map(([share, directions]) => ({
      y: share,
      label: `${percent(share)}: ${count(directions)}`,
      side: 'right',
      look: 'level',
    })),
    band: null,
    areas: [],
    marks: [],
    readings: null,
    table: {
      caption:
        tabulated.length === cumulative.length
          ? `${variance}, direction by direction`
          : `${variance} at ${count(tabulated.length)} of ${counted(cumulative.length, 'direction')}`,
      columns: ['Directions', 'Share of the variance'],
      rows: tabulated.map((rank) => [count(rank), percent(cumulative[rank - 1]!)]),
    },
    data: () => ({
      columns: ['directions', 'share_of_variance'],
      rows: Array.from(cumulative, (share, index) => [index + 1, share]),
    }),
  };
}

function sentence(reached: readonly [number, number][], columns: number): string {
  const parts = reached.map(([share, directions], index) =>
    index === 0
      ? `${counted(directions, 'direction')} of ${count(columns)} ${directions === 1 ? 'carries' : 'carry'} ${percent(share)} of the variance around the mean`
      : `${count(directions)} ${directions === 1 ? 'carries' : 'carry'} ${percent(share)}`,
  );
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}.`;
}
