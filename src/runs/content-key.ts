import { createHash } from 'node:crypto';
import { basename, relative, sep } from 'node:path';
import { openFile } from '../formats/bytes/file-bytes';
import type { Checkpoint } from './checkpoint';

const EDGE_BYTES = 64 * 1024;
const PIECES = 16;
const PIECE_BYTES = 4096;
const SAMPLED_BYTES = 2 * EDGE_BYTES + PIECES * PIECE_BYTES;

/**
 * Says what a file holds, at a cost that does not depend on its size: SHA-256 over the size, the first and the last 64 KiB and 16
 * evenly spaced pieces of 4 KiB between them; files of up to 192 KiB are read whole. Renaming or touching the file leaves it.
 *
 * In a larger file a change is missed when it keeps the size and lies between the pieces: one tensor that is rewritten while all
 * others stay the same (training changes them all), or an edit of the header beyond its first 64 KiB. It guards against reading
 * the same save twice, not against forgery.
 *
 * @returns 64 hexadecimal digits
 * @throws FormatError when the file cannot be read or is empty
 */
export async function contentKey(path: string): Promise<string> {
  const source = await openFile(path);
  try {
    const hash = createHash('sha256').update(`${source.size}\n`);
    const { size } = source;
    for (const [offset, length] of size <= SAMPLED_BYTES ? [[0, size] as const] : sampledSpans(size)) {
      const bytes = new Uint8Array(length);
      await source.read(offset, bytes);
      hash.update(bytes);
    }
    return hash.digest('hex');
  } finally {
    await source.close();
  }
}

function sampledSpans(size: number): (readonly [offset: number, length: number])[] {
  const between = size - 2 * EDGE_BYTES - PIECE_BYTES;
  const piece = (i: number) => EDGE_BYTES + Math.floor((between * i) / (PIECES - 1));
  return [[0, EDGE_BYTES], ...Array.from({ length: PIECES }, (_, i) => [piece(i), PIECE_BYTES] as const), [size - EDGE_BYTES, EDGE_BYTES]];
}

/**
 * Says what a checkpoint holds: {@link contentKey} of its only part, or a hash over the names of its parts inside the checkpoint and
 * their keys. It does not depend on the checkpoint's own name.
 * @throws FormatError when a part cannot be read or is empty
 */
export async function checkpointKey(checkpoint: Checkpoint): Promise<string> {
  const { path, parts } = checkpoint;
  if (parts.length === 1) return contentKey(parts[0]!);
  const hash = createHash('sha256');
  for (const part of parts.toSorted()) {
    const name = part === path ? basename(part) : relative(path, part).split(sep).join('/');
    hash.update(`${JSON.stringify(name)} ${await contentKey(part)}\n`);
  }
  return hash.digest('hex');
}
