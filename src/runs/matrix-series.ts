import { isWeight } from '../analysis/analyze';
import { type ChangeEvidence, changeEvidence, updatedVariation, type Variation } from '../spectral/change-detection';
import type { AnalyzedCheckpoint, CheckpointReport, MatrixReport } from './run-report';

/**
 * The sides from which a spectrum is judged, apart: in early collapse its shape narrows while its scale grows, and the two cancel in the
 * log-determinant (U_cov), which is the quietest of them where they do not. Each is in a unit in which its variation does not depend on its level.
 */
export const STATISTICS = ['logScale', 'shape', 'participationRatio', 'logDet'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** One matrix over the checkpoints. */
export interface MatrixSeries {
  readonly file: string;
  readonly tensor: string | null;
  readonly reports: readonly CheckpointReport[];
}

/** One statistic of it. */
export interface StatisticSeries {
  readonly matrix: MatrixSeries;
  readonly statistic: Statistic;
  /** The participation ratio by its logarithm. */
  readonly values: Float64Array;
  readonly variation: Variation;
  readonly change: ChangeEvidence;
}

/**
 * Training again moves a healthy run more than drawing other rows does: about twice as much in the controls of real recursive training
 * (standard deviations of shape 1.9 against 1.0 nats, of the log scale 0.036 against 0.018, of the participation ratio 0.74 against 0.43).
 * What is known of that beforehand counts as this many degrees of freedom.
 */
const RETRAINING_INFLATION = 2;
const PRIOR_DEGREES_OF_FREEDOM = 8;

/** Weights of a model; everything else is a set of embeddings. */
export function isWeights({ report }: MatrixReport): boolean {
  return isWeight(report.source.format, report.source.tensor ?? '');
}

/** Where the last one was found: the same or the next place in another checkpoint is the best guess. Only the time depends on it. */
let likely = 0;

/** The same matrix at another checkpoint. */
export function sameMatrix({ file, report }: MatrixReport, { matrices }: AnalyzedCheckpoint): MatrixReport | undefined {
  const { tensor } = report.source;
  for (let i = 0; i < matrices.length; i++) {
    const place = (likely + i) % matrices.length;
    const other = matrices[place]!;
    if (other.file === file && other.report.source.tensor === tensor) {
      likely = place;
      return other;
    }
  }
  return undefined;
}

/** The sets of embeddings that all of these checkpoints have, in the order of the first. */
export function embeddingSeries(checkpoints: readonly AnalyzedCheckpoint[]): MatrixSeries[] {
  const [first, ...rest] = checkpoints;
  if (first === undefined) return [];
  return first.matrices.flatMap((matrix) => {
    if (isWeights(matrix)) return [];
    const others = rest.map((checkpoint) => sameMatrix(matrix, checkpoint)?.report);
    if (others.includes(undefined)) return [];
    return [{ file: matrix.file, tensor: matrix.report.source.tensor, reports: [matrix.report, ...(others as CheckpointReport[])] }];
  });
}

/** @param controls healthy runs: where they have the same matrix, they say how much healthy checkpoints vary */
export function statisticSeries(matrix: MatrixSeries, controls: readonly (readonly AnalyzedCheckpoint[])[]): StatisticSeries[] {
  const healthy = controls.flatMap(embeddingSeries).filter(({ file, tensor }) => file === matrix.file && tensor === matrix.tensor);
  return STATISTICS.flatMap((statistic) => {
    const values = valuesOf(statistic, matrix.reports);
    const deviation = matrix.reports[0].sampling?.[statistic] ?? 0;
    if (values === null || !(deviation > 0)) return [];
    let variation: Variation = { variance: (RETRAINING_INFLATION * deviation) ** 2, degreesOfFreedom: PRIOR_DEGREES_OF_FREEDOM };
    for (const { reports } of healthy) {
      const control = valuesOf(statistic, reports);
      if (control !== null) variation = updatedVariation(variation, control);
    }
    return [{ matrix, statistic, values, variation, change: evidenceOf(matrix, statistic, values, variation) }];
  });
}

interface Judged {
  readonly values: Float64Array;
  readonly variation: Variation;
  readonly change: ChangeEvidence;
}

/** By the verdict of the first report, which stays the same object: a watched run is judged at each new checkpoint, and only that is new. */
const judged = new WeakMap<object, Map<string, Judged>>();

function evidenceOf(
  { file, tensor, reports }: MatrixSeries,
  statistic: Statistic,
  values: Float64Array,
  variation: Variation,
): ChangeEvidence {
  const { verdict } = reports[0];
  const all = judged.get(verdict) ?? new Map<string, Judged>();
  judged.set(verdict, all);
  const key = JSON.stringify([file, tensor, statistic]);
  const before = all.get(key);
  const goesOn =
    before !== undefined &&
    before.variation.variance === variation.variance &&
    before.variation.degreesOfFreedom === variation.degreesOfFreedom &&
    before.values.length <= values.length &&
    before.values.every((value, k) => value === values[k]);
  const change = changeEvidence(values, variation, goesOn ? before.change : undefined);
  all.set(key, { values, variation, change });
  return change;
}

/** Null where a checkpoint has none, or has one of another number of rows, which moves the log-determinant by itself. */
function valuesOf(statistic: Statistic, reports: readonly CheckpointReport[]): Float64Array | null {
  const values = reports.map((report) => statisticOf(statistic, report, reports[0]));
  return values.every(Number.isFinite) ? Float64Array.from(values) : null;
}

function statisticOf(statistic: Statistic, { quantities, sigma }: CheckpointReport, first: CheckpointReport): number {
  if (statistic === 'logDet') return sigma !== null && sigma.n_A === first.sigma?.n_A ? sigma.U_cov : Number.NaN;
  const value = quantities[statistic]?.value ?? Number.NaN;
  return statistic === 'participationRatio' ? Math.log(value) : value;
}
