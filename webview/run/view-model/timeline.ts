import { count, counted, number, percent } from '../../../src/words/numbers';
import { levelWord } from '../../../src/words/verdict';
import { type Area, type Axis, type ChartModel, type Line, type Mark, type Point, pickRanks, type Series } from '../../view-model/chart';
import { pickExtremes, stretches } from '../../view-model/thinning';
import { type Measure, type RunCheckpoint, type RunPicture, TIMELINE_QUANTITIES, type TimelineQuantity } from '../protocol';
import { measureAt } from './measures';
import { baselineIndex } from './names';
import { hasShare, measureText, quantityWords, valueText } from './quantities';
import { timelineData } from './timeline-data';

const MARKED = 60;
/** Points, and places of a band: more cannot be told apart, and take longer to draw than a frame lasts. */
const DRAWN = 1000;
/** Evidence is drawn between these: below, it says nothing; above, no more than that there is plenty. */
const EVIDENCE_RANGE = [0.1, 1e6] as const;
/** Of the drawn range, left free above and below. */
const AIR = 0.08;

const STEPS = { label: 'Step', logarithmic: false, percent: false } as const;

export interface TimelineModel {
  readonly chart: ChartModel;
  /** Name of the checkpoint at each point. */
  readonly checkpoints: readonly string[];
}

interface Measured {
  readonly checkpoint: RunCheckpoint;
  readonly measure: Measure;
  readonly y: number;
}

/** Quantities that some checkpoint has. @param matrix index into the run's */
export function availableQuantities(run: RunPicture, matrix: number): TimelineQuantity[] {
  return TIMELINE_QUANTITIES.filter((id) => run.matrices[matrix]?.quantities[id] !== undefined);
}

/** First and last step. */
export type Steps = readonly [number, number];

/**
 * One quantity of one matrix over the steps of the run. Null when no checkpoint has it.
 * @param matrix index into the run's
 * @param zoom the steps to show, where any checkpoint has the quantity within them; null for all
 */
export function timelineModel(
  run: RunPicture,
  matrix: number,
  quantity: TimelineQuantity,
  zoom: Steps | null = null,
): TimelineModel | null {
  const y = ({ value }: Measure) => (quantity === 'evidence' ? Math.min(Math.max(value, EVIDENCE_RANGE[0]), EVIDENCE_RANGE[1]) : value);
  const all = run.checkpoints.flatMap((checkpoint, index): Measured[] => {
    const measure = measureAt(run, matrix, quantity, index);
    return measure === null ? [] : [{ checkpoint, measure, y: y(measure) }];
  });
  if (all.length === 0) return null;
  const baseline = run.checkpoints[baselineIndex(run)];
  const before = measureAt(run, matrix, quantity, baselineIndex(run));
  const { label, unit } = quantityWords(quantity);
  const window = zoom && windowOf(all, zoom);
  const ahead = window === null || window[1] > all.at(-1)!.checkpoint.step;
  const fan = ahead ? forecastOf(run, quantity, all, before) : null;
  const measured = window === null ? all : all.filter(({ checkpoint: { step } }) => step >= window[0] && step <= window[1]);
  const drawn = pickExtremes(
    measured.map(({ y }) => y),
    DRAWN,
  ).map((index) => measured[index]!);
  const intervals = intervalsOf(measured);
  const areas: Area[] = [...intervals, ...(fan === null ? [] : [fan.area])];
  const values = [...measured.map(({ y }) => y), ...intervals.flatMap(ordinates)];
  const lines = linesOf(run, quantity, before);
  const level: Pick<Axis, 'min' | 'max'> =
    quantity === 'evidence'
      ? { min: EVIDENCE_RANGE[0], max: Math.max(run.limits.alarmEvidence * 10, ...measured.map(({ y }) => y * 2)) }
      : // What is far from the values would press them flat again.
        rangeOf(window === null ? [...values, ...lines.map(({ y }) => y), ...areas.flatMap(ordinates)] : values);
  const marked = new Set(pickRanks(drawn.length, MARKED, false));
  const x = window === null ? stepAxis(all, fan?.area ?? null) : { ...STEPS, min: window[0], max: window[1] };
  const series: Series[] = [
    {
      name: label,
      look: 'first',
      points: drawn.map(({ checkpoint, y }, index) => ({ x: checkpoint.step, y, marked: marked.has(index + 1) })),
    },
    ...(fan === null ? [] : [fan.series]),
  ];
  return {
    checkpoints: drawn.map(({ checkpoint }) => checkpoint.name),
    chart: {
      title: 'Timeline',
      summary: [summary(run, quantity, all, before), ...shownSentences(window, measured.length, drawn.length)].join(' '),
      x,
      y: { label: unit === '' ? label : `${label}, ${unit}`, logarithmic: quantity === 'evidence', percent: false, ...level },
      series,
      lines: lines.filter(({ y }) => y >= level.min && y <= level.max),
      band: null,
      areas,
      marks: marksOf(run).filter((mark) => mark.x >= x.min && mark.x <= x.max),
      readings: drawn.map(({ checkpoint, measure }) => ({
        heading: `${checkpoint.name}, step ${count(checkpoint.step)}`,
        lines: [
          levelWord(checkpoint.level),
          `${label}: ${measureText(quantity, measure)}`,
          ...(checkpoint === baseline ? ['The baseline'] : changeLines(quantity, measure, before)),
        ],
      })),
      data: () => timelineData(run, matrix, quantity, window ?? [-Infinity, Infinity]),
      table: {
        caption: `${label} at ${counted(measured.length, 'checkpoint')}${window === null ? '' : ` of ${count(all.length)}`}`,
        columns: ['Checkpoint', 'Step', label, 'From', 'To'],
        rows: measured.map(({ checkpoint: { name, step }, measure }) => [
          name,
          count(step),
          valueText(quantity, measure),
          measure.interval === null ? '' : number(measure.interval[0]),
          measure.interval === null ? '' : number(measure.interval[1]),
        ]),
      },
    },
  };
}

