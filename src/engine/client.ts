import {
  type CancellationToken,
  CancellationTokenSource,
  ConnectionError,
  ErrorCodes,
  type MessageConnection,
  ResponseError,
} from 'vscode-jsonrpc/node';
import type { Comparison } from '../analysis/comparison';
import type { SpectralReport } from '../analysis/report';
import type { CallGpu } from '../compute/gpu-calls';
import { CrashHistory, RESTART_POLICY, type RestartPolicy } from './crash-history';
import { EngineProcess } from './engine-process';
import {
  type AnalysisJob,
  type AnalyzeUpdate,
  analyzeRequest,
  analyzeUpdates,
  type ComparisonJob,
  compareRequest,
  type DoctorReport,
  doctorRequest,
  EngineError,
  ErrorCode,
  type FileSummary,
  gpuRequest,
  inspectRequest,
  type MatrixPlace,
  type RawLayout,
  type RunEvent,
  type RunJob,
  type RunReport,
  type RunWatchSet,
  runChangedNotification,
  runRequest,
  watchRunsNotification,
} from './protocol';
import { RunReceiver } from './run-changes';

/** `idle`: starts with the next request. `failing`: it keeps dying and is not started until `restart` is called. */
export type EngineState = 'idle' | 'running' | 'failing';

export interface EngineClientOptions {
  /** The engine's bundle, `dist/engine.js`; the worker's lies beside it. */
  readonly script: string;
  /** Gets what the engine prints, and why it stopped. */
  readonly log: (text: string) => void;
  readonly onStateChange?: (state: EngineState) => void;
  /** What becomes of the runs that are watched. */
  readonly onRunEvent?: (event: RunEvent) => void;
  readonly restartPolicy?: RestartPolicy;
  /** Answers the engine from a panel's GPU. */
  readonly callGpu?: CallGpu;
  /** Folders in which the engine must look for no program, such as the workspace's; null, and by default, if it must start none at all. */
  readonly foreignFolders?: () => readonly string[] | null;
}

/**
 * The host's side of the engine. The process starts with the first request or the first run to watch, and
 * again after a crash.
 * Every method rejects with an EngineError, and none stays pending: a request that a crash cuts off is tried once more, then fails.
 */
export class EngineClient {
  readonly #options: EngineClientOptions;
  readonly #crashes: CrashHistory;
  #state: EngineState = 'idle';
  #process: EngineProcess | null = null;
  /** The wait before the next start. */
  #backOff: BackOff | null = null;
  #lastExit = '';
  #ending: Promise<unknown> = Promise.resolve();
  #disposed = false;
  #nextToken = 0;
  #watched: RunWatchSet | null = null;

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.#crashes = new CrashHistory(options.restartPolicy ?? RESTART_POLICY);
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  inspect(path: string, signal?: AbortSignal, raw?: RawLayout): Promise<FileSummary> {
    return this.#request(`reading ${path}`, signal, (connection, token) => connection.sendRequest(inspectRequest, { path, raw }, token));
  }

