import type { MatrixSource } from '../formats/matrix-source';
import { rowPasses } from './row-passes';
import { rowHash } from './sample';

/** Rows of a matrix, row-major; `values` is valid until the next ones are asked for. */
export interface Rows {
  readonly count: number;
  readonly values: Float64Array;
}

/** Rows that are this near to each other (in elements) are read in one go: skipping costs more than reading. */
const GAP = 16_384;
/** Elements of one buffer: 4 MiB, and 8 MiB of wide rows, whose tiles of the Gram matrix are else filled by too few. */
const BUFFER = 2 ** 19;
const WIDE = 2048;

export function rowsPerBlock(columns: number): number {
  const elements = columns < WIDE ? BUFFER : 2 * BUFFER;
  return Math.max(1, Math.min(1024, Math.floor(elements / columns)));
}

/**
 * The rows with these indices, in their order, in memory that the caller may change. While it works on some the next are read.
 * @param indices ascending; the source is of random access
 */
export async function* readRows(source: MatrixSource, indices: Float64Array): AsyncGenerator<Rows> {
  const limit = Math.min(indices.length, rowsPerBlock(source.columns));
  const gathered = rowPasses().room(2, limit * source.columns, source.columns);
  const gather = gathering(source, indices, limit);
  let ahead = gather(0, gathered[0]);
  for (let first = 0, turn = 1; first < indices.length; first += limit, turn = 1 - turn) {
    const values = await ahead;
    if (first + limit < indices.length) {
      ahead = gather(first + limit, gathered[turn]);
      // Where the caller stops before it asks for them, nobody else hears of an error.
      ahead.catch(() => {});
    }
    yield { count: Math.min(limit, indices.length - first), values };
  }
}

/** Reads the rows of `limit` indices from a given place among them. Calls must not overlap. */
function gathering(source: MatrixSource, indices: Float64Array, limit: number) {
  const { columns } = source;
  const gap = Math.max(1, Math.floor(GAP / columns));
  let span = new Float64Array(0);
  return async (from: number, values: Float64Array): Promise<Float64Array> => {
    const to = Math.min(indices.length, from + limit);
    for (let i = from; i < to; ) {
      const first = indices[i];
      let end = i + 1;
      while (end < to && indices[end] - indices[end - 1] <= gap && indices[end] - first < limit) end++;
      const rows = indices[end - 1] - first + 1;
      if (rows === end - i) {
        await source.read(first, rows, values.subarray((i - from) * columns));
        i = end;
        continue;
      }
      if (span.length === 0) span = new Float64Array(limit * columns);
      await source.read(first, rows, span);
      for (; i < end; i++) {
        const at = (indices[i] - first) * columns;
        values.set(span.subarray(at, at + columns), (i - from) * columns);
      }
    }
    return values;
  };
}

/**
 * All rows, in memory that the caller may change, as many at a time whatever blocks the source delivers: sums over them then come out the same,
 * bit for bit.
 */
export async function* streamRows(source: MatrixSource): AsyncGenerator<Rows> {
  const { columns } = source;
  const size = rowsPerBlock(columns);
  let held: Float64Array | null = null;
  let filled = 0;
  for await (const { count, values } of source.stream(size)) {
    if (filled === 0 && count === size) {
      yield { count, values };
      continue;
    }
    held ??= new Float64Array(size * columns);
    for (let at = 0; at < count; ) {
      const taken = Math.min(size - filled, count - at);
      held.set(values.subarray(at * columns, (at + taken) * columns), filled * columns);
      at += taken;
      filled += taken;
      if (filled < size) continue;
      filled = 0;
      yield { count: size, values: held };
    }
  }
  if (held !== null && filled > 0) yield { count: filled, values: held.subarray(0, filled * columns) };
}

/**
 * The `k` rows of a sequential source with the smallest hash (those that `nestedSample` would choose) and the `more` that come next by it,
 * after one pass, in the file's order. O((k + more) columns) memory.
 * @returns beyond null where there are no rows beyond the k
 */
export async function sampleStream(
  source: MatrixSource,
  k: number,
  more: number,
  seed: number,
  seen: (rows: number) => void,
): Promise<{ rows: Rows; beyond: Rows | null; total: number }> {
  const { columns } = source;
  const kept: { index: number; hash: number; values: Float64Array }[] = [];
  const before = (a: { index: number; hash: number }, b: { index: number; hash: number }): number => a.hash - b.hash || a.index - b.index;
  let total = 0;
  const most = k + more;
  // Kept rows are cut back whenever twice as many have gathered: amortised O(log k) a row.
  let bound: { index: number; hash: number } | null = null;
  const cut = (): void => {
    kept.sort(before);
    kept.length = Math.min(kept.length, most);
    bound = kept.length === most ? kept[most - 1] : null;
  };
  for await (const block of source.stream(rowsPerBlock(columns))) {
    for (let i = 0; i < block.count; i++) {
      const row = { index: block.first + i, hash: rowHash(block.first + i, seed) };
      if (bound !== null && before(row, bound) > 0) continue;
      kept.push({ ...row, values: block.values.slice(i * columns, (i + 1) * columns) });
      if (kept.length >= 2 * most) cut();
    }
    total = block.first + block.count;
    seen(total);
  }
  cut();
  const inOrder = (some: typeof kept): Rows => {
    const values = new Float64Array(some.length * columns);
    some
      .sort((a, b) => a.index - b.index)
      .forEach((row, i) => {
        values.set(row.values, i * columns);
      });
    return { count: some.length, values };
  };
  return { rows: inOrder(kept.slice(0, k)), beyond: kept.length > k ? inOrder(kept.slice(k)) : null, total };
}
