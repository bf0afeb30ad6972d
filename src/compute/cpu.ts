import { availableParallelism } from 'node:os';
import type { Kernels } from './kernels';
import { plainKernels } from './plain';
import { simdSupport, wasmKernels } from './wasm';

/** More would wait for memory. */
const MOST_THREADS = 8;

let threads = Math.min(MOST_THREADS, availableParallelism());

let simd = simdSupport();
let kernels: Kernels | null = null;

/** The fastest float64 kernels of this processor. All callers in a thread share them; after `close` they can still be used. */
export function cpuKernels(): Kernels {
  kernels ??= simd === 'none' ? plainKernels() : wasmKernels({ threads, fused: simd === 'fused' });
  return kernels;
}

/** From now on in this thread only: others are as busy. To be called before `cpuKernels` is. */
export function computeAlone(): void {
  threads = 1;
}

/** What `cpuKernels` computes with, in words. */
export function cpuArithmetic(): string {
  if (simd === 'none') return 'plain JavaScript';
  const fused = simd === 'fused' ? ' with fused multiply-add' : '';
  return `WebAssembly SIMD${fused}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/** From now on `cpuKernels` are the plain ones: the others have been found to be wrong. */
export function refuseSimd(): void {
  simd = 'none';
  kernels = null;
}
