import { singularValues } from '../spectral/singular-values';
import { addRows, centredFactor, emptyFactor, uncentredFactor } from '../spectral/tsqr';
import type { Passes } from './row-operator';

/** Eigenvalues of C and S by singular values of X, in one more pass over the rows. */
export interface QrSpectra {
  /** Descending, `columns` of them. */
  readonly uncentred: Float64Array;
  readonly centred: Float64Array;
  /** Eigenvalues of either below this are rounding: the square of the bound on the singular values' error. */
  readonly noiseFloor: number;
}

/**
 * X^T X has the square of X's condition number, and loses every eigenvalue below eps times the largest. A QR factorisation of X, block by
 * block, keeps the singular values to about eps of the largest, so that eigenvalues are resolved down to eps^2. It costs twice the Gram matrix.
 *
 * The error of the singular values is at most (10 sqrt(d) + sqrt(n / 128)) eps times the largest: a multiple of sqrt(d) for the reduction and of
 * the square root of the number of panels, each about twice as large as was ever measured against exact values (d to 1,024, n to 2^20).
 */
export async function qrSpectra(passes: Passes, columns: number, poll: () => void): Promise<QrSpectra> {
  const factor = emptyFactor(columns);
  for await (const { count, values } of passes()) addRows(factor, values, count, poll);
  const { rows } = factor;
  const squares = (r: Float64Array): Float64Array => singularValues(r, columns, poll).map((s) => s ** 2 / rows);
  const uncentred = squares(uncentredFactor(factor, poll));
  const error = (10 * Math.sqrt(columns) + Math.sqrt(rows / 128)) * Number.EPSILON;
  return { uncentred, centred: squares(centredFactor(factor)), noiseFloor: error ** 2 * uncentred[0] };
}
