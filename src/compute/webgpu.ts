import { checkedGramSum, type GpuGramSum } from './checked-gram';
import { checkedRows } from './checked-rows';
import { cpuKernels } from './cpu';
import type { Gpu, GpuGram } from './gpu';
import type { Backend, Kernels } from './kernels';

export interface GpuKernels extends Kernels {
  sumGram(d: number, gram: Float64Array): Promise<GpuGramSum>;
}

/** A GPU that has passed the self-test. */
export interface GpuBackend extends Backend {
  readonly kernels: GpuKernels;
}

/** Products in float32 on a GPU, sums of many rows in float64. All are checked; one that is wrong rejects with a WrongProductError and adds nothing. */
export function webgpuKernels(gpu: Gpu): GpuKernels {
  /** The latest, for the next sum of the same width: compiling takes longer than a block. */
  let open: { readonly d: number; readonly sums: GpuGram } | null = null;

  async function sumGram(d: number, gram: Float64Array): Promise<GpuGramSum> {
    if (open?.d !== d) {
      open?.sums.release();
      open = null;
      open = { d, sums: await gpu.openGram(d) };
    }
    const { sums } = open;
    return checkedGramSum(sums, d, gram);
  }

  return {
    async addGram(y, count, d, gram, poll) {
      const sum = await sumGram(d, gram);
      try {
        await sum.add(y, count, poll);
        await sum.settle(poll);
      } catch (error) {
        // What it holds now would enter the next sum.
        open?.sums.release();
        open = null;
        throw error;
      }
    },
    sumGram,
    holdRows: (rows, d) => checkedRows(gpu, rows, d),
    // Few vectors make few products for each row that would travel to the GPU: rows that are not held are multiplied where they are, in float64.
    applyGram: cpuKernels().applyGram,
    tridiagonalize: cpuKernels().tridiagonalize,
    close: () => gpu.close(),
  };
}