  /**
   * Rejects with `ErrorCode.cancelled` when the signal is aborted, once the arithmetic has stopped.
   * @param watch.onUpdate progress and refined reports; begins anew when the analysis is tried once more after a crash
   */
  analyze(job: AnalysisJob, watch: JobWatch = {}): Promise<SpectralReport> {
    return this.#follow(`analysing ${placeName(job)}`, watch, (connection, updates, token) =>
      connection.sendRequest(analyzeRequest, { ...job, token: updates }, token),
    );
  }

  /** As `analyze`; a report that the engine still has of either matrix is not computed again. */
  compare(job: ComparisonJob, watch: JobWatch = {}): Promise<Comparison> {
    return this.#follow(`comparing ${placeName(job.a)} and ${placeName(job.b)}`, watch, (connection, updates, token) =>
      connection.sendRequest(compareRequest, { ...job, token: updates }, token),
    );
  }

  /** Every complete checkpoint of a folder, judged; nothing is kept of it. */
  run(job: RunJob, watch: JobWatch = {}): Promise<RunReport> {
    return this.#follow(`analysing the run ${job.path}`, watch, (connection, updates, token) =>
      connection.sendRequest(runRequest, { ...job, token: updates }, token),
    );
  }

  doctor(signal?: AbortSignal): Promise<DoctorReport> {
    return this.#request('checking the backends', signal, (connection, token) => connection.sendRequest(doctorRequest, token));
  }

  /** Replaces what is watched. A process that starts after a crash goes on with it. */
  watchRuns(set: RunWatchSet): void {
    this.#watched = set;
    if (this.#process) sendWatchSet(this.#process, set);
    else this.#goOnWatching();
  }

  /** Forgets earlier crashes and ends the process that runs, if any; its pending requests go to the next one. */
  restart(): void {
    this.#crashes.clear();
    this.#stop();
    this.#goOnWatching();
  }

  /** Ends the process; pending requests fail. Resolves when the process is gone. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#stop();
    await this.#ending;
  }

  /** A request that tells how far it is. */
  #follow<T>(
    doing: string,
    { signal, onUpdate }: JobWatch,
    send: (connection: MessageConnection, updates: number, token: CancellationToken) => Promise<T>,
  ): Promise<T> {
    return this.#request(doing, signal, async (connection, token) => {
      const updates = this.#nextToken++;
      const listener = connection.onProgress(analyzeUpdates, updates, (update) => onUpdate?.(update));
      try {
        return await send(connection, updates, token);
      } finally {
        listener.dispose();
      }
    });
  }

  async #request<T>(
    doing: string,
    signal: AbortSignal | undefined,
    send: (connection: MessageConnection, token: CancellationToken) => Promise<T>,
  ): Promise<T> {
    if (signal?.aborted) throw EngineError.cancelled();
    for (let firstTry = true; ; firstTry = false) {
      const engine = await this.#running(signal);
      if (signal?.aborted) throw EngineError.cancelled();
      const cancellation = new CancellationTokenSource();
      const cancel = () => cancellation.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        return await send(engine.connection, cancellation.token);
      } catch (error) {
        const failure = engineError(error);
        if (failure.code !== ErrorCode.stopped) throw failure;
        if (signal?.aborted) throw EngineError.cancelled();
        if (this.#disposed) throw shutDown();
        if (!firstTry) throw this.#crashed(doing);
      } finally {
        signal?.removeEventListener('abort', cancel);
      }
    }
  }

  async #running(signal: AbortSignal | undefined): Promise<EngineProcess> {
    while (this.#backOff) await unlessAborted(this.#backOff.over, signal);
    if (this.#disposed) throw shutDown();
    if (this.#state === 'failing') {
      const sentence = `The engine keeps stopping (${this.#crashes.count} times in a row, last with ${this.#lastExit}) and was not started again.`;
      throw new EngineError(ErrorCode.stopped, `${sentence} Its log says why; restart it to try again.`);
    }
    this.#process ??= this.#start();
    return this.#process;
  }

  #start(): EngineProcess {
    const { script, log } = this.#options;
    const foreignFolders = this.#options.foreignFolders?.() ?? null;
    const engine: EngineProcess = new EngineProcess(script, foreignFolders, { log, onExit: (how) => this.#onExit(engine, how) });
    const { callGpu } = this.#options;
    if (callGpu !== undefined) engine.connection.onRequest(gpuRequest, (call) => callGpu(call));
    const runs = new RunReceiver();
    engine.connection.onNotification(runChangedNotification, (event) => {
      if (event.kind === 'ended') runs.forget(event.run);
      if (event.kind === 'reports') {
        runs.take(event);
        return;
      }
      // One that was told to end may still speak.
      if (engine !== this.#process) return;
      this.#options.onRunEvent?.(event.kind === 'changed' ? { ...event, report: runs.report(event.report) } : event);
    });
    if (this.#watched?.runs.length) sendWatchSet(engine, this.#watched);
    this.#enter('running');
    return engine;
  }

  #stop(): void {
    const engine = this.#process;
    this.#process = null;
    this.#backOff?.end();
    this.#enter('idle');
    if (engine) this.#ending = Promise.all([this.#ending, engine.stop()]);
  }

  #onExit(engine: EngineProcess, how: string): void {
    // One that was told to end is no longer this one.
    if (engine !== this.#process) return;
    this.#process = null;
    this.#lastExit = how;
    this.#options.log(`The engine stopped unexpectedly (${how}).\n`);
    const delay = this.#crashes.crashed(performance.now());
    if (delay !== null && delay > 0) this.#backOff = this.#pause(delay);
    this.#enter(delay === null ? 'failing' : 'idle');
    if (delay !== null) this.#goOnWatching();
  }

  /** With runs to watch the process does not wait for a request. */
  #goOnWatching(): void {
    // Whatever is wrong with the engine is told by its state.
    if (this.#watched?.runs.length) this.#running(undefined).catch(() => {});
  }

  #pause(milliseconds: number): BackOff {
    let end!: () => void;
    const over = new Promise<void>((resolve) => {
      const timer = setTimeout(() => end(), milliseconds);
      end = () => {
        clearTimeout(timer);
        this.#backOff = null;
        resolve();
      };
    });
    return { over, end };
  }

  #crashed(doing: string): EngineError {
    const next =
      this.#state === 'failing' ? 'Restart it to try again; its log says why it stopped.' : 'It starts again with the next request.';
    const sentence = `The engine stopped unexpectedly (${this.#lastExit}) while ${doing}, and did so again when that was tried once more.`;
    return new EngineError(ErrorCode.stopped, `${sentence} ${next}`);
  }

  #enter(state: EngineState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onStateChange?.(state);
  }
}

/** How a caller stops a job and hears how far it is. */
export interface JobWatch {
  readonly signal?: AbortSignal;
  readonly onUpdate?: (update: AnalyzeUpdate) => void;
}

function placeName({ path, tensor }: MatrixPlace): string {
  return tensor === '' ? path : `${tensor} of ${path}`;
}

interface BackOff {
  readonly over: Promise<void>;
  /** Makes it over now. */
  end(): void;
}

function sendWatchSet({ connection }: EngineProcess, set: RunWatchSet): void {
  // It fails when the process ends, and the next one gets it then.
  connection.sendNotification(watchRunsNotification, set).catch(() => {});
}

function shutDown(): EngineError {
  return new EngineError(ErrorCode.stopped, 'The engine was shut down.');
}

/** What a failed request means: the engine's own answer, or that there was none. */
function engineError(error: unknown): EngineError {
  if (error instanceof ConnectionError) return new EngineError(ErrorCode.stopped, error.message);
  if (!(error instanceof ResponseError)) return new EngineError(ErrorCode.internal, String(error));
  const unanswered = error.code === ErrorCodes.PendingResponseRejected || error.code === ErrorCodes.MessageWriteError;
  const answer = Object.values(ErrorCode).find((code) => code === error.code) ?? ErrorCode.internal;
  return new EngineError(unanswered ? ErrorCode.stopped : answer, error.message);
}

/** @throws EngineError (cancelled) when the signal is aborted before the promise settles */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  if (signal.aborted) throw EngineError.cancelled();
  let cancel!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    cancel = () => reject(EngineError.cancelled());
    signal.addEventListener('abort', cancel, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
