import type { AnalysisHooks } from '../analysis/analyze';
import { analyzeCheckpoint, type CheckpointAnalyzer } from './analyze-checkpoint';
import type { RunListing } from './checkpoint';
import { deletedCheckpoints } from './deleted-checkpoints';
import { type JudgeOptions, judgeRun } from './judge-run';
import { recognise } from './recognise';
import { type AnalyzedCheckpoint, RUN_SCHEMA, type RunReport } from './run-report';

/** A run as far as it has been analysed. */
export interface AnalyzedRun {
  readonly listing: RunListing;
  readonly checkpoints: readonly AnalyzedCheckpoint[];
  /** Saves that are not complete, one sentence each. */
  readonly pending: readonly string[];
  /** What is complete and cannot be read, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Every complete checkpoint of a run as it lies there now, and those that are gone by now where the history has them.
 * @throws FormatError when there is no such folder
 */
export async function analyzeRun(analyzer: CheckpointAnalyzer, hooks: Pick<AnalysisHooks, 'poll' | 'progress'>): Promise<AnalyzedRun> {
  const listing = await recognise(analyzer.run);
  const checkpoints: AnalyzedCheckpoint[] = [];
  const pending: string[] = [];
  const problems: string[] = [];
  const saved = listing.checkpoints.filter(({ files }) => files.length > 0);
  for (const [i, checkpoint] of saved.entries()) {
    if (checkpoint.marker === 'pending') {
      pending.push(`${checkpoint.name} is not complete: it waits for ${checkpoint.waitingFor}.`);
      continue;
    }
    const analysis = await analyzeCheckpoint(checkpoint, analyzer, {
      poll: hooks.poll,
      progress: (fraction, stage) => hooks.progress((i + fraction) / saved.length, `${checkpoint.name} · ${stage}`),
    });
    checkpoints.push(analysis.checkpoint);
    problems.push(...analysis.problems);
  }
  const names = listing.checkpoints.map(({ name }) => name);
  const gone = analyzer.history === null ? [] : await deletedCheckpoints(analyzer.history, analyzer.run, names);
  return { listing, checkpoints: inOrder([...checkpoints, ...gone]), pending, problems };
}

/** What is to be said of it. @throws Error when no checkpoint has the baseline's name */
export function runReport(path: string, { listing, checkpoints, pending, problems }: AnalyzedRun, options: JudgeOptions): RunReport {
  const { layout, recognised, missing } = listing;
  return {
    schema: RUN_SCHEMA,
    path,
    layout,
    recognised,
    missing: [...missing, ...pending, ...problems],
    ...judgeRun(checkpoints, options),
  };
}

export function inOrder(checkpoints: readonly AnalyzedCheckpoint[]): AnalyzedCheckpoint[] {
  return checkpoints.filter(({ matrices }) => matrices.length > 0).sort((a, b) => a.step - b.step);
}
