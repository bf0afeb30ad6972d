/**
 * How many rows are distinct, in bounded memory, by adaptive sampling (Wegman; Flajolet 1990): only rows whose hash ends in
 * `level` zero bits are kept, and the level rises when more than `capacity` distinct hashes are held. All copies of a row
 * share a hash, so the share of distinct rows among those kept estimates the share among all without bias. Exact at level 0.
 */
export interface DistinctRows {
  /** Rows seen. */
  rows: number;
  level: number;
  /** Hash -> how often it was seen. */
  readonly kept: Map<number, number>;
}

const CAPACITY = 2 ** 18;

export function noRows(): DistinctRows {
  return { rows: 0, level: 0, kept: new Map() };
}

/** @param hash of the row's bits, an integer in [0, 2^53) */
export function addRow(distinct: DistinctRows, hash: number, times = 1, capacity = CAPACITY): void {
  distinct.rows += times;
  if (!survives(hash, distinct.level)) return;
  distinct.kept.set(hash, (distinct.kept.get(hash) ?? 0) + times);
  while (distinct.kept.size > capacity) {
    distinct.level++;
    for (const kept of distinct.kept.keys()) if (!survives(kept, distinct.level)) distinct.kept.delete(kept);
  }
}

export function mergeDistinct(into: DistinctRows, other: DistinctRows, capacity = CAPACITY): void {
  if (other.level > into.level) {
    into.level = other.level;
    for (const kept of into.kept.keys()) if (!survives(kept, into.level)) into.kept.delete(kept);
  }
  const rows = into.rows + other.rows;
  for (const [hash, times] of other.kept) addRow(into, hash, times, capacity);
  into.rows = rows;
}

/** Distinct rows over rows, in (0, 1]; 1 for no rows. */
export function distinctRatio(distinct: DistinctRows): number {
  let seen = 0;
  for (const times of distinct.kept.values()) seen += times;
  return seen === 0 ? 1 : distinct.kept.size / seen;
}

export function isExact(distinct: DistinctRows): boolean {
  return distinct.level === 0;
}

function survives(hash: number, level: number): boolean {
  return hash % 2 ** level === 0;
}

/**
 * A 53-bit hash of a row's float64 bits: two 32-bit multiply-rotate lanes (the mixing of MurmurHash3) over its words.
 * @param words a view of the rows as 32-bit words
 */
export function hashRow(words: Uint32Array, from: number, to: number): number {
  let a = 0x9747b28c;
  let b = 0x3c6ef372;
  for (let i = from; i < to; i++) {
    const k = words[i];
    a ^= Math.imul(k, 0xcc9e2d51);
    a = Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64;
    b ^= Math.imul((k << 16) | (k >>> 16), 0x1b873593);
    b = Math.imul((b << 15) | (b >>> 17), 5) + 0x561ccd1b;
  }
  a = finish(a);
  b = finish(b ^ a);
  return (b >>> 11) * 2 ** 32 + (a >>> 0);
}

function finish(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
