import { jackknife, type PopulationEstimate, type SampleSize } from './jackknife';

/** Share of the top eigenvalue's own variance that may come of the rest of the spectrum: beyond it the eigenvalue does not stand apart. */
const LARGEST_INTERFERENCE = 0.1;

/**
 * Log of the largest eigenvalue of C_N. A sample of n rows adds l_1 / n sum_(j > 1) l_j / (l_1 - l_j) to it to first order, a population of
 * N rows the same over N (Lawley 1956; Bai and Ding 2012). Null where it does not stand apart from the rest.
 * @param eigenvalues of the sample's C, descending; those not listed are 0
 * @param forms (u . x_i)^2 of some of the rows, drawn without regard to their values, u the top eigenvector
 */
export function populationTopEigenvalue(eigenvalues: Float64Array, size: SampleSize, forms: Float64Array): PopulationEstimate | null {
  const { rows: n, population: N } = size;
  const top = eigenvalues[0];
  let shift = 0;
  let interference = 0;
  for (const l of eigenvalues.subarray(1)) {
    if (l === top) return null;
    shift += l / (top - l);
    interference += (l / (top - l)) ** 2 / n;
  }
  if (interference > LARGEST_INTERFERENCE) return null;
  const increments = forms.map((form) => form / (n * top * (1 - interference)));
  return jackknife(size, Math.log((top * (1 + shift / N)) / (1 + shift / n)), increments);
}
