// The script of a thread that analyses matrices of one file: each time the next that no other has taken.
import { parentPort, workerData } from 'node:worker_threads';
import { computeAlone } from '../compute/cpu';
import { selectBackend } from '../compute/select';
import { FormatError } from '../formats/format-error';
import { openTensorFile } from '../formats/open';
import { analyze } from './analyze';
import type { MatrixJob, MatrixOutcome } from './matrix-job';

const { path, fingerprint, tensors, options, description, next } = workerData as MatrixJob;

async function work(): Promise<void> {
  computeAlone();
  const { kernels } = await selectBackend('cpu');
  const file = await openTensorFile(path, { raw: options.raw });
  try {
    for (let index = Atomics.add(next, 0, 1); index < tensors.length; index = Atomics.add(next, 0, 1)) {
      parentPort!.postMessage(await outcome(index));
    }
  } finally {
    await file.close();
    await kernels.close();
  }

  async function outcome(index: number): Promise<MatrixOutcome> {
    try {
      if (file.fingerprint !== fingerprint) throw new FormatError(path, null, 'it changed while it was read.');
      const hooks = { poll() {}, progress() {}, refined: null };
      return { index, report: await analyze(file, tensors[index]!, options, { kernels, description }, hooks) };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return { index, unsound: error.message };
    }
  }
}

void work();
