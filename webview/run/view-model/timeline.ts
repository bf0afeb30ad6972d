import { count, counted, number, percent } from '../../../src/words/numbers';
import { levelWord } from '../../../src/words/verdict';
import { type Area, type Axis, type ChartModel, type Line, type Mark, type Point, pickRanks, type Series } from '../../view-model/chart';
import { type Measure, type RunCheckpoint, type RunPicture, TIMELINE_QUANTITIES, type TimelineQuantity } from '../protocol';
import { baselineIndex } from './names';
import { measureText, quantityWords, valueText } from './quantities';

const MARKED = 60;
/** Evidence is drawn between these: below, it says nothing; above, no more than that there is plenty. */
const EVIDENCE_RANGE = [0.1, 1e6] as const;
/** Of the drawn range, left free above and below. */
const AIR = 0.08;

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

/** Quantities that some checkpoint has. @param embeddings index into the run's */
export function availableQuantities(run: RunPicture, embeddings: number): TimelineQuantity[] {
  return TIMELINE_QUANTITIES.filter((id) => run.checkpoints.some((checkpoint) => checkpoint.embeddings[embeddings]?.[id]));
}

/** One quantity of one set of embeddings over the steps of the run. Null when no checkpoint has it. @param embeddings index into the run's */
export function timelineModel(run: RunPicture, embeddings: number, quantity: TimelineQuantity): TimelineModel | null {
  const y = ({ value }: Measure) => (quantity === 'evidence' ? Math.min(Math.max(value, EVIDENCE_RANGE[0]), EVIDENCE_RANGE[1]) : value);
  const measured = run.checkpoints.flatMap((checkpoint): Measured[] => {
    const measure = checkpoint.embeddings[embeddings]?.[quantity];
    return measure === undefined ? [] : [{ checkpoint, measure, y: y(measure) }];
  });
  if (measured.length === 0) return null;
  const baseline = run.checkpoints[baselineIndex(run)];
  const before = baseline?.embeddings[embeddings]?.[quantity];
  const { label, unit } = quantityWords(quantity);
  const lines = linesOf(run, quantity, before);
  const fan = forecastOf(run, quantity, measured, before);
  const areas: Area[] = [...intervalsOf(measured), ...(fan === null ? [] : [fan.area])];
  const marked = new Set(pickRanks(measured.length, MARKED, false));
  const series: Series[] = [
    {
      name: label,
      look: 'first',
      points: measured.map(({ checkpoint, y }, index) => ({ x: checkpoint.step, y, marked: marked.has(index + 1) })),
    },
    ...(fan === null ? [] : [fan.series]),
  ];
  return {
    checkpoints: measured.map(({ checkpoint }) => checkpoint.name),
    chart: {
      title: 'Timeline',
      summary: summary(run, quantity, measured, before),
      x: stepAxis(measured, fan?.area ?? null),
      y: {
        label: unit === '' ? label : `${label}, ${unit}`,
        logarithmic: quantity === 'evidence',
        percent: false,
        ...(quantity === 'evidence'
          ? { min: EVIDENCE_RANGE[0], max: Math.max(run.limits.alarmEvidence * 10, ...measured.map(({ y }) => y * 2)) }
          : rangeOf([...measured.map(({ y }) => y), ...lines.map(({ y }) => y), ...areas.flatMap(ordinates)])),
      },
      series,
      lines,
      band: null,
      areas,
      marks: marksOf(run),
      readings: measured.map(({ checkpoint, measure }) => ({
        heading: `${checkpoint.name}, step ${count(checkpoint.step)}`,
        lines: [
          levelWord(checkpoint.level),
          `${label}: ${measureText(quantity, measure)}`,
          ...(checkpoint === baseline ? ['The baseline'] : changeLines(quantity, measure, before)),
        ],
      })),
      table: {
        caption: `${label} at ${counted(measured.length, 'checkpoint')}`,
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

/** Quantities that count, and so have a share; the others have a difference. */
function hasShare(quantity: TimelineQuantity): boolean {
  return quantity === 'effectiveRank' || quantity === 'participationRatio';
}

function changeLines(quantity: TimelineQuantity, { value }: Measure, before: Measure | undefined): string[] {
  if (before === undefined || quantity === 'evidence' || quantity === 'uCovDrift') return [];
  if (hasShare(quantity)) return before.value > 0 ? [`${percent(value / before.value)} of the baseline's`] : [];
  const change = value - before.value;
  return [`${change > 0 ? '+' : ''}${number(change)} since the baseline`];
}

function summary(run: RunPicture, quantity: TimelineQuantity, measured: readonly Measured[], before: Measure | undefined): string {
  const { label } = quantityWords(quantity);
  const { checkpoint, measure } = measured.at(-1)!;
  const now = `${label} ${valueText(quantity, measure)} at ${checkpoint.name}`;
  if (quantity === 'evidence') {
    const { watchEvidence, alarmEvidence } = run.limits;
    return `${now}, the newest checkpoint with any: the most that one quantity gives for a change. From ${count(watchEvidence)} on their mean is worth watching, at ${count(alarmEvidence)} it raises the alarm.`;
  }
  if (before === undefined || checkpoint.name === run.baseline) return `${now}.`;
  const change = changeLines(quantity, measure, before).map((text) => `: ${text}`);
  return `${label} ${valueText(quantity, before)} at the baseline ${run.baseline}, ${valueText(quantity, measure)} at ${checkpoint.name}${change.join('')}.`;
}

function linesOf({ limits }: RunPicture, quantity: TimelineQuantity, before: Measure | undefined): Line[] {
  if (quantity === 'evidence') {
    return [
      { y: limits.alarmEvidence, label: `alarm at ${count(limits.alarmEvidence)}`, side: 'left', look: 'floor' },
      { y: limits.watchEvidence, label: `worth watching from ${count(limits.watchEvidence)}`, side: 'left', look: 'edge' },
    ];
  }
  if (quantity === 'uCovDrift') return [{ y: 0, label: 'baseline', side: 'right', look: 'level' }];
  if (before === undefined) return [];
  const lines: Line[] = [{ y: before.value, label: `baseline ${number(before.value)}`, side: 'right', look: 'level' }];
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

/** The band of the intervals, in a piece for each stretch of checkpoints that have one. */
function intervalsOf(measured: readonly Measured[]): Area[] {
  const stretches: Measured[][] = [[]];
  for (const at of measured) {
    if (at.measure.interval === null) stretches.push([]);
    else stretches.at(-1)!.push(at);
  }
  const polygons = stretches
    .filter((stretch) => stretch.length > 0)
    .map((stretch) => {
      const edge = (side: 0 | 1) => stretch.map(({ checkpoint, measure }) => ({ x: checkpoint.step, y: measure.interval![side] }));
      return [...edge(0), ...edge(1).reverse()];
    });
  return polygons.length === 0 ? [] : [{ name: 'Interval', look: 'interval', polygons }];
}

/** From the newest checkpoint to where the threshold is crossed. The run's forecast is that of one set of embeddings: this one's, if the threshold is. */
function forecastOf(
  { forecast, limits }: RunPicture,
  quantity: TimelineQuantity,
  measured: readonly Measured[],
  before: Measure | undefined,
) {
  if (forecast === null || forecast.quantity !== quantity || before === undefined) return null;
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
  return { label: 'Step', logarithmic: false, percent: false, min, max: max > min ? Math.ceil(max / step) * step : min + 1 };
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
