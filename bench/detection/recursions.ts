/**
 * Recursive training that can be written down: a Gaussian is fitted (maximum likelihood, divisor n) to n rows, the next one to rows that
 * the first one generates, and so on. Replace: Shumailov et al. 2024 (doi 10.1038/s41586-024-07566-y); accumulate: Gerstgrasser et al.
 * 2024 (arXiv:2404.01413); accumulate and subsample: Kazdan et al. 2024 (arXiv:2410.16713); fresh data: Alemohammad et al. 2023
 * (arXiv:2307.01850); truncated tails: Dohmatob et al. 2024 (arXiv:2402.07043).
 */
import { cholesky } from '../../src/spectral/cholesky';

export interface Gaussian {
  readonly mean: Float64Array;
  /** R of the covariance R^T R: d x d, row-major, upper triangle. */
  readonly factor: Float64Array;
}

/** The models of generations 0, 1, 2, ...; that of generation 0 is fitted to n rows of the start. */
export type Models = Generator<Gaussian, never>;

/** @returns n x d rows, row-major */
export function draw({ mean, factor }: Gaussian, n: number, normal: () => number): Float64Array {
  const d = mean.length;
  const rows = new Float64Array(n * d);
  for (let at = 0; at < rows.length; at += d) {
    const row = rows.subarray(at, at + d);
    row.set(mean);
    for (let i = 0; i < d; i++) {
      const z = normal();
      for (let j = i; j < d; j++) row[j] += z * factor[i * d + j];
    }
  }
  return rows;
}

/** Mean and scatter of rows, to which more can be added. */
class Moments {
  private n = 0;
  private readonly sum: Float64Array;
  private readonly products: Float64Array;

  constructor(private readonly d: number) {
    this.sum = new Float64Array(d);
    this.products = new Float64Array(d * d);
  }

  add(rows: Float64Array): this {
    const { d, sum, products } = this;
    for (let at = 0; at < rows.length; at += d) {
      for (let i = 0; i < d; i++) {
        const x = rows[at + i];
        sum[i] += x;
        for (let j = i; j < d; j++) products[i * d + j] += x * rows[at + j];
      }
    }
    this.n += rows.length / d;
    return this;
  }

  fit(): Gaussian {
    const { n, d, sum, products } = this;
    const mean = sum.map((x) => x / n);
    const factor = products.map((x, k) => x / n - mean[Math.floor(k / d)] * mean[k % d]);
    if (!cholesky(factor, d)) throw new Error(`A Gaussian of ${d} dimensions cannot be fitted to ${n} rows.`);
    return { mean, factor };
  }
}

export function fitGaussian(rows: Float64Array, d: number): Gaussian {
  return new Moments(d).add(rows).fit();
}

/** The covariance multiplied by lambda: a temperature where it is not 1. */
export function tempered({ mean, factor }: Gaussian, lambda: number): Gaussian {
  return { mean, factor: factor.map((x) => x * Math.sqrt(lambda)) };
}

/** Each generation is fitted to fresh rows: healthy, and as noisy as training again is. @param startAt the distribution of the rows by generation */
export function* fresh(startAt: (generation: number) => Gaussian, n: number, normal: () => number): Models {
  for (let k = 0; ; k++) {
    const start = startAt(k);
    yield fitGaussian(draw(start, n, normal), start.mean.length);
  }
}

/** Each generation is fitted to n rows, a share of them of the start and the others of its predecessor at a temperature. */
export function* replace(
  start: Gaussian,
  n: number,
  normal: () => number,
  { real = 0, lambda = 1 }: { readonly real?: number; readonly lambda?: number } = {},
): Models {
  const d = start.mean.length;
  const fromStart = Math.round(real * n);
  let model = fitGaussian(draw(start, n, normal), d);
  for (;;) {
    yield model;
    const rows = new Moments(d).add(draw(start, fromStart, normal)).add(draw(model, n - fromStart, normal));
    model = tempered(rows.fit(), lambda);
  }
}

/** Each generation is fitted to all rows so far: n of the start, and n of each generation. */
export function* accumulate(start: Gaussian, n: number, normal: () => number): Models {
  const pool = new Moments(start.mean.length);
  for (let model = start; ; ) {
    model = pool.add(draw(model, n, normal)).fit();
    yield model;
  }
}

/** Each generation is fitted to n of all rows so far, drawn without replacement. */
export function* accumulateSubsample(start: Gaussian, n: number, normal: () => number, random: () => number): Models {
  const d = start.mean.length;
  const pool: Float64Array[] = [];
  for (let model = start; ; ) {
    const rows = draw(model, n, normal);
    for (let at = 0; at < rows.length; at += d) pool.push(rows.subarray(at, at + d));
    const sample = new Moments(d);
    for (let i = 0; i < n; i++) {
      const j = i + Math.floor(random() * (pool.length - i));
      [pool[i], pool[j]] = [pool[j], pool[i]];
      sample.add(pool[i]);
    }
    model = sample.fit();
    yield model;
  }
}

/** From dimension k on standard deviations are multiplied by a factor. @param start of diagonal covariance, descending */
export function truncated({ mean, factor }: Gaussian, k: number, by: number): Gaussian {
  const d = mean.length;
  return { mean, factor: factor.map((x, at) => (at >= k * d ? by * x : x)) };
}

/** Relative frequencies of n draws: one generation of the categorical recursion (Wright-Fisher). */
export function resampled(p: Float64Array, n: number, random: () => number): Float64Array {
  const counts = new Float64Array(p.length);
  for (let i = 0; i < n; i++) {
    let u = random();
    let k = 0;
    while (k < p.length - 1 && u >= p[k]) u -= p[k++];
    // Rounding must not give a category that is gone a draw.
    while (p[k] === 0) k--;
    counts[k] += 1 / n;
  }
  return counts;
}
