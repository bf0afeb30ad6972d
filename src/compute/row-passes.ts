import { ROWS } from './wasm-code';

/** Passes over a band of rows, count x d, row-major float64. Rows beyond `count` are left alone. */
export interface RowPasses {
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

/** By WebAssembly SIMD: rows are copied into its memory and back, which pays while a band stays in the second-level cache. Null where there is none. */
export function wasmRowPasses(): RowPasses | null {
  const code = Uint8Array.from(Buffer.from(ROWS, 'base64'));
  if (!WebAssembly.validate(code)) return null;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } }).exports as unknown as Exports;
  let doubles = new Float64Array(memory.buffer);
  let words = new Int32Array(memory.buffer);

  function reserve(elements: number): void {
    if (elements <= doubles.length) return;
    memory.grow(Math.ceil((elements * 8 - memory.buffer.byteLength) / PAGE));
    doubles = new Float64Array(memory.buffer);
    words = new Int32Array(memory.buffer);
  }

  return {
    measure(x, count, d, squares, hashes) {
      const rows = 2 * count;
      reserve(rows + count * d);
      doubles.set(x.subarray(0, count * d), rows);
      kernels.measure(8 * rows, count, d, 0, 8 * count);
      squares.set(doubles.subarray(0, count));
      hashes.set(words.subarray(2 * count, 4 * count));
    },
    take(x, count, d, factors, sums, first, differs, into) {
      const rows = 3 * d + 2 * count;
      reserve(rows + count * d);
      doubles.set(sums);
      doubles.set(first, d);
      words.set(differs, 4 * d);
      doubles.set(factors.subarray(0, 2 * count), 3 * d);
      doubles.set(x.subarray(0, count * d), rows);
      const taken = kernels.take(8 * rows, count, d, 24 * d, 0, 8 * d, 16 * d);
      sums.set(doubles.subarray(0, d));
      differs.set(words.subarray(4 * d, 6 * d));
      into.set(doubles.subarray(rows, rows + taken * d));
      return taken;
    },
    gather(x, count, d, centre, offset, third) {
      const rows = 3 * d;
      reserve(rows + count * d);
      doubles.set(centre);
      doubles.set(offset, d);
      doubles.set(third, 2 * d);
      doubles.set(x.subarray(0, count * d), rows);
      const fourth = kernels.gather(8 * rows, count, d, 0, 8 * d, 16 * d);
      offset.set(doubles.subarray(d, 2 * d));
      third.set(doubles.subarray(2 * d, 3 * d));
      x.set(doubles.subarray(rows, rows + count * d));
      return fourth;
    },
  };
}
