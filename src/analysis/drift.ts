import { type LogDetSplit, logDetSplit } from '../spectral/two-sample';
import { type Because, type ComparisonDrift, NO_ROWS, NO_VARIANCE } from './comparison';
import { grouped } from './grouped';
import type { SpectralReport } from './report';
import { SHAPE_RIDGE } from './scales';

/** What changed from one report to another, both of matrices with equally many columns. */
export function measureDrift(a: SpectralReport, b: SpectralReport, because: Because): ComparisonDrift {
  return { ...sigmaDrift(a, b, because), logDet: covarianceDrift(a, b, because) };
}

function sigmaDrift({ sigma: before }: SpectralReport, { sigma: now }: SpectralReport, because: Because): Omit<ComparisonDrift, 'logDet'> {
  const neither = (message: string) => ({ dU_cov: because('dU_cov', message), dG_KF: because('dG_KF', message) });
  if (before === null || now === null) return neither(NO_ROWS);
  if (before.n_A !== now.n_A) {
    return neither(`SIGMA-UB can be compared on equally many rows only; here are ${grouped(before.n_A)} and ${grouped(now.n_A)}.`);
  }
  const bothBounded = before.G_KF !== null && now.G_KF !== null && before.beta === now.beta;
  return { dU_cov: now.U_cov - before.U_cov, dG_KF: bothBounded ? now.G_KF! - before.G_KF! : because('dG_KF', NO_G_KF) };
}

function covarianceDrift(a: SpectralReport, b: SpectralReport, because: Because): LogDetSplit | null {
  if ([a, b].some(({ quantities }) => (quantities.logScale?.value ?? null) === null)) return because('logDet', NO_VARIANCE);
  if (a.spectrum?.kind !== 'exact' || b.spectrum?.kind !== 'exact') {
    return because('logDet', 'A log-determinant needs every eigenvalue, and of one side only the largest were computed.');
  }
  return logDetSplit(a.spectrum.centred, b.spectrum.centred, a.source.columns, SHAPE_RIDGE);
}

const NO_G_KF = 'G_KF needs rows that were not read, equally many on both sides, and rows scaled to unit length.';
