import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toJson } from '../../src/analysis/report-json';
import type { JudgedCheckpoint, RunReport } from '../../src/runs/run-report';
import { CHECKPOINT, EMBEDDINGS, SAMPLES, sigma } from './sigma';

const REPLACE = join(SAMPLES, 'replace-s0');
const CONTROL = join(SAMPLES, 'control-s0');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-run-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of some generations of the collapsing run. */
async function generations(name: string, ...numbers: readonly number[]): Promise<string> {
  const directory = join(folder, name);
  for (const k of numbers) {
    await mkdir(join(directory, `generation-${k}`), { recursive: true });
    await cp(join(REPLACE, `generation-${k}`, 'embeddings.npy'), join(directory, `generation-${k}`, 'embeddings.npy'));
  }
  return directory;
}

/** A Hugging Face checkpoint, or one whose save is not complete. */
async function trainerCheckpoint(directory: string, step: number, complete = true): Promise<void> {
  const checkpoint = join(directory, `checkpoint-${step}`);
  await mkdir(checkpoint, { recursive: true });
  await cp(CHECKPOINT, join(checkpoint, 'model.safetensors'));
  if (complete) await writeFile(join(checkpoint, 'trainer_state.json'), JSON.stringify({ global_step: step }));
}

async function ran(args: readonly string[]) {
  const { exitCode, stdout, stderr } = await sigma(['run', '--backend', 'cpu', ...args]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  return stdout;
}

async function reported(args: readonly string[]): Promise<RunReport> {
  return JSON.parse(await ran(['--json', ...args]));
}

const names = ({ checkpoints }: { readonly checkpoints: readonly JudgedCheckpoint[] }) => checkpoints.map(({ name }) => name);

describe('sigma run for a person', () => {
  it('says that a run collapsed, since when, and one line per generation', async () => {
    const text = await ran([REPLACE, '--control', CONTROL]);
    expect(text).toMatch(/^✖ Collapsed {2}\S+replace-s0\n/);
    expect(text).toMatch(/^ {2}Alarm +generation-[1-3], /m);
    expect(text.match(/^generation-/gm)).toHaveLength(11);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).not.toMatch(/[ \t]$/m);
  });

  it('and that its control is healthy', async () => {
    expect(await ran([CONTROL])).toMatch(/^✔ Healthy {2}\S+control-s0\n/);
  });

  it('forecasts while it is collapsing', async () => {
    const text = (await ran([await generations('early', 0, 1, 2, 3, 4), '--control', CONTROL])).replaceAll(/\s+/g, ' ');
    expect(text).toMatch(
      /Forecast effective rank is forecast to fall below 18\.62, half of the baseline's, at step \d+, between \d+ and \d+ \(90 %\)/,
    );
  });
});

describe('sigma run --json', () => {
  it('prints one document of sigma.run/1, with every flag in it', async () => {
    const flags = ['--rows', '400', '--seed', '7', '--ridge', '1e-2', '--no-normalize', '--baseline', 'generation-5'];
    const report = await reported([REPLACE, '--control', CONTROL, ...flags]);
    expect(Object.keys(report)).toEqual([
      'schema',
      'path',
      'layout',
      'recognised',
      'missing',
      'baseline',
      'checkpoints',
      'level',
      'kinds',
      'onset',
      'alarm',
      'forecast',
      'reasons',
    ]);
    expect(report).toMatchObject({ schema: 'sigma.run/1', path: REPLACE, layout: 'plain-folder', baseline: 'generation-5' });
    expect(report.missing).toEqual([expect.stringContaining('model.safetensors')]);
    expect(names(report)).toEqual(Array.from({ length: 11 }, (_, k) => `generation-${k}`));
    const { options, sample, spectrum } = report.checkpoints[10]!.matrices.find(({ file }) => file === 'embeddings.npy')!.report;
    expect(options).toMatchObject({ normalize: false, ridge: 0.01, rows: 400, seed: 7, backend: 'cpu' });
    expect(sample.rows).toBe(400);
    expect(spectrum).toBeNull();
    expect(report.checkpoints[4]!.drift).toEqual({});
    expect(report.checkpoints[10]!.drift.shape!.value).toBeLessThan(-50);
  });

  it('learns from a control how much healthy checkpoints vary', async () => {
    const directory = await generations('judged', 0, 1);
    const alone = await reported([directory]);
    const beside = await reported([directory, '--control', CONTROL, '--control', CONTROL]);
    expect(beside.checkpoints[1]!.drift.shape!.z).not.toBe(alone.checkpoints[1]!.drift.shape!.z);
    expect(beside.missing).toEqual(alone.missing);
  });

  it('says when a control tells nothing', async () => {
    const control = await generations('short', 0);
    const { missing } = await reported([CONTROL, '--control', control]);
    expect(missing).toEqual([expect.stringContaining(`The control ${control} says nothing of this run`)]);
  });
});

