import type { Level, SpectralReport } from '../analysis/report';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import { type JudgedCheckpoint, RUN_LIMITS, type RunReport } from '../engine/protocol';
import { DEFINITIONS, type QuantityId } from '../spectral/definitions';
import { DEFAULT_ADVICE } from '../words/advice';
import { levelWord, runVerdictModel, type VerdictModel, verdictModel } from '../words/verdict';
import {
  type CheckpointLine,
  type CheckpointPlace,
  type DriftLine,
  type FileHealth,
  type MatrixHealth,
  type MatrixLine,
  quantitiesOf,
  type RunHealth,
  type Verdict,
} from './document';

/** Matrices, and checkpoints, that one answer lists. */
const MOST = 10;

/** One matrix in full. @param checkpoint where in a run its file belongs; null where that is not known */
export function matrixHealth(report: SpectralReport, checkpoint: CheckpointPlace | null): MatrixHealth {
  const { source, sample, options, integrity } = report;
  return {
    kind: 'matrix',
    path: source.path,
    tensor: source.tensor,
    checkpoint,
    verdict: inWords(verdictModel(report, false)),
    rows: { read: sample.rows, total: source.rows, stopped: sample.stopped, seed: sample.seed },
    columns: source.columns,
    dtype: source.dtype,
    normalized: options.normalize === true,
    integrity,
    delta: options.ridge,
    sigma: report.sigma,
    quantities: quantitiesOf(report),
  };
}

/** @param failed sentences on the matrices that could not be analysed */
export function fileHealth(
  path: string,
  reports: readonly SpectralReport[],
  failed: readonly string[],
  checkpoint: CheckpointPlace | null,
): FileHealth {
  const lines = worstFirst(reports.map((report) => matrixLine(report, report.source.tensor ?? path, null)));
  const worst = reports.find(({ source }) => (source.tensor ?? path) === lines[0]!.tensor)!;
  return {
    kind: 'file',
    path,
    checkpoint,
    verdict: inWords(verdictModel(worst, false)),
    matrices: reports.length,
    worst: lines.slice(0, MOST),
    more: Math.max(0, lines.length - MOST),
    failed,
  };
}

/** @param tensor the matrix to follow over the checkpoints, by the name of its tensor or file; null for the one that is judged */
export function runHealth(run: RunReport, tensor: string | null): RunHealth {
  const newest = run.checkpoints.at(-1) ?? null;
  const baseline = run.checkpoints.find(({ name }) => name === run.baseline);
  const tracked = tensor ?? (newest === null ? null : trackedMatrix(newest));
  const rankAt = (checkpoint: JudgedCheckpoint | undefined, name: string): number | null =>
    checkpoint?.matrices.find((matrix) => nameOf(matrix) === name)?.report.quantities.effectiveRank?.value ?? null;
  const before = (name: string): number | null => rankAt(baseline, name);
  const lines = run.checkpoints.map((checkpoint): CheckpointLine => {
    const effectiveRank = tracked === null ? null : rankAt(checkpoint, tracked);
    const from = tracked === null || checkpoint === baseline ? null : before(tracked);
    const { name, step, level } = checkpoint;
    return { name, step, level, effectiveRank, effectiveRankChange: change(from, effectiveRank) };
  });
  const listed = lines.slice(-MOST);
  const first = lines.find(({ name }) => name === run.baseline);
  const checkpoints = first === undefined || listed.includes(first) ? listed : [first, ...listed.slice(1)];
  const matrices = (newest?.matrices ?? []).filter((matrix) => tensor === null || nameOf(matrix) === tensor);
  const all = worstFirst(
    matrices.map((matrix) => matrixLine(matrix.report, nameOf(matrix), newest === baseline ? null : before(nameOf(matrix)))),
  );
  const { path, onset, alarm, forecast, recognised, missing } = run;
  return {
    kind: 'run',
    path,
    verdict: inWords(runVerdictModel(run)),
    baseline: run.baseline,
    onset,
    alarm,
    forecast,
    recognised,
    missing,
    newest: newest === null ? null : { name: newest.name, step: newest.step },
    alarmEvidence: RUN_LIMITS.alarmEvidence,
    drift: newest === null ? [] : driftLines(newest),
    tracked,
    checkpoints,
    leftOut: lines.length - checkpoints.length,
    worst: all.slice(0, MOST),
    more: Math.max(0, all.length - MOST),
  };
}

/** Names of all matrices of the newest checkpoint, by which one is asked for. */
export function tensorsOf(run: RunReport): string[] {
  return (run.checkpoints.at(-1)?.matrices ?? []).map(nameOf);
}

function nameOf({ file, report }: JudgedCheckpoint['matrices'][number]): string {
  return report.source.tensor ?? file;
}

/** Drift is judged on embeddings, which have no name in their file. */
function trackedMatrix({ matrices }: JudgedCheckpoint): string | null {
  const matrix = matrices.find(({ report }) => report.source.tensor === null) ?? matrices[0];
  return matrix === undefined ? null : nameOf(matrix);
}

/** Drift of several sets of embeddings is told apart by what stands before `#`. */
function driftLines({ drift }: JudgedCheckpoint): DriftLine[] {
  return Object.entries(drift).map(([key, { value, z, evidence }]) => {
    const cut = key.lastIndexOf('#');
    const id = key.slice(cut + 1);
    const { label, unit, meaning } = id in DEFINITIONS ? DEFINITIONS[id as QuantityId] : U_COV;
    return { id, matrix: cut < 0 ? null : key.slice(0, cut), label, unit, meaning, change: value, z, evidence };
  });
}

const U_COV = {
  label: 'U_cov of SIGMA-UB',
  unit: 'nats',
  meaning: 'Log-determinant of the Gram matrix less the part that grows with the number of rows; a sustained fall is the sign of collapse.',
} as const;

function matrixLine({ source, sample, verdict, quantities }: SpectralReport, tensor: string, before: number | null): MatrixLine {
  const effectiveRank = quantities.effectiveRank?.value ?? null;
  return {
    tensor,
    level: verdict.level,
    reason: verdict.reasons[0]!.message,
    rows: source.rows,
    columns: source.columns,
    rowsRead: sample.rows,
    effectiveRank,
    effectiveRankChange: change(before, effectiveRank),
  };
}

function change(before: number | null, after: number | null): number | null {
  return before === null || after === null || before === 0 ? null : after / before - 1;
}

/** Among equals first what lost most of its effective rank, then what uses the smallest part of its columns. */
function worstFirst(lines: readonly MatrixLine[]): MatrixLine[] {
  const severity = (level: Level): number => LEVELS_WORST_FIRST.indexOf(level);
  const used = ({ effectiveRank, rows, columns }: MatrixLine): number => (effectiveRank ?? 0) / Math.min(rows, columns);
  return [...lines].sort(
    (a, b) => severity(a.level) - severity(b.level) || (a.effectiveRankChange ?? 0) - (b.effectiveRankChange ?? 0) || used(a) - used(b),
  );
}

function inWords({ level, reasons, advice }: VerdictModel): Verdict {
  return { level, words: levelWord(level), reasons, whatToDo: advice.length > 0 ? advice : [DEFAULT_ADVICE[level]] };
}
