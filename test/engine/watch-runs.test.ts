// Runs watched by the engine as it ships, on real files.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import { EngineClient, type EngineState } from '../../src/engine/client';
import type { RunEvent, RunReport, WatchedFolder } from '../../src/engine/protocol';
import { smallDisk } from '../small-disk';
import { writeNpy } from './npy-file';
import { alive } from './processes';

const script = resolve('dist/engine.js');
const sample = resolve('samples/replace-s0');
const options = { ...DEFAULT_OPTIONS, backend: 'cpu' } as const;
// The analyses have the lowest priority: beside other work they take long.
const patience = { timeout: 40_000 };

let folder: string;
let run: string;
let history: string;
let events: RunEvent[];
let states: EngineState[];
let client: EngineClient;
beforeAll(() => {
  if (!existsSync(script)) throw new Error('dist/engine.js is not built: run `node esbuild.mjs` first.');
});
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sigma-watch-')));
  run = join(folder, 'run');
  history = join(folder, 'storage/runs.jsonl');
  client = connect();
});
afterEach(async () => {
  await client.dispose();
  rmSync(folder, { recursive: true });
});

function connect(): EngineClient {
  events = [];
  states = [];
  return new EngineClient({
    script,
    log: console.error,
    onStateChange: (state) => states.push(state),
    onRunEvent: (event) => events.push(event),
  });
}

/** Saves generations of the sample run. */
function save(...generations: readonly number[]): void {
  for (const n of generations) cpSync(join(sample, `generation-${n}`), join(run, `generation-${n}`), { recursive: true });
}
function watch(changes: Partial<WatchedFolder> = {}): void {
  client.watchRuns({ runs: [{ path: run, baseline: null, controls: [], options, ...changes }], history, quiet: 100, interval: 50 });
}
const last = (): RunReport | undefined => events.flatMap((event) => (event.kind === 'changed' ? [event.report] : [])).at(-1);
const names = () => last()?.checkpoints.map(({ name }) => name);
const generations = (first: number, end: number) => Array.from({ length: end - first + 1 }, (_, i) => `generation-${first + i}`);
const reported = (first: number, end: number) => vi.waitFor(() => expect(names()).toEqual(generations(first, end)), patience);
const keys = () =>
  readFileSync(history, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).key as string);

describe('the built engine', () => {
  it.runIf(process.platform === 'linux')('analyses checkpoints in a thread that lets the training go first', async () => {
    save(0, 1);
    watch();
    await reported(0, 1);
    const niceness = (stat: string) => Number(readFileSync(stat, 'utf8').split(') ')[1]!.split(' ')[16]);
    const threads = readdirSync(`/proc/${client.pid}/task`);
    expect(threads.map((id) => niceness(`/proc/${client.pid}/task/${id}/stat`))).toContain(19);
    expect(niceness(`/proc/${client.pid}/stat`)).toBe(0);
  });

  it('judges a run anew at each checkpoint, and finds its collapse', async () => {
    save(0, 1);
    watch();
    await reported(0, 1);
    expect(last()).toMatchObject({ baseline: 'generation-0', onset: null, alarm: null });
    save(2, 3, 4, 5, 6, 7, 8, 9, 10);
    await reported(0, 10);
    expect(['collapsing', 'collapsed']).toContain(last()!.level);
    expect(last()!.onset!.step).toBeLessThanOrEqual(last()!.alarm!.step);
    const embeddings = last()!.checkpoints.map(({ matrices }) => matrices.find(({ file }) => file === 'embeddings.npy')!.report);
    expect(embeddings.map(({ source, spectrum }) => [source.path, spectrum])).toEqual(
      generations(0, 10).map((name) => [join(run, name, 'embeddings.npy'), null]),
    );
  });

  it('goes on by itself after a crash, and analyses nothing twice', async () => {
    save(0, 1, 2, 3);
    watch();
    await vi.waitFor(() => expect(names()).toContain('generation-1'), patience);
    events = [];
    process.kill(client.pid!, 'SIGKILL');
    await reported(0, 3);
    expect(states).toEqual(['running', 'idle', 'running']);
    expect(new Set(keys()).size).toBe(4);
    expect(keys()).toHaveLength(4);
  });

  it('takes what it knows from the history the next time, also of checkpoints that are deleted by then', async () => {
    save(0, 1, 2, 3);
    watch();
    await reported(0, 3);
    await client.dispose();
    const before = readFileSync(history, 'utf8');
    rmSync(join(run, 'generation-0'), { recursive: true });
    client = connect();
    watch();
    await reported(0, 3);
    expect(last()!.baseline).toBe('generation-0');
    expect(readFileSync(history, 'utf8')).toBe(before);
  });

  it('analyses what is on screen at once, in the middle of a large checkpoint, and takes that up again', async () => {
    save(0);
    writeNpy(join(run, 'generation-0/large.npy'), 20_000, 1000);
    watch();
    // The small one is done, the large one under way.
    await vi.waitFor(() => expect(keys()).toHaveLength(1), patience);
    const small = join(folder, 'small.npy');
    writeNpy(small, 200, 16);
    const start = performance.now();
    await client.analyze({ path: small, tensor: '', options, priority: 'visible' });
    const elapsed = performance.now() - start;
    console.log(`On screen after ${elapsed.toFixed(0)} ms`);
    expect(elapsed).toBeLessThan(3000);
    expect(keys()).toHaveLength(1);
    await vi.waitFor(() => expect(keys()).toHaveLength(2), { timeout: 40_000 });
  });

  it('watches on where its history is read-only, says so once, and keeps the reports once it is not', async () => {
    const disk = smallDisk('size=1m');
    if (disk === null) return;
    history = join(disk.folder, 'runs.jsonl');
    writeFileSync(history, '');
    disk.remount('ro');
    save(0, 1);
    watch();
    await reported(0, 1);
    save(2);
    await reported(0, 2);
    expect(events.filter(({ kind }) => kind === 'unkept')).toEqual([
      { kind: 'unkept', run, reason: expect.stringContaining('it lies on read-only storage; make that writable.') },
    ]);
    disk.remount('rw');
    save(3);
    await reported(0, 3);
    expect(keys()).toHaveLength(4);
  });

  it('holds no file of a run between looks, and writes nothing there', async () => {
    save(0, 1, 2);
    const before = readdirSync(run, { recursive: true });
    watch();
    await reported(0, 2);
    if (process.platform === 'linux') {
      const open = () => readdirSync(`/proc/${client.pid}/fd`).map((fd) => link(`/proc/${client.pid}/fd/${fd}`));
      await vi.waitFor(() => expect(open().filter((path) => path.startsWith(run))).toEqual([]));
      expect(open()).toContain(history);
    }
    expect(readdirSync(run, { recursive: true })).toEqual(before);
  });

  it('starts for runs only, ends what is not watched any more, and leaves no process behind in the middle of a checkpoint', async () => {
    client.watchRuns({ runs: [], history });
    expect(client.pid).toBeUndefined();
    save(0, 1);
    watch();
    await reported(0, 1);
    client.watchRuns({ runs: [], history });
    await vi.waitFor(() => expect(events.at(-1)).toEqual({ kind: 'ended', run }), patience);
    save(2);
    writeNpy(join(run, 'generation-2/large.npy'), 20_000, 1000);
    watch();
    await vi.waitFor(() => expect(keys()).toHaveLength(3), patience);
    const pid = client.pid!;
    await client.dispose();
    expect(alive(pid)).toBe(false);
  });
});

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
