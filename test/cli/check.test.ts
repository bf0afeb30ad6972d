import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkLine, isAtLeast } from '../../src/cli/check';
import { createStyle } from '../../src/cli/style';
import { CHECKPOINT, SAMPLES, sigma } from './sigma';

const REPLACE = join(SAMPLES, 'replace-s0');
const CONTROL = join(SAMPLES, 'control-s0');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-check-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const check = (...args: readonly string[]) => sigma(['check', '--backend', 'cpu', ...args]);

async function generations(name: string, from: string, ...numbers: readonly number[]): Promise<string> {
  const directory = join(folder, name);
  for (const k of numbers) await cp(join(from, `generation-${k}`), join(directory, `generation-${k}`), { recursive: true });
  return directory;
}

describe('sigma check', () => {
  it('gates the sample runs: one collapsed, its control did not', async () => {
    const bad = await check(REPLACE, '--control', CONTROL);
    expect(bad).toMatchObject({ exitCode: 1, stderr: '' });
    expect(bad.stdout).toMatch(/^✖ Collapsed {2}\S+replace-s0: [^\n]+\n$/);
    const good = await check(CONTROL);
    expect(good).toMatchObject({ exitCode: 0, stderr: '' });
    expect(good.stdout).toMatch(/^✔ Healthy {2}\S+control-s0: [^\n]+\n$/);
  });

  it('checks every run in a folder of runs, a line for each', async () => {
    const { exitCode, stdout, stderr } = await check(SAMPLES, '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    const reports = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(reports.map(({ schema, path, level }) => ({ schema, path, level }))).toEqual([
      { schema: 'sigma.run/1', path: CONTROL, level: 'healthy' },
      { schema: 'sigma.run/1', path: REPLACE, level: 'collapsed' },
    ]);
  });

  it('fails from the level that is asked for', async () => {
    const directory = await generations('early', REPLACE, 0, 1, 2, 3, 4);
    const exitCodes = await Promise.all(
      ['watch', 'collapsing', 'collapsed'].map(
        async (level) => (await check(directory, '--control', CONTROL, '--fail-on', level)).exitCode,
      ),
    );
    expect(exitCodes).toEqual([1, 1, 0]);
    expect((await check(directory, '--control', CONTROL)).exitCode).toBe(1);
    expect((await check(directory, '--control', CONTROL, '--baseline', 'generation-4')).exitCode).toBe(0);
  });

  it('says what is unknown, and does not fail for it', async () => {
    const directory = await generations('young', CONTROL, 0);
    const { exitCode, stdout } = await check(directory, '--fail-on', 'watch');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\? Not enough evidence {2}\S+young: Needs 2 more checkpoints/);
  });

  it('takes a save that is not complete for no failure', async () => {
    const directory = join(folder, 'pending');
    await mkdir(join(directory, 'checkpoint-100'), { recursive: true });
    await cp(CHECKPOINT, join(directory, 'checkpoint-100', 'model.safetensors'));
    expect(await check(directory)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('keeps a history', async () => {
    const history = join(folder, 'history.jsonl');
    await check(CONTROL, '--history', history);
    expect((await readFile(history, 'utf8')).trimEnd().split('\n')).toHaveLength(3);
  });

  it('fails for broken numbers whatever is asked for', async () => {
    const directory = await generations('broken', CONTROL, 0, 5);
    const path = join(directory, 'generation-5', 'embeddings.npy');
    const bytes = await readFile(path);
    bytes.writeFloatLE(Number.NaN, bytes.length - 400);
    await writeFile(path, bytes);
    const { exitCode, stdout } = await check(directory, '--fail-on', 'collapsed');
    expect(stdout).toMatch(/^✖ Broken numbers/);
    expect(exitCode).toBe(1);
  });

  it('orders the levels, and keeps a run on one line', () => {
    const order = ['healthy', 'unknown', 'watch', 'collapsing', 'collapsed', 'broken'] as const;
    order.forEach((level, i) => {
      order.forEach((other, j) => {
        expect(isAtLeast(level, other)).toBe(i >= j);
      });
    });
    const report = { level: 'watch', path: 'a\nb', reasons: [{ code: 'x', message: 'one\u001b[2J\ntwo' }] };
    expect(checkLine(report as never, createStyle(false))).toBe('◆ Worth watching  a\ufffdb: one\ufffdtwo');
  });
});

describe('sigma check when something could not be done', () => {
  it('goes on with the others and ends with 2', async () => {
    const { exitCode, stdout, stderr } = await check('no/such/run', CONTROL);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^sigma: [^\n]*no\/such\/run: there is no such folder\.\n$/);
    expect(stdout).toMatch(/^✔ Healthy/);
  });

  it('but a finding counts for more', async () => {
    expect((await check('no/such/run', REPLACE)).exitCode).toBe(1);
  });

  it('says that a checkpoint is unreadable rather than let it pass', async () => {
    const directory = await generations('cut', CONTROL, 0, 5, 10);
    await truncate(join(directory, 'generation-5', 'embeddings.npy'), 5000);
    const { exitCode, stderr } = await check(directory);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`sigma: ${directory}: one file of its checkpoints could not be read; sigma run ${directory} says why\n`);
  });

  it.each([
    [[], 'check needs a folder of checkpoints: sigma check DIR...'],
    [[CONTROL, '--fail-on', 'healthy'], "--fail-on must be one of watch, collapsing, collapsed, but is 'healthy'"],
    [[CONTROL, '--baseline', 'x'], "there is no analysed checkpoint 'x'; the closest names are "],
    [[join(REPLACE, 'generation-3')], 'This is one checkpoint, not a run'],
    [[join(SAMPLES, '../docs')], 'There are no files of weights or embeddings in numbered names.'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await check(...args);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^sigma: [^\n]+\n$/);
    expect(exitCode).toBe(2);
  });
});