function shownSentences(window: Steps | null, measured: number, drawn: number): string[] {
  return [
    ...(window === null ? [] : [`Shown: steps ${count(window[0])} to ${count(window[1])}.`]),
    ...(drawn === measured
      ? []
      : [`Of ${counted(measured, 'checkpoint')} the lowest and highest of each stretch are drawn; zoom in for all.`]),
  ];
}

/** What is left of these steps where they begin and end at checkpoints, so that no line ends before the edge; to the right of the newest the forecast may go on. */
function windowOf(measured: readonly Measured[], [from, to]: Steps): Steps | null {
  const steps = measured.map(({ checkpoint }) => checkpoint.step).filter((step) => step >= from && step <= to);
  if (steps.length === 0) return null;
  const newest = measured.at(-1)!.checkpoint.step;
  const window = [steps[0]!, to > newest ? to : steps.at(-1)!] as const;
  return window[0] < window[1] ? window : [window[0], window[0] + 1];
}

function changeLines(quantity: TimelineQuantity, { value }: Measure, before: Measure | null): string[] {
  if (before === null || quantity === 'evidence' || quantity === 'uCovDrift') return [];
  if (hasShare(quantity)) return before.value > 0 ? [`${percent(value / before.value)} of the baseline's`] : [];
  const change = value - before.value;
  return [`${change > 0 ? '+' : ''}${number(change)} since the baseline`];
}

function summary(run: RunPicture, quantity: TimelineQuantity, measured: readonly Measured[], before: Measure | null): string {
  const { label } = quantityWords(quantity);
  const { checkpoint, measure } = measured.at(-1)!;
  const now = `${label} ${valueText(quantity, measure)} at ${checkpoint.name}`;
  if (quantity === 'evidence') {
    const { watchEvidence, alarmEvidence } = run.limits;
    return `${now}, the newest checkpoint with any: the most that one quantity gives for a change. From ${count(watchEvidence)} on their mean is worth watching, at ${count(alarmEvidence)} it raises the alarm.`;
  }
  if (before === null || checkpoint.name === run.baseline) return `${now}.`;
  const change = changeLines(quantity, measure, before).map((text) => `: ${text}`);
  return `${label} ${valueText(quantity, before)} at the baseline ${run.baseline}, ${valueText(quantity, measure)} at ${checkpoint.name}${change.join('')}.`;
}

function linesOf({ limits }: RunPicture, quantity: TimelineQuantity, before: Measure | null): Line[] {
  if (quantity === 'evidence') {
    return [
      { y: limits.alarmEvidence, label: `alarm at ${count(limits.alarmEvidence)}`, side: 'left', look: 'floor' },
      { y: limits.watchEvidence, label: `worth watching from ${count(limits.watchEvidence)}`, side: 'left', look: 'edge' },
    ];
  }
  if (quantity === 'uCovDrift') return [{ y: 0, label: 'baseline', side: 'right', look: 'level' }];
  if (before === null) return [];
  const lines: Line[] = [{ y: before.value, label: `baseline ${number(before.value)}`, side: 'right', look: 'level' }];
  // The same share of the baseline's is a collapse of embeddings and of weights.
  if (quantity === 'effectiveRank') {
    const threshold = limits.rankShare * before.value;
    lines.push({ y: threshold, label: `${percent(limits.rankShare)} of the baseline's`, side: 'left', look: 'floor' });
  }
  return lines;
}

