import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

/** Whether the process exists and has not ended (one that nobody has reaped has). */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Resolves when the process is gone; a test's own time limit ends the wait. */
export async function gone(pid: number): Promise<void> {
  while (alive(pid)) await setTimeout(10);
}
