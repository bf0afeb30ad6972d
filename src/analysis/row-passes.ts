import { type RowPasses, wasmRowPasses } from '../compute/row-passes';
import { hashRow } from '../spectral/distinct-rows';

/** Elements of a band: 256 KiB stay in the second-level cache. */
const BAND = 2 ** 15;

/** Rows that `RowPasses` are given at a time. */
export function rowsPerBand(columns: number): number {
  return Math.max(1, Math.floor(BAND / columns));
}

let passes: RowPasses | null = null;

/** The fastest of this processor that agree with the plain ones. All callers in a thread share them. */
export function rowPasses(): RowPasses {
  if (passes === null) {
    const wasm = wasmRowPasses();
    passes = wasm !== null && agree(wasm, plainRowPasses) ? wasm : plainRowPasses;
  }
  return passes;
}

/** In the language itself: where there is nothing faster, and what the others are tested against. */
export const plainRowPasses: RowPasses = {
  room: (arrays, length) => Array.from({ length: arrays }, () => new Float64Array(length)),
  measure(x, count, d, squares, hashes) {
    const words = new Int32Array(x.buffer, x.byteOffset, 2 * count * d);
    for (let i = 0; i < count; i++) {
      let square = 0;
      for (let j = i * d; j < (i + 1) * d; j++) square += x[j] * x[j];
      squares[i] = square;
      [hashes[2 * i], hashes[2 * i + 1]] = hashRow(words, 2 * i * d, 2 * (i + 1) * d);
    }
  },
  take(x, count, d, factors, sums, first, differs, into) {
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const [scale, direction] = [factors[2 * i], factors[2 * i + 1]];
      if (Number.isNaN(scale)) continue;
      for (let j = 0; j < d; j++) {
        const value = x[i * d + j];
        sums[j] += value * direction;
        if (value !== first[j]) differs.fill(-1, 2 * j, 2 * j + 2);
        into[taken * d + j] = value * scale;
      }
      taken++;
    }
    return taken;
  },
  gather(x, count, d, centre, offset, third) {
    let fourth = 0;
    for (let i = 0; i < count; i++) {
      let square = 0;
      for (let j = 0; j < d; j++) {
        const y = x[i * d + j] - centre[j];
        x[i * d + j] = y;
        offset[j] += y;
        square += y * y;
      }
      for (let j = 0; j < d; j++) third[j] += square * x[i * d + j];
      fourth += square * square;
    }
    return fourth;
  },
};

/** On a small case, in every result; sums may be rounded in another order. */
function agree(a: RowPasses, b: RowPasses): boolean {
  const [first, second] = [a, b].map(outcome);
  return first.every((x, i) => Object.is(x, second[i]) || Math.abs(x - second[i]) <= 1e-14 * Math.abs(second[i]));
}

/** Of an odd number of columns and a row that is dropped. */
function outcome(of: RowPasses): number[] {
  const [count, d] = [4, 19];
  const x = Float64Array.from({ length: count * d }, (_, i) => 2 + Math.sin(i * i));
  const squares = new Float64Array(count);
  const hashes = new Int32Array(2 * count);
  of.measure(x, count, d, squares, hashes);
  const [sums, offset, third] = [0, 1, 2].map(() => new Float64Array(d));
  const differs = new Int32Array(2 * d);
  const factors = Float64Array.of(0.5, 3, Number.NaN, 1, 0.1, 1, 1, 0.7);
  const taken = of.take(x, count, d, factors, sums, x.slice(0, d), differs, x);
  const fourth = of.gather(x, taken, d, new Float64Array(d).fill(0.25), offset, third);
  return [taken, fourth, ...squares, ...hashes, ...sums, ...differs, ...x, ...offset, ...third];
}