function marksOf({ onset, alarm }: RunPicture): Mark[] {
  return [
    ...(onset === null ? [] : [{ x: onset.step, label: 'onset', look: 'edge' } as const]),
    ...(alarm === null ? [] : [{ x: alarm.step, label: 'alarm', look: 'floor' } as const]),
  ];
}

/** The band of the intervals, in a piece for each run of checkpoints that have one. Of many, each stretch has the widest of its intervals. */
function intervalsOf(measured: readonly Measured[]): Area[] {
  const pieces: Measured[][] = [[]];
  for (const at of measured) {
    if (at.measure.interval === null) pieces.push([]);
    else pieces.at(-1)!.push(at);
  }
  const polygons = pieces
    .filter((piece) => piece.length > 0)
    .map((piece) => {
      const band = stretches(piece.length, DRAWN).flatMap(([from, to]) => {
        const stretch = piece.slice(from, to);
        const lower = stretch.reduce((least, { measure }) => Math.min(least, measure.interval![0]), Infinity);
        const upper = stretch.reduce((most, { measure }) => Math.max(most, measure.interval![1]), -Infinity);
        const ends = stretch.length === 1 ? stretch : [stretch[0]!, stretch.at(-1)!];
        return ends.map(({ checkpoint }) => ({ x: checkpoint.step, lower, upper }));
      });
      return [...band.map(({ x, lower }) => ({ x, y: lower })), ...band.map(({ x, upper }) => ({ x, y: upper })).reverse()];
    });
  return polygons.length === 0 ? [] : [{ name: 'Interval', look: 'interval', polygons }];
}

/** From the newest checkpoint to where the threshold is crossed. The run's forecast is that of one set of embeddings: this one's, if the threshold is. */
function forecastOf({ forecast, limits }: RunPicture, quantity: TimelineQuantity, measured: readonly Measured[], before: Measure | null) {
  if (forecast === null || forecast.quantity !== quantity || before === null) return null;
  const { threshold, step, lower, upper, confidence } = forecast;
  if (Math.abs(threshold / (limits.rankShare * before.value) - 1) > 1e-9) return null;
  const { checkpoint, y } = measured.at(-1)!;
  const start = { x: checkpoint.step, y };
  const crossing = (x: number) => ({ x: Math.max(x, start.x), y: threshold });
  const points: Point[] = [start, crossing(step)].map((point) => ({ ...point, marked: false }));
  return {
    area: {
      name: `Where it crosses, ${number(100 * confidence)} %`,
      look: 'forecast',
      polygons: [[start, crossing(upper), crossing(lower)]],
    } satisfies Area,
    series: { name: 'Forecast', look: 'reference', points } satisfies Series,
  };
}

/** As far as the forecast reaches, but never more than twice as far as the run has come: a fan may well be open to the right. */
function stepAxis(measured: readonly Measured[], fan: Area | null): Axis {
  const min = measured[0]!.checkpoint.step;
  const last = measured.at(-1)!.checkpoint.step;
  const reach = Math.max(last, ...(fan?.polygons.flat() ?? []).map(({ x }) => x));
  const max = Math.min(reach, last + (last - min));
  const step = max > last ? tickStep(max - min, 5) : 1;
  return { ...STEPS, min, max: max > min ? Math.ceil(max / step) * step : min + 1 };
}

function ordinates({ polygons }: Area): number[] {
  return polygons.flat().map(({ y }) => y);
}

/** Around the values, with some air, from one tick to another. */
function rangeOf(values: readonly number[]): Pick<Axis, 'min' | 'max'> {
  const [low, high] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const span = high - low || Math.abs(high) || 1;
  const step = tickStep(span, 3);
  const min = Math.floor((low - AIR * span) / step) * step;
  // What cannot be negative gets no room below zero.
  return { min: low >= 0 ? Math.max(0, min) : min, max: Math.ceil((high + AIR * span) / step) * step };
}

/** 1, 2 or 5 times a power of ten: the largest of which the span holds so many. */
function tickStep(span: number, parts: number): number {
  const decade = 10 ** Math.floor(Math.log10(span / parts));
  return decade * [1, 2, 5].findLast((step) => step * decade <= span / parts)!;
}
