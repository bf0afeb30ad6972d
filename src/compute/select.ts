import { cpus } from 'node:os';
import { cpuArithmetic, cpuKernels, refuseSimd } from './cpu';
import { fallingBack } from './falling-back';
import type { Backend, BackendChoice, BackendDescription, Kernels } from './kernels';
import { openGpu } from './open-gpu';
import { selfTest, shortSelfTest, TOLERANCE } from './self-test';
import { type GpuBackend, type GpuKernels, webgpuKernels } from './webgpu';

/** A backend, whether it can be used, and how exact it proved to be. */
export interface BackendStatus {
  readonly name: BackendDescription['name'];
  readonly usable: boolean;
  readonly description: BackendDescription | null;
  /** Why it is not usable, or a remark. */
  readonly detail: string | null;
}

/** The best backend that passes its self-test; its label says why a faster one, or the one asked for, is not in use. */
export async function selectBackend(choice: BackendChoice): Promise<Backend> {
  const cpu = await openCpu();
  if (choice === 'cpu') return cpu;
  const gpu = await openTestedGpu();
  if ('unusable' in gpu) return because(cpu, gpu.unusable);
  if (choice === 'auto') {
    const lead = await leadOfProcessor(gpu.kernels, cpu.kernels);
    if (lead > 1) {
      await gpu.kernels.close();
      return because(cpu, `The processor was faster than ${gpu.description.device} when both were tried (${lead.toPrecision(2)} times).`);
    }
  }
  return fallingBack(gpu, cpu);
}

function because(backend: Backend, reason: string): Backend {
  const fallbackReason = [reason, backend.description.fallbackReason].filter((text) => text !== null).join(' ');
  return { ...backend, description: { ...backend.description, fallbackReason } };
}

/** How many times the processor is faster; below 1 where the GPU is. */
async function leadOfProcessor(gpu: GpuKernels, cpu: Kernels): Promise<number> {
  // Few columns keep a GPU waiting for messages: there only one that is far behind has lost.
  const few = (await time(gpu, 1024, 256)) / (await time(cpu, 1024, 256));
  return few > 20 ? few : (await time(gpu, 512, 2048)) / (await time(cpu, 512, 2048));
}

/** Milliseconds for the Gram matrix of some rows, after one run that compiles. */
async function time(kernels: Kernels, rows: number, columns: number): Promise<number> {
  const y = Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
  const gram = new Float64Array(columns * columns);
  await kernels.addGram(y, rows, columns, gram, () => {});
  const start = performance.now();
  await kernels.addGram(y, rows, columns, gram, () => {});
  return performance.now() - start;
}

/** Every backend, tested now. For `sigma doctor`. */
export async function backendStatuses(): Promise<readonly BackendStatus[]> {
  const cpu = await openCpu();
  const gpu = await openTestedGpu();
  const statuses: BackendStatus[] = [{ name: 'cpu', usable: true, description: cpu.description, detail: cpu.description.fallbackReason }];
  if ('unusable' in gpu) {
    statuses.unshift({ name: 'webgpu', usable: false, description: null, detail: gpu.unusable });
  } else {
    statuses.unshift({ name: 'webgpu', usable: true, description: gpu.description, detail: gpu.host });
    await gpu.kernels.close();
  }
  return statuses;
}

/** Once it has happened: why this process does without. */
let simdFailure: string | null = null;

/** WebAssembly where it passes the self-test, else plain JavaScript. @throws Error when that fails too */
async function openCpu(): Promise<Backend> {
  let result = await outcomeOfCpu();
  if (!result.passed) {
    simdFailure = `${cpuArithmetic()}, failed the self-test: ${result.reason}`;
    refuseSimd();
    result = await outcomeOfCpu();
  }
  if (!result.passed) throw new Error(`The processor's arithmetic failed its self-test: ${result.reason} Please report this.`);
  const device = `${cpus()[0]?.model.trim() || process.arch}, ${cpuArithmetic()}`;
  const { selfTestError } = result;
  return { kernels: cpuKernels(), description: { name: 'cpu', device, precision: 'float64', selfTestError, fallbackReason: simdFailure } };
}

type Outcome = { readonly passed: true; readonly selfTestError: number } | { readonly passed: false; readonly reason: string };

async function outcomeOfCpu(): Promise<Outcome> {
  const exact = await outcome(cpuKernels(), TOLERANCE.float64);
  if (!exact.passed) return exact;
  const short = await outcome(cpuKernels(), TOLERANCE.float32, shortSelfTest);
  return short.passed ? exact : short;
}

async function outcome(kernels: Kernels, tolerance: number, test = selfTest): Promise<Outcome> {
  try {
    const selfTestError = await test(kernels);
    if (selfTestError <= tolerance) return { passed: true, selfTestError };
    return { passed: false, reason: `its error is ${selfTestError.toExponential(1)}.` };
  } catch (error) {
    return { passed: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

type TestedGpu = GpuBackend & { readonly host: string };

async function openTestedGpu(): Promise<TestedGpu | { readonly unusable: string }> {
  const opened = await openGpu();
  if ('reason' in opened) return { unusable: opened.reason };
  const { gpu, device, host } = opened;
  const kernels = webgpuKernels(gpu);
  const result = await outcome(kernels, TOLERANCE.float32);
  if (!result.passed) {
    await kernels.close();
    return { unusable: `${device} failed the self-test: ${result.reason}` };
  }
  const { selfTestError } = result;
  return { kernels, host, description: { name: 'webgpu', device, precision: 'float32', selfTestError, fallbackReason: null } };
}
