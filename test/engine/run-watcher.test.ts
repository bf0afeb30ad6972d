import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import type { RunEvent, RunReport, RunWatchSet, WatchedFolder } from '../../src/engine/protocol';
import { RunWatcher } from '../../src/engine/run-watcher';
import type { CheckpointResult, Tasks } from '../../src/engine/worker-thread';
import type { AnalyzedCheckpoint } from '../../src/runs/run-report';
import { directoryTree, npyBytes } from '../runs/directory-tree';
import { checkpoint as analysed, matrixReport } from '../runs/reports';
import { Trainer } from '../runs/trainer';

type Params = Tasks['checkpoint']['params'];
type Result = CheckpointResult<AnalyzedCheckpoint>;

const array = npyBytes([[1, 2]]);
/** A run of generations, as their trainer leaves them. */
const generations = (...steps: readonly number[]) => Object.fromEntries(steps.map((step) => [`gen-${step}/embeddings.npy`, array]));

let events: RunEvent[];
let asked: string[];
/** What the analysis of a checkpoint gives. */
let analysis: (params: Params, signal: AbortSignal) => Promise<Result>;
let watcher: RunWatcher;
beforeEach(() => {
  events = [];
  asked = [];
  analysis = async ({ checkpoint: { name, step } }) => ({
    checkpoint: { ...analysed(step, [{}]), name },
    problems: [],
    unkept: null,
    deleted: { names: [], read: [] },
  });
  const engine = {
    analyzeCheckpoint: (params: Params, signal: AbortSignal) => {
      asked.push(`${basename(params.run)}/${params.checkpoint.name}`);
      return analysis(params, signal);
    },
  };
  watcher = new RunWatcher(engine, (event) => events.push(event));
});
afterEach(() => watcher.close());

function folder(path: string, changes: Partial<WatchedFolder> = {}): WatchedFolder {
  return { path, baseline: null, controls: [], options: DEFAULT_OPTIONS, ...changes };
}
function watch(runs: readonly WatchedFolder[], changes: Partial<RunWatchSet> = {}): void {
  watcher.watch({ runs, history: '/storage/history.jsonl', quiet: 20, interval: 10, ...changes });
}
const last = (path: string): RunReport | undefined =>
  events.flatMap((event) => (event.kind === 'changed' && event.run === path ? [event.report] : [])).at(-1);
const names = (path: string) => last(path)?.checkpoints.map(({ name }) => name);
const patience = { timeout: 10_000 };

