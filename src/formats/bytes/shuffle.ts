/**
 * Undoes the byte shuffle of Blosc, HDF5 and numcodecs: first bytes of all elements, second bytes of all, ...; bytes after the last whole
 * element lie as they are.
 */
export function unshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  const output = new Uint8Array(bytes.length);
  if (elementBytes % 4 === 0) joinWords(bytes, elementBytes, count, new DataView(output.buffer));
  else {
    for (let j = 0; j < elementBytes; j++) {
      for (let i = 0, from = j * count, to = j; i < count; i++, to += elementBytes) output[to] = bytes[from + i]!;
    }
  }
  output.set(bytes.subarray(count * elementBytes), count * elementBytes);
  return output;
}

/** Four bytes of an element at a time. */
function joinWords(bytes: Uint8Array, elementBytes: number, count: number, output: DataView): void {
  for (let j = 0; j < elementBytes; j += 4) {
    const [a, b, c, d] = [j * count, (j + 1) * count, (j + 2) * count, (j + 3) * count] as const;
    for (let i = 0, to = j; i < count; i++, to += elementBytes) {
      output.setInt32(to, bytes[a + i]! | (bytes[b + i]! << 8) | (bytes[c + i]! << 16) | (bytes[d + i]! << 24), true);
    }
  }
}

/**
 * Undoes the bit shuffle of Blosc 1: first bits of all elements, second bits of all, ...; where the number of elements is no multiple of 8
 * it left everything as it was.
 */
export function bitUnshuffle(bytes: Uint8Array, elementBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / elementBytes);
  if (count % 8 !== 0) return bytes;
  const output = new Uint8Array(bytes.length);
  const row = count / 8;
  for (let j = 0; j < elementBytes; j++) {
    for (let group = 0; group < row; group++) {
      const from = j * count + group;
      // Bit k of byte b, in two words of four bytes each, to bit b of byte k (Hacker's Delight, 7-3).
      let low = bytes[from]! | (bytes[from + row]! << 8) | (bytes[from + 2 * row]! << 16) | (bytes[from + 3 * row]! << 24);
      let high = bytes[from + 4 * row]! | (bytes[from + 5 * row]! << 8) | (bytes[from + 6 * row]! << 16) | (bytes[from + 7 * row]! << 24);
      let swap = (low ^ (low >>> 7)) & 0x00aa_00aa;
      low ^= swap ^ (swap << 7);
      swap = (high ^ (high >>> 7)) & 0x00aa_00aa;
      high ^= swap ^ (swap << 7);
      swap = (low ^ (low >>> 14)) & 0x0000_cccc;
      low ^= swap ^ (swap << 14);
      swap = (high ^ (high >>> 14)) & 0x0000_cccc;
      high ^= swap ^ (swap << 14);
      const first = (low & 0x0f0f_0f0f) | ((high & 0x0f0f_0f0f) << 4);
      const last = ((low >>> 4) & 0x0f0f_0f0f) | (high & 0xf0f0_f0f0);
      for (let k = 0, to = group * 8 * elementBytes + j; k < 8; k++, to += elementBytes) {
        output[to] = (k < 4 ? first >>> (8 * k) : last >>> (8 * (k - 4))) & 0xff;
      }
    }
  }
  output.set(bytes.subarray(count * elementBytes), count * elementBytes);
  return output;
}
