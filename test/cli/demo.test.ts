import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMBEDDINGS, ROOT, sigma } from './sigma';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-demo-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('sigma demo', () => {
  it('copies the runs and says what happens in them', async () => {
    const directory = join(folder, 'new', 'demo');
    const { exitCode, stdout, stderr } = await sigma(['demo', directory]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(await readFile(join(directory, 'replace-s0/generation-0/embeddings.npy'))).toEqual(await readFile(EMBEDDINGS));
    const words = stdout.replaceAll(/\s+/g, ' ');
    expect(words).toMatch(/control-s0: each generation is trained on fresh real text ✔ Healthy /);
    expect(words).toMatch(/replace-s0: each generation is trained on its predecessor's outputs only ✖ Collapsed /);
    expect(words).toContain('37.24 to 8.314 (−78 %)');
    expect(words).toContain('37.24 to 38.03 (+2 %)');
    expect(words).toMatch(/Alarm generation-[1-3], where that was certain/);
    // The drift of U over all rows, from the reference statistics of these runs.
    expect(stdout).toMatch(/^generation-1 .* \+0\.32\d* /m);
    expect(stdout).toMatch(/^generation-10 .* 8\.31\d .* −191\.9 /m);
    expect(words).toMatch(/Next node \S*sigma\.js run \S+replace-s0 --control \S+control-s0 $/);

    const again = await sigma(['demo', directory]);
    expect(again.exitCode).toBe(0);
  });

  it("leaves a folder of somebody's own alone", async () => {
    const directory = join(folder, 'mine');
    await mkdir(directory);
    await writeFile(join(directory, 'README.md'), 'mine');
    const { exitCode, stdout, stderr } = await sigma(['demo', directory]);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^sigma: [^\n]*mine: the folder is not empty and not a copy of the samples[^\n]*\n$/);
    expect(await readFile(join(directory, 'README.md'), 'utf8')).toBe('mine');
  });

  it('says when the samples were not shipped', async () => {
    const packaged = join(folder, 'packaged', 'dist');
    await mkdir(packaged, { recursive: true });
    for (const program of ['sigma.js', 'sigma-commands.js']) await cp(join(ROOT, 'dist', program), join(packaged, program));
    const { exitCode, stderr } = await sigma(['demo', join(folder, 'x')], {}, join(packaged, 'sigma.js'));
    expect(exitCode).toBe(2);
    expect(stderr).toBe('sigma: demo: the sample runs are not part of this package; they come with the source repository\n');
  });
});
