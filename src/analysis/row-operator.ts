import type { HeldRows, Kernels, Precision } from '../compute/kernels';
import type { Operator } from '../spectral/lanczos';
import { dot } from '../spectral/vectors';
import type { Rows } from './read-rows';

/** Each call is one pass over the same rows, in the same order, as they enter the statistics; in memory of their own: they may be changed. */
export type Passes = () => AsyncIterable<Rows>;

/** What one pass tells of the rows. */
export interface RowMoments {
  readonly rows: number;
  readonly columns: number;
  /** Length d. */
  readonly mean: Float64Array;
  /** tr C = mean |x|^2 */
  readonly trace: number;
  /** tr S = mean |x - mean|^2 */
  readonly centredTrace: number;
}

/** One pass. The variance is merged block by block about the means (Chan, Golub, LeVeque 1983). */
export async function rowMoments(passes: Passes, columns: number, poll: () => void): Promise<RowMoments> {
  const mean = new Float64Array(columns);
  let rows = 0;
  let scatter = 0;
  for await (const { count, values } of passes()) {
    if (count === 0) continue;
    const blockMean = new Float64Array(columns);
    for (let i = 0; i < count; i++) {
      if (i % 16 === 0) poll();
      for (let j = 0; j < columns; j++) blockMean[j] += values[i * columns + j];
    }
    for (let j = 0; j < columns; j++) blockMean[j] /= count;
    for (let i = 0; i < count; i++) {
      if (i % 16 === 0) poll();
      for (let j = 0; j < columns; j++) scatter += (values[i * columns + j] - blockMean[j]) ** 2;
    }
    const share = count / (rows + count);
    for (let j = 0; j < columns; j++) {
      const shift = blockMean[j] - mean[j];
      scatter += rows * share * shift * shift;
      mean[j] += share * shift;
    }
    rows += count;
  }
  const centredTrace = rows === 0 ? 0 : scatter / rows;
  return { rows, columns, mean, centredTrace, trace: centredTrace + dot(mean, mean) };
}

/** S as an operator, never formed, with what it holds. */
export interface Covariance {
  readonly apply: Operator;
  /** Of its products: float32 where the rows are held for them, for those that are lost later too. */
  readonly precision: Precision;
  release(): void;
}

/**
 * One pass per application, unless the kernels have room for the rows: those are handed over during the first pass, and later applications
 * need no other while they are held. Once they are lost, passes go on. Rows are centred before they are multiplied, so that no large mean
 * cancels.
 * @param onProduct called before a product with rows that are held
 */
export async function covarianceOperator(
  passes: Passes,
  { rows, columns, mean }: RowMoments,
  kernels: Kernels,
  poll: () => void,
  onProduct: () => void,
): Promise<Covariance> {
  let held = await kernels.holdRows(rows, columns);
  const precision = held === null ? 'float64' : 'float32';
  let complete = false;

  const release = (): void => {
    held?.release();
    held = null;
  };
  /** Whether the rows are still held after it. A job that its own poll stops loses none, so that they are not polled for. */
  async function done(work: (held: HeldRows) => Promise<void>): Promise<boolean> {
    if (held === null) return false;
    try {
      await work(held);
    } catch {
      release();
    }
    poll();
    return held !== null;
  }

  async function apply(x: Float64Array, vectors: number): Promise<Float64Array> {
    const images = new Float64Array(vectors * columns);
    if (held !== null && complete) {
      onProduct();
      if (await done((rows) => rows.applyGram(x, vectors, images, () => {}))) return images;
    }
    for await (const { count, values } of passes()) {
      for (let i = 0; i < count; i++) for (let j = 0; j < columns; j++) values[i * columns + j] -= mean[j];
      await kernels.applyGram(values, count, columns, x, vectors, images, poll);
      await done((rows) => rows.add(values, count, () => {}));
    }
    complete = true;
    return images;
  }

  return {
    async apply(x, vectors) {
      const images = await apply(x, vectors);
      for (let i = 0; i < images.length; i++) images[i] /= rows;
      return images;
    },
    precision,
    release,
  };
}

/** C = S + mean mean^T from S. */
export function withMean(covariance: Operator, mean: Float64Array): Operator {
  return async (x, vectors) => {
    const images = await covariance(x, vectors);
    for (let v = 0; v < vectors; v++) {
      const from = v * mean.length;
      const along = dot(mean, x, from);
      for (let j = 0; j < mean.length; j++) images[from + j] += along * mean[j];
    }
    return images;
  };
}
