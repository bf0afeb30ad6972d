import { readFileSync } from 'node:fs';
import type { FileSummary } from '../../src/engine/protocol';
import type { TensorInfo } from '../../src/formats/matrix-source';

/** A report in the form in which it travels. */
export function fixture(name: 'healthy' | 'sampled' | 'collapsed'): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../fixtures/webview/${name}.json`, import.meta.url), 'utf8'));
}

export function tensor(name: string, change: Partial<TensorInfo> = {}): TensorInfo {
  return { name, dtype: 'float32', shape: [1000, 100], bytes: 400_000, matrix: { rows: 1000, columns: 100 }, note: null, ...change };
}

export const NPY: FileSummary = { path: '/data/run/generation-0.npy', format: 'npy', bytes: 400_128, tensors: [tensor('')], warnings: [] };
