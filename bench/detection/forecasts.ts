import { judgeRun } from '../../src/runs/judge-run';
import type { AnalyzedCheckpoint, Forecast } from '../../src/runs/run-report';

/** What was forecast after a generation, from the alarm on and until the effective rank has halved. */
export interface Outlook {
  readonly at: number;
  /** Null where none was given, for this reason. */
  readonly forecast: Forecast | null;
  readonly reason: 'no-trend' | 'cannot-tell' | null;
}

export function outlooks(chain: readonly AnalyzedCheckpoint[], controls: readonly (readonly AnalyzedCheckpoint[])[] = []): Outlook[] {
  const halved = halving(chain);
  const found: Outlook[] = [];
  for (let at = 1; at < (halved === null ? chain.length : Math.ceil(halved)); at++) {
    const { alarm, forecast, reasons } = judgeRun(chain.slice(0, at + 1), { baseline: null, controls });
    if (alarm === null) continue;
    const reason = reasons.map(({ code }) => code).find((code) => code === 'no-trend' || code === 'cannot-tell') ?? null;
    found.push({ at, forecast, reason });
  }
  return found;
}

/** When the effective rank first halves, its logarithm interpolated between generations; null when it does not. */
export function halving(chain: readonly AnalyzedCheckpoint[]): number | null {
  const log = chain.map(({ matrices }) => Math.log(matrices[0].report.quantities.effectiveRank!.value!));
  const threshold = log[0] - Math.log(2);
  const k = log.findIndex((x) => x <= threshold);
  return k < 0 ? null : k - 1 + (threshold - log[k - 1]) / (log[k] - log[k - 1]);
}
