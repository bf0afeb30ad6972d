import { jackknife } from '../spectral/jackknife';
import { sum } from '../spectral/vectors';
import type { SamplingDeviation } from './report';
import type { Spectra } from './spectra';

/**
 * Standard deviations over draws of as many rows, by the jackknife over the pilot rows, to first order in 1 / n but for the log-determinant,
 * whose change by one row is exact.
 * @param shapeRidge of S', relative to its mean eigenvalue
 * @param ridge delta of logdet(G + delta I)
 */
export function samplingDeviation(
  { rows, columns, centred, forms, leverages }: Spectra,
  shapeRidge: number,
  ridge: number,
): SamplingDeviation | null {
  const trace = sum(centred);
  const squares = centred.reduce((sum, l) => sum + l * l, 0);
  if (rows < 3 || !(trace > 0)) return null;
  const deviation = (increments: Float64Array): number =>
    jackknife({ rows, population: Number.POSITIVE_INFINITY }, 0, increments).standardError;
  const size = forms.centredSquares().map((q) => q / trace);
  const concentration = forms.centred().map((q) => q / squares);
  const lambda = (shapeRidge * trace) / columns;
  const resolved = centred.reduce((sum, l) => sum + l / (l + lambda), 0);
  const byOneRow = (l: number): number => -Math.log1p(-Math.min(l, 1 - Number.EPSILON));
  const logDet = leverages.centred(lambda).map(byOneRow);
  return {
    logScale: deviation(size.map((q) => q / rows)),
    // The ridge goes with the trace, so that S' has the log-determinant of S / tr S.
    shape: deviation(logDet.map((x, i) => x - (resolved / rows) * size[i])),
    logDet: deviation(leverages.uncentred(ridge / rows).map(byOneRow)),
    participationRatio: deviation(size.map((q, i) => (2 * (q - concentration[i])) / rows)),
  };
}
