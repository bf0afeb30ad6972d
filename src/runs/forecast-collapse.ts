import type { Reason } from '../analysis/report';
import { crossing, fitDrift } from '../spectral/forecast';
import { COLLAPSED_SHARE, type Departure, rankShare } from './findings';
import type { AnalyzedCheckpoint, Forecast } from './run-report';

const CONFIDENCE = 0.9;

/**
 * When the effective rank falls to half of its baseline, by the drift of its logarithm since the change began; or why that is not said.
 * Of several matrices that have left their baselines, of the one that has lost most.
 */
export function forecastCollapse(
  measured: readonly AnalyzedCheckpoint[],
  departures: readonly Departure[],
): { readonly forecast: Forecast | null; readonly reason: Reason | null } {
  const left = ({ matrix: { reports } }: Departure): number => rankShare(reports.at(-1)!, reports[0]);
  const { matrix, onset } = departures.reduce((least, departure) => (left(departure) < left(least) ? departure : least));
  const ranks = matrix.reports.map(({ quantities }) => quantities.effectiveRank?.value ?? Number.NaN);
  const threshold = COLLAPSED_SHARE * ranks[0];
  const now = ranks.at(-1)!;
  // Passed already, or on the way up.
  if (now <= threshold || now >= ranks[0]) return { forecast: null, reason: null };
  const before = Math.max(0, onset - 1);
  // Where a step was saved twice, the last save counts.
  const since = ranks
    .map((rank, i) => ({ step: measured[i].step, rank }))
    .slice(before)
    .filter(({ step }, i, all) => all[i + 1]?.step !== step);
  const model = fitDrift(
    Float64Array.from(since, ({ step }) => step),
    Float64Array.from(since, ({ rank }) => Math.log(rank)),
  );
  if (model === null) return without('cannot-tell', 'No forecast yet: it needs four checkpoints from just before the change on.');
  const passes = crossing(model, Math.log(threshold), CONFIDENCE);
  if (passes === null)
    return without('no-trend', 'No forecast: since the change began, the effective rank has not fallen steadily enough for a trend.');
  const { time, lower, upper } = passes;
  return { forecast: { quantity: 'effectiveRank', threshold, step: time, lower, upper, confidence: CONFIDENCE }, reason: null };
}

function without(code: string, message: string): { forecast: null; reason: Reason } {
  return { forecast: null, reason: { code, message } };
}
