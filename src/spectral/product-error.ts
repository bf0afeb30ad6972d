import { normal, uniform } from './random';
import { dot } from './vectors';

/**
 * How far a sum of products that are rounded strays from the exact one, by their images of a few random vectors: what is O(d^2) a row to
 * sum is O(d) to check (Freivalds 1977, here in the norm instead of in every bit).
 */
export interface ProductCheck {
  /** Standard normal vectors; PROBES x d, row-major. */
  readonly probes: Float64Array;
  /** Their images under the exact sum; PROBES x d. Whoever adds rows Y to the sum adds Y^T (Y w) in float64. */
  readonly images: Float64Array;
}

export const PROBES = 4;
/**
 * The mean of |E w|^2 over the probes is |E|_F^2 on average. It falls below a twentieth of that with a probability of at most 0.5 %, whatever E
 * is: that of chi^2 with 4 degrees of freedom below 0.2 bounds it, which is reached where E is of rank one.
 */
const UNDERSTATED = 20;

/** @param scatter upper triangle of what has been summed exactly; d x d, row-major */
export function openProductCheck(scatter: Float64Array, columns: number, seed: number): ProductCheck {
  const random = normal(uniform(seed));
  const probes = Float64Array.from({ length: PROBES * columns }, random);
  return { probes, images: imagesOf(probes, scatter, columns) };
}

/** Follows a change of the sum in float64, by factor x x^T. @param x length d */
export function followChange({ probes, images }: ProductCheck, x: Float64Array, factor: number): void {
  for (let k = 0; k < probes.length; k += x.length) {
    const share = factor * dot(x, probes, k);
    for (let j = 0; j < x.length; j++) images[k + j] += share * x[j];
  }
}

/**
 * The Frobenius norm of what the sum is off by is at most this, with a probability of 99.5 % over the probes. The root of the sum of squares of
 * all eigenvalues' errors is at most that norm (Hoffman and Wielandt 1953).
 */
export function productError(check: ProductCheck, scatter: Float64Array, columns: number): number {
  const found = imagesOf(check.probes, scatter, columns);
  let square = 0;
  for (let i = 0; i < found.length; i++) square += (found[i] - check.images[i]) ** 2;
  return Math.sqrt((UNDERSTATED * square) / PROBES);
}

/** All probes at once: to fetch the matrix takes longer than to multiply it. */
function imagesOf(probes: Float64Array, scatter: Float64Array, d: number): Float64Array {
  const images = new Float64Array(probes.length);
  const [p0, p1, p2, p3] = [0, 1, 2, 3].map((k) => probes.subarray(k * d, (k + 1) * d));
  const [i0, i1, i2, i3] = [0, 1, 2, 3].map((k) => images.subarray(k * d, (k + 1) * d));
  for (let i = 0; i < d; i++) {
    const row = i * d;
    const [x0, x1, x2, x3] = [p0[i], p1[i], p2[i], p3[i]];
    let s0 = scatter[row + i] * x0;
    let s1 = scatter[row + i] * x1;
    let s2 = scatter[row + i] * x2;
    let s3 = scatter[row + i] * x3;
    for (let j = i + 1; j < d; j++) {
      const a = scatter[row + j];
      s0 += a * p0[j];
      s1 += a * p1[j];
      s2 += a * p2[j];
      s3 += a * p3[j];
      i0[j] += a * x0;
      i1[j] += a * x1;
      i2[j] += a * x2;
      i3[j] += a * x3;
    }
    i0[i] += s0;
    i1[i] += s1;
    i2[i] += s2;
    i3[i] += s3;
  }
  return images;
}
