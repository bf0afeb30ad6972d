import { Worker } from 'node:worker_threads';
import type { MatrixJob, MatrixOutcome } from './matrix-job';

/**
 * Reports of matrices of one file, in the order asked for, computed by several threads. The same as of one thread, bit for bit.
 * @param script the bundle of `./matrix-worker`
 * @param done told of each as it comes, in no order
 * @throws Error when a thread fails, once all have ended
 */
export async function* analyzeMany(
  script: string,
  threads: number,
  job: Omit<MatrixJob, 'next'>,
  done: (outcome: MatrixOutcome) => void,
): AsyncGenerator<MatrixOutcome> {
  const next = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const outcomes = new Map<number, MatrixOutcome>();
  let failure: unknown = null;
  let running = threads;
  let wake = () => {};
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(script, { workerData: { ...job, next } satisfies MatrixJob });
    worker.on('message', (outcome: MatrixOutcome) => {
      outcomes.set(outcome.index, outcome);
      done(outcome);
      wake();
    });
    worker.on('error', (error) => {
      failure ??= error;
      // Nothing more is begun.
      Atomics.store(next, 0, job.tensors.length);
    });
    worker.on('exit', () => {
      running--;
      wake();
    });
    return worker;
  });
  try {
    for (let index = 0; index < job.tensors.length; index++) {
      while (!outcomes.has(index) && running > 0) await new Promise<void>((resolve) => (wake = resolve));
      const outcome = outcomes.get(index);
      if (outcome === undefined) throw failure ?? new Error('A thread ended before its work was done.');
      outcomes.delete(index);
      yield outcome;
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
