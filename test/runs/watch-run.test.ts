import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { copyFile, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Checkpoint, Layout } from '../../src/runs/checkpoint';
import { LAYOUTS, recognise } from '../../src/runs/recognise';
import { type WatchNotice, type WatchOptions, watchRun } from '../../src/runs/watch-run';
import { uniform } from '../../src/spectral/random';
import { KINDS, type Kind, npyFile, SimulatedClock, safetensorsFile, Trainer, type TrainerOptions } from './trainer';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sigma-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** How often each checkpoint was handed over, and those that were not what their trainer had completed. */
class Reader {
  readonly handedOver = new Map<string, number>();
  readonly order: string[] = [];
  readonly early: string[] = [];
  readonly notices: WatchNotice[] = [];

  constructor(readonly trainer: Trainer) {}

  async read({ name, parts }: Checkpoint): Promise<void> {
    this.handedOver.set(name, (this.handedOver.get(name) ?? 0) + 1);
    this.order.push(name);
    const { whole, options } = this.trainer;
    const complete = whole.get(name);
    const same = await Promise.all(
      parts.map(async (path) => {
        const bytes = complete?.get(relative(options.directory, path).split(sep).join('/'));
        return bytes !== undefined && Buffer.compare(bytes, await readFile(path)) === 0;
      }),
    );
    if (complete === undefined || parts.length === 0 || same.includes(false)) this.early.push(name);
  }

  watch(clock: SimulatedClock, signal: AbortSignal, options: Partial<WatchOptions> = {}): Promise<void> {
    return watchRun(this.trainer.options.directory, {
      recognise,
      ready: (checkpoint) => this.read(checkpoint),
      notice: (notice) => this.notices.push(notice),
      signal,
      clock,
      ...options,
    });
  }
}

/** Runs a trainer, and a watch of it until `after` milliseconds later. */
async function watched(
  trainer: Trainer,
  train: () => Promise<void>,
  options: Partial<WatchOptions> = {},
  after = 120_000,
): Promise<Reader> {
  const clock = trainer.options.clock as SimulatedClock;
  const reader = new Reader(trainer);
  const stop = new AbortController();
  await clock.run(
    async () => {
      await train();
      await clock.sleep(after);
      stop.abort();
    },
    () => reader.watch(clock, stop.signal, options),
  );
  return reader;
}

const trainerOf = (kind: Kind, changes: Partial<TrainerOptions> = {}): Trainer =>
  new Trainer({ directory: root, kind, clock: new SimulatedClock(), seed: 7, ...changes });

