import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Comparison } from '../analysis/comparison';
import type { AnalysisOptions, SpectralReport } from '../analysis/report';
import type { CallGpu } from '../compute/gpu-calls';
import type { CheckpointAnalysis } from '../runs/analyze-checkpoint';
import type { Checkpoint } from '../runs/checkpoint';
import type { History } from '../runs/history';
import type { PackedReports } from '../runs/packed-reports';
import type { AnalyzedCheckpoint, RunReport } from '../runs/run-report';
import { answerOver } from './gpu-relay';
import {
  type AnalyzeUpdate,
  type DoctorReport,
  EngineError,
  ErrorCode,
  type FileSummary,
  type InspectParams,
  type MatrixPlace,
  type Priority,
} from './protocol';

/** What a worker thread can be asked, and what it answers. */
export interface Tasks {
  readonly inspect: {
    readonly params: InspectParams;
    readonly result: { readonly summary: FileSummary; readonly fingerprint: string };
  };
  readonly analyze: {
    readonly params: { readonly path: string; readonly tensor: string; readonly options: AnalysisOptions };
    /** The fingerprint is that of the file that was read, which may have changed since it was asked for. */
    readonly result: { readonly report: SpectralReport; readonly fingerprint: string };
  };
  readonly compare: {
    /** `normalize` of the options is resolved. */
    readonly params: { readonly a: ComparedSide; readonly b: ComparedSide; readonly options: AnalysisOptions };
    /** Fingerprints of the files that were read. */
    readonly result: { readonly comparison: Comparison; readonly fingerprints: { readonly a: string; readonly b: string } };
  };
  readonly run: {
    readonly params: { readonly path: string; readonly options: AnalysisOptions };
    readonly result: RunReport;
  };
  /** The thread keeps the history: what it finds there is not computed, and what it computes is added. */
  readonly checkpoint: {
    readonly params: {
      readonly run: string;
      readonly checkpoint: Checkpoint;
      /** Names of the checkpoints that the run has now. */
      readonly listed: readonly string[];
      /** Names of those whose reports the caller has. */
      readonly inHand: ReadonlySet<string>;
      readonly options: AnalysisOptions;
      readonly history: string;
    };
    readonly result: CheckpointResult<PackedCheckpoint>;
  };
  readonly doctor: { readonly params: null; readonly result: Pick<DoctorReport, 'backends' | 'formats'> };
}
/** A matrix, with its report where that is known; it is of use if the file is still the same. */
export interface ComparedSide extends MatrixPlace {
  readonly known: { readonly fingerprint: string; readonly report: SpectralReport } | null;
}
/** Of a checkpoint of a watched run. */
export interface CheckpointResult<T> {
  readonly checkpoint: T;
  readonly problems: CheckpointAnalysis['problems'];
  /** As in {@link History}. */
  readonly unkept: History['unkept'];
  /** What the history has of checkpoints that the run had earlier. */
  readonly deleted: {
    /** Of all of them. */
    readonly names: readonly string[];
    /** Some of those that the caller did not have; it asks again for the rest. */
    readonly read: readonly T[];
  };
}
/** An {@link AnalyzedCheckpoint} on its way. */
export interface PackedCheckpoint extends Omit<AnalyzedCheckpoint, 'matrices'> {
  readonly reports: PackedReports;
}
export type TaskName = keyof Tasks;

export type TaskMessage = { readonly [N in TaskName]: { readonly name: N; readonly params: Tasks[N]['params'] } }[TaskName] & {
  /** Shared: set to 1 when the task is to stop. A message would not be read while the thread computes. */
  readonly cancelled: Int32Array<SharedArrayBuffer>;
};

/** What a thread is started with. */
export interface ThreadData {
  readonly kind: Priority;
  /** Over which the editor's panels can be asked for a GPU. */
  readonly gpu: MessagePort | null;
}

export type ThreadMessage =
  | { readonly type: 'update'; readonly update: AnalyzeUpdate }
  | { readonly type: 'result'; readonly result: Tasks[TaskName]['result'] }
  | { readonly type: 'failure'; readonly code: ErrorCode; readonly message: string };

