import { ROWS } from './wasm-code';

/** Passes over a band of rows, count x d, row-major float64. Rows beyond `count` are left alone. */
export interface RowPasses {
  /**
   * Room for rows that are to be passed over again and again.
   * @param d columns of the rows
   * @returns so many arrays of that length
   */
  room(arrays: number, length: number, d: number): Float64Array[];
  /**
   * Sums of squares, and hashes as spectral/distinct-rows defines them.
   * @param squares length count
   * @param hashes two words for each row
   */
  measure(x: Float64Array, count: number, d: number, squares: Float64Array, hashes: Int32Array): void;
  /**
   * Rows whose first factor is a number, times it, one after the other to the head of `into`, which may begin at the band or before it. Of
   * those rows as they were: times their second factor they are added to `sums`, and words of `differs` are set where they are not `first`.
   * @param factors two for each row
   * @param sums length d
   * @param first length d
   * @param differs two words for each column
   * @returns how many were taken
   */
  take(
    x: Float64Array,
    count: number,
    d: number,
    factors: Float64Array,
    sums: Float64Array,
    first: Float64Array,
    differs: Int32Array,
    into: Float64Array,
  ): number;
  /**
   * Each row x becomes y = x - centre; adds the y to `offset` and the |y|^2 y to `third`.
   * @returns the sum of the |y|^4
   */
  gather(x: Float64Array, count: number, d: number, centre: Float64Array, offset: Float64Array, third: Float64Array): number;
}

/** What assembly/rows.ts exports; addresses in bytes. */
interface Exports {
  measure(rows: number, count: number, d: number, squares: number, hashes: number): void;
  take(rows: number, count: number, d: number, factors: number, sums: number, first: number, differs: number): number;
  gather(rows: number, count: number, d: number, centre: number, offset: number, third: number): number;
}

const PAGE = 65_536;

/** Elements of rooms from which on they lie in a memory of their own, which is a large thing for a system. */
const ROOMY = 2 ** 18;
/** Rows of a band that have numbers of their own, at most. */
const MOST_ROWS = 2 ** 15;

/** A memory, and the functions that see no other. */
interface Space {
  readonly kernels: Exports;
  readonly doubles: Float64Array;
  readonly words: Int32Array;
}

/**
 * By WebAssembly SIMD. Rows in `room` are passed over where they are; others are copied into a memory and back, which pays while a band stays
 * in the second-level cache. Null where there is none.
 */
export function wasmRowPasses(): RowPasses | null {
  const code = Uint8Array.from(Buffer.from(ROWS, 'base64'));
  if (!WebAssembly.validate(code)) return null;
  const module = new WebAssembly.Module(code);
  const rooms = new WeakMap<ArrayBufferLike, Space>();
  let common = space(0);

  function space(elements: number): Space {
    const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil((8 * elements) / PAGE)) });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const { buffer } = memory;
    return { kernels: exports as unknown as Exports, doubles: new Float64Array(buffer), words: new Int32Array(buffer) };
  }

  /**
   * Does something to rows where it can.
   * @param before numbers that lie at the start of the memory
   * @param work with the address of the rows @returns what it returns
   */
  function at<T>(x: Float64Array, count: number, d: number, before: number, work: (space: Space, rows: number) => T): T {
    const own = rooms.get(x.buffer);
    if (own !== undefined) return work(own, x.byteOffset);
    if (common.doubles.length < before + count * d) common = space(before + count * d);
    common.doubles.set(x.subarray(0, count * d), before);
    return work(common, 8 * before);
  }
  /** Rows that were copied are copied back. */
  function back({ doubles }: Space, rows: number, length: number, into: Float64Array): void {
    if (doubles.buffer !== into.buffer || rows !== into.byteOffset) into.set(doubles.subarray(rows / 8, rows / 8 + length));
  }

  return {
    room(arrays, length, d) {
      if (arrays * length < ROOMY) return Array.from({ length: arrays }, () => new Float64Array(length));
      const before = scratch(Math.min(MOST_ROWS, Math.ceil(length / d)), d);
      const own = space(before + arrays * length);
      rooms.set(own.doubles.buffer, own);
      return Array.from({ length: arrays }, (_, i) => own.doubles.subarray(before + i * length, before + (i + 1) * length));
    },
    measure(x, count, d, squares, hashes) {
      at(x, count, d, scratch(count, d), ({ kernels, doubles, words }, rows) => {
        kernels.measure(rows, count, d, 0, 8 * count);
        squares.set(doubles.subarray(0, count));
        hashes.set(words.subarray(2 * count, 4 * count));
      });
    },
    take(x, count, d, factors, sums, first, differs, into) {
      return at(x, count, d, scratch(count, d), (space, rows) => {
        const { kernels, doubles, words } = space;
        doubles.set(sums);
        doubles.set(first, d);
        words.set(differs, 4 * d);
        doubles.set(factors.subarray(0, 2 * count), 3 * d);
        const taken = kernels.take(rows, count, d, 24 * d, 0, 8 * d, 16 * d);
        sums.set(doubles.subarray(0, d));
        differs.set(words.subarray(4 * d, 6 * d));
        back(space, rows, taken * d, into);
        return taken;
      });
    },
    gather(x, count, d, centre, offset, third) {
      return at(x, count, d, scratch(count, d), (space, rows) => {
        const { kernels, doubles } = space;
        doubles.set(centre);
        doubles.set(offset, d);
        doubles.set(third, 2 * d);
        const fourth = kernels.gather(rows, count, d, 0, 8 * d, 16 * d);
        offset.set(doubles.subarray(d, 2 * d));
        third.set(doubles.subarray(2 * d, 3 * d));
        back(space, rows, count * d, x);
        return fourth;
      });
    },
  };
}

/** Numbers beside the rows, an even number of them: three for each column and two for each row. */
function scratch(count: number, d: number): number {
  return 2 * Math.ceil((3 * d + 2 * count) / 2);
}
