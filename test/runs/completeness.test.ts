import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, rename, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/runs/checkpoint';
import {
  type Observation,
  observe,
  observed,
  type PartStamp,
  type ProbeOutcome,
  probe,
  probed,
  QUIET,
  type Save,
  sameParts,
} from '../../src/runs/completeness';
import { npyFile, safetensorsFile, torchFile } from './trainer';

const file = (size: number, mtimeMs = 1e12): PartStamp => ({ size, mtimeMs, ctimeMs: mtimeMs, inode: 5 });
const READABLE: ProbeOutcome = { kind: 'readable', key: 'k' };
const ZEROS: ProbeOutcome = { kind: 'zeros', key: 'k' };
const UNOPENED: ProbeOutcome = { kind: 'unopened', detail: 'the file ends here.', reason: '/run/a: the file ends here.' };
const SETTLED = { kind: 'settled', key: 'k' };

interface Look {
  readonly time: number;
  readonly stamp: PartStamp;
  readonly marker?: Checkpoint['marker'];
  readonly outcome?: ProbeOutcome;
}

function after(...looks: readonly Look[]): Save {
  let save: Save | null = null;
  for (const { time, stamp, marker = 'none', outcome = READABLE } of looks) {
    const waitingFor = marker === 'pending' ? 'trainer_state.json' : null;
    const observation: Observation = { time, marker, waitingFor, parts: [{ path: '/run/a', stamp }] };
    save = observed(save, observation, QUIET);
    if (save.verdict.kind === 'due') save = probed(save, outcome, time, QUIET);
  }
  return save!;
}
const verdict = (...looks: readonly Look[]) => after(...looks).verdict;
const waiting = (waitingFor: string) => ({ kind: 'waiting', waitingFor });

describe('a save without a mark', () => {
  test('settles once nothing has changed for the quiet period', () => {
    const first = { time: 100, stamp: file(8) };
    expect(verdict(first)).toEqual(waiting('has only just appeared'));
    expect(verdict(first, { time: QUIET + 99, stamp: file(8) })).toEqual(waiting('has only just appeared'));
    expect(verdict(first, { time: QUIET + 100, stamp: file(8) })).toEqual(SETTLED);
  });

  test('starts anew with every change: of size, of time, of the file itself', () => {
    const looks = (stamp: PartStamp) => [
      { time: 0, stamp: file(8) },
      { time: 4000, stamp },
      { time: 8999, stamp },
    ];
    const touched = file(8, 2e12);
    const other: PartStamp = { ...(file(8) as object), inode: 6 } as PartStamp;
    expect(verdict(...looks(file(9)))).toEqual(waiting('still growing'));
    expect(verdict(...looks(touched))).toEqual(waiting('still being written'));
    expect(verdict(...looks(other))).toEqual(waiting('still being written'));
    for (const stamp of [file(9), touched, other]) expect(verdict(...looks(stamp), { time: 9000, stamp })).toEqual(SETTLED);
  });

  test('does not depend on the clock of the file server', () => {
    for (const mtimeMs of [0, 1e12, 9e15]) {
      expect(verdict({ time: 0, stamp: file(8, mtimeMs) }, { time: QUIET, stamp: file(8, mtimeMs) })).toEqual(SETTLED);
    }
  });

  test('waits for a part that is missing or out of reach', () => {
    expect(verdict({ time: 0, stamp: 'ENOENT' }, { time: 1e6, stamp: 'ENOENT' })).toEqual(waiting('a is missing'));
    expect(verdict({ time: 0, stamp: 'ESTALE' })).toEqual(waiting('a cannot be reached (ESTALE)'));
    // What came back counts from then on.
    const back = [
      { time: 0, stamp: 'EIO' },
      { time: 6000, stamp: file(8) },
    ];
    expect(verdict(...back, { time: 10_999, stamp: file(8) }).kind).toBe('waiting');
    expect(verdict(...back, { time: 11_000, stamp: file(8) })).toEqual(SETTLED);
  });
});

