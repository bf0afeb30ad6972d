import { GPU } from 'gpu.js';
// Not exported by the package's root: its device is the one that the kernels here share with gpu.js, and without `destroy` it outlives
// every GPU object and the process does not end.
import { WebGPUContext } from 'gpu.js/src/backend/web-gpu/context.js';
import type { Gpu } from './gpu';
import { gramOpener } from './gpu-gram';
import { guarded } from './gpu-guard';
import { openGpuRows } from './gpu-rows';

/** The GPU of this process, on `navigator.gpu` (see `openWebGpu`): Gram matrices by WGSL of our own, products with vectors by gpu.js. */
export async function localGpu(): Promise<Gpu> {
  const { device } = await WebGPUContext.acquire();
  const guard = guarded(device);
  const gpu = new GPU({ mode: 'webgpu' });
  return {
    openGram: gramOpener(device, guard),
    openRows: (rows, d) => openGpuRows(gpu, device, guard, rows, d),
    async close() {
      await gpu.destroy();
      await WebGPUContext.destroy();
    },
  };
}