interface RunningTask {
  message(message: ThreadMessage): void;
  fail(error: EngineError): void;
}

/** Milliseconds that a cancelled task has for stopping by itself, which keeps the thread and its proven backend; it takes a few as a rule. */
const GRACE = 500;

// Matrices live in typed arrays, which this does not limit; the heap holds headers and reports.
const HEAP_MEGABYTES = 1024;

/** A thread that does one task at a time; it is started when needed, and replaced when it crashes or does not stop. */
export class WorkerThread {
  #worker: Worker | null = null;
  #task: RunningTask | null = null;

  /**
   * @param script the worker's bundle
   * @param kind `background` gives way to everything else on the machine, where a thread of its own can
   * @param callGpu asks the editor's panels for a GPU
   */
  constructor(
    readonly script: string,
    readonly heapMegabytes = HEAP_MEGABYTES,
    readonly kind: Priority = 'visible',
    readonly callGpu: CallGpu | null = null,
  ) {}

  /**
   * Rejects with the signal's reason once the task has stopped after an abort, and with an EngineError when it fails.
   * @throws Error when a task is running
   */
  async run<N extends TaskName>(
    name: N,
    params: Tasks[N]['params'],
    signal: AbortSignal,
    onUpdate?: (update: AnalyzeUpdate) => void,
  ): Promise<Tasks[N]['result']> {
    if (this.#task) throw new Error('The thread is busy.');
    signal.throwIfAborted();
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const cancelled = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    return new Promise((resolve, reject) => {
      let grace: NodeJS.Timeout | undefined;
      const cancel = () => {
        Atomics.store(cancelled, 0, 1);
        grace = setTimeout(() => this.#discard(EngineError.cancelled()), GRACE);
      };
      const end = (settle: () => void) => {
        clearTimeout(grace);
        signal.removeEventListener('abort', cancel);
        this.#task = null;
        settle();
      };
      const fail = (error: EngineError) => end(() => reject(signal.aborted ? signal.reason : error));
      this.#task = {
        message: (message) => {
          if (message.type === 'update') onUpdate?.(message.update);
          else if (message.type === 'result') end(() => resolve(message.result));
          else fail(new EngineError(message.code, message.message));
        },
        fail,
      };
      signal.addEventListener('abort', cancel, { once: true });
      worker.postMessage({ name, params, cancelled } as TaskMessage);
    });
  }

  /** Ends the thread; a task that still runs fails. */
  close(): void {
    this.#discard(new EngineError(ErrorCode.stopped, 'The engine was shut down.'));
  }

  #start(): Worker {
    const { port1: here, port2: gpu } = new MessageChannel();
    if (this.callGpu !== null) answerOver(here, this.callGpu);
    here.unref();
    const worker = new Worker(this.script, {
      workerData: { kind: this.kind, gpu: this.callGpu === null ? null : gpu } satisfies ThreadData,
      transferList: this.callGpu === null ? [] : [gpu],
      resourceLimits: { maxOldGenerationSizeMb: this.heapMegabytes },
    });
    // A thread that was discarded may still speak while it ends.
    const current = () => worker === this.#worker;
    worker.on('message', (message: ThreadMessage) => current() && this.#task?.message(message));
    worker.on(
      'error',
      (error) => current() && this.#discard(new EngineError(ErrorCode.internal, crashSentence(error, this.heapMegabytes))),
    );
    worker.on('exit', () => current() && this.#discard(new EngineError(ErrorCode.internal, crashSentence(null, this.heapMegabytes))));
    return worker;
  }

  #discard(error: EngineError): void {
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
    this.#task?.fail(error);
  }
}

function crashSentence(error: (Error & { code?: string }) | null, heapMegabytes: number): string {
  if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return `The computation needed more than its ${heapMegabytes} MB of working memory and was stopped.`;
  return `The computation stopped unexpectedly${error ? `: ${error.message}` : ''}.`;
}
