import { meanEvidence } from '../spectral/change-detection';
import {
  ALARM_EVIDENCE,
  type Alarm,
  byGravity,
  departureFinding,
  departures,
  driftingFinding,
  type Finding,
  matrixFindings,
  nothingFound,
  WATCH_EVIDENCE,
} from './findings';
import { forecastCollapse } from './forecast-collapse';
import { embeddingSeries, isWeights, type StatisticSeries, sameMatrix, statisticSeries } from './matrix-series';
import type { AnalyzedCheckpoint, JudgedCheckpoint, NamedStep, QuantityDrift, RunReport } from './run-report';

/** Checkpoints, with the baseline, from which the absence of evidence means something. */
export const FEWEST_CHECKPOINTS = 3;

export interface JudgeOptions {
  /** Name of the checkpoint to compare with; null for the first. Earlier ones are not judged. */
  readonly baseline: string | null;
  /** Healthy runs of the same kind, which say how much healthy checkpoints vary. */
  readonly controls: readonly (readonly AnalyzedCheckpoint[])[];
}

/** A {@link RunReport} less what the layout says. */
export type Judgement = Omit<RunReport, 'schema' | 'path' | 'layout' | 'recognised' | 'missing'>;

/**
 * Whether a run has left its baseline, how, since when, and where it is going.
 *
 * Drift is judged on every set of embeddings that all checkpoints have, each from three sides, by the mean of their e-detectors.
 * Weights move whenever they are trained: of them count their own verdicts, and how much of their effective rank is left.
 *
 * @param checkpoints ascending by step
 * @throws Error when no checkpoint has the baseline's name
 */
export function judgeRun(checkpoints: readonly AnalyzedCheckpoint[], { baseline, controls }: JudgeOptions): Judgement {
  const first = baseline === null ? 0 : checkpoints.findIndex(({ name }) => name === baseline);
  if (first < 0) throw new Error(`The run has no checkpoint '${baseline}'.`);
  const since = checkpoints.slice(first);
  // A checkpoint without a single number has no place in a series: its own verdict speaks.
  const measured = since.filter(isMeasured);
  const series = embeddingSeries(measured).flatMap((matrix) => statisticSeries(matrix, controls));
  const evidence = series.length === 0 ? new Float64Array(measured.length) : meanEvidence(series.map(({ change }) => change));
  const alarm = alarmOf(series, evidence);

  const place = new Map(measured.map((checkpoint, k) => [checkpoint, k]));
  const judged = since.map((checkpoint) => {
    const k = place.get(checkpoint) ?? -1;
    const findings = findingsAt(checkpoint, k);
    const judgeable = k + 1 >= FEWEST_CHECKPOINTS && (series.length > 0 || checkpoint.matrices.some(isWeights));
    const level = findings[0]?.level ?? (judgeable ? 'healthy' : 'unknown');
    return { checkpoint: { ...checkpoint, drift: k > 0 ? driftAt(series, k) : {}, level }, findings };
  });

  const last = judged.at(-1);
  const level = last?.checkpoint.level ?? 'unknown';
  const findings = last?.findings ?? [];
  const outlook = alarm === null ? null : forecastCollapse(measured, departures(series, alarm, measured.length - 1));
  return {
    baseline: since[0]?.name ?? null,
    checkpoints: [
      ...checkpoints.slice(0, first).map((checkpoint): JudgedCheckpoint => ({ ...checkpoint, drift: {}, level: 'unknown' })),
      ...judged.map(({ checkpoint }) => checkpoint),
    ],
    level,
    kinds: [...new Set(findings.flatMap(({ kinds }) => kinds))],
    onset: alarm === null ? null : nameOf(measured[alarm.onset]),
    alarm: alarm === null ? null : nameOf(measured[alarm.at]),
    forecast: outlook?.forecast ?? null,
    reasons: [
      ...(findings.length > 0
        ? findings.map(({ reason }) => reason)
        : [nothingFound(measured.length, FEWEST_CHECKPOINTS, series.length > 0)]),
      ...(outlook?.reason ? [outlook.reason] : []),
    ],
  };

  /** Worst first. @param k among those measured, or -1 */
  function findingsAt(checkpoint: AnalyzedCheckpoint, k: number): Finding[] {
    const start = k === 0 ? undefined : measured[0];
    const findings = [...ownFindings(checkpoint, start)];
    if (alarm !== null && k >= alarm.at)
      findings.push(...departures(series, alarm, k).map((departure) => departureFinding(departure, series, measured, k)));
    else if (evidence.subarray(0, k + 1).some((m) => m >= WATCH_EVIDENCE)) findings.push(driftingFinding(series, k));
    return findings.sort(byGravity);
  }
}

/** Of a run that is watched, each checkpoint is judged again whenever another is new. */
const measurable = new WeakMap<Matrices, boolean>();
const found = new WeakMap<Matrices, { readonly start: Matrices | undefined; readonly findings: readonly Finding[] }>();
type Matrices = AnalyzedCheckpoint['matrices'];

function isMeasured({ matrices }: AnalyzedCheckpoint): boolean {
  const known = measurable.get(matrices);
  if (known !== undefined) return known;
  const measured = matrices.length > 0 && matrices.every(({ report }) => report.quantities.trace !== undefined);
  measurable.set(matrices, measured);
  return measured;
}

/** What its matrices show by themselves, and beside those of the baseline. */
function ownFindings({ matrices }: AnalyzedCheckpoint, start: AnalyzedCheckpoint | undefined): readonly Finding[] {
  const known = found.get(matrices);
  if (known !== undefined && known.start === start?.matrices) return known.findings;
  const findings = matrices.flatMap((matrix) => matrixFindings(matrix, start && sameMatrix(matrix, start)?.report));
  found.set(matrices, { start: start?.matrices, findings });
  return findings;
}

function alarmOf(series: readonly StatisticSeries[], evidence: Float64Array): Alarm | null {
  const at = evidence.findIndex((m) => m >= ALARM_EVIDENCE);
  if (at < 0) return null;
  const leading = series.reduce((most, s) => (s.change.evidence[at] > most.change.evidence[at] ? s : most));
  return { at, onset: leading.change.onset[at], leading };
}

/** By quantity; those of a second set of embeddings after the name of its file and tensor. */
function driftAt(series: readonly StatisticSeries[], k: number): Record<string, QuantityDrift> {
  const drift: Record<string, QuantityDrift> = {};
  for (const { matrix, statistic, values, variation, change } of series) {
    const id = statistic === 'logDet' ? 'U_cov' : statistic;
    const source = matrix.tensor === null ? matrix.file : `${matrix.file}#${matrix.tensor}`;
    const name = matrix === series[0].matrix ? id : `${source}#${id}`;
    // The participation ratio is judged by its logarithm, and shown as it is.
    const shown = (value: number): number => (statistic === 'participationRatio' ? Math.exp(value) : value);
    const z = (values[k] - values[0]) / Math.sqrt(2 * variation.variance);
    drift[name] = { value: shown(values[k]) - shown(values[0]), z, evidence: change.evidence[k] };
  }
  return drift;
}

function nameOf({ name, step }: AnalyzedCheckpoint): NamedStep {
  return { name, step };
}
