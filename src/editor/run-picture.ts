import type { MatrixName, Measure, RunPicture, TimelineQuantity } from '../../webview/run/protocol';
import { isWeights, type JudgedCheckpoint, RUN_LIMITS, type RunReport } from '../engine/protocol';
import type { Bounded } from '../spectral/bounded';
import { plainText } from '../words/plain-text';

type Matrix = JudgedCheckpoint['matrices'][number];

const MEASURED = ['effectiveRank', 'shape', 'logScale', 'participationRatio', 'meanCosine'] as const;

/** What the panel of a run draws: of its reports only these numbers leave the host. */
export function runPicture(report: RunReport, name: string): RunPicture {
  const { path, recognised, missing, level, reasons, baseline, onset, alarm, forecast, checkpoints } = report;
  const [embeddings, layers] = [matricesOf(report, false), matricesOf(report, true)];
  const drifting = checkpoints.filter(({ drift }) => Object.keys(drift).length > 0);
  const judged = [...embeddings.keys()].find((id) => drifting.every(({ matrices }) => matrices.some((matrix) => key(matrix) === id)));
  return {
    path,
    name: plainText(name),
    recognised: plainText(recognised),
    missing: missing.map(plainText),
    level,
    reasons: reasons.map(({ code, message }) => ({ code, message: plainText(message) })),
    baseline: baseline && plainText(baseline),
    onset: onset && { ...onset, name: plainText(onset.name) },
    alarm: alarm && { ...alarm, name: plainText(alarm.name) },
    forecast,
    limits: RUN_LIMITS,
    embeddings: [...embeddings.values()].map(matrixName),
    layers: [...layers.values()].map(matrixName),
    checkpoints: checkpoints.map((checkpoint) => {
      const { name, step, level } = checkpoint;
      const at = new Map(checkpoint.matrices.map((matrix) => [key(matrix), matrix]));
      return {
        name: plainText(name),
        step,
        level,
        embeddings: Array.from(embeddings.keys(), (id) => {
          const matrix = at.get(id);
          return matrix === undefined ? null : measures(matrix, checkpoint, id === judged);
        }),
        layers: Array.from(layers.keys(), (id) => finite(at.get(id)?.report.quantities.effectiveRank?.value)),
      };
    }),
  };
}

/** The matrix as the picture names it. */
export function matrixName({ file, report }: Matrix): MatrixName {
  return { file: plainText(file), tensor: report.source.tensor && plainText(report.source.tensor) };
}

function key({ file, report }: Matrix): string {
  return JSON.stringify([file, report.source.tensor]);
}

/** In the order in which the checkpoints have them. */
function matricesOf({ checkpoints }: RunReport, weights: boolean): Map<string, Matrix> {
  const matrices = checkpoints.flatMap((checkpoint) => checkpoint.matrices.filter((matrix) => isWeights(matrix) === weights));
  return new Map(matrices.map((matrix) => [key(matrix), matrix]));
}

/** @param first whether this is the first set of embeddings that is judged: its drift goes by the names of the quantities alone */
function measures(matrix: Matrix, { drift }: JudgedCheckpoint, first: boolean): Partial<Record<TimelineQuantity, Measure>> {
  const { quantities } = matrix.report;
  const found: Partial<Record<TimelineQuantity, Measure>> = {};
  for (const id of MEASURED) {
    const measure = measureOf(quantities[id]);
    if (measure !== null) found[id] = measure;
  }
  const prefix = `${matrix.file}#`;
  const own = Object.entries(drift).filter(([name]) => (first ? !name.includes('#') : name.startsWith(prefix)));
  const uCov = finite(drift[first ? 'U_cov' : `${prefix}U_cov`]?.value);
  if (uCov !== null) found.uCovDrift = { value: uCov, exact: true, interval: null };
  const evidence = own.flatMap(([, { evidence }]) => finite(evidence) ?? []);
  if (evidence.length > 0) found.evidence = { value: Math.max(...evidence), exact: true, interval: null };
  return found;
}

function measureOf(bounded: Bounded | undefined): Measure | null {
  const value = finite(bounded?.value);
  if (bounded === undefined || value === null) return null;
  const intervals = bounded.bounds
    .map(({ lower, upper }): [number, number] => [lower ?? Number.NaN, upper ?? Number.NaN])
    .filter(([lower, upper]) => Number.isFinite(upper - lower))
    .sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
  return { value, exact: bounded.exact, interval: intervals[0] ?? null };
}

function finite(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
