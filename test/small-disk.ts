import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A file system in memory of its own, which is gone after the test; null where this process may mount none. */
export function smallDisk(options: string): { readonly folder: string; remount(options: string): void } | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), 'sigma-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'sigma-test', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder], { stdio: 'ignore' });
    rmSync(folder, { recursive: true });
  });
  return { folder, remount: (changed) => void execFileSync('mount', ['-o', `remount,${changed}`, folder], { stdio: 'ignore' }) };
}
