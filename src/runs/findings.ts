import type { Level, Reason } from '../analysis/report';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import { isWeights, type MatrixSeries, type Statistic, type StatisticSeries } from './matrix-series';
import type { AnalyzedCheckpoint, CheckpointReport, Kind, MatrixReport } from './run-report';

/** One thing that is to be said of a run at one of its checkpoints. */
export interface Finding {
  readonly level: Level;
  readonly kinds: readonly Kind[];
  /** Share of the baseline's effective rank that is lost; 0 where that is not what it is about. */
  readonly loss: number;
  readonly reason: Reason;
}

/** Worst first: by level, then by what is lost. */
export function byGravity(a: Finding, b: Finding): number {
  return LEVELS_WORST_FIRST.indexOf(a.level) - LEVELS_WORST_FIRST.indexOf(b.level) || b.loss - a.loss;
}

/** When drift became certain; indices among the measured checkpoints. */
export interface Alarm {
  readonly at: number;
  /** The first checkpoint after the change. */
  readonly onset: number;
  /** The statistic with the most evidence. */
  readonly leading: StatisticSeries;
}

/** Share of the baseline's effective rank at and below which a run has collapsed. */
export const COLLAPSED_SHARE = 0.5;
/** The same of a weight matrix, to be watched: training moves its effective rank too, but hardly as far. */
const NARROWED_SHARE = 0.8;
/** Share of distinct rows that may be lost without a word. */
const DISTINCT_ROWS_LOST = 0.02;
/** A certain drift is a collapse where it moved one of these as far, otherwise to be watched. Shape and log-determinant per dimension. */
const MATERIAL: Readonly<Record<Statistic, number>> = { logScale: 0.1, shape: 0.05, participationRatio: 0.1, logDet: 0.05 };
/** Evidence at which an alarm is raised, and one statistic named: less than one false alarm in so many healthy checkpoints. */
export const ALARM_EVIDENCE = 100;
/** Evidence from which a run is worth watching. */
export const WATCH_EVIDENCE = 10;

/** What one matrix shows by itself or beside the baseline's. @param before undefined for the baseline itself, and where the baseline has no such matrix */
export function matrixFindings(matrix: MatrixReport, before: CheckpointReport | undefined): Finding[] {
  const { report } = matrix;
  const findings: Finding[] = [];
  const name = nameOf(matrix);
  const { level, reasons } = report.verdict;
  if (level === 'broken')
    findings.push({ level, kinds: ['broken'], loss: 0, reason: { ...reasons[0], message: `${name}: ${reasons[0].message}` } });
  // What the baseline already was is no news of the run.
  if (level === 'collapsed' && before?.verdict.level !== 'collapsed')
    findings.push({ level, kinds: [], loss: 0, reason: { ...reasons[0], message: `${name}: ${reasons[0].message}` } });
  if (before === undefined) return findings;
  if (isWeights(matrix)) {
    const share = rankShare(report, before);
    if (share <= NARROWED_SHARE) {
      const message = `${name}: its effective rank is ${percent(share)} of the baseline's.`;
      const level = share <= COLLAPSED_SHARE ? 'collapsed' : 'watch';
      findings.push({ level, kinds: ['lost-directions'], loss: 1 - share, reason: { code: 'weight-narrowed', message } });
    }
  }
  const distinct = (r: CheckpointReport): number => r.quantities.distinctRowRatio?.value ?? 1;
  if (!isWeights(matrix) && distinct(before) - distinct(report) > DISTINCT_ROWS_LOST) {
    const message = `${name}: ${percent(distinct(report))} of its rows are distinct, ${percent(distinct(before))} in the baseline.`;
    findings.push({ level: 'watch', kinds: ['duplicates'], loss: 0, reason: { code: 'rows-repeat', message } });
  }
  return findings;
}

/** A matrix that has left its baseline for certain; indices among the measured checkpoints. */
export interface Departure {
  readonly matrix: MatrixSeries;
  /** Its statistics that moved. */
  readonly moved: readonly StatisticSeries[];
  readonly onset: number;
  readonly certainAt: number;
}

/** The matrices that have left their baselines by checkpoint k, at or after the alarm: the leading one, and others that moved as surely. */
export function departures(series: readonly StatisticSeries[], alarm: Alarm, k: number): Departure[] {
  const certainAt = ({ change }: StatisticSeries): number => change.evidence.subarray(0, k + 1).findIndex((m) => m >= ALARM_EVIDENCE);
  const certain = series.filter((s) => certainAt(s) >= 0);
  const matrices = new Set([alarm.leading, ...certain].map(({ matrix }) => matrix));
  return [...matrices].map((matrix) => {
    const moved = certain.filter((s) => s.matrix === matrix);
    // The mean of all can be certain where no one is.
    if (moved.length === 0) return { matrix, moved: [alarm.leading], onset: alarm.onset, certainAt: alarm.at };
    const first = moved.reduce((soonest, s) => (certainAt(s) < certainAt(soonest) ? s : soonest));
    return { matrix, moved, onset: first.change.onset[certainAt(first)], certainAt: certainAt(first) };
  });
}

export function departureFinding(
  { matrix, moved, onset, certainAt }: Departure,
  series: readonly StatisticSeries[],
  measured: readonly AnalyzedCheckpoint[],
  k: number,
): Finding {
  const own = series.filter((s) => s.matrix === matrix);
  const kinds = kindsOf(moved, own, onset, k);
  const since = onset === certainAt ? measured[onset].name : `${measured[onset].name} (certain from ${measured[certainAt].name} on)`;
  list ??= new Intl.ListFormat('en');
  const what = list.format(kinds.map((kind) => WHAT[kind]));
  const message = `${matrix.file} left its baseline at ${since}: ${what}. ${rankPhrase(matrix, k)}`;
  const loss = lossOf(matrix, k);
  return { level: levelOfDrift(own, matrix, kinds, k), kinds, loss, reason: { code: kinds[0], message } };
}

