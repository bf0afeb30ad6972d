/**
 * The k rows of n with the smallest hash of (seed, index), ascending. Samples are nested (the first 1,000 are among the first
 * 4,000), spread over the whole file, and the same rows of every file with as many rows: the fixed index set of SIGMA.
 *
 * Two passes over the hashes and no memory that grows with n: a histogram of their upper bits finds where the k-th lies.
 * @returns indices in ascending order
 */
export function nestedSample(n: number, k: number, seed: number): Float64Array {
  if (k >= n) return Float64Array.from({ length: n }, (_, i) => i);
  const counts = new Float64Array(65536);
  for (let i = 0; i < n; i++) counts[rowHash(i, seed) >>> 16]++;
  let bucket = 0;
  let below = 0;
  while (below + counts[bucket] < k) below += counts[bucket++];

  const indices = new Float64Array(k);
  const tied: { index: number; hash: number }[] = [];
  let filled = 0;
  for (let i = 0; i < n; i++) {
    const hash = rowHash(i, seed);
    if (hash >>> 16 < bucket) indices[filled++] = i;
    else if (hash >>> 16 === bucket) tied.push({ index: i, hash });
  }
  tied.sort((a, b) => a.hash - b.hash || a.index - b.index);
  for (let t = 0; filled < k; t++) indices[filled++] = tied[t].index;
  return indices.sort();
}

/** A well-mixed 32-bit hash of a row's index (MurmurHash3's finalizer over both halves of the index). */
export function rowHash(index: number, seed: number): number {
  let h = mix(seed ^ 0x9e3779b9);
  h = mix(h ^ (index >>> 0));
  return mix(h ^ Math.floor(index / 2 ** 32)) >>> 0;
}

function mix(h: number): number {
  let x = h | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
