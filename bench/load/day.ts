// One day of watching on a clock of its own: the watcher, the changes that it sends and what the extension keeps of them, with reports that
// are made up. Arguments: checkpoints, tensors, runs. Prints one line of JSON.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { deserialize, serialize } from 'node:v8';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import type { RunReport } from '../../src/engine/protocol';
import { RunReceiver, RunSender } from '../../src/engine/run-changes';
import { RunWatcher } from '../../src/engine/run-watcher';
import { pack, sharing, unpack } from '../../src/runs/packed-reports';
import type { Clock } from '../../src/runs/watch-run';
import { matrixReport } from '../../test/runs/reports';
// @ts-expect-error it is shared with scripts that are not compiled
import { safetensors, saveCheckpoint, uniform } from './checkpoints.mjs';

const DAY = 86_400_000;
const [checkpoints = 1000, tensors = 200, runs = 50] = process.argv.slice(2).map(Number);

/** Moves on to the next one who wakes when nobody has anything left to do. */
class DayClock implements Clock {
  #now = 0;
  readonly #asleep = new Set<{ readonly at: number; readonly wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#asleep.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper = { at: this.#now + milliseconds, wake };
      this.#asleep.add(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** @returns false when nobody sleeps before `end` */
  async next(end: number): Promise<boolean> {
    for (let idle = 0; idle < 2 || this.#asleep.size === 0; idle = isBusy() ? 0 : idle + 1) await turn();
    let first: { readonly at: number; readonly wake: () => void } | null = null;
    for (const sleeper of this.#asleep) if (first === null || sleeper.at < first.at) first = sleeper;
    if (first === null || first.at > end) return false;
    this.#now = first.at;
    first.wake();
    return true;
  }
}

/** Whether files are being read. */
function isBusy(): boolean {
  return process.getActiveResourcesInfo().some((name) => /Req/i.test(name));
}

const clock = new DayClock();
const root = mkdtempSync(join(tmpdir(), 'sigma-day-'));
const random = uniform(1);
const big = join(root, 'big');
const model = safetensors(4, 8, 6, random);
const share = sharing();
const sender = new RunSender();
const receiver = new RunReceiver();
/** What the extension holds. */
const known = new Map<string, RunReport>();
const sent = { messages: 0, bytes: 0, largest: 0 };

function travel<T>(value: T): T {
  const bytes = serialize(value);
  sent.messages++;
  sent.bytes += bytes.length;
  sent.largest = Math.max(sent.largest, bytes.length);
  return deserialize(bytes) as T;
}

const engine: ConstructorParameters<typeof RunWatcher>[0] = {
  async analyzeCheckpoint({ run, checkpoint: { name, step } }) {
    const matrices = Array.from({ length: run === big ? tensors : 4 }, (_, i) => {
      const facts = i === 0 ? { tensor: null } : { tensor: `layers.${i}.weight` };
      return matrixReport({ ...facts, effectiveRank: 37 + random(), shape: -70 + random(), logScale: -1.8 + 0.01 * random() });
    });
    return {
      checkpoint: { name, step, matrices: unpack(pack(matrices), share) },
      problems: [],
      unkept: null,
      deleted: { names: [], read: [] },
    };
  },
};
const watcher = new RunWatcher(
  engine,
  (event) => {
    if (event.kind === 'ended') {
      known.delete(event.run);
      sender.forget(event.run);
      receiver.forget(event.run);
    }
    if (event.kind !== 'changed') return;
    const { reports, change } = sender.change(event.report);
    for (const part of reports) receiver.take(travel(part));
    known.set(event.run, receiver.report(travel(change)));
  },
  clock,
);
watcher.watch({ runs: [{ path: root, baseline: null, controls: [], options: DEFAULT_OPTIONS }], history: '' });

/** Both processes are this one here. */
const samples: object[] = [];
const began = performance.now();
let saved = 0;
for (let hour = 1; hour <= 24; hour++) {
  const end = (hour * DAY) / 24;
  for (;;) {
    const due = Math.floor((clock.now() / DAY) * checkpoints);
    for (; saved < due; saved++) saveCheckpoint(big, saved + 1, model);
    if (saved >= 2 && !existsSync(join(root, `small-1`)))
      for (let run = 1; run < runs; run++) for (let step = 1; step <= 4; step++) saveCheckpoint(join(root, `small-${run}`), step, model);
    if (!(await clock.next(end))) break;
  }
  if (hour % 6 !== 0) continue;
  gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  samples.push({
    hour,
    checkpoints: known.get(big)?.checkpoints.length,
    runs: known.size,
    megabytes: Math.round((heapUsed + arrayBuffers) / 2 ** 20),
    rss: Math.round(rss / 2 ** 20),
    handles: existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : null,
    sentMegabytes: Math.round(sent.bytes / 2 ** 20),
    seconds: Math.round((performance.now() - began) / 1000),
  });
}
watcher.close();
rmSync(root, { recursive: true, force: true });
console.log(JSON.stringify({ checkpoints, tensors, samples, sent, level: known.get(big)?.level }));
