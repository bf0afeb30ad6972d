// The thread in which the arithmetic runs. Tasks come one at a time.
import { parentPort, workerData } from 'node:worker_threads';
import { type AnalysisHooks, analyze } from '../analysis/analyze';
import { compare, type Side } from '../analysis/compare';
import type { Backend, BackendChoice } from '../compute/kernels';
import { offerPanelGpu } from '../compute/open-gpu';
import { backendStatuses, selectBackend } from '../compute/select';
import { FormatError, UnknownFormatError } from '../formats/format-error';
import { formatStatuses } from '../formats/format-statuses';
import type { TensorFile } from '../formats/matrix-source';
import { openTensorFile } from '../formats/open';
import { analyzeCheckpoint } from '../runs/analyze-checkpoint';
import { analyzeRun, runReport } from '../runs/analyze-run';
import { deletedHeads, readDeleted } from '../runs/deleted-checkpoints';
import { giveWay } from '../runs/give-way';
import { type History, openHistory } from '../runs/history';
import { pack } from '../runs/packed-reports';
import type { AnalyzedCheckpoint } from '../runs/run-report';
import { callsOver } from './gpu-relay';
import { Progress } from './progress';
import { EngineError, ErrorCode, type InspectParams } from './protocol';
import type { ComparedSide, PackedCheckpoint, TaskMessage, TaskName, Tasks, ThreadData, ThreadMessage } from './worker-thread';

/** Milliseconds between looks at the cancel flag while something else is awaited. */
const WATCH_INTERVAL = 50;

/** How many checkpoints that are gone are read for one task: each may have thousands of reports. */
const MOST_DELETED = 8;

const { kind, gpu } = workerData as ThreadData;
// Elsewhere it would be the whole engine, and what is on screen with it.
if (kind === 'background' && process.platform === 'linux') giveWay();
if (gpu !== null) offerPanelGpu(callsOver(gpu));

const backendFor = kept((choice: BackendChoice): Promise<Backend> => selectBackend(choice));
const historyIn = kept((path: string): Promise<History> => openHistory(path));

/** Makes one thing for each key and keeps it. A failure is not kept: the next task tries anew. */
function kept<K, T>(make: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const all = new Map<K, Promise<T>>();
  return (key) => {
    let one = all.get(key);
    if (!one) {
      one = make(key);
      one.catch(() => all.delete(key));
      all.set(key, one);
    }
    return one;
  };
}

async function perform(task: TaskMessage): Promise<Tasks[TaskName]['result']> {
  switch (task.name) {
    case 'doctor':
      return { backends: await backendStatuses(), formats: await formatStatuses() };
    case 'inspect':
      return withFile(task.params, async (file) => {
        const { path, format, bytes, tensors, warnings, fingerprint } = file;
        return { summary: { path, format, bytes, tensors, warnings }, fingerprint };
      });
    case 'analyze': {
      const { path, tensor, options } = task.params;
      const backend = await unlessCancelled(backendFor(options.backend), task);
      return withFile({ path, raw: options.raw }, async (file) => ({
        report: await analyze(file, tensor, options, backend, hooksOf(task)),
        fingerprint: file.fingerprint,
      }));
    }
    case 'compare': {
      const { a, b, options } = task.params;
      const backend = await unlessCancelled(backendFor(options.backend), task);
      return withFile({ path: a.path, raw: options.raw }, (fileA) =>
        withFile({ path: b.path, raw: options.raw }, async (fileB) => ({
          comparison: await compare(sideOf(a, fileA), sideOf(b, fileB), options, backend, hooksOf(task)),
          fingerprints: { a: fileA.fingerprint, b: fileB.fingerprint },
        })),
      );
    }
    case 'run': {
      const { path, options } = task.params;
      const backend = await unlessCancelled(backendFor(options.backend), task);
      const run = await analyzeRun({ run: path, options, backend, history: null }, hooksOf(task));
      const { listing, checkpoints, pending, problems } = run;
      if (checkpoints.length > 0) return runReport(path, run, { baseline: null, controls: [] });
      throw new FormatError(path, null, problems[0] ?? pending[0] ?? listing.missing[0] ?? listing.recognised);
    }
    case 'checkpoint': {
      const { run, checkpoint, listed, inHand, options, history: path } = task.params;
      const backend = await unlessCancelled(backendFor(options.backend), task);
      const history = await historyIn(path);
      const analysis = await analyzeCheckpoint(
        checkpoint,
        { run, options, backend, history },
        {
          poll() {
            if (isCancelled(task)) throw EngineError.cancelled();
          },
          progress() {},
        },
      );
      const heads = deletedHeads(history, run, listed);
      const names = [...new Set(heads.map((head) => head.checkpoint))];
      const wanted = new Set(names.filter((name) => !inHand.has(name)).slice(0, MOST_DELETED));
      const read = await readDeleted(
        history,
        heads.filter((head) => wanted.has(head.checkpoint)),
      );
      const { unkept } = history;
      return { checkpoint: packed(analysis.checkpoint), problems: analysis.problems, unkept, deleted: { names, read: read.map(packed) } };
    }
  }
}

function packed({ name, step, matrices }: AnalyzedCheckpoint): PackedCheckpoint {
  return { name, step, reports: pack(matrices) };
}

/** Told and stopped as whoever asked for the task wants it. */
function hooksOf(task: TaskMessage): AnalysisHooks {
  const progress = new Progress((update) => post({ type: 'update', update }), performance.now.bind(performance));
  return {
    poll() {
      if (isCancelled(task)) throw EngineError.cancelled();
      progress.poll();
    },
    progress: (fraction, stage) => progress.step(fraction, stage),
    refined: (report) => progress.report(report),
  };
}

function sideOf({ tensor, known }: ComparedSide, file: TensorFile): Side {
  return { file, tensor, report: known?.fingerprint === file.fingerprint ? known.report : undefined };
}

async function withFile<T>({ path, raw }: InspectParams, use: (file: TensorFile) => Promise<T>): Promise<T> {
  const file = await openTensorFile(path, { raw });
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Proving a backend can take a second or more and has no poll: the one who waits for it leaves, and it goes on for the next task. */
async function unlessCancelled<T>(promise: Promise<T>, task: TaskMessage): Promise<T> {
  let watch: NodeJS.Timeout | undefined;
  const cancelled = new Promise<never>((_, reject) => {
    watch = setInterval(() => isCancelled(task) && reject(EngineError.cancelled()), WATCH_INTERVAL);
  });
  try {
    return await Promise.race([promise, cancelled]);
  } finally {
    clearInterval(watch);
  }
}

function isCancelled({ cancelled }: TaskMessage): boolean {
  return Atomics.load(cancelled, 0) === 1;
}

function failure(error: unknown): ThreadMessage {
  if (error instanceof EngineError) return { type: 'failure', code: error.code, message: error.message };
  if (error instanceof UnknownFormatError) return { type: 'failure', code: ErrorCode.unknownFormat, message: error.message };
  if (error instanceof FormatError) return { type: 'failure', code: ErrorCode.format, message: error.message };
  // For the log: the sentence alone would not say where.
  console.error(error);
  return { type: 'failure', code: ErrorCode.internal, message: error instanceof Error ? error.message : String(error) };
}

function post(message: ThreadMessage): void {
  parentPort!.postMessage(message);
}

parentPort!.on('message', async (task: TaskMessage) => {
  try {
    post({ type: 'result', result: await perform(task) });
  } catch (error) {
    post(failure(error));
  }
});
