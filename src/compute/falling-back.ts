import type { Backend } from './kernels';

/** The GPU until it fails once (device lost, wrong product); then the processor, with the reason on the label. Sums so far are kept. */
export function fallingBack(gpu: Backend, cpu: Backend): Backend {
  let current = gpu;
  return {
    get description() {
      return current.description;
    },
    kernels: {
      async addGram(y, count, d, gram, poll) {
        if (current === gpu) {
          // Into its own sum first: a failure halfway must leave nothing behind.
          const sum = new Float64Array(d * d);
          let failure: string | null = null;
          try {
            await gpu.kernels.addGram(y, count, d, sum, () => {});
          } catch (error) {
            failure = error instanceof Error ? error.message : String(error);
          }
          poll();
          if (failure === null) {
            for (let i = 0; i < sum.length; i++) gram[i] += sum[i];
            return;
          }
          const fallbackReason = `${gpu.description.device} failed during the work: ${failure}`;
          // What the GPU has summed so far remains float32.
          current = { kernels: cpu.kernels, description: { ...cpu.description, precision: 'float32', fallbackReason } };
        }
        await current.kernels.addGram(y, count, d, gram, poll);
      },
      applyGram(y, count, d, x, vectors, out, poll) {
        return current.kernels.applyGram(y, count, d, x, vectors, out, poll);
      },
      tridiagonalize(a, d, border, poll) {
        return current.kernels.tridiagonalize(a, d, border, poll);
      },
      async close() {
        await gpu.kernels.close();
        await cpu.kernels.close();
      },
    },
  };
}
