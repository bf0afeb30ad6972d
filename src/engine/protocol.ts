import { NotificationType, NotificationType0, ProgressType, RequestType, RequestType0 } from 'vscode-jsonrpc';
import type { Comparison } from '../analysis/comparison';
import type { AnalysisOptions, SpectralReport } from '../analysis/report';
import type { CallGpu, GpuCall } from '../compute/gpu-calls';
import type { BackendStatus } from '../compute/select';
import type { FormatStatus } from '../formats/format-statuses';
import type { TensorFile } from '../formats/matrix-source';
import type { RawLayout } from '../formats/vectors/raw';
import { ALARM_EVIDENCE, COLLAPSED_SHARE, WATCH_EVIDENCE } from '../runs/findings';
import type { RunReport } from '../runs/run-report';
import type { WatchNotice } from '../runs/watch-run';
import type { RunChange, SentReports } from './run-changes';

export { isWeights, sameMatrix } from '../runs/matrix-series';
export { plainReport } from '../runs/packed-reports';
export type { JudgedCheckpoint, NamedStep, RunReport } from '../runs/run-report';
export type { WatchNotice } from '../runs/watch-run';
export type { CallGpu, GpuCall, RawLayout };

/** At which share of the baseline's effective rank a run has collapsed, and from which evidence of a change it is watched and alarmed. */
export const RUN_LIMITS = { rankShare: COLLAPSED_SHARE, watchEvidence: WATCH_EVIDENCE, alarmEvidence: ALARM_EVIDENCE };

/** What a file holds, without its numbers. */
export type FileSummary = Pick<TensorFile, 'path' | 'format' | 'bytes' | 'tensors' | 'warnings'>;

/** On screen first: `visible` jobs start before `background` ones, and those give way to them. */
export type Priority = 'visible' | 'background';

/** A file to look into. */
export interface InspectParams extends Pick<AnalysisOptions, 'raw'> {
  readonly path: string;
}

/** One matrix to analyse. */
export interface AnalysisJob {
  readonly path: string;
  /** Empty for the only array of a file. */
  readonly tensor: string;
  readonly options: AnalysisOptions;
  readonly priority: Priority;
}

export interface AnalyzeParams extends AnalysisJob {
  /** Chosen by the caller; updates of this job carry it. */
  readonly token: number;
}

/** A matrix by its place, `tensor` as in {@link AnalysisJob}. */
export type MatrixPlace = Pick<AnalysisJob, 'path' | 'tensor'>;

/** Two matrices to compare, A the baseline. */
export interface ComparisonJob extends Pick<AnalysisJob, 'options' | 'priority'> {
  readonly a: MatrixPlace;
  readonly b: MatrixPlace;
}

export interface CompareParams extends ComparisonJob {
  /** As in {@link AnalyzeParams}. */
  readonly token: number;
}

/** A folder to judge once as a run, against its first checkpoint. */
export interface RunJob extends Pick<AnalysisJob, 'path' | 'options' | 'priority'> {}

export interface RunParams extends RunJob {
  /** As in {@link AnalyzeParams}. */
  readonly token: number;
}

/** Sent while a job runs: how far it is, and each full report that a refinement step of an analysis gives. */
export interface AnalyzeUpdate {
  /** In [0, 1]; never falls, but where a background job is begun anew. */
  readonly fraction: number;
  /** For a person, e.g. `Reading 4,000 of 50,000 rows`. */
  readonly stage: string;
  readonly report: SpectralReport | null;
}

/** A folder to watch: a run, or a folder of runs, to each of which the rest applies. */
export interface WatchedFolder {
  /** Absolute. */
  readonly path: string;
  /** Name of the checkpoint to compare with; null for the first. */
  readonly baseline: string | null;
  /** Absolute paths of healthy runs of the same kind. */
  readonly controls: readonly string[];
  readonly options: AnalysisOptions;
}

/** Everything that is to be watched: replaces what was watched before. */
export interface RunWatchSet {
  readonly runs: readonly WatchedFolder[];
  /** File in which reports are kept, outside of the folders. */
  readonly history: string;
  /** Whether checkpoints are looked for, but not analysed. */
  readonly paused?: boolean;
  /** Milliseconds, as in WatchOptions. */
  readonly quiet?: number;
  readonly interval?: number;
}

/** What becomes of a run; `run` is its path. A run that is not watched any more has ended. */
export type RunEvent =
  | { readonly kind: 'changed'; readonly run: string; readonly report: RunReport }
  | { readonly kind: 'notice'; readonly run: string; readonly notice: WatchNotice }
  /** Of a run one checkpoint is analysed at a time. Paused: its analysis was cancelled, or not begun, and begins when the set is not paused any more. */
  | { readonly kind: 'analysis'; readonly run: string; readonly checkpoint: string; readonly state: 'running' | 'paused' | 'over' }
  /** Its reports cannot be kept, which goes for all runs; `reason` is a sentence for a person. Once for every reason. */
  | { readonly kind: 'unkept'; readonly run: string; readonly reason: string }
  | { readonly kind: 'ended'; readonly run: string };

/** The same on its way. */
export type SentRunEvent =
  | Exclude<RunEvent, { kind: 'changed' }>
  | { readonly kind: 'changed'; readonly run: string; readonly report: RunChange }
  | ({ readonly kind: 'reports' } & SentReports);

export interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly backends: readonly BackendStatus[];
  readonly formats: readonly FormatStatus[];
}

/**
 * Why a request failed (JSON-RPC application range). `format`: the file is not what it should be. `unknownFormat`: it is of no format
 * that is known. `cancelled`: the caller asked for it.
 * `internal`: a fault of ours. `stopped`: the engine went away before it could answer.
 */
export const ErrorCode = { format: 1, cancelled: 2, internal: 3, stopped: 4, unknownFormat: 5 } as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** A failed request. Between threads and processes it travels as its code and message. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  /** @param message one sentence for a person */
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
  }

  /** Whether the file is at fault, and nothing else. */
  get isOfFile(): boolean {
    return this.code === ErrorCode.format || this.code === ErrorCode.unknownFormat;
  }

  static cancelled(): EngineError {
    return new EngineError(ErrorCode.cancelled, 'Cancelled.');
  }
}

export const inspectRequest = new RequestType<InspectParams, FileSummary, void>('sigma/inspect');
export const analyzeRequest = new RequestType<AnalyzeParams, SpectralReport, void>('sigma/analyze');
/** Updates as of an analysis, without reports. */
export const compareRequest = new RequestType<CompareParams, Comparison, void>('sigma/compare');
/** Updates as of an analysis, without reports. */
export const runRequest = new RequestType<RunParams, RunReport, void>('sigma/run');
export const doctorRequest = new RequestType0<DoctorReport, void>('sigma/doctor');
export const watchRunsNotification = new NotificationType<RunWatchSet>('sigma/watchRuns');
export const runChangedNotification = new NotificationType<SentRunEvent>('sigma/runChanged');
/** The engine asks: a panel may have the GPU that it cannot have itself. */
export const gpuRequest = new RequestType<GpuCall, unknown, void>('sigma/gpu');
export const shutdownRequest = new RequestType0<null, void>('sigma/shutdown');
export const exitNotification = new NotificationType0('sigma/exit');
export const analyzeUpdates = new ProgressType<AnalyzeUpdate>();
