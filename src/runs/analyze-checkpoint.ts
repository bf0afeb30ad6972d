import { version } from '../../package.json';
import { type AnalysisHooks, analyze } from '../analysis/analyze';
import type { AnalysisOptions, SpectralReport } from '../analysis/report';
import { reportFromJson, toJson } from '../analysis/report-json';
import type { Backend } from '../compute/kernels';
import { FormatError } from '../formats/format-error';
import type { TensorFile } from '../formats/matrix-source';
import { openTensorFile } from '../formats/open';
import type { Checkpoint } from './checkpoint';
import { type Observation, observe, sameParts } from './completeness';
import { checkpointKey } from './content-key';
import type { History, HistoryEntry } from './history';
import type { AnalyzedCheckpoint, CheckpointReport, MatrixReport } from './run-report';

/** Milliseconds of work that may be lost when the system ends: reports are brought to the disk together. */
const SYNC_INTERVAL = 1000;

/** How checkpoints are analysed. */
export interface CheckpointAnalyzer {
  /** Directory of the run. */
  readonly run: string;
  readonly options: AnalysisOptions;
  readonly backend: Backend;
  /** Where reports are kept and found again; null keeps none. */
  readonly history: History | null;
}

/** What one checkpoint holds, and what of it could not be read. */
export interface CheckpointAnalysis {
  readonly checkpoint: AnalyzedCheckpoint;
  /** One sentence each. */
  readonly problems: readonly string[];
}

/**
 * Every matrix of every file of a checkpoint: what the history has of the same content is taken from there, the rest analysed and
 * added to it. Each file is closed before the next is opened.
 * @param hooks its progress runs over the whole checkpoint
 */
export async function analyzeCheckpoint(
  checkpoint: Checkpoint,
  { run, options, backend, history }: CheckpointAnalyzer,
  hooks: Pick<AnalysisHooks, 'poll' | 'progress'>,
): Promise<CheckpointAnalysis> {
  const { name, step, files } = checkpoint;
  const matrices: MatrixReport[] = [];
  const problems: string[] = [];
  let before: Observation;
  let content: string;
  let synced = performance.now();
  const unlessUnreadable = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      // A checkpoint may be deleted, or be unsound, while others are fine. A system's code is a word, that of a cancellation is not.
      if (!(error instanceof FormatError) && typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
      problems.push((error as Error).message);
    }
  };
  const readAll = async (): Promise<void> => {
    before = await observe(checkpoint, 0);
    content = history === null ? '' : await checkpointKey(checkpoint);
    for (const [i, { path, name: fileName }] of files.entries()) {
      await unlessUnreadable(async () => {
        const file = await openTensorFile(path);
        try {
          const tensors = file.tensors.filter(({ matrix }) => matrix !== null);
          for (const [j, tensor] of tensors.entries()) {
            const progress = (fraction: number, stage: string): void =>
              hooks.progress((i + (j + fraction) / tensors.length) / files.length, stage);
            matrices.push({ file: fileName, report: await matrixReport(file, fileName, tensor.name, progress) });
          }
        } finally {
          await file.close();
        }
      });
    }
  };
  try {
    await unlessUnreadable(readAll);
  } finally {
    await history?.sync();
  }
  return { checkpoint: { name, step, matrices }, problems };

  async function matrixReport(
    file: TensorFile,
    fileName: string,
    tensor: string,
    progress: AnalysisHooks['progress'],
  ): Promise<CheckpointReport> {
    const key = JSON.stringify([content, fileName, tensor, options, version]);
    const known = await history?.find(key);
    if (known !== undefined) return at(file.path, restored(known));
    const report = withoutSpectrum(await analyze(file, tensor, options, backend, { poll: hooks.poll, progress, refined: null }));
    if (history === null) return report;
    // It may be overwritten while it is read: what was read then is of neither save.
    if (await hasChanged()) throw new FormatError(checkpoint.path, null, 'it changed while it was read.');
    const head = { key, run, checkpoint: name, step, file: fileName, tensor: report.source.tensor };
    await history.append({ ...head, analysedAt: new Date().toISOString(), report: toJson(report) });
    if (performance.now() - synced > SYNC_INTERVAL) {
      await history.sync();
      synced = performance.now();
    }
    return report;
  }

  /** Its content is only read again where its files do not look as before. */
  async function hasChanged(): Promise<boolean> {
    const now = await observe(checkpoint, 0);
    return !sameParts(before.parts, now.parts) && (await checkpointKey(checkpoint)) !== content;
  }
}

/** The same content may have been analysed under another path. */
function at(path: string, report: CheckpointReport): CheckpointReport {
  return { ...report, source: { ...report.source, path } };
}

function withoutSpectrum(report: SpectralReport): CheckpointReport {
  return { ...report, spectrum: null };
}

/** @throws Error when the entry holds no report */
export function restored({ report }: HistoryEntry): CheckpointReport {
  return withoutSpectrum(reportFromJson(report));
}
