import type { BoundedAtScale, SpectralReport } from '../../src/analysis/report';
import { equivalentResolution } from '../../src/spectral/deterministic-equivalent';
import { codingLogDet, effectiveDimension } from '../../src/spectral/log-det';
import { count, number, reported } from '../../src/words/numbers';
import { certainty, possibleDirections, rangeText } from '../../src/words/quantities';
import { rankedSpectrum } from '../../src/words/ranked-spectrum';
import { narrowest } from './bounds';
import type { Area, Axis, ChartModel, Reading } from './chart';

/** d_eff and f_alpha over the resolution alpha / d. */
export interface ResolutionModel {
  readonly dimension: ChartModel;
  readonly logDet: ChartModel;
}

const POINTS_PER_DECADE = 8;
/** Of alpha / d: what the curve never goes beyond. */
const LEAST = 1e-4;
const MOST = 1e8;

/** One of the two curves, and what the report says of it at its scales. */
interface Curve {
  readonly points: readonly { readonly x: number; readonly y: number; readonly interval: readonly [number, number] | null }[];
  readonly scales: readonly BoundedAtScale[];
}

/** Null where there is no spectrum, or none of it is resolved at any scale. */
export function resolutionModel(report: SpectralReport): ResolutionModel | null {
  const { spectrum, quantities, source } = report;
  const scales = quantities.effectiveDimension;
  if (spectrum === null || !(rankedSpectrum(spectrum).eigenvalues[0]! > 0) || scales.length === 0) return null;
  const at = plainCurves(report);
  const places = resolutions(report);
  const dimension = through(places, (x) => at(x)?.effectiveDimension ?? null, quantities.effectiveDimension);
  const logDet = through(places, (x) => at(x)?.logDet ?? null, quantities.codingLogDet);
  if (dimension.points.length < 2 || logDet.points.length < 2) return null;
  const possible = possibleDirections(report);
  return {
    dimension: chart(
      dimension,
      report,
      {
        title: 'Resolution',
        name: 'Effective dimension',
        label: 'Directions in use',
        unit: ` of ${count(source.columns)}`,
        summary: `${dimensionSentence(dimension.scales, source.columns)} The larger \u03b1, the weaker a direction may be and still count.`,
      },
      { label: 'Directions in use', logarithmic: false, min: 0, max: possible, percent: false },
    ),
    logDet: chart(
      logDet,
      report,
      {
        title: 'Coding log-determinant',
        name: 'Coding log-determinant',
        label: 'f(\u03b1), nats',
        unit: ' nats',
        summary: `${logDetSentence(logDet.scales)} Its slope over log \u03b1 is the effective dimension.`,
      },
      { label: 'log det(I + \u03b1 C), nats', logarithmic: false, min: 0, max: top(logDet), percent: false },
    ),
  };
}

/** Both functions of alpha / d: of the eigenvalues of all rows, or of what a sample tells of them; null where it tells nothing. */
function plainCurves({ spectrum, source, sample, sigma }: SpectralReport) {
  const { columns } = source;
  const { eigenvalues } = rankedSpectrum(spectrum!);
  if (sample.complete || spectrum!.kind === 'density' || sigma === null) {
    return (x: number) => ({
      logDet: codingLogDet(eigenvalues, x * columns),
      effectiveDimension: effectiveDimension(eigenvalues, x * columns),
    });
  }
  const sampled = { eigenvalues, rows: sigma.n_A, population: sigma.n_k };
  return (x: number) => equivalentResolution(sampled, x * columns);
}

/**
 * Where the curves are computed, the report's own scales among them. A sample is shown where the report says how well it is known;
 * all rows from where hardly a direction counts to where all do.
 */
function resolutions({ spectrum, source, sample, quantities }: SpectralReport): number[] {
  const scales = quantities.effectiveDimension.map(({ alphaOverD }) => alphaOverD);
  let [low, high] = [Math.min(...scales), Math.max(...scales)];
  if (sample.complete && spectrum!.kind === 'exact') {
    const resolved = spectrum!.eigenvalues.filter((l) => l > spectrum!.noiseFloor && l > 0);
    const [strongest, weakest] = [resolved[0] ?? 1, resolved.at(-1) ?? 1];
    low = Math.min(low, Math.max(LEAST, decade(0.1 / (strongest * source.columns), Math.floor)));
    high = Math.max(high, Math.min(MOST, decade(10 / (weakest * source.columns), Math.ceil)));
  }
  const steps = Math.max(1, Math.round(Math.log10(high / low) * POINTS_PER_DECADE));
  const even = Array.from({ length: steps + 1 }, (_, k) => low * 10 ** ((k / steps) * Math.log10(high / low)));
  const apart = even.filter((x) => scales.every((scale) => Math.abs(Math.log10(x / scale)) > 1e-9));
  return [...apart, ...scales].sort((a, b) => a - b);
}

function decade(x: number, round: (exponent: number) => number): number {
  return 10 ** round(Math.log10(x));
}

/**
 * The curve through what the report says at its scales: it is moved there, and between them by what interpolates in log alpha, and so are
 * the ends of the intervals.
 */
function through(places: readonly number[], plain: (x: number) => number | null, scales: readonly BoundedAtScale[]): Curve {
  const known = scales.flatMap((at) => {
    const base = plain(at.alphaOverD);
    if (base === null || at.value === null) return [];
    const bound = narrowest(at);
    const ends =
      bound === null || bound.lower === null || bound.upper === null ? null : ([bound.lower - base, bound.upper - base] as const);
    return [{ x: at.alphaOverD, shift: at.value - base, ends }];
  });
  const points = places.flatMap((x) => {
    const base = plain(x);
    const between = neighbours(known, x);
    if (base === null || between === null) return [];
    const [before, after, t] = between;
    const mixed = (a: number, b: number) => base + a + t * (b - a);
    const interval =
      before.ends === null || after.ends === null || x < known[0]!.x || x > known.at(-1)!.x
        ? null
        : ([mixed(before.ends[0], after.ends[0]), mixed(before.ends[1], after.ends[1])] as const);
    return [{ x, y: Math.max(0, mixed(before.shift, after.shift)), interval }];
  });
  return { points, scales };
}

