// A file that is saved again while it is analysed: a report is of one save, or there is none.
import { copyFileSync, mkdtempSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { analyze } from '../../src/analysis/analyze';
import { DEFAULT_OPTIONS, type SpectralReport } from '../../src/analysis/report';
import type { Backend } from '../../src/compute/kernels';
import { selectBackend } from '../../src/compute/select';
import { openTensorFile } from '../../src/formats/open';
import { writeNpy } from '../engine/npy-file';

const CHANGED = 'the file changed while it was read; analyse it again once it is saved.';
let folder: string;
let old: string;
let other: string;
let backend: Backend;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sigma-changed-'));
  [old, other] = [join(folder, 'old.npy'), join(folder, 'other.npy')];
  writeNpy(old, 6000, 24, 1);
  writeNpy(other, 6000, 24, 2);
  backend = await selectBackend('cpu');
});
afterAll(async () => {
  await backend.kernels.close();
  rmSync(folder, { recursive: true });
});

/** Analyses a copy of the old file, which is changed after the first report; its eigenvalues, or why there are none. */
async function analysed(change: (path: string) => void): Promise<unknown> {
  const path = join(folder, 'file.npy');
  copyFileSync(old, path);
  const file = await openTensorFile(path);
  let changed = false;
  const refined = () => {
    if (!changed) change(path);
    changed = true;
  };
  try {
    const report: SpectralReport = await analyze(file, '', DEFAULT_OPTIONS, backend, { poll() {}, progress() {}, refined });
    expect(report.sample.complete).toBe(true);
    return report.spectrum!.eigenvalues;
  } catch (error) {
    return (error as Error).message.replace(path, 'It');
  } finally {
    await file.close();
    expect(changed).toBe(true);
    rmSync(path, { force: true });
  }
}

test('written in place, as large as before, or cut: no report', async () => {
  expect(await analysed((path) => copyFileSync(other, path))).toBe(`It: ${CHANGED}`);
  expect(await analysed((path) => truncateSync(path, 4096))).toBe(`It: ${CHANGED}`);
});

test('replaced or deleted: the report is of the file that was opened', async () => {
  const expected = await analysed(() => {});
  expect(expected).toBeInstanceOf(Float64Array);
  const replacement = join(folder, 'replacement.npy');
  copyFileSync(other, replacement);
  expect(await analysed((path) => renameSync(replacement, path))).toEqual(expected);
  expect(await analysed((path) => rmSync(path))).toEqual(expected);
});
