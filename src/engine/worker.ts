// The thread in which the arithmetic runs. Tasks come one at a time.
import { parentPort } from 'node:worker_threads';
import { type AnalysisHooks, analyze } from '../analysis/analyze';
import { compare, type Side } from '../analysis/compare';
import type { Backend, BackendChoice } from '../compute/kernels';
import { backendStatuses, selectBackend } from '../compute/select';
import { FormatError } from '../formats/format-error';
import type { TensorFile } from '../formats/matrix-source';
import { openTensorFile } from '../formats/open';
import { analyzeCheckpoint } from '../runs/analyze-checkpoint';
import { analyzeRun, runReport } from '../runs/analyze-run';
import { deletedHeads, readDeleted } from '../runs/deleted-checkpoints';
import { type History, openHistory } from '../runs/history';
import { Progress } from './progress';
import { EngineError, ErrorCode } from './protocol';
import type { ComparedSide, TaskMessage, TaskName, Tasks, ThreadMessage } from './worker-thread';

/** Milliseconds between looks at the cancel flag while something else is awaited. */
const WATCH_INTERVAL = 50;

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
      return backendStatuses();
    case 'inspect':
      return withFile(task.params.path, async (file) => {
        const { path, format, bytes, tensors, warnings, fingerprint } = file;
        return { summary: { path, format, bytes, tensors, warnings }, fingerprint };
      });
    case 'analyze': {
      const { path, tensor, options } = task.params;
      const backend = await unlessCancelled(backendFor(options.backend), task);
      return withFile(path, async (file) => ({
        report: await analyze(file, tensor, options, backend, hooksOf(task)),
        fingerprint: file.fingerprint,
      }));
    }
    case 'compare': {
      const { a, b, options } = task.params;
      const backend = await unlessCancelled(backendFor(options.backend), task);
      return withFile(a.path, (fileA) =>
        withFile(b.path, async (fileB) => ({
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
      const wanted = heads.filter((head) => !inHand.includes(head.checkpoint));
      return { analysis, deleted: { names, read: await readDeleted(history, wanted) } };
    }
  }
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

async function withFile<T>(path: string, use: (file: TensorFile) => Promise<T>): Promise<T> {
  const file = await openTensorFile(path);
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