/** The known places around x, and how far x is from the first to the second of them in log x; beyond the ends the end itself. */
function neighbours<Known extends { readonly x: number }>(known: readonly Known[], x: number): readonly [Known, Known, number] | null {
  const [first, last] = [known[0], known.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (x <= first.x) return [first, first, 0];
  if (x >= last.x) return [last, last, 0];
  const next = known.findIndex((at) => at.x >= x);
  const [before, after] = [known[next - 1]!, known[next]!];
  return [before, after, Math.log(x / before.x) / Math.log(after.x / before.x)];
}

interface Words {
  readonly title: string;
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly summary: string;
}

function chart({ points, scales }: Curve, report: SpectralReport, words: Words, y: Axis): ChartModel {
  const exact = scales.every((at) => at.exact);
  const bound = scales.map(narrowest).find((found) => found !== null) ?? null;
  const banded = points.filter(({ interval }) => interval !== null);
  const areas: Area[] =
    banded.length < 2 || bound === null
      ? []
      : [
          {
            name: `${certainty(bound)} at \u03b1/d = ${scales.map(({ alphaOverD }) => alphaOverD).join(', ')}, drawn through between`,
            look: 'interval',
            polygons: [
              [
                ...banded.map(({ x, interval }) => ({ x, y: interval![0] })),
                ...[...banded].reverse().map(({ x, interval }) => ({ x, y: interval![1] })),
              ],
            ],
          },
        ];
  const atScale = (x: number) => scales.find(({ alphaOverD }) => alphaOverD === x);
  const readings: Reading[] = points.map(({ x, y: value }) => {
    const known = atScale(x);
    const interval = known === undefined ? null : narrowest(known);
    return {
      heading: `\u03b1/d = ${scaleText(x)}`,
      lines: [
        `${words.name}: ${reported(value, exact)}${words.unit}`,
        ...(interval === null ? [] : [`${rangeText(interval)}, ${certainty(interval)}`]),
      ],
    };
  });
  return {
    title: words.title,
    summary: words.summary,
    x: { label: 'Resolution \u03b1/d', logarithmic: true, min: points[0]!.x, max: points.at(-1)!.x, percent: false },
    y,
    series: [
      {
        name: exact ? words.name : `${words.name}, estimated`,
        look: 'first',
        points: points.map(({ x, y: value }) => ({ x, y: value, marked: atScale(x) !== undefined })),
      },
    ],
    lines: [],
    band: null,
    areas,
    marks: [],
    readings,
    table: {
      caption: `${words.name} over the resolution \u03b1/d of ${count(report.source.columns)} columns`,
      columns: ['\u03b1/d', words.label, 'Interval'],
      rows: points.map(({ x, y: value }) => {
        const known = atScale(x);
        const interval = known === undefined ? null : narrowest(known);
        return [
          scaleText(x),
          reported(value, exact),
          exact ? 'exact' : interval === null ? 'drawn through' : `${rangeText(interval)} (${certainty(interval)})`,
        ];
      }),
    },
    data: () => ({
      columns: ['alpha_over_d', words.title === 'Resolution' ? 'effective_dimension' : 'coding_log_det', 'lower', 'upper'],
      rows: points.map(({ x, y: value, interval }) => [x, value, interval?.[0] ?? null, interval?.[1] ?? null]),
    }),
  };
}

function dimensionSentence(scales: readonly BoundedAtScale[], columns: number): string {
  const parts = scales.flatMap((at) => {
    const { value, alphaOverD } = at;
    if (value === null) return [];
    const bound = narrowest(at);
    const interval = bound === null ? '' : ` (${rangeText(bound)}, ${certainty(bound)})`;
    return [{ alphaOverD, text: `${reported(value, at.exact)}${interval}` }];
  });
  if (parts.length === 0) return 'From so few rows it cannot be told how many directions are in use.';
  const [first, ...rest] = parts;
  const later = rest.map(({ alphaOverD, text }) => `${text} at ${alphaOverD}`);
  const start = `At resolution \u03b1/d = ${first!.alphaOverD} the rows use ${first!.text} of ${count(columns)} dimensions`;
  return later.length === 0 ? `${start}.` : `${start}, ${listed(later)}.`;
}

function logDetSentence(scales: readonly BoundedAtScale[]): string {
  const parts = scales.flatMap(({ value, exact, alphaOverD }) =>
    value === null ? [] : [`${reported(value, exact)} nats at \u03b1/d = ${alphaOverD}`],
  );
  return parts.length === 0 ? 'From so few rows it cannot be told.' : `The volume that the rows fill is ${listed(parts)}.`;
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** The next of 1, 2, 2.5 or 5 times a power of ten above the curve and its strip. */
function top({ points }: Curve): number {
  const highest = Math.max(...points.map(({ y, interval }) => Math.max(y, interval?.[1] ?? 0)));
  const power = 10 ** Math.floor(Math.log10(highest));
  return power * ([1, 2, 2.5, 5].find((step) => step * power >= highest) ?? 10);
}

/** Three digits, as a scale is chosen and not measured. */
function scaleText(x: number): string {
  return x < 1e4 ? String(Number(x.toPrecision(3))) : number(x);
}
