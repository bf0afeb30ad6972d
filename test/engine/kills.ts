import { mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join, sep } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DEFAULT_OPTIONS, type SpectralReport } from '../../src/analysis/report';
import { EngineClient } from '../../src/engine/client';
import { EngineError, ErrorCode, type RunReport } from '../../src/engine/protocol';
import { randomFrom } from '../fuzz/mutate';
import { writeNpy } from './npy-file';

/** What held while the engine was killed; `wrong` says, one sentence each, what did not. */
export interface Kills {
  kills: number;
  /** Requests that a kill cut off: all, those that were answered after all, and those that failed in a sentence and that a retry mended. */
  requests: number;
  answered: number;
  mended: number;
  checkpoints: number;
  /** Entries of the history, and lines cut in half on purpose. */
  entries: number;
  torn: number;
  readonly wrong: string[];
}

/** Checkpoints of one run, so that reading it anew stays quick. */
const KILLS_A_RUN = 50;
const FILES = ['embeddings.npy', 'layer.npy'];
/** Milliseconds between a request and its kill, at most: more than a request takes, with the start of the engine. */
const LATEST = 500;
const PATIENCE = 60_000;

const options = { ...DEFAULT_OPTIONS, backend: 'cpu' } as const;

/**
 * Kills the built engine at random points while it analyses a file and watches a run that is being saved, and looks at what is left.
 * Every kill counts as the first: how many in a row are too many is a test of its own.
 * @param folder empty
 * @param seed of the points and of what is asked
 */
export async function killOften(
  script: string,
  folder: string,
  kills: number,
  seed: number,
  progress: (text: string) => void,
): Promise<Kills> {
  const outcome: Kills = { kills: 0, requests: 0, answered: 0, mended: 0, checkpoints: 0, entries: 0, torn: 0, wrong: [] };
  const files = [1, 2, 3].map((n) => join(folder, `file-${n}.npy`));
  for (const [i, path] of files.entries()) writeNpy(path, 1500 * (i + 1), 32 + 16 * i, i + 1);
  const expected = await reportsOf(script, files);
  const handles = openIn('self', folder).length;
  for (let first = 0; first < kills; first += KILLS_A_RUN) {
    await killsOfOneRun(script, join(folder, `run-${first}`), files, expected, Math.min(KILLS_A_RUN, kills - first), seed + first, outcome);
    progress(`${outcome.kills} kills, ${outcome.wrong.length} wrong`);
  }
  if (openIn('self', folder).length !== handles) outcome.wrong.push('The client keeps a file open.');
  return outcome;
}

async function reportsOf(script: string, files: readonly string[]): Promise<SpectralReport[]> {
  const client = new EngineClient({ script, log() {} });
  try {
    const reports: SpectralReport[] = [];
    for (const path of files) reports.push(await client.analyze({ path, tensor: '', options, priority: 'visible' }));
    return reports;
  } finally {
    await client.dispose();
  }
}

async function killsOfOneRun(
  script: string,
  run: string,
  files: readonly string[],
  expected: readonly SpectralReport[],
  kills: number,
  seed: number,
  outcome: Kills,
): Promise<void> {
  const random = randomFrom(seed);
  const history = `${run}.jsonl`;
  const names: string[] = [];
  const seen = new Map<string, string>();
  let report: RunReport | null = null;
  let tear = false;
  const client = new EngineClient({
    script,
    log() {},
    restartPolicy: { delays: [0], window: 0 },
    onStateChange: (state) => {
      // The old engine is gone, and the next has not opened the history yet.
      if (state === 'idle' && tear && tearLastLine(history, seen)) outcome.torn++;
      tear = false;
      // What an entry that is torn now was needed for is known to the old engine alone.
      if (state === 'idle') report = null;
    },
    onRunEvent: (event) => {
      if (event.kind === 'changed') report = event.report;
    },
  });
  try {
    save(run, names, random);
    client.watchRuns({ runs: [{ path: run, baseline: null, controls: [], options }], history, quiet: 20, interval: 20 });
    for (let i = 0; i < kills; i++) {
      if (random(2) === 0) save(run, names, random);
      const which = random(files.length);
      const wrong = (what: string) => outcome.wrong.push(`Kill ${outcome.kills} of seed ${seed}: ${what}`);
      const ask = () => client.analyze({ path: files[which]!, tensor: '', options, priority: random(2) === 0 ? 'visible' : 'background' });
      let pending = true;
      const asked = ask()
        .catch((error: unknown) => error)
        .finally(() => {
          pending = false;
        });
      await setTimeout(random(LATEST));
      const pid = await waitFor(() => client.pid ?? null);
      tear = random(10) === 0;
      const cutOff = pending;
      process.kill(pid, 'SIGKILL');
      outcome.kills++;
      if (cutOff) outcome.requests++;
      const answer = await within(asked);
      if (sameReport(answer, expected[which]!)) {
        if (cutOff) outcome.answered++;
      } else if (answer instanceof EngineError && answer.code === ErrorCode.stopped) {
        const again = await within(ask().catch((error: unknown) => error));
        if (sameReport(again, expected[which]!)) outcome.mended++;
        else wrong(`the retry ended in ${again}.`);
      } else wrong(`the analysis ended in ${answer}.`);
      await waitFor(() => (exists(pid) ? null : true)).catch(() => wrong(`the process ${pid} was not waited for.`));
      const dead = zombies();
      if (dead.length > 0) wrong(`the processes ${dead} were not waited for.`);
      if (openIn('self', run).length > 0) wrong('the client has a file of the run open.');
      for (const line of wholeLines(history)) remember(seen, line, wrong);
    }
    await waitFor(() => (report?.checkpoints.length === names.length ? report : null));
    await waitFor(() => (openIn(client.pid!, run).length === 0 && openIn(client.pid!, files[0]!).length === 0 ? true : null));
  } finally {
    await client.dispose();
  }
  outcome.checkpoints += names.length;
  outcome.entries += lookAtHistory(history, names, seen, (what) => outcome.wrong.push(`${history}: ${what}`));
  for (const path of [run, history]) rmSync(path, { recursive: true });
}

