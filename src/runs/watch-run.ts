import { access, constants } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import type { Checkpoint, RunListing } from './checkpoint';
import { isMissing, type Observation, observe, observed, probe, probed, QUIET, type Save, sameParts } from './completeness';

export type WatchNotice =
  /** Not yet complete; `waitingFor` is a phrase that reads well after the name and a colon. Once for every phrase. */
  | { readonly kind: 'waiting'; readonly checkpoint: string; readonly waitingFor: string }
  /** Complete as far as can be told, and yet no file of its kind. Once, until it changes. */
  | { readonly kind: 'unreadable'; readonly checkpoint: string; readonly reason: string }
  /** Gone before it was read to its end. */
  | { readonly kind: 'vanished'; readonly checkpoint: string }
  /** Overwritten while it was read: it is handed over again. */
  | { readonly kind: 'changed'; readonly checkpoint: string }
  /** `ready` failed. It is not tried again until the checkpoint changes. */
  | { readonly kind: 'failed'; readonly checkpoint: string; readonly reason: string }
  /** The directory cannot be read; the watch goes on. Once for every reason. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'reachable' };

/** Milliseconds of a clock that never goes back. */
export interface Clock {
  now(): number;
  /** Returns early when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface WatchOptions {
  readonly recognise: (directory: string) => Promise<RunListing>;
  /**
   * Reads a settled checkpoint; `key` is its `checkpointKey`. While it reads, the checkpoint may go or be overwritten: what is
   * to be kept is kept only when the key is still the same at the end.
   */
  readonly ready: (checkpoint: Checkpoint, key: string) => Promise<void>;
  readonly notice: (notice: WatchNotice) => void;
  /** Milliseconds, see completeness.ts. */
  readonly quiet?: number;
  /** Milliseconds between polls while something happens. */
  readonly interval?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

const INTERVAL = 5000;
const LONGEST_INTERVAL = 30_000;
const BACK_OFF = 1.5;

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => {}),
};

/**
 * Hands over every checkpoint of a run when its save is complete, once for each content at each step, in the order of the steps, one
 * at a time. It returns when the signal is aborted.
 *
 * It looks from time to time, with no watcher and no handle in between: an open watcher keeps a trainer from renaming its folders
 * on Windows, and network file systems send no events.
 */
export async function watchRun(directory: string, options: WatchOptions): Promise<void> {
  const { interval = INTERVAL, signal, clock = systemClock } = options;
  const watch = new RunWatch(directory, options, clock);
  let pause = interval;
  while (!signal?.aborted) {
    const start = clock.now();
    pause = (await watch.poll()) ? interval : Math.min(LONGEST_INTERVAL, pause * BACK_OFF);
    // A slow file system is asked less often.
    await clock.sleep(Math.max(pause, Math.min(LONGEST_INTERVAL, clock.now() - start)), signal);
  }
}

/** A checkpoint that is listed now. */
interface Tracked {
  readonly name: string;
  save: Save | null;
  /** As it lies there it is not to be read any more. */
  done: boolean;
  /** The phrase of the last notice that it is waited for. */
  told: string | null;
}

class RunWatch {
  /** By the paths of the checkpoints. */
  readonly #tracked = new Map<string, Tracked>();
  /** Step and content of what was handed over. */
  readonly #handedOver = new Set<string>();
  #unreachable: string | null = null;
  #active = false;

  constructor(
    readonly directory: string,
    readonly options: WatchOptions,
    readonly clock: Clock,
  ) {}

  /** @returns whether anything has happened since the last one */
  async poll(): Promise<boolean> {
    this.#active = false;
    const checkpoints = await this.#list();
    if (checkpoints !== null) {
      this.#forgetAllBut(checkpoints);
      for (const checkpoint of checkpoints) {
        if (this.options.signal?.aborted) break;
        await this.#look(checkpoint);
      }
    }
    return this.#active;
  }

