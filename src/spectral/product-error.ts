import { scatterTimes } from './gram-summary';
import { normal, uniform } from './random';

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

/** Changes the sum in some exact way, and the exact sum with it. */
export function changeBoth(check: ProductCheck, scatter: Float64Array, columns: number, change: () => void): void {
  const before = imagesOf(check.probes, scatter, columns);
  change();
  const after = imagesOf(check.probes, scatter, columns);
  for (let i = 0; i < after.length; i++) check.images[i] += after[i] - before[i];
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

function imagesOf(probes: Float64Array, scatter: Float64Array, columns: number): Float64Array {
  const images = new Float64Array(probes.length);
  for (let k = 0; k < probes.length; k += columns) images.set(scatterTimes(scatter, probes.subarray(k, k + columns)), k);
  return images;
}