describe('a run', () => {
  test('is handed over in the order of its steps, one at a time, also when it was there before', async () => {
    const trainer = trainerOf('torch');
    const { clock } = trainer.options;
    let reading = 0;
    const order: number[] = [];
    let start = 0;
    const reader = await watched(
      trainer,
      async () => {
        for (const step of [1000, 200, 30]) await trainer.save(step);
        start = clock.now();
      },
      {
        recognise: async (directory) => (start === 0 ? { layout: '', recognised: '', missing: [], checkpoints: [] } : recognise(directory)),
        ready: async ({ step }) => {
          expect(++reading).toBe(1);
          order.push(step);
          await clock.sleep(8000);
          reading--;
        },
      },
    );
    expect(order).toEqual([30, 200, 1000]);
    expect(reader.notices.every(({ kind }) => kind === 'waiting')).toBe(true);
  });

  test('is handed over again where it is overwritten, and only there', async () => {
    const trainer = trainerOf('npy');
    const { clock } = trainer.options;
    const keys: string[] = [];
    await watched(
      trainer,
      async () => {
        await trainer.save(1);
        await trainer.save(2);
        await clock.sleep(60_000);
        await trainer.save(1);
        await clock.sleep(60_000);
        // Touched: the same content.
        await utimes(join(root, 'weights_2.npy'), 1, 1);
      },
      { ready: async ({ name }, key) => void keys.push(`${name} ${key}`) },
    );
    expect(keys.map((key) => key.split(' ')[0])).toEqual(['weights_1.npy', 'weights_2.npy', 'weights_1.npy']);
    expect(new Set(keys).size).toBe(3);
  });

  test('is handed over once where a link or a copy shows a checkpoint twice', async () => {
    const trainer = trainerOf('lightning');
    const reader = await watched(trainer, async () => {
      await trainer.save(100);
      await trainer.options.clock.sleep(30_000);
      await symlink(trainer.nameOf(100), join(root, 'epoch=7-step=100.ckpt'));
      await copyFile(join(root, trainer.nameOf(100)), join(root, 'epoch=8-step=100.ckpt'));
    });
    expect(await readdir(root)).toHaveLength(4);
    expect(reader.order).toEqual([trainer.nameOf(100)]);
  });

  test('of two trainers at once in one folder', async () => {
    const clock = new SimulatedClock();
    const stop = new AbortController();
    const trainers = [1, 2].map((seed) => trainerOf('npy', { clock, seed, prefix: `trainer${seed}` }));
    const handedOver: string[] = [];
    let training = trainers.length;
    const ready = async ({ name }: Checkpoint) => {
      handedOver.push(name);
      expect(trainers.some(({ whole }) => whole.has(name))).toBe(true);
    };
    await clock.run(
      ...trainers.map((trainer) => async () => {
        for (let step = 1; step <= 5; step++) await trainer.save(step);
        await clock.sleep(60_000);
        if (--training === 0) stop.abort();
      }),
      () => watchRun(root, { recognise, ready, notice: () => {}, signal: stop.signal, clock }),
    );
    expect(handedOver.toSorted()).toEqual([...trainers[0]!.saves.keys(), ...trainers[1]!.saves.keys()].sort());
    expect(handedOver).toHaveLength(10);
  });
});

const told = ({ notices }: Reader) => notices.filter(({ kind }) => kind !== 'waiting');