/** As trainers do: into another folder, which is renamed. */
function save(run: string, names: string[], random: (below: number) => number): void {
  const name = `checkpoint-${names.length + 1}`;
  const temporary = join(run, `tmp-${name}`);
  mkdirSync(temporary, { recursive: true });
  for (const [i, file] of FILES.entries()) writeNpy(join(temporary, file), 300 + 100 * i, 16, random(2 ** 31));
  renameSync(temporary, join(run, name));
  names.push(name);
}

/** What a crash of the whole system leaves: half of the last entry. @returns whether there was one */
function tearLastLine(history: string, seen: Map<string, string>): boolean {
  const lines = wholeLines(history);
  const last = lines.at(-1);
  if (last === undefined) return false;
  const bytes = readFileSync(history).length;
  truncateSync(history, bytes - Math.ceil(Buffer.byteLength(last) / 2));
  seen.delete(JSON.parse(last).key);
  return true;
}

function wholeLines(history: string): string[] {
  let text: string;
  try {
    text = readFileSync(history, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').filter((line) => {
    try {
      return line !== '' && JSON.parse(line) !== null;
    } catch {
      return false;
    }
  });
}

function remember(seen: Map<string, string>, line: string, wrong: (what: string) => void): void {
  const { key } = JSON.parse(line);
  const before = seen.get(key);
  if (before !== undefined && before !== line) wrong('an entry has changed.');
  seen.set(key, line);
}

/** @returns how many entries it has */
function lookAtHistory(
  history: string,
  names: readonly string[],
  seen: ReadonlyMap<string, string>,
  wrong: (what: string) => void,
): number {
  const lines = wholeLines(history);
  const places = lines.map((line) => {
    const { checkpoint, file, report } = JSON.parse(line);
    if (report?.schema !== 'sigma.report/1' || report.verdict === undefined || report.timings === undefined)
      wrong('a report is not whole.');
    return `${checkpoint}/${file}`;
  });
  for (const name of names) {
    for (const file of FILES) {
      const times = places.filter((place) => place === `${name}/${file}`).length;
      if (times !== 1) wrong(`${name}/${file} has ${times} entries.`);
    }
  }
  for (const line of seen.values()) if (!lines.includes(line)) wrong('an entry is lost.');
  return lines.length;
}

/** Equal numbers, whatever the time it took. */
function sameReport(value: unknown, expected: SpectralReport): boolean {
  if (typeof value !== 'object' || value === null || !('timings' in value)) return false;
  return JSON.stringify({ ...value, timings: null }) === JSON.stringify({ ...expected, timings: null });
}

/** Also where it has ended and nobody has waited for it. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Children of this process that have ended and were not waited for. Linux only; elsewhere none. */
function zombies(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      return /^State:\s*Z/m.test(status) && new RegExp(`^PPid:\\s*${process.pid}$`, 'm').test(status) ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

/** What a process has open at a path or below it. Linux only; elsewhere none. */
export function openIn(pid: number | 'self', path: string): string[] {
  if (process.platform !== 'linux') return [];
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      const target = readlinkSync(join(folder, fd));
      return target === path || target.startsWith(path + sep) ? [target] : [];
    } catch {
      return [];
    }
  });
}

async function within<T>(promise: Promise<T>): Promise<T | string> {
  const late = new AbortController();
  try {
    return await Promise.race([promise, setTimeout(PATIENCE, 'nothing: it is still pending', { signal: late.signal })]);
  } finally {
    late.abort();
  }
}

async function waitFor<T>(look: () => T | null): Promise<T> {
  for (const end = performance.now() + PATIENCE; ; await setTimeout(20)) {
    const found = look();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error('It did not come to that.');
  }
}