it('writes numbers that are not finite as strings', () => {
  const drift = { shape: { value: -3, z: null, evidence: Number.POSITIVE_INFINITY } };
  const report = { level: 'watch', checkpoints: [{ name: 'a', step: Number.NaN, matrices: [], drift, level: 'watch' }] };
  expect(toJson(report as unknown as RunReport)).toEqual({
    level: 'watch',
    checkpoints: [{ name: 'a', step: 'NaN', matrices: [], drift: { shape: { value: -3, z: null, evidence: 'Infinity' } }, level: 'watch' }],
  });
});

describe('sigma run --history', () => {
  it('analyses nothing twice, and remembers what is gone', async () => {
    const directory = await generations('remembered', 0, 1, 2, 3);
    const history = join(folder, 'kept', 'history.jsonl');
    const first = await reported([directory, '--history', history]);
    const lines = await readFile(history, 'utf8');
    expect(lines.trimEnd().split('\n')).toHaveLength(4);
    await rm(join(directory, 'generation-1'), { recursive: true });
    const second = await reported([directory, '--history', history]);
    expect(names(second)).toEqual(names(first));
    expect(second.checkpoints.map(({ matrices }) => matrices)).toEqual(first.checkpoints.map(({ matrices }) => matrices));
    expect(await readFile(history, 'utf8')).toBe(lines);
    expect(names(await reported([directory]))).not.toContain('generation-1');
  });

  it('goes on after a torn line', async () => {
    const directory = await generations('torn', 0, 1);
    const history = join(folder, 'torn.jsonl');
    await ran([directory, '--history', history]);
    await appendFile(history, '{"schema":"sigma.history/1","key":"half');
    expect(names(await reported([directory, '--history', history]))).toHaveLength(2);
  });

  it('leaves alone what is no history, and writes nothing into the run', async () => {
    const directory = await generations('clean', 0);
    const notes = join(folder, 'notes.md');
    await writeFile(notes, 'mine\n');
    for (const [history, complaint] of [
      [notes, 'this is no history of sigma'],
      [join(directory, 'history.jsonl'), 'it would lie in the run'],
    ] as const) {
      const { exitCode, stderr } = await sigma(['run', directory, '--history', history]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(complaint);
    }
    expect(await readFile(notes, 'utf8')).toBe('mine\n');
    expect(await readdir(directory)).toEqual(['generation-0']);
  });
});

describe('sigma run and saves that are not complete', () => {
  it('says what it waits for, and that is no failure', async () => {
    const directory = join(folder, 'pending');
    await trainerCheckpoint(directory, 100, false);
    expect(await reported([directory])).toMatchObject({
      level: 'unknown',
      checkpoints: [],
      missing: [expect.stringMatching(/^checkpoint-100 is not complete: .*trainer_state\.json/)],
    });
    await trainerCheckpoint(directory, 50);
    const text = await ran([directory]);
    expect(text).toMatch(/^checkpoint-50 +baseline +\d+$/m);
    expect(text).not.toMatch(/^checkpoint-100 /m);
  });

  it('says what is broken, judges the rest, and ends with 2', async () => {
    const directory = await generations('cut', 0, 1, 2, 3);
    await truncate(join(directory, 'generation-2', 'embeddings.npy'), 5000);
    const { exitCode, stdout, stderr } = await sigma(['run', '--backend', 'cpu', directory]);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`sigma: ${directory}: one file of its checkpoints could not be read; the report says why\n`);
    expect(stdout.match(/^generation-/gm)).toHaveLength(3);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/embeddings\.npy at byte 5000: the data ends here/);
  });
});

describe('sigma run refuses in one line', () => {
  it.each([
    [[], 'run needs one folder of checkpoints, but got 0: sigma run DIR'],
    [[REPLACE, CONTROL], 'run needs one folder of checkpoints, but got 2'],
    [['no/such/run'], 'there is no such folder'],
    [[EMBEDDINGS], 'this is a file; a run is a folder of checkpoints'],
    [[SAMPLES], 'There are 2 runs inside: control-s0 and replace-s0.'],
    [[join(REPLACE, 'generation-3')], 'This is one checkpoint, not a run'],
    [[CONTROL, '--baseline', 'generation-1'], "there is no analysed checkpoint 'generation-1'; the closest names are generation-10"],
    [[CONTROL, '--control', 'no/such/run'], 'there is no such folder'],
    [[CONTROL, '--control', SAMPLES], 'There are 2 runs inside'],
    [[CONTROL, '--rows', '0'], "--rows must be 'all' or a whole number from 1, but is '0'"],
    [[CONTROL, '--backend', 'cuda'], '--backend must be one of auto, webgpu, cpu'],
    [[CONTROL, '--fail-on', 'watch'], 'there is no flag --fail-on; see sigma run --help'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await sigma(['run', ...args]);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^sigma: [^\n]+\n$/);
    expect(exitCode).toBe(2);
  });
});
