// The command line where the disk is full or may not be written.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallDisk } from '../small-disk';
import { EMBEDDINGS, SAMPLES, sigma } from './sigma';

let run: string;
beforeAll(async () => {
  run = await mkdtemp(join(tmpdir(), 'sigma-faults-'));
  for (const name of ['generation-0', 'generation-1']) cpSync(join(SAMPLES, 'replace-s0', name), join(run, name), { recursive: true });
});
afterAll(() => rmSync(run, { recursive: true }));

describe('sigma analyze --html', () => {
  it.each([
    ['size=64k', 'the disk is full; free some space'],
    ['size=64k,ro', 'it lies on read-only storage'],
  ])('says why it cannot write the page, and leaves none: %s', async (options, reason) => {
    const disk = smallDisk(options);
    if (disk === null) return;
    const page = join(disk.folder, 'panel.html');
    const { exitCode, stderr } = await sigma(['analyze', '--backend', 'cpu', EMBEDDINGS, '--html', page]);
    expect([exitCode, stderr]).toEqual([2, `sigma: --html ${page}: it cannot be written there: ${reason}\n`]);
    expect(readdirSync(disk.folder)).toEqual([]);
  });

  it('leaves the page that was there as it was', async () => {
    const disk = smallDisk('size=64k');
    if (disk === null) return;
    const page = join(disk.folder, 'panel.html');
    writeFileSync(page, 'before');
    expect((await sigma(['analyze', '--backend', 'cpu', EMBEDDINGS, '--html', page])).exitCode).toBe(2);
    expect(readFileSync(page, 'utf8')).toBe('before');
  });
});

describe('sigma run --history', () => {
  it.each([
    ['size=4k', 'the disk is full; free some space'],
    ['size=64k,ro', 'is the storage read-only?'],
  ])('judges the run all the same, and says once why nothing is kept: %s', async (options, reason) => {
    const disk = smallDisk(options);
    if (disk === null) return;
    const history = join(disk.folder, 'storage', 'runs.jsonl');
    const { exitCode, stdout, stderr } = await sigma(['run', run, '--history', history, '--backend', 'cpu', '--json']);
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.checkpoints.map(({ name }: { name: string }) => name)).toEqual(['generation-0', 'generation-1']);
    expect(report.missing.join(' ')).not.toContain('ENOSPC');
    expect(stderr.match(/Reports cannot be kept in/g)).toHaveLength(1);
    expect(stderr).toContain(reason);
  });
});
