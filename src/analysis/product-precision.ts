import type { Spectra } from './spectra';

/** Multiplications in float64 before float32 is worth its check: a tenth of a second. */
const WORTH_ROUNDING = 2 ** 31;
/** Squared lengths of rows within which no square of an entry that matters overflows or vanishes in float32. */
const LONGEST = 2 ** 60;
/** What eigenvalues may be wrong by on average, relative to themselves. */
const TOLERATED = 1e-3;

/**
 * Whether products of the rows to come are better computed in float32.
 * @param rows that have been added
 * @param longest squared length of all rows, those to come among them
 */
export function roundingPays(rows: number, columns: number, longest: number): boolean {
  return rows * columns ** 2 >= WORTH_ROUNDING && longest < LONGEST && longest > 1 / LONGEST;
}

/** Whether the error of products is small beside the eigenvalues of S, the smallest among them: else they are worth computing again in float64. */
export function isResolved({ productError, centred }: Spectra): boolean {
  if (productError === null) return true;
  let inverses = 0;
  for (const l of centred) inverses += 1 / l;
  return (productError * inverses) / centred.length <= TOLERATED;
}
