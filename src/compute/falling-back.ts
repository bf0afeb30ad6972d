import type { GpuGramSum } from './checked-gram';
import type { Backend, HeldRows } from './kernels';
import type { GpuBackend } from './webgpu';

/** The GPU until it fails once (device lost, out of memory, wrong product); then the processor, with the reason on the label. Sums so far are kept. */
export function fallingBack(gpu: GpuBackend, cpu: Backend): Backend {
  let current: Backend = gpu;

  /** From now on the processor. */
  function fail(error: unknown): void {
    if (current !== gpu) return;
    const failure = error instanceof Error ? error.message : String(error);
    const fallbackReason = `${gpu.description.device} failed during the work: ${failure}`;
    // What the GPU has summed so far remains float32.
    current = { kernels: cpu.kernels, description: { ...cpu.description, precision: 'float32', fallbackReason } };
  }

  /** Whether the GPU did it. A job that its own poll stops is no failure of the GPU, so that the GPU is not polled for. */
  async function done(work: () => Promise<void>, poll: () => void): Promise<boolean> {
    if (current === gpu) {
      try {
        await work();
      } catch (error) {
        fail(error);
      }
      poll();
    }
    return current === gpu;
  }

  return {
    get description() {
      return current.description;
    },
    kernels: {
      async addGram(y, count, d, gram, poll, precision) {
        // Into its own sum first: a failure halfway must leave nothing behind.
        const sum = new Float64Array(current === gpu ? d * d : 0);
        if (await done(() => gpu.kernels.addGram(y, count, d, sum, () => {}), poll)) for (let i = 0; i < sum.length; i++) gram[i] += sum[i];
        else await cpu.kernels.addGram(y, count, d, gram, poll, precision);
      },
      applyGram: (y, count, d, x, vectors, out, poll) => current.kernels.applyGram(y, count, d, x, vectors, out, poll),
      tridiagonalize: (a, d, border, poll) => current.kernels.tridiagonalize(a, d, border, poll),
      async sumGram(d, gram) {
        let sum: GpuGramSum | null = null;
        await done(
          async () => {
            sum = await gpu.kernels.sumGram(d, gram);
          },
          () => {},
        );
        /** What the GPU had and did not bring home, by the processor. */
        const leave = async (poll: () => void): Promise<void> => {
          await sum?.recover(cpu.kernels, poll);
          sum = null;
        };
        return {
          async add(y, count, poll) {
            // Another sum may have failed since.
            if (current !== gpu) await leave(poll);
            if (sum === null) await cpu.kernels.addGram(y, count, d, gram, poll);
            else if (!(await done(() => sum!.add(y, count, () => {}), poll))) await leave(poll);
          },
          async settle(poll) {
            if (sum !== null && !(await done(() => sum!.settle(() => {}), poll))) await leave(poll);
          },
        };
      },
      async holdRows(rows, d) {
        let held: HeldRows | null = null;
        await done(
          async () => {
            held = await gpu.kernels.holdRows(rows, d);
          },
          () => {},
        );
        return held === null ? null : failing(held, fail);
      },
      async close() {
        await gpu.kernels.close();
        await cpu.kernels.close();
      },
    },
  };
}

/** Rows whose failures are told of. */
function failing(held: HeldRows, fail: (error: unknown) => void): HeldRows {
  const told = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
  return {
    async add(y, count, poll) {
      await told(held.add(y, count, () => {}));
      poll();
    },
    async applyGram(x, vectors, out, poll) {
      await told(held.applyGram(x, vectors, out, () => {}));
      poll();
    },
    release: () => held.release(),
  };
}
