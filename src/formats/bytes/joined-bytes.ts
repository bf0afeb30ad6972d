import { FormatError } from '../format-error';
import type { ByteSource } from './byte-source';

/** Bytes that lie one after the other in several sources. Closing it leaves them open. */
export function joinedBytes(parts: readonly ByteSource[], path: string): ByteSource {
  const ends: number[] = [];
  let size = 0;
  for (const part of parts) {
    size += part.size;
    ends.push(size);
  }
  return {
    path,
    size,
    fingerprint: parts.map(({ fingerprint }) => fingerprint).join(' '),
    async read(offset, target) {
      if (offset < 0 || offset + target.length > size)
        throw new FormatError(path, offset, `${target.length} bytes were expected, but the data ends at byte ${size}.`);
      let k = firstAfter(ends, offset);
      for (let done = 0; done < target.length; k++) {
        const within = offset + done - (ends[k - 1] ?? 0);
        const length = Math.min(target.length - done, parts[k]!.size - within);
        if (length > 0) await parts[k]!.read(within, target.subarray(done, done + length));
        done += length;
      }
    },
    async close() {},
  };
}

/** Index of the first of ascending numbers that is larger. */
function firstAfter(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
