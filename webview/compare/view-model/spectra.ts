import { number, percent } from '../../../src/words/numbers';
import { rankedSpectrum } from '../../../src/words/ranked-spectrum';
import { type ChartModel, type Point, pickRanks, SIDE_LOOKS, type SideLook } from '../../view-model/chart';
import type { CompareSession, Side } from '../session';

const DRAWN = 300;
const TABULATED = 120;
const MARKED = 12;
/** Further down nothing differs that anyone would look for, and one side's dust would press the others flat. */
const MOST_DECADES = 8;

/** A side with a spectrum: each direction's share of the variance around the mean, the strongest first, as far as it is resolved. */
interface Shares {
  readonly side: Side;
  readonly look: SideLook;
  readonly shares: Float64Array;
  readonly estimated: boolean;
}

/** The spectra over each other, each in shares of its own variance. Null while none is there. @param hidden paths that are not drawn */
export function spectraModel({ sides }: CompareSession, logRank: boolean, hidden: readonly string[]): ChartModel | null {
  const all = sides.flatMap((side, index) => sharesOf(side, SIDE_LOOKS[index]!) ?? []);
  const most = Math.max(0, ...all.map(({ shares }) => shares.length));
  if (most === 0) return null;
  const drawn = all.filter(({ side }) => !hidden.includes(side.path));
  const ranks = [...new Set([...pickRanks(most, DRAWN, logRank), ...pickRanks(most, MARKED, logRank)])].sort((a, b) => a - b);
  const marked = new Set(pickRanks(most, MARKED, logRank));
  const points = (shares: Float64Array): Point[] =>
    ranks.filter((rank) => rank <= shares.length).map((rank) => ({ x: rank, y: shares[rank - 1]!, marked: marked.has(rank) }));
  const top = Math.max(...all.map(({ shares }) => shares[0]!));
  const least = Math.min(...all.map(({ shares }) => shares.at(-1)!));
  return {
    title: 'Spectra',
    summary: summary(all),
    x: { label: 'Direction, strongest first', logarithmic: logRank, min: 1, max: Math.max(most, 2), percent: false },
    y: {
      label: 'Share of the variance around the mean',
      logarithmic: true,
      min: Math.max(10 ** Math.floor(Math.log10(least)), top / 10 ** MOST_DECADES),
      max: Math.min(1, 10 ** Math.ceil(Math.log10(top))),
      percent: false,
    },
    series: drawn.map(({ side, look, shares, estimated }) => ({
      name: `${side.letter} ${side.name}${estimated ? ', estimated density' : ''}`,
      look,
      points: points(shares),
    })),
    lines: [],
    band: null,
    areas: [],
    marks: [],
    readings: null,
    table: {
      caption: 'Share of the variance by direction, strongest first, of each side',
      columns: ['Direction', ...all.map(({ side }) => side.letter)],
      rows: pickRanks(most, TABULATED, true).map((rank) => [
        number(rank),
        ...all.map(({ shares }) => (rank <= shares.length ? percentOf(shares[rank - 1]!) : 'not resolved')),
      ]),
    },
    data: () => ({
      columns: ['direction', ...all.map(({ side }) => `${side.letter} ${side.path}`)],
      rows: Array.from({ length: most }, (_, index) => [index + 1, ...all.map(({ shares }) => shares[index] ?? null)]),
    }),
  };
}

/** Small shares keep their digits. */
function percentOf(share: number): string {
  return share < 0.001 ? number(share) : percent(share);
}

function sharesOf(side: Side, look: SideLook): Shares | null {
  const spectrum = side.report?.spectrum;
  if (!spectrum) return null;
  const { centred, computed } = rankedSpectrum(spectrum);
  const total = centred.reduce((sum, value) => sum + Math.max(value, 0), 0);
  const below = centred.findIndex((value) => !(value > spectrum.noiseFloor && value > 0));
  const resolved = below < 0 ? centred.length : below;
  if (!(total > 0) || resolved === 0) return null;
  return { side, look, shares: centred.slice(0, resolved).map((value) => value / total), estimated: computed.centred === 0 };
}

function summary(all: readonly Shares[]): string {
  const strongest = all.map(({ side, shares }) => `${side.letter} ${percent(shares[0]!)}`).join(', ');
  return `Each curve is scaled to its own variance, so that shapes are compared, not sizes. The strongest direction holds: ${strongest}. A curve that falls sooner uses fewer directions.`;
}
