import { cpuKernels } from '../compute/cpu';

/** Upper triangle of X^T X, in float64. @param x count x d, row-major */
export async function columnProducts(x: Float64Array, count: number, d: number, poll: () => void): Promise<Float64Array> {
  const gram = new Float64Array(d * d);
  await cpuKernels().addGram(x, count, d, gram, poll);
  return gram;
}

/** Upper triangle of X X^T, in float64. @param x count x d, row-major */
export async function rowProducts(x: Float64Array, count: number, d: number, poll: () => void): Promise<Float64Array> {
  const transposed = new Float64Array(x.length);
  for (let i = 0; i < count; i++) for (let j = 0; j < d; j++) transposed[j * count + i] = x[i * d + j];
  return columnProducts(transposed, d, count, poll);
}

export function columnMeans(x: Float64Array, d: number): Float64Array {
  const rows = x.length / d;
  return columnSums(x, d).map((sum) => sum / rows);
}

export function columnSums(x: Float64Array, d: number): Float64Array {
  const sums = new Float64Array(d);
  for (let from = 0; from < x.length; from += d) for (let j = 0; j < d; j++) sums[j] += x[from + j];
  return sums;
}

/** Rounding of the rows themselves leaves eps^2 tr C where all rows are equal. @param trace sum |x - mean|^2 */
export function varies({ trace, mean, rows }: { trace: number; mean: Float64Array; rows: number }): boolean {
  const meanSquare = mean.reduce((sum, value) => sum + value * value, 0);
  return trace / rows > 16 * Number.EPSILON ** 2 * (meanSquare + trace / rows);
}
