import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { openFile } from '../formats/bytes/file-bytes';
import { FormatError } from '../formats/format-error';
import { openTensorFile } from '../formats/open';
import { readSafetensorsHeader } from '../formats/safetensors/safetensors-header';
import type { Checkpoint } from './checkpoint';
import { checkpointKey } from './content-key';

/** Milliseconds without a change after which a save that has no mark counts as complete. */
export const QUIET = 5000;

/** How long a save has to stay unchanged, in quiet periods. */
const QUIETS = {
  /** The writer says that it is complete: two looks suffice. */
  marked: 1 / 4,
  unmarked: 1,
  /** A tensor may truly be zero: it must not wait for ever. */
  zeros: 6,
  /** No writer pauses for so long in the middle of a file. */
  unreadable: 12,
};

/** What the file system says of a file, or the code of the error with which it refused to. */
export type PartStamp = { readonly size: number; readonly mtimeMs: number; readonly ctimeMs: number; readonly inode: number } | string;

/** A checkpoint as it lay on disk at one moment. */
export interface Observation {
  /** Milliseconds of our own monotonic clock. The files' times are compared with themselves only: a file server's clock may differ. */
  readonly time: number;
  readonly marker: Checkpoint['marker'];
  readonly waitingFor: string | null;
  readonly parts: readonly { readonly path: string; readonly stamp: PartStamp }[];
}

export type Verdict =
  /** `waitingFor` is a phrase for a person that reads well after the checkpoint's name and a colon. */
  | { readonly kind: 'waiting'; readonly waitingFor: string }
  /** Quiet for long enough: to be probed. */
  | { readonly kind: 'due' }
  /** `key` is the {@link checkpointKey}. */
  | { readonly kind: 'settled'; readonly key: string }
  /** It stays unreadable until it changes. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** What is known of a save. */
export interface Save {
  readonly parts: Observation['parts'];
  readonly marker: Checkpoint['marker'];
  /** Time of the first observation of the parts as they are. */
  readonly since: number;
  /** It changed while its marker said that it was complete: the marker is of an earlier save, and only quiet tells. */
  readonly overwritten: boolean;
  readonly verdict: Verdict;
}

export type ProbeOutcome =
  /** `key` is the {@link checkpointKey}. */
  | { readonly kind: 'readable'; readonly key: string }
  /** The last tensor of a file that may have been allocated in advance holds nothing but zeros. */
  | { readonly kind: 'zeros'; readonly key: string }
  /** `detail` without the file's name, `reason` with it. */
  | { readonly kind: 'unopened'; readonly detail: string; readonly reason: string };

/**
 * The state of a save after one more look at it.
 * @param before null at the first look
 * @param quiet milliseconds, see {@link QUIET}
 */
export function observed(before: Save | null, now: Observation, quiet: number): Save {
  const { time, marker, parts } = now;
  const changed = before === null || !sameParts(before.parts, parts);
  const since = changed ? time : before.since;
  const overwritten = before !== null && marker === 'complete' && (before.overwritten || (changed && before.marker === 'complete'));
  const as = (verdict: Verdict): Save => ({ parts, marker, since, overwritten, verdict });
  const waiting = (waitingFor: string) => as({ kind: 'waiting', waitingFor });

  if (!changed && (before.verdict.kind === 'settled' || before.verdict.kind === 'unreadable')) return as(before.verdict);
  const absent = parts.find(({ stamp }) => typeof stamp === 'string');
  if (absent !== undefined) {
    const name = basename(absent.path);
    return waiting(isMissing(absent.stamp) ? `${name} is missing` : `${name} cannot be reached (${absent.stamp})`);
  }
  if (marker === 'pending') return waiting(`waits for ${now.waitingFor ?? "the writer's mark"}`);
  const needed = marker === 'complete' && !overwritten ? QUIETS.marked : QUIETS.unmarked;
  if (time - since >= needed * quiet) return as({ kind: 'due' });
  if (before === null) return waiting('has only just appeared');
  return changed ? waiting(sizes(before.parts) === sizes(parts) ? 'still being written' : 'still growing') : as(before.verdict);
}

/** The state of a save that was due, after its probe. */
export function probed(save: Save, outcome: ProbeOutcome, time: number, quiet: number): Save {
  const unchanged = time - save.since;
  const as = (verdict: Verdict): Save => ({ ...save, verdict });
  switch (outcome.kind) {
    case 'readable':
      return as({ kind: 'settled', key: outcome.key });
    case 'zeros':
      if (unchanged >= QUIETS.zeros * quiet) return as({ kind: 'settled', key: outcome.key });
      return as({ kind: 'waiting', waitingFor: 'preallocated: the last tensor reads as zeros' });
    case 'unopened':
      if (unchanged >= QUIETS.unreadable * quiet) return as({ kind: 'unreadable', reason: outcome.reason });
      return as({ kind: 'waiting', waitingFor: `cannot be opened yet: ${outcome.detail.replace(/\.$/, '')}` });
  }
}

/**
 * Whether the files lie where they did, unchanged as far as the file system tells: the time of the last change of status
 * (`ctimeMs`) also gives away a rewrite that sets the time of modification back, and permissions that were mended.
 */
export function sameParts(a: Observation['parts'], b: Observation['parts']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function isMissing(stamp: PartStamp): boolean {
  return stamp === 'ENOENT' || stamp === 'ENOTDIR';
}

function sizes(parts: Observation['parts']): string {
  return JSON.stringify(parts.map(({ path, stamp }) => [path, typeof stamp === 'string' ? stamp : stamp.size]));
}

/** Looks at every part of a checkpoint; opens none. Links are followed. */
export async function observe(checkpoint: Checkpoint, time: number): Promise<Observation> {
  const { marker, waitingFor } = checkpoint;
  const parts = await Promise.all(checkpoint.parts.map(async (path) => ({ path, stamp: await stampOf(path) })));
  return { time, marker, waitingFor, parts };
}

async function stampOf(path: string): Promise<PartStamp> {
  try {
    const { size, mtimeMs, ctimeMs, ino } = await stat(path);
    return { size, mtimeMs, ctimeMs, inode: ino };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Opens every file as an analysis would, reads what the key is made of, and closes them again. */
export async function probe(checkpoint: Checkpoint): Promise<ProbeOutcome> {
  try {
    for (const { path } of checkpoint.files) await (await openTensorFile(path)).close();
    const key = await checkpointKey(checkpoint);
    for (const path of checkpoint.parts) {
      if (path.toLowerCase().endsWith('.safetensors') && (await endsInZeros(path))) return { kind: 'zeros', key };
    }
    return { kind: 'readable', key };
  } catch (error) {
    // Of a file in the middle of a save anything can be expected.
    const { message } = error as Error;
    return { kind: 'unopened', detail: error instanceof FormatError ? error.detail : message, reason: message };
  }
}

/** Of the last tensor only its end is read: writers go from the start to the end, and that tensor may be half written. */
const TAIL_BYTES = 64;

/**
 * Whether the last tensor's end is all zeros. Since December 2025 the safetensors library gives a file its final size before it
 * writes the tensors (`set_len`), so that a file that is being written has its header and reads as zeros where it is not.
 */
async function endsInZeros(path: string): Promise<boolean> {
  const source = await openFile(path);
  try {
    const { entries } = await readSafetensorsHeader(source);
    const last = entries.findLast(({ start, end }) => start < end);
    if (last === undefined) return false;
    const tail = new Uint8Array(Math.min(TAIL_BYTES, last.end - last.start));
    await source.read(last.end - tail.length, tail);
    return tail.every((byte) => byte === 0);
  } finally {
    await source.close();
  }
}