describe('a save with a mark', () => {
  test('never settles while that is pending', () => {
    const pending = (time: number): Look => ({ time, stamp: file(8), marker: 'pending' });
    expect(verdict(pending(0), pending(1e9))).toEqual(waiting('waits for trainer_state.json'));
  });

  test('settles with the mark when it has not changed over two looks', () => {
    const complete = (time: number, size = 8): Look => ({ time, stamp: file(size), marker: 'complete' });
    expect(verdict(complete(0)).kind).toBe('waiting');
    expect(verdict(complete(0), complete(QUIET / 4 - 1)).kind).toBe('waiting');
    expect(verdict(complete(0), complete(QUIET / 4))).toEqual(SETTLED);
    expect(verdict({ time: 0, stamp: file(8), marker: 'pending' }, complete(QUIET / 4))).toEqual(SETTLED);
  });

  test('waits for quiet when it changes under its mark, which is that of an earlier save', () => {
    const complete = (time: number, size: number): Look => ({ time, stamp: file(size), marker: 'complete' });
    const rewritten = [complete(0, 8), complete(2000, 8), complete(4000, 4)];
    expect(verdict(...rewritten)).toEqual(waiting('still growing'));
    expect(verdict(...rewritten, complete(8999, 4))).toEqual(waiting('still growing'));
    expect(verdict(...rewritten, complete(9000, 4))).toEqual(SETTLED);
    // Once the writer has taken the mark away, a new one can be believed.
    const begun: Look = { time: 5000, stamp: file(4), marker: 'pending' };
    expect(verdict(...rewritten, begun, complete(6000, 4))).toEqual(SETTLED);
  });
});

describe('the probe', () => {
  const looks = (outcome: ProbeOutcome, ...times: number[]) => times.map((time) => ({ time, stamp: file(8), outcome }));

  test('zeros wait for six quiet periods', () => {
    expect(verdict(...looks(ZEROS, 0, QUIET))).toEqual(waiting('preallocated: the last tensor reads as zeros'));
    expect(verdict(...looks(ZEROS, 0, 6 * QUIET - 1)).kind).toBe('waiting');
    expect(verdict(...looks(ZEROS, 0, QUIET, 6 * QUIET))).toEqual(SETTLED);
  });

  test('a file that cannot be opened for twelve quiet periods is unreadable until it changes', () => {
    expect(verdict(...looks(UNOPENED, 0, QUIET))).toEqual(waiting('cannot be opened yet: the file ends here'));
    expect(verdict(...looks(UNOPENED, 0, 12 * QUIET - 1)).kind).toBe('waiting');
    const unreadable = looks(UNOPENED, 0, 12 * QUIET);
    expect(verdict(...unreadable)).toEqual({ kind: 'unreadable', reason: '/run/a: the file ends here.' });
    expect(verdict(...unreadable, ...looks(READABLE, 1e9)).kind).toBe('unreadable');
    expect(verdict(...unreadable, { time: 1e9, stamp: file(9) }).kind).toBe('waiting');
    expect(verdict(...unreadable, { time: 1e9, stamp: file(9) }, { time: 2e9, stamp: file(9) })).toEqual(SETTLED);
  });

  test('what has settled stays so until it changes', () => {
    const settled = looks(READABLE, 0, QUIET);
    expect(verdict(...settled, ...looks(UNOPENED, 1e9))).toEqual(SETTLED);
    expect(verdict(...settled, { time: 1e9, stamp: file(9) })).toEqual(waiting('still growing'));
  });
});

test('no sequence of looks settles a save that changed within the time that its mark asks for', () => {
  const look = fc.record({
    pause: fc.integer({ min: 1, max: 8000 }),
    stamp: fc.oneof(fc.constantFrom(file(1), file(2), file(2, 2e12)), fc.constant('ENOENT')),
    marker: fc.constantFrom('none', 'pending', 'complete'),
  });
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 12 }), (pauses) => {
      let time = 0;
      const looks = pauses.map(({ pause, stamp, marker }): Look => {
        time += pause;
        return { time, stamp, marker: marker as Checkpoint['marker'] };
      });
      const last = looks.at(-1)!;
      const { kind } = verdict(...looks);
      const unlike = looks.findLastIndex(({ stamp }) => JSON.stringify(stamp) !== JSON.stringify(last.stamp));
      const run = looks.slice(unlike + 1);
      const since = run[0]!.time;
      const needed = { none: QUIET, complete: QUIET / 4, pending: Number.POSITIVE_INFINITY };
      const mayHaveSettled = run.some(({ time, marker = 'none' }) => time - since >= needed[marker]);
      const mustHaveSettled = run.some(({ time, marker }) => marker !== 'pending' && time - since >= QUIET);
      if (typeof last.stamp === 'string') expect(kind).toBe('waiting');
      else if (kind === 'settled') expect(mayHaveSettled).toBe(true);
      else expect(mustHaveSettled).toBe(false);
    }),
    { numRuns: 10_000, seed: 5 },
  );
});