describe('what goes wrong', () => {
  test('a checkpoint that is deleted while it is read, or before, is dropped with a notice', async () => {
    const trainer = trainerOf('deepspeed');
    const { clock } = trainer.options;
    const reader = await watched(
      trainer,
      async () => {
        await trainer.save(100);
        await clock.sleep(40_000);
        await trainer.save(200);
        await trainer.crash(300);
        await clock.sleep(60_000);
        await rm(join(root, 'global_step300'), { recursive: true });
      },
      {
        ready: async ({ step, path, files }) => {
          if (step === 100) await rm(path, { recursive: true });
          await readFile(files[0]!.path);
        },
      },
    );
    expect(told(reader)).toEqual([
      { kind: 'vanished', checkpoint: 'global_step100' },
      { kind: 'vanished', checkpoint: 'global_step300' },
    ]);
  });

  test('a checkpoint that is deleted file by file after it was read is no news', async () => {
    const trainer = trainerOf('trainer-in-place');
    const { clock } = trainer.options;
    const folder = join(root, 'checkpoint-100');
    const notices: WatchNotice[] = [];
    let told = 0;
    const reader = await watched(
      trainer,
      async () => {
        await trainer.save(100);
        await trainer.save(200);
        await clock.sleep(60_000);
        told = notices.length;
        for (const name of (await readdir(folder)).reverse()) {
          await rm(join(folder, name));
          await clock.sleep(40_000);
        }
        await rm(folder, { recursive: true });
      },
      { notice: (notice) => notices.push(notice) },
    );
    expect(reader.order).toEqual(['checkpoint-100', 'checkpoint-200']);
    expect(notices.slice(told)).toEqual([]);
  });

  test('a checkpoint that is overwritten while it is read is read again', async () => {
    const trainer = trainerOf('npy');
    const { clock } = trainer.options;
    let reads = 0;
    const reader = await watched(
      trainer,
      async () => {
        await trainer.save(1);
        await clock.sleep(12_000);
        expect(reads).toBe(1);
        await trainer.save(1);
      },
      {
        ready: async () => {
          reads++;
          await clock.sleep(20_000);
        },
      },
    );
    expect(told(reader)).toEqual([{ kind: 'changed', checkpoint: 'weights_1.npy' }]);
    expect(reads).toBe(2);
  });

  test('a checkpoint that cannot be analysed is not tried again', async () => {
    const trainer = trainerOf('npy');
    let reads = 0;
    const ready = async () => {
      reads++;
      throw new Error('Out of memory.');
    };
    const reader = await watched(trainer, () => trainer.save(1), { ready }, 600_000);
    expect(told(reader)).toEqual([{ kind: 'failed', checkpoint: 'weights_1.npy', reason: 'Out of memory.' }]);
    expect(reads).toBe(1);
  });

  test('a save that stops for ever is reported once, and is read when it is made good', async () => {
    const trainer = trainerOf('torch');
    const { clock } = trainer.options;
    const reader = await watched(trainer, async () => {
      await trainer.crash(1);
      await clock.sleep(600_000);
      await trainer.save(1);
    });
    const reason = expect.stringMatching(/weights_1\.pt at byte \d+: the directory that ends a ZIP archive was expected here/);
    expect(told(reader)).toEqual([{ kind: 'unreadable', checkpoint: 'weights_1.pt', reason }]);
    expect(reader.order).toEqual(['weights_1.pt']);
    expect(reader.early).toEqual([]);
  });

  test('a tensor that is truly zero waits longer, but not for ever', async () => {
    const trainer = trainerOf('safetensors-renamed');
    const { clock } = trainer.options;
    const zeros = safetensorsFile({ head: { rows: 4, columns: 4, values: new Float32Array(16) } });
    let at = 0;
    const reader = await watched(trainer, () => writeFile(join(root, 'weights_1.safetensors'), zeros), {
      ready: async () => {
        at = clock.now();
      },
    });
    expect(at).toBeGreaterThanOrEqual(30_000);
    expect(at).toBeLessThan(60_000);
    expect(reader.notices.at(-1)).toMatchObject({ waitingFor: 'preallocated: the last tensor reads as zeros' });
  });

  test('the folder goes and comes back', async () => {
    const trainer = trainerOf('npy', { directory: join(root, 'run') });
    const { clock, directory } = trainer.options;
    const reader = await watched(trainer, async () => {
      await trainer.save(1);
      await clock.sleep(30_000);
      await trainer.save(2);
      await rename(directory, join(root, 'elsewhere'));
      await clock.sleep(300_000);
      await rename(join(root, 'elsewhere'), directory);
    });
    expect(told(reader)).toEqual([{ kind: 'unreachable', reason: 'ENOENT' }, { kind: 'reachable' }]);
    expect(reader.order).toEqual(['weights_1.npy', 'weights_2.npy']);
  });

  test.each(['EACCES', 'ESTALE', 'EIO', 'EHOSTDOWN', 'ENOTCONN'])('the folder cannot be read for a while: %s', async (code) => {
    const trainer = trainerOf('npy');
    const { clock } = trainer.options;
    let failing = false;
    const reader = await watched(
      trainer,
      async () => {
        await trainer.save(1);
        failing = true;
        await clock.sleep(300_000);
        failing = false;
      },
      {
        recognise: async (directory) => {
          if (failing) throw Object.assign(new Error(`${code}: no`), { code });
          return recognise(directory);
        },
      },
    );
    expect(told(reader)).toEqual([{ kind: 'unreachable', reason: code }, { kind: 'reachable' }]);
    expect(reader.order).toEqual(['weights_1.npy']);
  });
});

