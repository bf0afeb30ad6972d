import { cpuKernels } from './cpu';
import type { GpuGram, GramBand } from './gpu';
import type { GramSum, Kernels } from './kernels';
import { FRACTION_BITS, MOST_ROWS } from './wgsl/gram';

/** A product of the GPU that does not agree with float64. */
export class WrongProductError extends Error {
  override readonly name = 'WrongProductError';
}

/** A sum that a GPU takes; its other methods reject when the GPU fails. */
export interface GpuGramSum extends GramSum {
  /** Adds the rows that were added and are not in the Gram matrix, by other kernels; those that the GPU had are rounded to float32. */
  recover(kernels: Kernels, poll: () => void): Promise<void>;
}

/** Elements of the rows that are kept until their sums have been checked: 128 MiB. */
const KEPT = 2 ** 25;
/** Room for larger entries before the scale must change: the largest of a first block is brought to at most 2^-2. */
const HEADROOM = 2;
/** Scales that are finite when squared, and so are their inverses. */
const MOST_EXPONENT = 480;
/** Random vectors of Freivalds' test: the processor's kernel takes up to four at the price of one, a sum each at its own. */
const WITNESSES = 2;
/** Of the length of a column times that of Y. Sound sums differ by 1e-7 of it, and by a few 1e-6 where all roundings go the same way. */
const TOLERANCE = 1e-5;

/** Rows that are not in the Gram matrix yet, times a scale. */
interface Pending {
  readonly values: Float64Array | Float32Array;
  readonly scale: number;
}

/**
 * Sums on a GPU in float32 products, checked and added to the upper triangle of `gram` in float64, batch by batch: by Freivalds' test, G v
 * against the sum of Y^T (Y v) in float64 for two vectors v of random signs. An entry (i, j) that is wrong by more than 1e-5 |y_i| |Y|, y_i
 * column i, escapes with probability 1/4 at most. For n rows the test costs O(n d) while they travel, and O(d^2) once a batch.
 * The rows of a batch are kept until it is in `gram`, so that nothing is lost with the GPU.
 *
 * @param sums for d columns, all zero; they are again once this is settled
 * @param gram d x d, row-major
 * @param kept elements of a batch at most
 */
