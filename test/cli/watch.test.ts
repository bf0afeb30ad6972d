import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createStyle } from '../../src/cli/style';
import { eventText, type WatchEvent } from '../../src/cli/watch';
import { BUNDLE, SAMPLES, sigma } from './sigma';

const REPLACE = join(SAMPLES, 'replace-s0');
const CONTROL = join(SAMPLES, 'control-s0');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-watch-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function addGeneration(directory: string, k: number): Promise<void> {
  await mkdir(join(directory, `generation-${k}`), { recursive: true });
  await cp(join(REPLACE, `generation-${k}`, 'embeddings.npy'), join(directory, `generation-${k}`, 'embeddings.npy'));
}

/** `until` reads on until an event is the one that is asked for; `interrupt` returns the exit code. */
function watch(...args: readonly string[]) {
  const child = spawn(process.execPath, [BUNDLE, 'watch', '--backend', 'cpu', '--json', ...args]);
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const events: WatchEvent[] = [];
  return {
    events,
    async until(found: (event: WatchEvent) => boolean): Promise<WatchEvent> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`The watch ended after ${JSON.stringify(events)}`);
        events.push(JSON.parse(value));
        if (found(events.at(-1)!)) return events.at(-1)!;
      }
    },
    async interrupt(): Promise<number | null> {
      child.kill('SIGINT');
      const [exitCode] = await once(child, 'exit');
      return exitCode;
    },
  };
}

const isCheckpoint = (name: string) => (event: WatchEvent) => event.event === 'checkpoint' && event.checkpoint === name;

describe('sigma watch --json', () => {
  it('follows a run that gains a checkpoint, says its level, and ends with 130 when interrupted', async () => {
    const directory = join(folder, 'growing');
    for (const k of [0, 1, 2]) await addGeneration(directory, k);
    const { events, until, interrupt } = watch(directory, '--control', CONTROL);
    await until(isCheckpoint('generation-2'));
    await addGeneration(directory, 3);
    const last = await until(isCheckpoint('generation-3'));
    expect(await interrupt()).toBe(130);
    expect(events[0]).toMatchObject({ event: 'following', run: directory, recognised: expect.stringContaining('3 checkpoints') });
    expect(events.flatMap((event) => (event.event === 'checkpoint' ? [event.checkpoint] : []))).toEqual(
      [0, 1, 2, 3].map((k) => `generation-${k}`),
    );
    expect(events).toContainEqual(expect.objectContaining({ event: 'waiting', run: directory, checkpoint: 'generation-3' }));
    expect(last).toMatchObject({ step: 3, level: 'collapsing', baseline: 'generation-0', alarm: { step: expect.any(Number) } });
    expect(Object.keys(last)).toEqual([
      'time',
      'event',
      'run',
      'checkpoint',
      'step',
      'before',
      'level',
      'reasons',
      'kinds',
      'baseline',
      'onset',
      'alarm',
      'forecast',
    ]);
    expect(await readdir(directory)).toHaveLength(4);
  });

  it('waits for an empty folder, and takes a deleted baseline from the history', async () => {
    const directory = join(folder, 'rotating');
    const history = join(folder, 'history.jsonl');
    for (const k of [0, 1]) await addGeneration(directory, k);
    await sigma(['run', '--backend', 'cpu', directory, '--history', history]);
    await rm(join(directory, 'generation-0'), { recursive: true });
    const empty = join(folder, 'empty');
    await mkdir(empty);
    const { events, until, interrupt } = watch(directory, empty, '--history', history);
    const event = await until(isCheckpoint('generation-1'));
    expect(event).toMatchObject({ baseline: 'generation-0' });
    expect(events).toContainEqual(expect.objectContaining({ event: 'following', run: empty }));
    expect(await interrupt()).toBe(130);
    expect((await readFile(history, 'utf8')).trimEnd().split('\n')).toHaveLength(2);
  });

  it('judges once the baseline is there', async () => {
    const directory = join(folder, 'pinned');
    for (const k of [0, 1]) await addGeneration(directory, k);
    const { until, interrupt } = watch(directory, '--baseline', 'generation-1');
    expect(await until(isCheckpoint('generation-0'))).toMatchObject({
      level: 'unknown',
      reasons: [{ code: 'no-baseline', message: expect.stringContaining("there is no analysed checkpoint 'generation-1'") }],
    });
    expect(await until(isCheckpoint('generation-1'))).toMatchObject({ baseline: 'generation-1' });
    expect(await interrupt()).toBe(130);
  });
});

describe('sigma watch for a person', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5);
  const said = (event: object) => eventText({ run: 'out', ...event } as WatchEvent, time, createStyle(false), 80);
  const judged = {
    event: 'checkpoint',
    checkpoint: 'checkpoint-300',
    step: 300,
    reasons: [{ code: 'x', message: 'It is losing directions.' }],
    forecast: null,
  };

  it('gives reasons when the level changes, and a line when it does not', () => {
    expect(said({ ...judged, before: 'healthy', level: 'collapsing' })).toBe(
      '03:04:05  ▼ Collapsing  checkpoint-300 of out\n          It is losing directions.',
    );
    expect(said({ ...judged, before: 'collapsing', level: 'collapsing' })).toBe('03:04:05  ▼ collapsing  checkpoint-300 of out');
  });

  it('says every forecast', () => {
    const forecast = { quantity: 'effectiveRank', threshold: 18.62, step: 900, lower: 700.5, upper: 1400.2, confidence: 0.9 };
    expect(said({ ...judged, before: 'collapsing', level: 'collapsing', forecast }).replaceAll(/\s+/g, ' ')).toContain(
      "out Forecast: effective rank is forecast to fall below 18.62, half of the baseline's, at step 900, between 700 and 1,401 (90 %).",
    );
  });

  it.each([
    [{ event: 'following', recognised: 'Keras.', missing: ['None.'] }, 'Following out\n          Keras.\n          None.'],
    [{ event: 'waiting', checkpoint: 'c', waitingFor: 'still growing' }, 'c of out: still growing'],
    [{ event: 'unreadable', checkpoint: 'c', reason: 'no header' }, 'c of out cannot be read: no header'],
    [{ event: 'failed', checkpoint: 'c', reason: 'no rows' }, 'c of out could not be analysed: no rows'],
    [{ event: 'vanished', checkpoint: 'c' }, 'c of out is gone before it was read to its end'],
    [{ event: 'changed', checkpoint: 'c' }, 'c of out was overwritten while it was read; it will be read again'],
    [
      { event: 'unreachable', reason: 'EIO' },
      'out cannot be reached: its storage reports an error (EIO), check the disk or the connection to it; trying again',
    ],
    [{ event: 'reachable' }, 'out can be reached again'],
    [{ event: 'waiting', checkpoint: '\u001b[2Jc', waitingFor: 'x\ny' }, 'c of out: x\ufffdy'],
  ])('%j', (event, line) => {
    expect(said(event)).toBe(`03:04:05  ${line}`);
  });
});

describe('sigma watch refuses in one line', () => {
  it.each([
    [[], 'watch needs a folder of checkpoints: sigma watch DIR...'],
    [['no/such/run'], 'there is no such folder'],
    [[CONTROL, '--history', join(CONTROL, 'h')], 'it would lie in the run'],
    [[CONTROL, '--interval', '1'], 'there is no flag --interval; see sigma watch --help'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await sigma(['watch', ...args]);
    expect(stdout).toBe('');
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^sigma: [^\n]+\n$/);
    expect(exitCode).toBe(2);
  });
});
