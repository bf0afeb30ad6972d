import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { sep } from 'node:path';
import { inOrder, runReport } from '../runs/analyze-run';
import type { Checkpoint, RunListing } from '../runs/checkpoint';
import { findRuns, recognise } from '../runs/recognise';
import type { AnalyzedCheckpoint, RunReport } from '../runs/run-report';
import { RUN_SCHEMA } from '../runs/run-report';
import { type Clock, systemClock, type WatchNotice, watchRun } from '../runs/watch-run';
import type { Engine } from './engine';
import type { RunEvent, RunWatchSet, WatchedFolder } from './protocol';

/** Milliseconds between looks for new runs, at first and at most. */
const INTERVAL = 5000;
const LONGEST_INTERVAL = 30_000;
const BACK_OFF = 1.5;

/** Milliseconds for which changes of a run are gathered before it is judged: what is in the history comes all at once. */
const GATHERING = 250;

/** Judging a long run takes at most one part in so many of the time. */
const LEISURE = 10;

/** How a run is watched and judged. */
interface Settings extends WatchedFolder {
  /** False for one that only serves others as a control. */
  readonly told: boolean;
}

/**
 * Watches any number of runs, one look after the other, hands each settled checkpoint to the engine as a background job, and tells what
 * is known of each run when that changes. Between looks it holds no file.
 */
export class RunWatcher {
  readonly #runs = new Map<string, WatchedRun>();
  readonly #turns = new Turns();
  readonly #pause = new Pause();
  #looking = new AbortController();
  /** Why reports could not be kept the last time. */
  #unkept: string | null = null;

  constructor(
    readonly engine: Pick<Engine, 'analyzeCheckpoint'>,
    readonly tell: (event: RunEvent) => void,
    readonly clock: Clock = systemClock,
  ) {}

  /** Replaces what is watched; runs that stay are not read again. */
  watch(set: RunWatchSet): void {
    this.#pause.set(set.paused === true);
    this.#looking.abort();
    this.#looking = new AbortController();
    void this.#look(set, this.#looking.signal);
  }

