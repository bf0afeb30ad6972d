import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type AnalysisOptions, DEFAULT_OPTIONS } from '../analysis/report';
import { selectBackend } from '../compute/select';
import type { CheckpointAnalyzer } from '../runs/analyze-checkpoint';
import { type AnalyzedRun, analyzeRun, runReport } from '../runs/analyze-run';
import { type History, openHistory } from '../runs/history';
import { isWeights, sameMatrix } from '../runs/matrix-series';
import { findRuns, recognise } from '../runs/recognise';
import type { AnalyzedCheckpoint, RunReport } from '../runs/run-report';
import { closest } from '../words/closest';
import { ANALYSIS_FLAGS, analysisOptions } from './analysis-flags';
import { Failure } from './failure';
import type { Terminal } from './terminal';

/** The flags of every command that judges runs, for {@link parseArguments}. */
export const RUN_FLAGS = {
  ...ANALYSIS_FLAGS,
  baseline: { type: 'string' },
  control: { type: 'string', multiple: true },
  history: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** Their help, less that of --json. */
export const RUN_FLAGS_HELP = `  --baseline NAME    the checkpoint that the others are compared with (default: the first)
  --control DIR      a healthy run of the same kind: how much healthy checkpoints vary; may be repeated
  --history FILE     keep reports there: nothing is analysed twice, deleted checkpoints still count
  --rows N|all       read at most N rows of each matrix, drawn at random (default: all)
  --seed N           of that draw (default: ${DEFAULT_OPTIONS.seed})
  --ridge D          delta of logdet(G + delta I) (default: ${DEFAULT_OPTIONS.ridge})
  --no-normalize     take rows as they are (default: embeddings are scaled to unit length, weights are not)
  --backend NAME     auto, webgpu or cpu (default: ${DEFAULT_OPTIONS.backend})`;

export interface RunRequest {
  readonly options: AnalysisOptions;
  readonly baseline: string | null;
  readonly controls: readonly string[];
  readonly history: string | null;
  readonly json: boolean;
}

/** What the values of {@link RUN_FLAGS} mean. @throws Failure with one sentence that names the flag */
export function runRequest(
  values: Parameters<typeof analysisOptions>[0] & {
    readonly baseline?: string | undefined;
    readonly control?: readonly string[] | undefined;
    readonly history?: string | undefined;
    readonly json: boolean;
  },
): RunRequest {
  const { baseline = null, control = [], history = null, json } = values;
  return { options: analysisOptions(values), baseline, controls: control, history, json };
}

/** What the commands on runs share while they work: the backend, the history and the controls. */
export interface RunSession {
  readonly request: RunRequest;
  analyzer(directory: string): CheckpointAnalyzer;
  /** @throws Failure when nothing in it can be analysed, now or once its saves are complete */
  analyze(directory: string): Promise<AnalyzedRun>;
  /** Says on stderr why the history cannot be kept, once for each reason; nothing where it can. */
  complainOfUnkept(): void;
  /** @throws Failure when no checkpoint has the baseline's name */
  report(directory: string, run: AnalyzedRun): RunReport;
}

/** @param directories the runs that will be judged: the history may not lie in one of them */
export async function inRunSession<T>(
  request: RunRequest,
  directories: readonly string[],
  terminal: Terminal,
  work: (session: RunSession) => Promise<T>,
): Promise<T> {
  const history = request.history === null ? null : await openRunHistory(request.history, [...directories, ...request.controls]);
  try {
    const backend = await selectBackend(request.options.backend);
    try {
      let complained: string | null = null;
      const complainOfUnkept = (): void => {
        const unkept = history?.unkept ?? null;
        if (unkept === null || unkept === complained) return;
        complained = unkept;
        terminal.progress.erase();
        terminal.complain(unkept);
      };
      complainOfUnkept();
      const analyzer = (directory: string): CheckpointAnalyzer => {
        return { run: resolve(directory), options: request.options, backend, history };
      };
      const analyze = async (directory: string): Promise<AnalyzedRun> => {
        const progress = (fraction: number, stage: string): void =>
          terminal.progress.draw(fraction, `${basename(resolve(directory))} · ${stage}`);
        const run = await analyzeRun(analyzer(directory), { poll() {}, progress });
        complainOfUnkept();
        if (run.checkpoints.length === 0 && run.pending.length === 0) throw nothingIn(directory, run);
        return run;
      };
      const controls: (readonly AnalyzedCheckpoint[])[] = [];
      for (const directory of request.controls) controls.push((await analyze(directory)).checkpoints);
      const report = (directory: string, run: AnalyzedRun): RunReport => {
        const unknown = unknownBaseline(request.baseline, run.checkpoints);
        if (unknown !== null) throw new Failure(`${directory}: ${unknown}`);
        const judged = runReport(directory, run, { baseline: request.baseline, controls });
        const useless = request.controls.filter((_, i) => !informs(controls[i]!, run.checkpoints));
        const sentences = useless.map((control) => `The control ${control} says nothing of this run: ${UNINFORMATIVE}`);
        return { ...judged, missing: [...judged.missing, ...sentences] };
      };
      return await work({ request, analyzer, analyze, report, complainOfUnkept });
    } finally {
      terminal.progress.erase();
      await backend.kernels.close();
    }
  } finally {
    await history?.close();
  }
}

const UNINFORMATIVE = 'that takes two of its checkpoints or more, with embeddings under the same file names.';

/** Whether a control tells how much healthy checkpoints of a run vary. */
function informs(control: readonly AnalyzedCheckpoint[], checkpoints: readonly AnalyzedCheckpoint[]): boolean {
  const embeddings = (checkpoints[0]?.matrices ?? []).filter((matrix) => !isWeights(matrix));
  return control.length > 1 && embeddings.some((matrix) => control.every((checkpoint) => sameMatrix(matrix, checkpoint) !== undefined));
}

async function openRunHistory(path: string, directories: readonly string[]): Promise<History> {
  const inside = directories.find((directory) => contains(directory, path));
  if (inside !== undefined)
    throw new Failure(`--history ${path}: it would lie in the run ${inside}; name a file outside, nothing is written there`);
  const history = await openHistory(path);
  if (history.damaged === 0 || history.entries.length > 0) return history;
  await history.close();
  throw new Failure(`--history ${path}: this is no history of sigma, and is left as it is; name another file`);
}

function contains(directory: string, path: string): boolean {
  const way = relative(resolve(directory), resolve(path));
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`);
}

/** Why the checkpoints have no such baseline, in a sentence; null where they have. */
export function unknownBaseline(baseline: string | null, checkpoints: readonly AnalyzedCheckpoint[]): string | null {
  const names = checkpoints.map(({ name }) => name);
  if (baseline === null || names.includes(baseline)) return null;
  const nearest = closest(baseline, names, 3);
  return `there is no analysed checkpoint '${baseline}'${nearest.length === 0 ? '' : `; the closest names are ${nearest.join(', ')}`}`;
}

function nothingIn(directory: string, { listing, problems }: AnalyzedRun): Failure {
  return new Failure(problems[0] ?? `${directory}: ${listing.missing[0] ?? listing.recognised}`);
}

/** Says on stderr that something complete could not be read. @returns whether there was any */
export function complainOfUnread(directory: string, run: AnalyzedRun, where: string, terminal: Terminal): boolean {
  const unread = run.problems.length;
  if (unread > 0)
    terminal.complain(`${directory}: ${unread === 1 ? 'one file' : `${unread} files`} of its checkpoints could not be read; ${where}`);
  return unread > 0;
}

/**
 * The runs that are meant by a folder: itself, or those below it; itself also where there are none.
 * @throws FormatError when there is no such folder
 */
export async function runsIn(directory: string): Promise<readonly string[]> {
  if ((await recognise(directory)).checkpoints.length > 0) return [directory];
  const below = (await findRuns(directory)).map((run) => join(directory, relative(resolve(directory), run)));
  return below.length === 0 ? [directory] : below;
}