describe('RunWatcher', () => {
  it('says once that reports are not kept, whichever run that is noticed in, and again when the reason is another', async () => {
    const reasons = ['The disk is full.', 'The disk is full.', 'It is read-only.'];
    const plain = analysis;
    analysis = async (...asked) => ({ ...(await plain(...asked)), unkept: reasons.shift() ?? null });
    const root = directoryTree({ ...prefixed('a', generations(0, 1)), ...prefixed('b', generations(0, 1)) });
    watch([folder(root)]);
    await vi.waitFor(() => expect([names(join(root, 'a')), names(join(root, 'b'))]).toEqual([gens(0, 1), gens(0, 1)]), patience);
    const said = events.flatMap((event) => (event.kind === 'unkept' ? [event.reason] : []));
    expect(said).toEqual(['The disk is full.', 'It is read-only.']);
  });

  it('tells of every run of a folder, and of one that comes later, each checkpoint analysed once', async () => {
    const root = directoryTree({ ...prefixed('a', generations(0, 1, 2)), ...prefixed('b', generations(0, 1)) });
    watch([folder(root)]);
    await vi.waitFor(() => expect([names(join(root, 'a')), names(join(root, 'b'))]).toEqual([gens(0, 1, 2), gens(0, 1)]), patience);
    expect(last(join(root, 'a'))).toMatchObject({ schema: 'sigma.run/1', layout: 'plain-folder', level: 'healthy', baseline: 'gen-0' });
    const late = directoryTree(generations(0, 1));
    renameSync(late, join(root, 'c'));
    await vi.waitFor(() => expect(names(join(root, 'c'))).toEqual(gens(0, 1)), patience);
    expect(asked.toSorted()).toEqual(['a/gen-0', 'a/gen-1', 'a/gen-2', 'b/gen-0', 'b/gen-1', 'c/gen-0', 'c/gen-1']);
  });

  it('ends a run that is deleted, but none while their folder is out of reach', async () => {
    const root = directoryTree({ ...prefixed('a', generations(0, 1)), ...prefixed('b', generations(0, 1)) });
    watch([folder(root)]);
    await vi.waitFor(() => expect([names(join(root, 'a')), names(join(root, 'b'))]).toEqual([gens(0, 1), gens(0, 1)]), patience);
    renameSync(root, `${root}-away`);
    const reachable = (kind: string) => events.filter((event) => event.kind === 'notice' && event.notice.kind === kind).length;
    await vi.waitFor(() => expect(reachable('unreachable')).toBe(2), patience);
    renameSync(`${root}-away`, root);
    await vi.waitFor(() => expect(reachable('reachable')).toBe(2), patience);
    expect(events.filter(({ kind }) => kind === 'ended')).toEqual([]);
    rmSync(join(root, 'a'), { recursive: true });
    await vi.waitFor(
      () => expect(events.filter(({ kind }) => kind === 'ended')).toEqual([{ kind: 'ended', run: join(root, 'a') }]),
      patience,
    );
    expect(asked).toHaveLength(4);
  });

  it('goes on with what stays when the set is replaced, reads it once, and ends the rest', async () => {
    const [a, b] = [directoryTree(generations(0, 1)), directoryTree(generations(0, 1))];
    watch([folder(a), folder(b)]);
    await vi.waitFor(() => expect([names(a), names(b)]).toEqual([gens(0, 1), gens(0, 1)]), patience);
    watch([folder(a)]);
    await vi.waitFor(() => expect(events.at(-1)).toEqual({ kind: 'ended', run: b }), patience);
    writeFileSync(join(directoryAt(a, 'gen-2'), 'embeddings.npy'), array);
    await vi.waitFor(() => expect(names(a)).toEqual(gens(0, 1, 2)), patience);
    expect(asked).toHaveLength(5);
  });

  it('analyses again under other options, and judges again under another baseline only', async () => {
    const root = directoryTree(generations(0, 1, 2));
    watch([folder(root)]);
    await vi.waitFor(() => expect(names(root)).toEqual(gens(0, 1, 2)), patience);
    watch([folder(root, { baseline: 'gen-1' })]);
    await vi.waitFor(() => expect(last(root)!.baseline).toBe('gen-1'), patience);
    expect(asked).toHaveLength(3);
    watch([folder(root, { options: { ...DEFAULT_OPTIONS, rows: 100 } })]);
    await vi.waitFor(() => expect(asked).toHaveLength(6), patience);
  });

  it('says so while the pinned baseline is not there', async () => {
    const root = directoryTree(generations(0, 1));
    watch([folder(root, { baseline: 'gen-9' })]);
    await vi.waitFor(() => expect(names(root)).toEqual(gens(0, 1)), patience);
    expect(last(root)).toMatchObject({ level: 'unknown', reasons: [{ code: 'no-baseline', message: expect.stringContaining('gen-9') }] });
  });

  it('reads controls without telling of them, and judges by them', async () => {
    const control = directoryTree(generations(0, 1, 2, 3));
    const root = directoryTree(generations(0, 1, 2, 3));
    // It falls, and is no outlier beside a control that moves as far.
    analysis = async ({ run, checkpoint: { name, step } }) => {
      const shape = run === root ? -70 - 8 * step : -70 + 40 * (step % 2);
      return {
        checkpoint: { name, step, matrices: [matrixReport({ shape })] },
        problems: [],
        unkept: null,
        deleted: { names: [], read: [] },
      };
    };
    watch([folder(root)]);
    await vi.waitFor(() => expect(names(root)).toEqual(gens(0, 1, 2, 3)), patience);
    const z = () => last(root)!.checkpoints[3]!.drift.shape!.z!;
    const alone = z();
    watch([folder(root, { controls: [control] })]);
    await vi.waitFor(() => expect(Math.abs(z())).toBeLessThan(Math.abs(alone) / 3), patience);
    expect(events.filter(({ run }) => run === control)).toEqual([]);
  });

  it('keeps checkpoints that the history has from before, and drops them when it does not any more', async () => {
    const root = directoryTree(generations(1, 2));
    const before = { ...analysed(0, [{}]), name: 'gen-0' };
    const plain = analysis;
    const inHand: (readonly string[])[] = [];
    // As the worker does: a report that the run has is not read again.
    analysis = async (params, signal) => {
      inHand.push([...params.inHand]);
      const deleted = params.checkpoint.step < 3 ? [before] : [];
      const read = deleted.filter(({ name }) => !params.inHand.has(name));
      return { ...(await plain(params, signal)), deleted: { names: deleted.map(({ name }) => name), read } };
    };
    watch([folder(root)]);
    await vi.waitFor(() => expect(names(root)).toEqual(gens(0, 1, 2)), patience);
    expect(inHand).toEqual([[], ['gen-0', 'gen-1']]);
    writeFileSync(join(directoryAt(root, 'gen-3'), 'embeddings.npy'), array);
    await vi.waitFor(() => expect(names(root)).toEqual(gens(1, 2, 3)), patience);
  });

  it('asks again while there are checkpoints from before that it was not given', async () => {
    const root = directoryTree(generations(9));
    const before = Array.from({ length: 5 }, (_, step) => ({ ...analysed(step, [{}]), name: `gen-${step}` }));
    const plain = analysis;
    analysis = async (params, signal) => {
      const read = before.filter(({ name }) => !params.inHand.has(name)).slice(0, 2);
      return { ...(await plain(params, signal)), deleted: { names: before.map(({ name }) => name), read } };
    };
    watch([folder(root)]);
    await vi.waitFor(() => expect(names(root)).toEqual(gens(0, 1, 2, 3, 4, 9)), patience);
    expect(asked).toHaveLength(3);
  });

  it('passes on what is waited for, and what failed, which also stands in the report', async () => {
    const root = directoryTree(generations(0, 1));
    analysis = async () => Promise.reject(new Error('no luck'));
    watch([folder(root)]);
    const notices = () => events.flatMap((event) => (event.kind === 'notice' ? [event.notice] : []));
    await vi.waitFor(() => expect(notices().filter(({ kind }) => kind === 'failed')).toHaveLength(2), patience);
    expect(notices()).toContainEqual({ kind: 'waiting', checkpoint: 'gen-0', waitingFor: 'has only just appeared' });
    await vi.waitFor(() => expect(last(root)?.missing).toContain('no luck'), patience);
  });

  it('looks at other runs while one is analysed', async () => {
    const [a, b] = [directoryTree(generations(0, 1)), directoryTree(generations(0, 1))];
    const plain = analysis;
    let release!: () => void;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    analysis = async (params, signal) => {
      if (params.run === a) await released;
      return plain(params, signal);
    };
    watch([folder(a), folder(b)]);
    await vi.waitFor(() => expect(names(b)).toEqual(gens(0, 1)), patience);
    expect(names(a)).not.toContain('gen-0');
    release();
    await vi.waitFor(() => expect(names(a)).toEqual(gens(0, 1)), patience);
  });

  it('follows a trainer that renames its folders, crashes and deletes what is old: every save, none before it is complete', async () => {
    const run = join(directoryTree({}), 'run');
    // A second of the trainer's is ten milliseconds here.
    const clock = { now: () => 100 * performance.now(), sleep: (milliseconds: number) => setTimeout(milliseconds / 100) };
    const trainer = new Trainer({ directory: run, kind: 'trainer-renamed', clock, seed: 3, keep: 3 });
    const plain = analysis;
    const early: string[] = [];
    analysis = async (params, signal) => {
      if (!trainer.whole.has(params.checkpoint.name)) early.push(params.checkpoint.name);
      return plain(params, signal);
    };
    watch([folder(run)]);
    await trainer.run(6);
    const saved = [...trainer.saves.keys()].map((name) => `run/${name}`);
    expect(saved).toHaveLength(6);
    await vi.waitFor(() => expect([...new Set(asked)].toSorted()).toEqual(saved.toSorted()), patience);
    expect(early).toEqual([]);
  });

  it('cancels what is analysed while it is paused, begins no other, and goes on when that is over', async () => {
    const root = directoryTree(generations(0, 1));
    const plain = analysis;
    let given: AbortSignal | undefined;
    analysis = (_, signal) => {
      given = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    watch([folder(root)]);
    await vi.waitFor(() => expect(given).toBeDefined(), patience);
    const states = () => events.flatMap((event) => (event.kind === 'analysis' ? [`${event.checkpoint} ${event.state}`] : []));
    expect(states()).toEqual(['gen-0 running']);
    watch([folder(root)], { paused: true });
    expect(given!.aborted).toBe(true);
    await vi.waitFor(() => expect(states()).toEqual(['gen-0 running', 'gen-0 paused']), patience);
    analysis = plain;
    await setTimeout(100);
    expect(asked).toHaveLength(1);
    watch([folder(root)]);
    await vi.waitFor(() => expect(names(root)).toEqual(gens(0, 1)), patience);
    expect(states().slice(2)).toEqual(['gen-0 running', 'gen-0 over', 'gen-1 running', 'gen-1 over']);
    expect(events.filter((event) => event.kind === 'notice' && event.notice.kind === 'failed')).toEqual([]);
  });

  it('ends while it is paused', async () => {
    const root = directoryTree(generations(0));
    watch([folder(root)], { paused: true });
    await vi.waitFor(() => expect(events.some((event) => event.kind === 'analysis' && event.state === 'paused')).toBe(true), patience);
    watcher.close();
    events = [];
    await setTimeout(100);
    expect([events, asked]).toEqual([[], []]);
  });

  it('cancels what is analysed when it is closed, and says nothing more', async () => {
    const root = directoryTree(generations(0, 1));
    let given: AbortSignal | undefined;
    analysis = (_, signal) => {
      given = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    watch([folder(root)]);
    await vi.waitFor(() => expect(given).toBeDefined(), patience);
    watcher.close();
    expect(given!.aborted).toBe(true);
    events = [];
    await setTimeout(400);
    expect(events).toEqual([]);
  });

  it('waits for a folder that is not there yet, and survives one that goes', async () => {
    const root = directoryTree({});
    const run = join(root, 'run');
    watch([folder(run)]);
    await vi.waitFor(() => expect(events.map(({ kind }) => kind)).toContain('notice'), patience);
    renameSync(directoryTree(generations(1, 2)), run);
    await vi.waitFor(() => expect(last(run)?.checkpoints.length).toBeGreaterThan(0), patience);
    rmSync(run, { recursive: true });
    const count = () => events.filter((event) => event.kind === 'notice' && event.notice.kind === 'unreachable').length;
    await vi.waitFor(() => expect(count()).toBe(2), patience);
  });
});

const gens = (...steps: readonly number[]) => steps.map((step) => `gen-${step}`);

function prefixed<T>(prefix: string, content: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(content).map(([name, what]) => [`${prefix}/${name}`, what]));
}

function directoryAt(root: string, name: string): string {
  renameSync(directoryTree({}), join(root, name));
  return join(root, name);
}