describe('the polls', () => {
  test('are rarer while nothing happens, never overlap, and are quick again when something does', async () => {
    const trainer = trainerOf('npy');
    const { clock } = trainer.options;
    const starts: number[] = [];
    let listing = 0;
    let savedAt = 0;
    await watched(
      trainer,
      async () => {
        await clock.sleep(1_000_000);
        await trainer.save(1);
        savedAt = clock.now();
      },
      {
        recognise: async (directory) => {
          expect(++listing).toBe(1);
          starts.push(clock.now());
          await clock.sleep(1000);
          listing--;
          return recognise(directory);
        },
      },
    );
    const idle = starts.filter((time) => time < 1_000_000);
    const pauses = idle.slice(1).map((time, i) => time - idle[i]! - 1000);
    expect(pauses.slice(0, 3)).toEqual([7500, 11_250, 16_875]);
    expect(Math.max(...pauses)).toBe(30_000);
    expect(pauses).toHaveLength(Math.ceil(1_000_000 / 31_000) + 1);
    const after = starts.filter((time) => time >= savedAt);
    expect(after[1]! - after[0]!).toBe(6000);
  });

  test('of a slow file system pause for as long as they take', async () => {
    const trainer = trainerOf('npy');
    const { clock } = trainer.options;
    const starts: number[] = [];
    await watched(trainer, () => trainer.save(1), {
      recognise: async (directory) => {
        starts.push(clock.now());
        await clock.sleep(20_000);
        return recognise(directory);
      },
    });
    expect(starts.slice(0, 3)).toEqual([0, 40_000, 80_000]);
  });

  test.runIf(process.platform === 'linux')('leave no file open and write nothing', async () => {
    const trainer = trainerOf('npy');
    const { clock } = trainer.options;
    const opened = () => readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(root));
    await watched(trainer, async () => {
      await trainer.save(1);
      for (let i = 0; i < 20; i++) {
        await clock.sleep(1000);
        expect(opened()).toEqual([]);
      }
    });
    expect(await readdir(root)).toEqual(['weights_1.npy']);
  });

  test('end with the signal on the clock of the system', async () => {
    const stop = new AbortController();
    const trainer = trainerOf('npy');
    await writeFile(join(root, 'weights_1.npy'), npyFile({ rows: 2, columns: 2, values: new Float32Array(4) }));
    const handedOver: string[] = [];
    await watchRun(trainer.options.directory, {
      recognise,
      ready: async ({ name }) => {
        handedOver.push(name);
        stop.abort();
      },
      notice: () => {},
      quiet: 40,
      interval: 10,
      signal: stop.signal,
    });
    expect(handedOver).toEqual(['weights_1.npy']);
  });
});

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Asks the layout of the last listing first: the folders are read some thousand times, and all of the layouts together take longest. */
function recogniseOnce(): typeof recognise {
  let layout: Layout | undefined;
  return async (directory) => {
    const listing = (await layout?.recognise(directory)) ?? (await recognise(directory));
    if (listing.checkpoints.length > 0) layout = LAYOUTS.find(({ id }) => id === listing.layout);
    return listing;
  };
}

describe('500 checkpoints of ten kinds of trainer in one tree', () => {
  test('none is handed over early, twice or never', async () => {
    const clock = new SimulatedClock();
    const stop = new AbortController();
    const readers = KINDS.map((kind, i) => {
      const hour = 3_600_000;
      const trainer = new Trainer({ directory: join(root, kind), kind, clock, seed: i + 1, skew: (i - 4) * hour, keep: i % 2 ? 2 : 5 });
      return new Reader(trainer);
    });
    let training = readers.length;
    const random = uniform(99);
    await clock.run(
      ...readers.map(({ trainer }) => async () => {
        await trainer.run(50);
        await clock.sleep(120_000);
        if (--training === 0) stop.abort();
      }),
      ...readers.map((reader) => () => {
        const slowly = async <T>(work: Promise<T>): Promise<T> => {
          const result = await work;
          await clock.sleep(2000 * random());
          return result;
        };
        const list = recogniseOnce();
        return reader.watch(clock, stop.signal, {
          interval: 2000 + 1500 * (readers.indexOf(reader) % 3),
          recognise: (directory) => slowly(list(directory)),
          ready: (checkpoint) => slowly(reader.read(checkpoint)),
        });
      }),
    );

    let checkpoints = 0;
    let saves = 0;
    for (const { trainer, handedOver, early } of readers) {
      expect([trainer.options.kind, early]).toEqual([trainer.options.kind, []]);
      expect([trainer.options.kind, ...handedOver]).toEqual([trainer.options.kind, ...trainer.saves]);
      expect(trainer.crashes.length > 0).toBe(trainer.options.kind !== 'csv');
      checkpoints += trainer.saves.size;
      for (const count of trainer.saves.values()) saves += count;
    }
    expect(checkpoints).toBe(500);
    expect(saves).toBeGreaterThan(530);
  }, 60_000);
});
