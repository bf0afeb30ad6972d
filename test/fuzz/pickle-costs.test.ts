import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'sigma-pickle-'));
const script = join(folder, 'costs.mjs');
buildSync({ entryPoints: [join(import.meta.dirname, 'pickle-costs.ts')], outfile: script, bundle: true, platform: 'node', format: 'esm' });
afterAll(() => rmSync(folder, { recursive: true }));

const costs = (...args: string[]): unknown => JSON.parse(execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' }));

/** Harmless as data: there is nothing to refuse. */
const READ = ['billions of laughs', 'state given again and again', 'a list in itself'];

test.each(costs() as string[])('%s: refused or read as data, under a second and 64 MB', (family) => {
  const { refusal, ms, mebibytes } = costs(family) as { refusal: string | null; ms: number; mebibytes: number };
  if (READ.includes(family)) expect(refusal).toBeNull();
  else expect(refusal).toMatch(/^.{10,200}\.$/);
  expect(ms).toBeLessThan(1000);
  expect(mebibytes).toBeLessThan(64);
});
