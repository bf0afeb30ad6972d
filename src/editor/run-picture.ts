import { withMeasures } from '../../webview/run/long-run';
import { type Cell, type Column, type MatrixName, type RunPicture, TIMELINE_QUANTITIES } from '../../webview/run/protocol';
import { isWeights, type JudgedCheckpoint, RUN_LIMITS, type RunReport } from '../engine/protocol';
import type { Bounded } from '../spectral/bounded';
import { plainText } from '../words/plain-text';

type Matrix = JudgedCheckpoint['matrices'][number];
type Matrices = JudgedCheckpoint['matrices'];

/** What the panel of a run draws: of its reports only these numbers leave the host. */
export function runPicture(report: RunReport, name: string): RunPicture {
  const { run, columnOf } = runFrame(report, name);
  const columns = report.checkpoints.map(columnOf);
  return { ...run, matrices: run.matrices.map((matrix, row) => withMeasures(matrix, columns, row)) };
}

/** The picture without the measures of its matrices, and those of each checkpoint. */
export interface RunFrame {
  readonly run: RunPicture;
  /** Says what the rows of the columns are: columns are of one kind while it is the same. */
  readonly rows: string;
  readonly columnOf: (checkpoint: JudgedCheckpoint) => Column;
}

export function runFrame(report: RunReport, name: string): RunFrame {
  const { path, recognised, missing, level, reasons, baseline, onset, alarm, forecast, checkpoints } = report;
  const lists = listsOf(report);
  const matrices = matricesOf(lists);
  const judged = matrices.find((matrix) => !isWeights(matrix) && lists.every(({ drifts, names }) => !drifts || names.has(key(matrix))));
  const keys = matrices.map(key);
  const run: RunPicture = {
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
    matrices: matrices.map((matrix) => ({
      ...matrixName(matrix),
      weights: isWeights(matrix),
      level: matrix.report.verdict.level,
      quantities: {},
    })),
    checkpoints: checkpoints.map(({ name, step, level }) => ({ name: plainText(name), step, level })),
  };
  const judgedKey = judged && key(judged);
  return {
    run,
    rows: JSON.stringify([judgedKey, keys]),
    columnOf: (checkpoint) => {
      const at = new Map(checkpoint.matrices.map((matrix) => [key(matrix), matrix]));
      return keys.map((id) => {
        const found = at.get(id);
        return found === undefined ? NOTHING : measures(found, checkpoint, id === judgedKey);
      });
    },
  };
}

const NOTHING: readonly Cell[] = TIMELINE_QUANTITIES.map(() => null);

/** The matrix as the picture names it. */
export function matrixName({ file, report }: Matrix): MatrixName {
  return { file: plainText(file), tensor: report.source.tensor && plainText(report.source.tensor) };
}

function key({ file, report }: Matrix): string {
  return JSON.stringify([file, report.source.tensor]);
}

/** Checkpoints with the same names of matrices, as nearly all of a run have. */
interface List {
  readonly names: ReadonlySet<string>;
  newest: Matrices;
  /** Whether any of them has drifts. */
  drifts: boolean;
}

/** In the order of their first checkpoints. */
function listsOf({ checkpoints }: RunReport): List[] {
  const lists = new Map<string, List>();
  for (const { matrices, drift } of checkpoints) {
    const all = namesOf(matrices);
    const list = lists.get(all) ?? { names: new Set(matrices.map(key)), newest: matrices, drifts: false };
    // Ends with the newest.
    lists.delete(all);
    lists.set(all, list);
    list.newest = matrices;
    list.drifts ||= Object.keys(drift).length > 0;
  }
  return [...lists.values()];
}

const names = new WeakMap<Matrices, string>();
/** Each once: the lists of the checkpoints of a run are equal. */
const lists = new Map<string, string>();

/** Takes a moment for each checkpoint that it was never asked of. */
export function namesOf(matrices: Matrices): string {
  let all = names.get(matrices);
  if (all === undefined) {
    const list = JSON.stringify(matrices.map(key));
    all = lists.get(list) ?? list;
    lists.set(all, all);
    names.set(matrices, all);
  }
  return all;
}

/** Each as its newest checkpoint has it: sets of embeddings, then weights, in the order in which the checkpoints have them. */
function matricesOf(lists: readonly List[]): Matrix[] {
  const newest = new Map<string, Matrix>();
  for (const list of lists) for (const matrix of list.newest) newest.set(key(matrix), matrix);
  return [...newest.values()].toSorted((a, b) => Number(isWeights(a)) - Number(isWeights(b)));
}

/** @param first whether this is the first set of embeddings that is judged: its drift goes by the names of the quantities alone */
function measures(matrix: Matrix, { drift }: JudgedCheckpoint, first: boolean): Cell[] {
  const { quantities, source } = matrix.report;
  const prefix = source.tensor === null ? `${matrix.file}#` : `${matrix.file}#${source.tensor}#`;
  const own = Object.entries(drift).filter(([name]) => (first ? !name.includes('#') : name.startsWith(prefix)));
  const evidence = own.flatMap(([, { evidence }]) => finite(evidence) ?? []);
  return TIMELINE_QUANTITIES.map((id) => {
    if (id === 'uCovDrift') return finite(drift[first ? 'U_cov' : `${prefix}U_cov`]?.value);
    if (id === 'evidence') return evidence.length > 0 ? Math.max(...evidence) : null;
    return cellOf(quantities[id]);
  });
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