export function checkedGramSum(sums: GpuGram, d: number, gram: Float64Array, kept = KEPT): GpuGramSum {
  const cpu = cpuKernels();
  const batchRows = Math.max(1, Math.min(MOST_ROWS, Math.floor(kept / d)));
  const witnesses = Float64Array.from({ length: WITNESSES * d }, () => (Math.random() < 0.5 ? -1 : 1));
  const expected = new Float64Array(WITNESSES * d);
  /** Of the batch's columns, times the square of the scale. */
  const squares = new Float64Array(d);
  let pending: Pending[] = [];
  let rows = 0;
  let scale = 1;

  function forget(): void {
    pending = [];
    rows = 0;
    squares.fill(0);
    expected.fill(0);
  }

  async function settle(poll: () => void): Promise<void> {
    if (rows === 0) return;
    const unit = 2 ** -FRACTION_BITS / scale / scale;
    const found = new Float64Array(WITNESSES * d);
    const bands: Float64Array[] = [];
    await sums.take((band) => bands.push(multiplied(band, d, unit, witnesses, found)));
    const total = squares.reduce((sum, x) => sum + x, 0);
    const lost = unit * rows * Math.sqrt(d);
    // So written, NaN does not pass.
    const sound = (x: number, i: number): boolean =>
      Math.abs(x - expected[i]) <= (TOLERANCE * Math.sqrt(squares[i % d] * total)) / scale / scale + lost;
    if (!found.every(sound)) throw new WrongProductError('It gave a wrong product.');
    let row = 0;
    for (const band of bands) for (let at = 0; at < band.length; row++) for (let j = row; j < d; j++) gram[row * d + j] += band[at++];
    forget();
    poll();
  }

  /** The rows at the batch's scale, once there is room for them; null where all are zero. @param y at most as many as a batch takes */
  async function prepared(y: Float64Array, poll: () => void): Promise<ScaledRows | null> {
    let block = scaledRows(y, d, scale);
    if (block.largest === 0 && block.squares.every((x) => x === 0)) return null;
    if (rows === 0 || rows + y.length / d > batchRows || block.largest > 1) {
      await settle(poll);
      const exponent = Math.ceil(Math.log2(block.largest / scale)) + HEADROOM;
      scale = 2 ** -Math.max(-MOST_EXPONENT, Math.min(MOST_EXPONENT, exponent));
      block = scaledRows(y, d, scale);
    }
    if (!block.squares.every(Number.isFinite)) throw new RangeError('It cannot take numbers of this size.');
    return block;
  }

  return {
    async add(y, count, poll) {
      let taken = 0;
      try {
        while (taken < count) {
          const part = y.subarray(taken * d, Math.min(taken + batchRows, count) * d);
          const block = await prepared(part, poll);
          if (block !== null) {
            pending.push({ values: block.values, scale });
            rows += part.length / d;
            for (let j = 0; j < d; j++) squares[j] += block.squares[j];
          }
          taken += part.length / d;
          if (block === null) continue;
          // While these rows travel, the processor multiplies them with the witnesses.
          const sent = sums.add(block.values, part.length / d);
          sent.catch(() => {});
          await cpu.applyGram(part, part.length / d, d, witnesses, WITNESSES, expected, poll);
          await sent;
        }
      } catch (error) {
        pending.push({ values: y.slice(taken * d, count * d), scale: 1 });
        throw error;
      }
    },
    settle,
    async recover(kernels, poll) {
      for (const { values, scale } of pending) {
        if (values.length > 0)
          await kernels.addGram(
            Float64Array.from(values, (x) => x / scale),
            values.length / d,
            d,
            gram,
            poll,
          );
      }
      forget();
    },
  };
}

/** Rows in float32, times a scale; of these, the largest magnitude, and the sums of squares of the columns. */
interface ScaledRows {
  readonly values: Float32Array;
  readonly largest: number;
  readonly squares: Float64Array;
}

function scaledRows(y: Float64Array, d: number, scale: number): ScaledRows {
  const values = new Float32Array(y.length);
  const squares = new Float64Array(d);
  let largest = 0;
  for (let from = 0; from < y.length; from += d) {
    for (let j = 0; j < d; j++) {
      const x = y[from + j] * scale;
      values[from + j] = x;
      squares[j] += x * x;
      if (Math.abs(x) > largest) largest = Math.abs(x);
    }
  }
  return { values, largest, squares };
}

/**
 * A band in float64, row by row from the diagonal on.
 * @param unit of the fixed-point sums
 * @param found G v of each vector v; the band's part of it is added
 */
function multiplied(
  { firstRow, rows, stride, sums }: GramBand,
  d: number,
  unit: number,
  witnesses: Float64Array,
  found: Float64Array,
): Float64Array {
  const last = Math.min(d, firstRow + rows);
  const band = new Float64Array(((last - firstRow) * (2 * d - firstRow - last + 1)) / 2);
  const high = new Int32Array(sums.buffer, sums.byteOffset, sums.length);
  let to = 0;
  for (let i = firstRow; i < last; i++) {
    const from = to;
    let at = 2 * ((i - firstRow) * stride + i - firstRow);
    for (let j = i; j < d; j++, at += 2) band[to++] = (high[at + 1] * 2 ** 32 + sums[at]) * unit;
    for (let v = 0; v < WITNESSES * d; v += d) {
      const own = witnesses[v + i];
      let sum = band[from] * own;
      for (let j = i + 1, k = from + 1; j < d; j++, k++) {
        sum += band[k] * witnesses[v + j];
        found[v + j] += band[k] * own;
      }
      found[v + i] += sum;
    }
  }
  return band;
}
