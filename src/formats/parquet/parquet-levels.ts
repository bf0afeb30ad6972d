/** The bytes end before the numbers do. */
export class EncodingError extends Error {}

/**
 * Numbers of `width` bits in runs: of one number over and over, and of groups of eight packed bit by bit.
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/ (RLE)
 *
 * @param into is filled to its end
 * @returns the byte after the last run that was needed
 * @throws EncodingError when the bytes in [from, end) do not suffice
 */
export function readRuns(bytes: Uint8Array, from: number, end: number, width: number, into: Uint8Array | Uint32Array): number {
  if (width > 32) throw new EncodingError(`numbers of ${width} bits are not expected`);
  const count = into.length;
  const runBytes = (width + 7) >> 3;
  let at = from;
  let done = 0;
  while (done < count) {
    let head = 0;
    let unit = 1;
    for (;;) {
      if (at >= end || unit > 2 ** 35) throw new EncodingError('levels or indices end too soon');
      const byte = bytes[at++]!;
      head += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      unit *= 128;
    }
    if (head % 2 === 0) {
      if (head === 0) throw new EncodingError('a run is empty');
      if (at + runBytes > end) throw new EncodingError('levels or indices end too soon');
      let value = 0;
      for (let k = runBytes - 1; k >= 0; k--) value = value * 256 + bytes[at + k]!;
      at += runBytes;
      const stop = Math.min(count, done + head / 2);
      into.fill(value, done, stop);
      done = stop;
    } else {
      const groups = (head - 1) / 2;
      if (groups === 0) throw new EncodingError('a run is empty');
      // The last group may be cut where nothing more is wanted.
      const wanted = Math.min(count - done, groups * 8);
      if (at + Math.ceil((wanted * width) / 8) > end) throw new EncodingError('levels or indices end too soon');
      unpack(bytes, at, width, into, done, wanted);
      done += wanted;
      at = Math.min(end, at + groups * width);
    }
  }
  return at;
}

function unpack(bytes: Uint8Array, from: number, width: number, into: Uint8Array | Uint32Array, done: number, wanted: number): void {
  if (width === 0) {
    into.fill(0, done, done + wanted);
  } else if (width === 1) {
    for (let i = 0; i < wanted; i++) into[done + i] = (bytes[from + (i >> 3)]! >> (i & 7)) & 1;
  } else if (width <= 24) {
    const mask = 2 ** width - 1;
    let at = from;
    let held = 0;
    let bits = 0;
    for (let i = 0; i < wanted; i++) {
      while (bits < width) {
        held |= bytes[at++]! << bits;
        bits += 8;
      }
      into[done + i] = held & mask;
      held >>>= width;
      bits -= width;
    }
  } else {
    for (let i = 0; i < wanted; i++) {
      let value = 0;
      for (let bit = 0; bit < width; bit++) {
        const place = i * width + bit;
        value += ((bytes[from + (place >> 3)]! >> (place & 7)) & 1) * 2 ** bit;
      }
      into[done + i] = value;
    }
  }
}
