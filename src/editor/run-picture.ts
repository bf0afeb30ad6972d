import {
  type Cell,
  type MatrixName,
  type RunMatrix,
  type RunPicture,
  TIMELINE_QUANTITIES,
  type TimelineQuantity,
} from '../../webview/run/protocol';
import { isWeights, type JudgedCheckpoint, RUN_LIMITS, type RunReport } from '../engine/protocol';
import type { Bounded } from '../spectral/bounded';
import { plainText } from '../words/plain-text';

type Matrix = JudgedCheckpoint['matrices'][number];

/** What the panel of a run draws: of its reports only these numbers leave the host. */
export function runPicture(report: RunReport, name: string): RunPicture {
  const { path, recognised, missing, level, reasons, baseline, onset, alarm, forecast, checkpoints } = report;
  const matrices = matricesOf(report);
  const at = checkpoints.map(({ matrices }) => new Map(matrices.map((matrix) => [key(matrix), matrix])));
  const judged = matrices.find((matrix) => {
    return !isWeights(matrix) && checkpoints.every(({ drift }, index) => Object.keys(drift).length === 0 || at[index]!.has(key(matrix)));
  });
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
    matrices: matrices.map((matrix) => {
      const cells = checkpoints.map((checkpoint, index) => {
        const found = at[index]!.get(key(matrix));
        return found === undefined ? {} : measures(found, checkpoint, matrix === judged);
      });
      return matrixPicture(matrix, cells);
    }),
    checkpoints: checkpoints.map(({ name, step, level }) => ({ name: plainText(name), step, level })),
  };
}

/** The matrix as the picture names it. */
export function matrixName({ file, report }: Matrix): MatrixName {
  return { file: plainText(file), tensor: report.source.tensor && plainText(report.source.tensor) };
}

function key({ file, report }: Matrix): string {
  return JSON.stringify([file, report.source.tensor]);
}

/** Each as its newest checkpoint has it: sets of embeddings, then weights, in the order in which the checkpoints have them. */
function matricesOf({ checkpoints }: RunReport): Matrix[] {
  const all = checkpoints.flatMap(({ matrices }) => matrices);
  const newest = [...new Map(all.map((matrix) => [key(matrix), matrix])).values()];
  return newest.toSorted((a, b) => Number(isWeights(a)) - Number(isWeights(b)));
}

function matrixPicture(matrix: Matrix, cells: readonly Partial<Record<TimelineQuantity, Cell>>[]): RunMatrix {
  const quantities = TIMELINE_QUANTITIES.filter((id) => cells.some((at) => at[id] !== undefined));
  return {
    ...matrixName(matrix),
    weights: isWeights(matrix),
    level: matrix.report.verdict.level,
    quantities: Object.fromEntries(quantities.map((id) => [id, cells.map((at) => at[id] ?? null)])),
  };
}

/** @param first whether this is the first set of embeddings that is judged: its drift goes by the names of the quantities alone */
function measures(matrix: Matrix, { drift }: JudgedCheckpoint, first: boolean): Partial<Record<TimelineQuantity, Cell>> {
  const { quantities, source } = matrix.report;
  const found: Partial<Record<TimelineQuantity, Cell>> = {};
  for (const id of TIMELINE_QUANTITIES) {
    const cell = id === 'uCovDrift' || id === 'evidence' ? null : cellOf(quantities[id]);
    if (cell !== null) found[id] = cell;
  }
  const prefix = source.tensor === null ? `${matrix.file}#` : `${matrix.file}#${source.tensor}#`;
  const own = Object.entries(drift).filter(([name]) => (first ? !name.includes('#') : name.startsWith(prefix)));
  const uCov = finite(drift[first ? 'U_cov' : `${prefix}U_cov`]?.value);
  if (uCov !== null) found.uCovDrift = uCov;
  const evidence = own.flatMap(([, { evidence }]) => finite(evidence) ?? []);
  if (evidence.length > 0) found.evidence = Math.max(...evidence);
  return found;
}

function cellOf(bounded: Bounded | undefined): Cell {
  const value = finite(bounded?.value);
  if (bounded === undefined || value === null) return null;
  const intervals = bounded.bounds
    .map(({ lower, upper }): [number, number] => [lower ?? Number.NaN, upper ?? Number.NaN])
    .filter(([lower, upper]) => Number.isFinite(upper - lower))
    .sort((a, b) => a[1] - a[0] - (b[1] - b[0]));
  const { exact } = bounded;
  return exact && intervals[0] === undefined ? value : { value, exact, interval: intervals[0] ?? null };
}

function finite(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