  close(): void {
    this.#looking.abort();
    for (const run of this.#runs.values()) run.close();
    this.#runs.clear();
  }

  /** A folder of runs gets new ones. */
  async #look(set: RunWatchSet, signal: AbortSignal): Promise<void> {
    const { interval = INTERVAL } = set;
    let pause = interval;
    while (!signal.aborted) {
      const end = await this.#turns.take();
      try {
        const listed = [...this.#runs].flatMap(([path, run]) => (run.hasCheckpoints ? [path] : []));
        const wanted = await runsOf(set.runs, [...this.#runs.keys()], new Set(listed));
        if (signal.aborted) return;
        pause = this.#replace(wanted, set) ? interval : Math.min(LONGEST_INTERVAL, pause * BACK_OFF);
      } catch (error) {
        // The next look may do better, and those that are watched go on.
        console.error(error);
        pause = LONGEST_INTERVAL;
      } finally {
        end();
      }
      await this.clock.sleep(pause, signal);
    }
  }

  /** @returns whether any began or ended */
  #replace(wanted: ReadonlyMap<string, Settings>, set: RunWatchSet): boolean {
    let changed = false;
    for (const [path, run] of this.#runs) {
      const settings = wanted.get(path);
      if (settings !== undefined && run.analysesAs(settings, set)) continue;
      run.close();
      this.#runs.delete(path);
      if (run.settings.told && settings?.told !== true) this.tell({ kind: 'ended', run: path });
      changed = true;
    }
    for (const [path, settings] of wanted) {
      const run = this.#runs.get(path);
      if (run !== undefined) {
        run.judgeBy(settings);
        continue;
      }
      this.#runs.set(path, new WatchedRun(path, settings, set, this.#parts(path)));
      changed = true;
    }
    return changed;
  }

  #parts(path: string): RunParts {
    return {
      engine: this.engine,
      clock: this.clock,
      turns: this.#turns,
      pause: this.#pause,
      tell: this.tell,
      controls: (paths) => paths.flatMap((control) => this.#runs.get(control)?.checkpoints ?? []),
      kept: (run, unkept) => {
        if (unkept !== null && unkept !== this.#unkept) this.tell({ kind: 'unkept', run, reason: unkept });
        this.#unkept = unkept;
      },
      analysed: () => {
        for (const run of this.#runs.values()) if (run.settings.controls.includes(path)) run.changed();
      },
    };
  }
}

/** What a run has from its watcher. */
interface RunParts {
  readonly engine: Pick<Engine, 'analyzeCheckpoint'>;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly pause: Pause;
  tell(event: RunEvent): void;
  /** What is known of other runs. */
  controls(paths: readonly string[]): readonly (readonly AnalyzedCheckpoint[])[];
  /** A checkpoint was analysed, which may count for other runs too. */
  analysed(): void;
  /** @param unkept why its reports cannot be kept, or null */
  kept(run: string, unkept: string | null): void;
}

class WatchedRun {
  readonly #stop = new AbortController();
  readonly #analysed = new Map<string, AnalyzedCheckpoint>();
  /** By the names of the checkpoints. */
  readonly #problems = new Map<string, readonly string[]>();
  #listing: RunListing | null = null;
  /** Whether it will be judged soon. */
  #gathering = false;
  /** Milliseconds before it is judged again, by how long that took. */
  #pause = 0;

  constructor(
    readonly path: string,
    public settings: Settings,
    readonly set: RunWatchSet,
    readonly parts: RunParts,
  ) {
    this.#watch().catch(console.error);
  }

  /** As it was listed last. */
  get hasCheckpoints(): boolean {
    return (this.#listing?.checkpoints.length ?? 0) > 1;
  }

  /** In the order of their steps; none without any, for a control of which nothing is known yet is none. */
  get checkpoints(): readonly (readonly AnalyzedCheckpoint[])[] {
    const checkpoints = inOrder([...this.#analysed.values()]);
    return checkpoints.length === 0 ? [] : [checkpoints];
  }

  /** Whether its reports stand under other settings. */
  analysesAs({ options }: Settings, { history, quiet, interval }: RunWatchSet): boolean {
    const how = [this.settings.options, this.set.history, this.set.quiet, this.set.interval];
    return JSON.stringify(how) === JSON.stringify([options, history, quiet, interval]);
  }

  judgeBy(settings: Settings): void {
    const same = JSON.stringify(this.settings) === JSON.stringify(settings);
    if (this.settings.told && !settings.told) this.parts.tell({ kind: 'ended', run: this.path });
    this.settings = settings;
    if (!same) this.changed();
  }

  changed(): void {
    // A look that was under way when it was closed.
    if (this.#stop.signal.aborted || this.#gathering) return;
    this.#gathering = true;
    void this.#judgeSoon();
  }

  async #judgeSoon(): Promise<void> {
    const { signal } = this.#stop;
    await this.parts.clock.sleep(Math.max(GATHERING, this.#pause), signal);
    this.#gathering = false;
    if (signal.aborted) return;
    const start = performance.now();
    try {
      const report = this.#report();
      if (report !== null) this.parts.tell({ kind: 'changed', run: this.path, report });
    } catch (error) {
      // A run that cannot be judged must not end the engine.
      console.error(error);
    }
    this.#pause = LEISURE * (performance.now() - start);
  }

  close(): void {
    this.#stop.abort();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    let end = await this.parts.turns.take();
    /** Lets the others look while this one waits. */
    const aside = async <T>(wait: () => Promise<T>): Promise<T> => {
      end();
      try {
        return await wait();
      } finally {
        end = await this.parts.turns.take();
      }
    };
    const { clock: actual } = this.parts;
    const clock: Clock = {
      now: () => actual.now(),
      sleep: (milliseconds, signal) => aside(() => actual.sleep(milliseconds, signal)),
    };
    try {
      await watchRun(this.path, {
        recognise: (directory) => this.#list(directory),
        ready: (checkpoint) => aside(() => this.#analyse(checkpoint)),
        notice: (notice) => this.#notice(notice),
        quiet: this.set.quiet,
        interval: this.set.interval,
        signal,
        clock,
      });
    } finally {
      end();
    }
  }

  async #list(directory: string): Promise<RunListing> {
    const listing = await recognise(directory);
    const said = ({ recognised, missing }: RunListing): string => JSON.stringify([recognised, missing]);
    const news = this.#listing === null || said(this.#listing) !== said(listing);
    this.#listing = listing;
    if (news) this.changed();
    return listing;
  }

  async #analyse(checkpoint: Checkpoint): Promise<void> {
    const { path, settings, set } = this;
    const listed = this.#listing!.checkpoints.map(({ name }) => name);
    for (let more = true; more; ) {
      const inHand = new Set(this.#analysed.keys());
      const params = { run: path, checkpoint, listed, inHand, options: settings.options, history: set.history };
      const { deleted, unkept, ...analysis } = await this.#unlessPaused(checkpoint.name, (signal) =>
        this.parts.engine.analyzeCheckpoint(params, signal),
      );
      this.parts.kept(this.path, unkept);
      for (const earlier of deleted.read) if (!this.#analysed.has(earlier.name)) this.#analysed.set(earlier.name, earlier);
      const known = new Set([...listed, ...deleted.names]);
      for (const name of this.#analysed.keys()) if (!known.has(name)) this.#forget(name);
      this.#analysed.set(checkpoint.name, analysis.checkpoint);
      this.#problems.set(checkpoint.name, analysis.problems);
      this.changed();
      this.parts.analysed();
      // None is read of entries that are damaged.
      more = deleted.read.length > 0 && deleted.names.some((name) => !this.#analysed.has(name));
    }
  }

  /** A pause cancels the work, which is begun anew when it is over. */
  async #unlessPaused<T>(checkpoint: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { pause } = this.parts;
    const tell = (state: 'running' | 'paused' | 'over') => {
      if (this.settings.told && !this.#stop.signal.aborted) this.parts.tell({ kind: 'analysis', run: this.path, checkpoint, state });
    };
    try {
      for (;;) {
        if (pause.signal.aborted) {
          tell('paused');
          await pause.over(this.#stop.signal);
          this.#stop.signal.throwIfAborted();
        }
        const { signal } = pause;
        tell('running');
        try {
          return await work(AbortSignal.any([this.#stop.signal, signal]));
        } catch (error) {
          if (!signal.aborted || this.#stop.signal.aborted) throw error;
        }
      }
    } finally {
      tell('over');
    }
  }

  #notice(notice: WatchNotice): void {
    if (notice.kind === 'failed' || notice.kind === 'unreadable') {
      this.#problems.set(notice.checkpoint, [notice.reason]);
      this.changed();
    } else if (notice.kind === 'changed' || notice.kind === 'vanished') {
      // What was read of it may be of no one save.
      this.#forget(notice.checkpoint);
      this.changed();
    }
    if (this.settings.told && !this.#stop.signal.aborted) this.parts.tell({ kind: 'notice', run: this.path, notice });
  }

  #forget(checkpoint: string): void {
    this.#analysed.delete(checkpoint);
    this.#problems.delete(checkpoint);
  }

  /** Null while there is nothing to say, or nobody to say it to. */
  #report(): RunReport | null {
    const listing = this.#listing;
    const { told, baseline, controls } = this.settings;
    if (listing === null || !told) return null;
    const checkpoints = this.checkpoints.flat();
    const problems = [...this.#problems.values()].flat();
    if (baseline === null || checkpoints.some(({ name }) => name === baseline)) {
      return runReport(this.path, { listing, checkpoints, pending: [], problems }, { baseline, controls: this.parts.controls(controls) });
    }
    const { layout, recognised, missing } = listing;
    const message = `Its baseline, ${baseline}, has not been analysed: nothing can be compared with it yet.`;
    return {
      schema: RUN_SCHEMA,
      path: this.path,
      layout,
      recognised,
      missing: [...missing, ...problems],
      baseline,
      checkpoints: checkpoints.map((checkpoint) => ({ ...checkpoint, drift: {}, level: 'unknown' })),
      level: 'unknown',
      kinds: [],
      onset: null,
      alarm: null,
      forecast: null,
      reasons: [{ code: 'no-baseline', message }],
    };
  }
}

/** The runs of these folders, and their controls; a run in several folders is watched as the innermost says. */
async function runsOf(
  folders: readonly WatchedFolder[],
  watched: readonly string[],
  known: ReadonlySet<string>,
): Promise<Map<string, Settings>> {
  const runs = new Map<string, Settings>();
  for (const folder of folders.toSorted((a, b) => a.path.length - b.path.length)) {
    for (const path of await runsIn(folder.path, watched, known)) runs.set(path, { ...folder, path, told: true });
  }
  for (const { controls, options } of [...runs.values()]) {
    for (const path of controls) if (!runs.has(path)) runs.set(path, { path, baseline: null, controls: [], options, told: false });
  }
  return runs;
}

async function runsIn(folder: string, watched: readonly string[], known: ReadonlySet<string>): Promise<readonly string[]> {
  const found = await findRuns(folder, undefined, known);
  if (found.length > 0) return found;
  // Of one that is out of reach for a while nothing is known, and one that holds nothing yet may become a run.
  const before = watched.filter((path) => path.startsWith(folder + sep));
  const reachable = await access(folder).then(
    () => true,
    () => false,
  );
  return reachable || before.length === 0 ? [folder] : before;
}

/** Whether analyses wait for a person to have them go on. */
class Pause {
  #current = new AbortController();
  #ended = new AbortController();

  /** Aborted while it lasts. */
  get signal(): AbortSignal {
    return this.#current.signal;
  }

  set(paused: boolean): void {
    if (paused === this.signal.aborted) return;
    if (paused) {
      this.#ended = new AbortController();
      this.#current.abort();
    } else {
      this.#current = new AbortController();
      this.#ended.abort();
    }
  }

  /** Resolves when it is over, or the signal is aborted. */
  async over(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([this.#ended.signal, signal]);
    if (!either.aborted) await once(either, 'abort');
  }
}

/** One at a time, in the order of asking. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is one's turn, to what ends it. */
  async take(): Promise<() => void> {
    const before = this.#last;
    let end!: () => void;
    this.#last = new Promise((ended) => {
      end = ended;
    });
    await before;
    return end;
  }
}