  #notice(notice: WatchNotice): void {
    this.#active = true;
    this.options.notice(notice);
  }

  /** Null while the directory cannot be read: nothing is known of what is in it, so nothing is forgotten. */
  async #list(): Promise<readonly Checkpoint[] | null> {
    try {
      await access(this.directory, constants.R_OK);
      const { checkpoints } = await this.options.recognise(this.directory);
      if (this.#unreachable !== null) this.#notice({ kind: 'reachable' });
      this.#unreachable = null;
      // Some are listed that no reader can open yet.
      return checkpoints.filter(({ parts }) => parts.length > 0);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code ?? message;
      if (reason !== this.#unreachable) this.#notice({ kind: 'unreachable', reason });
      this.#unreachable = reason;
      return null;
    }
  }

  #forgetAllBut(checkpoints: readonly Checkpoint[]): void {
    const listed = new Set(checkpoints.map(({ path }) => path));
    for (const [path, { name, done }] of this.#tracked) {
      if (listed.has(path)) continue;
      this.#tracked.delete(path);
      if (!done) this.#notice({ kind: 'vanished', checkpoint: name });
    }
  }

  async #look(checkpoint: Checkpoint): Promise<void> {
    const { quiet = QUIET } = this.options;
    const { path, name } = checkpoint;
    const tracked = this.#tracked.get(path) ?? { name, save: null, done: false, told: null };
    this.#tracked.set(path, tracked);
    const observation = await observe(checkpoint, this.clock.now());
    // Read, and then deleted file by file, begun anew, or out of reach for a while.
    if (tracked.done && (checkpoint.marker === 'pending' || !isWhole(observation))) return;

    if (tracked.save === null || !sameParts(tracked.save.parts, observation.parts)) {
      this.#active = true;
      tracked.done = false;
    }
    let save = observed(tracked.save, observation, quiet);
    if (save.verdict.kind === 'due') save = probed(save, await probe(checkpoint), this.clock.now(), quiet);
    tracked.save = save;
    if (tracked.done) return;
    const { verdict } = save;
    if (verdict.kind === 'settled') {
      await this.#handOver(checkpoint, verdict.key, tracked, save);
    } else if (verdict.kind === 'unreadable') {
      tracked.done = true;
      this.#notice({ kind: 'unreadable', checkpoint: name, reason: verdict.reason });
    } else if (verdict.kind === 'waiting' && verdict.waitingFor !== tracked.told) {
      tracked.told = verdict.waitingFor;
      this.#notice({ kind: 'waiting', checkpoint: name, waitingFor: verdict.waitingFor });
    }
  }

  async #handOver(checkpoint: Checkpoint, key: string, tracked: Tracked, save: Save): Promise<void> {
    const { name, step } = checkpoint;
    const { ready, signal } = this.options;
    // It may have changed or gone since it was looked at: the next poll sees in what way.
    if (!sameParts(save.parts, (await observe(checkpoint, this.clock.now())).parts)) return;
    tracked.told = null;
    const stepAndKey = `${step} ${key}`;
    if (this.#handedOver.has(stepAndKey)) {
      tracked.done = true;
      return;
    }
    this.#active = true;
    let failure: Error | null = null;
    try {
      await ready(checkpoint, key);
    } catch (error) {
      failure = error as Error;
    }
    if (signal?.aborted) return;
    const after = await observe(checkpoint, this.clock.now());
    if (after.parts.some(({ stamp }) => isMissing(stamp))) {
      tracked.done = true;
      this.#notice({ kind: 'vanished', checkpoint: name });
    } else if (isWhole(after) && !sameParts(save.parts, after.parts)) {
      this.#notice({ kind: 'changed', checkpoint: name });
    } else {
      tracked.done = true;
      this.#handedOver.add(stepAndKey);
      if (failure !== null) this.#notice({ kind: 'failed', checkpoint: name, reason: failure.message });
    }
  }
}

function isWhole({ parts }: Observation): boolean {
  return parts.every(({ stamp }) => typeof stamp !== 'string');
}
