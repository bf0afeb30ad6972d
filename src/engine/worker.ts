// The thread in which the arithmetic runs. Tasks come one at a time.
import { parentPort } from 'node:worker_threads';
import { analyze } from '../analysis/analyze';
import type { Backend, BackendChoice } from '../compute/kernels';
import { backendStatuses, selectBackend } from '../compute/select';
import { FormatError } from '../formats/format-error';
import type { TensorFile } from '../formats/matrix-source';
import { openTensorFile } from '../formats/registry';
import { analyzeCheckpoint } from '../runs/analyze-checkpoint';
import { deletedHeads, readDeleted } from '../runs/deleted-checkpoints';
import { type History, openHistory } from '../runs/history';
import { Progress } from './progress';
import { EngineError, ErrorCode } from './protocol';
import type { TaskMessage, TaskName, Tasks, ThreadMessage } from './worker-thread';

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
      const progress = new Progress((update) => post({ type: 'update', update }), performance.now.bind(performance));
      return withFile(path, async (file) => {
        const report = await analyze(file, tensor, options, backend, {
          poll() {
            if (isCancelled(task)) throw EngineError.cancelled();
            progress.poll();
          },
          progress: (fraction, stage) => progress.step(fraction, stage),
          refined: (report) => progress.report(report),
        });
        return { report, fingerprint: file.fingerprint };
      });
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