/** @param moved those of a matrix's own statistics that did */
function kindsOf(moved: readonly StatisticSeries[], own: readonly StatisticSeries[], onset: number, k: number): Kind[] {
  const fell = (statistic: Statistic): boolean => moved.some((s) => s.statistic === statistic && shift(s, onset, k) < 0);
  const kinds: Kind[] = [];
  if (fell('shape')) kinds.push('lost-directions');
  if (fell('participationRatio')) kinds.push('head');
  if (fell('logScale')) kinds.push('contraction');
  // The log-determinant is shape and d times the scale: the one that fell more names its fall.
  if (kinds.length === 0 && fell('logDet')) {
    const by = (statistic: Statistic): number => shift(own.find((s) => s.statistic === statistic) ?? moved[0], onset, k);
    kinds.push(by('shape') < by('logScale') * own[0].matrix.reports[0].source.columns ? 'lost-directions' : 'contraction');
  }
  return kinds.length > 0 ? kinds : ['degenerate-growth'];
}

/** Drift that is not yet certain. */
export function driftingFinding(series: readonly StatisticSeries[], k: number): Finding {
  const { matrix, statistic, values } = series.reduce((most, s) => (s.change.evidence[k] > most.change.evidence[k] ? s : most));
  const direction = values[k] < values[0] ? 'fallen' : 'risen';
  const message = `${matrix.file}: its ${LABEL[statistic]} seems to have ${direction}; more checkpoints will tell.`;
  return { level: 'watch', kinds: [], loss: 0, reason: { code: 'drifting', message } };
}

/** Why there is nothing else to say. */
export function nothingFound(checkpoints: number, fewest: number, embeddings: boolean): Reason {
  if (checkpoints === 0) return { code: 'nothing-analysed', message: 'No checkpoint has been analysed yet.' };
  if (checkpoints < fewest) {
    const more = fewest - checkpoints;
    return {
      code: 'few-checkpoints',
      message: `Needs ${more} more ${more === 1 ? 'checkpoint' : 'checkpoints'} before anything can be said of the run.`,
    };
  }
  if (embeddings) return { code: 'steady', message: `No drift beyond what healthy checkpoints vary by, over ${checkpoints} checkpoints.` };
  return {
    code: 'weights-only',
    message:
      'No weight matrix has lost much of its effective rank. Collapse shows earlier in embeddings of the outputs: save some at each checkpoint.',
  };
}

const WHAT: Readonly<Record<Kind, string>> = {
  'lost-directions': 'it is losing directions (the spectrum narrows)',
  head: 'few directions take over',
  contraction: 'its spread contracts',
  'degenerate-growth': 'its spectrum spreads, as it does when a model still learns, or when it degenerates on its own output',
  duplicates: 'rows repeat',
  broken: 'numbers are broken',
};
const LABEL: Readonly<Record<Statistic, string>> = {
  logScale: 'scale',
  shape: 'shape',
  participationRatio: 'participation ratio',
  logDet: 'log-determinant',
};

function levelOfDrift(own: readonly StatisticSeries[], matrix: MatrixSeries, kinds: readonly Kind[], k: number): Level {
  // Growth may be learning: a person has to look.
  if (kinds.includes('degenerate-growth')) return 'watch';
  if (rankShare(matrix.reports[k], matrix.reports[0]) <= COLLAPSED_SHARE) return 'collapsed';
  const material = own.some(({ statistic, values }) => {
    const dimensions = statistic === 'shape' || statistic === 'logDet' ? matrix.reports[0].source.columns : 1;
    return values[0] - values[k] >= MATERIAL[statistic] * dimensions;
  });
  return material ? 'collapsing' : 'watch';
}

/** Mean of a statistic from the onset to checkpoint k, less its mean before. */
function shift({ values }: StatisticSeries, onset: number, k: number): number {
  const mean = (part: Float64Array): number => part.reduce((sum, y) => sum + y, 0) / part.length;
  return mean(values.subarray(onset, k + 1)) - mean(values.subarray(0, onset));
}

function lossOf({ reports }: MatrixSeries, k: number): number {
  const share = rankShare(reports[k], reports[0]);
  return Number.isFinite(share) ? 1 - share : 0;
}

function rankPhrase({ reports }: MatrixSeries, k: number): string {
  const share = rankShare(reports[k], reports[0]);
  return Number.isFinite(share) ? `Its effective rank is ${percent(share)} of the baseline's.` : '';
}

export function rankShare(report: CheckpointReport, before: CheckpointReport): number {
  const now = report.quantities.effectiveRank?.value ?? null;
  const then = before.quantities.effectiveRank?.value ?? null;
  return now === null || then === null ? Number.POSITIVE_INFINITY : now / then;
}

function nameOf({ file, report }: MatrixReport): string {
  return report.source.tensor === null ? file : `${file}, ${report.source.tensor}`;
}

// Made at first use, and once: each takes as long as judging a checkpoint.
let list: Intl.ListFormat | undefined;
let three: Intl.NumberFormat | undefined;

function percent(x: number): string {
  three ??= new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
  return `${three.format(100 * x)} %`;
}
