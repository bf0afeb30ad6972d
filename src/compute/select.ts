import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cpuArithmetic, cpuKernels, refuseSimd } from './cpu';
import { type AdapterSearch, closeWebGpu, openWebGpu } from './dawn';
import { fallingBack } from './falling-back';
import type { Backend, BackendChoice, BackendDescription, Kernels } from './kernels';
import { selfTest, TOLERANCE } from './self-test';

/** A backend, whether it can be used, and how exact it proved to be. */
export interface BackendStatus {
  readonly name: BackendDescription['name'];
  readonly usable: boolean;
  readonly description: BackendDescription | null;
  /** Why it is not usable, or a remark. */
  readonly detail: string | null;
}

/** Set by tests, which have no GPU: lets a software adapter pass as one. */
const ALLOW_SOFTWARE = 'SIGMA_ALLOW_SOFTWARE_GPU';

/** The best backend that passes its self-test; its label says why a faster one, or the one asked for, is not in use. */
export async function selectBackend(choice: BackendChoice): Promise<Backend> {
  const cpu = await openCpu();
  if (choice === 'cpu') return cpu;
  const gpu = await openGpu();
  if ('unusable' in gpu) return because(cpu, gpu.unusable);
  if (choice === 'auto') {
    const [onGpu, onCpu] = [await speed(gpu.kernels), await speed(cpu.kernels)];
    if (onCpu > onGpu) {
      await gpu.kernels.close();
      return because(cpu, `The processor was faster than ${gpu.description.device} when both were tried (${ratio(onCpu / onGpu)} times).`);
    }
  }
  return fallingBack(gpu, cpu);
}

function because(backend: Backend, reason: string): Backend {
  const fallbackReason = [reason, backend.description.fallbackReason].filter((text) => text !== null).join(' ');
  return { ...backend, description: { ...backend.description, fallbackReason } };
}

const ratio = (x: number): string => x.toPrecision(2);

/** Rows per millisecond at a usual width, after one run that compiles. */
async function speed(kernels: Kernels): Promise<number> {
  const [rows, columns] = [1024, 256];
  const y = Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(i));
  const gram = new Float64Array(columns * columns);
  await kernels.addGram(y, rows, columns, gram, () => {});
  const start = performance.now();
  await kernels.addGram(y, rows, columns, gram, () => {});
  return rows / (performance.now() - start);
}

/** Every backend, tested now. For `sigma doctor`. */
export async function backendStatuses(): Promise<readonly BackendStatus[]> {
  const cpu = await openCpu();
  const gpu = await openGpu();
  const statuses: BackendStatus[] = [{ name: 'cpu', usable: true, description: cpu.description, detail: cpu.description.fallbackReason }];
  if ('unusable' in gpu) {
    statuses.unshift({ name: 'webgpu', usable: false, description: null, detail: gpu.unusable });
  } else {
    statuses.unshift({ name: 'webgpu', usable: true, description: gpu.description, detail: null });
    await gpu.kernels.close();
  }
  return statuses;
}

/** Once it has happened: why this process does without. */
let simdFailure: string | null = null;

/** WebAssembly where it passes the self-test, else plain JavaScript. @throws Error when that fails too */
async function openCpu(): Promise<Backend> {
  let result = await outcome(cpuKernels(), TOLERANCE.float64);
  if (!result.passed) {
    simdFailure = `${cpuArithmetic()}, failed the self-test: ${result.reason}`;
    refuseSimd();
    result = await outcome(cpuKernels(), TOLERANCE.float64);
  }
  if (!result.passed) throw new Error(`The processor's arithmetic failed its self-test: ${result.reason} Please report this.`);
  const device = `${cpus()[0]?.model.trim() || process.arch}, ${cpuArithmetic()}`;
  const { selfTestError } = result;
  return { kernels: cpuKernels(), description: { name: 'cpu', device, precision: 'float64', selfTestError, fallbackReason: simdFailure } };
}

type Outcome = { readonly passed: true; readonly selfTestError: number } | { readonly passed: false; readonly reason: string };

async function outcome(kernels: Kernels, tolerance: number): Promise<Outcome> {
  try {
    const selfTestError = await selfTest(kernels);
    if (selfTestError <= tolerance) return { passed: true, selfTestError };
    return { passed: false, reason: `its error is ${selfTestError.toExponential(1)}.` };
  } catch (error) {
    return { passed: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

async function openGpu(): Promise<Backend | { readonly unusable: string }> {
  const search = await probe();
  if (!search.found) return { unusable: search.reason };
  if (search.software && !process.env[ALLOW_SOFTWARE]) {
    return { unusable: `The only adapter, ${search.device}, is a software one and slower than the processor itself.` };
  }
  const opened = await openWebGpu();
  if (!opened.found) return { unusable: opened.reason };
  // Only here: gpu.js is most of the program, and takes as long to load as all the rest.
  const { webgpuKernels } = await import('./webgpu');
  const gpu = webgpuKernels();
  const kernels: Kernels = {
    ...gpu,
    async close() {
      await gpu.close();
      closeWebGpu();
    },
  };
  const result = await outcome(kernels, TOLERANCE.float32);
  if (!result.passed) {
    await kernels.close();
    return { unusable: `${opened.device} failed the self-test: ${result.reason}` };
  }
  const { selfTestError } = result;
  return { kernels, description: { name: 'webgpu', device: opened.device, precision: 'float32', selfTestError, fallbackReason: null } };
}

/** Asks a process of its own what GPU there is: a broken driver ends that one. Outside a bundle (tests) there is none, and this one is asked. */
async function probe(): Promise<AdapterSearch> {
  const script = join(__dirname, 'gpu-probe.js');
  if (!existsSync(script)) return openWebGpu();
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { timeout: 10_000 }, (error, stdout) => {
      if (error === null) {
        try {
          resolve(JSON.parse(stdout) as AdapterSearch);
          return;
        } catch {}
      }
      const how = error?.killed ? 'did not answer in 10 seconds' : `ended ${error?.signal ? `by ${error.signal}` : 'with an error'}`;
      resolve({ found: false, reason: `The GPU driver ${how} when it was tried.` });
    });
  });
}
