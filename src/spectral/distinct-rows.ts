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
 * A hash of a row's float64 bits: two times four 32-bit multiply-rotate lanes (the mixing of MurmurHash3) over its words, four at a
 * time; words beyond the last are 0.
 * @param words a view of the rows as 32-bit words
 * @returns two well-mixed words, for `hashOfWords`
 */
export function hashRow(words: Int32Array, from: number, to: number): [number, number] {
  const a = new Int32Array(4).fill(0x9747b28c);
  const b = new Int32Array(4).fill(0x3c6ef372);
  for (let i = from; i < to; i += 4) {
    for (let lane = 0; lane < 4; lane++) {
      const k = i + lane < to ? words[i + lane] : 0;
      const x = a[lane] ^ Math.imul(k, 0xcc9e2d51);
      a[lane] = Math.imul((x << 13) | (x >>> 19), 5) + 0xe6546b64;
      const y = b[lane] ^ Math.imul((k << 16) | (k >>> 16), 0x1b873593);
      b[lane] = Math.imul((y << 15) | (y >>> 17), 5) + 0x561ccd1b;
    }
  }
  const columns = (to - from) / 2;
  const first = finish(fold(a, columns));
  return [first, finish(fold(b, columns) ^ first)];
}

/** The 53-bit hash of a row from its two words. */
export function hashOfWords(first: number, second: number): number {
  return (second >>> 11) * 2 ** 32 + (first >>> 0);
}

function fold(lanes: Int32Array, columns: number): number {
  let h = finish(columns ^ lanes[0]);
  h = finish(h ^ lanes[1]);
  h = finish(h ^ lanes[2]);
  return h ^ lanes[3];
}

function finish(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