describe('on disk', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sigma-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const matrix = { rows: 8, columns: 4, values: Float32Array.from({ length: 32 }, (_, i) => i + 1) };
  const blank = { ...matrix, values: new Float32Array(32) };
  function checkpointOf(name: string, bytes: Uint8Array): Checkpoint {
    const path = join(root, name);
    writeFileSync(path, bytes);
    return { name, step: 1, path, files: [{ path, name }], parts: [path], marker: 'none', waitingFor: null };
  }
  const outcome = async (name: string, bytes: Uint8Array) => (await probe(checkpointOf(name, bytes))).kind;

  test('whole files are readable', async () => {
    expect(await outcome('a.npy', npyFile(matrix))).toBe('readable');
    expect(await outcome('a.pt', torchFile(matrix))).toBe('readable');
    expect(await outcome('a.safetensors', safetensorsFile({ head: blank, tail: matrix }))).toBe('readable');
    expect(await outcome('b.npy', npyFile(blank))).toBe('readable');
  });

  test('files that end early cannot be opened', async () => {
    for (const [name, bytes] of [
      ['a.npy', npyFile(matrix)],
      ['a.pt', torchFile(matrix)],
      ['a.safetensors', safetensorsFile({ head: matrix })],
    ] as const) {
      for (const length of [0, 4, bytes.length >> 1, bytes.length - 1]) {
        expect([name, length, await outcome(name, bytes.subarray(0, length))]).toEqual([name, length, 'unopened']);
      }
    }
  });

  test('a preallocated safetensors file reads as zeros up to its last piece', async () => {
    const whole = safetensorsFile({ head: matrix, tail: matrix });
    const written = (bytes: number) => {
      const file = new Uint8Array(whole.length);
      file.set(whole.subarray(0, bytes));
      return file;
    };
    const header = whole.length - 2 * matrix.values.byteLength;
    expect(await outcome('a.safetensors', written(0))).toBe('unopened');
    expect(await outcome('a.safetensors', written(header))).toBe('zeros');
    expect(await outcome('a.safetensors', written(header + 128))).toBe('zeros');
    expect(await outcome('a.safetensors', written(header + 192))).toBe('zeros');
    expect(await outcome('a.safetensors', whole)).toBe('readable');
  });

  test('a file that is gone says so', async () => {
    const checkpoint = checkpointOf('a.npy', npyFile(matrix));
    rmSync(checkpoint.path);
    expect(await probe(checkpoint)).toMatchObject({ kind: 'unopened', detail: 'there is no such file.' });
    expect((await observe(checkpoint, 0)).parts).toEqual([{ path: checkpoint.path, stamp: 'ENOENT' }]);
  });

  test('looks differ when the file is replaced, rewritten with its old time, or may be read again', async () => {
    const checkpoint = checkpointOf('a.npy', npyFile(matrix));
    const look = async () => (await observe(checkpoint, 0)).parts;
    // Changes of one tick of the file system's clock would look the same.
    const tick = () => new Promise((resolve) => setTimeout(resolve, 20));
    const seen = [await look()];
    const changed = async () => {
      const now = await look();
      const before = seen.at(-1)!;
      seen.push(now);
      return !sameParts(before, now);
    };
    expect(await changed()).toBe(false);
    await tick();
    await utimes(checkpoint.path, 1000, 1000);
    expect(await changed()).toBe(true);
    await tick();
    await writeFile(checkpoint.path, npyFile(blank));
    await utimes(checkpoint.path, 1000, 1000);
    expect(await changed()).toBe(true);
    await tick();
    await chmod(checkpoint.path, 0o600);
    expect(await changed()).toBe(true);
    await tick();
    await writeFile(join(root, 'b'), npyFile(blank));
    await rename(join(root, 'b'), checkpoint.path);
    expect(await changed()).toBe(true);
  });
});
