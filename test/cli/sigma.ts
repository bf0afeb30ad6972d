import { execFile } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
export const BUNDLE = join(ROOT, 'dist/sigma.js');
export const SAMPLES = join(ROOT, 'samples');
export const EMBEDDINGS = join(SAMPLES, 'replace-s0/generation-0/embeddings.npy');
export const CHECKPOINT = join(SAMPLES, 'replace-s0/generation-10/checkpoint-600/model.safetensors');

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line in a process of its own, without a terminal. */
export function sigma(args: readonly string[], env: Record<string, string> = {}, bundle = BUNDLE): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [bundle, ...args],
      { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, maxBuffer: 2 ** 27 },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}
