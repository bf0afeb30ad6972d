import type { RunReport } from '../runs/run-report';
import { DEFINITIONS, type QuantityId } from '../spectral/definitions';
import { count, number, powerOfTen } from './numbers';

/** What a run says of when and where to. */
export type RunOutlook = Pick<RunReport, 'baseline' | 'onset' | 'alarm' | 'forecast'>;

export interface OutlookEntry {
  readonly term: 'Onset' | 'Alarm' | 'Forecast';
  readonly value: string;
}

/** Since when, since when for certain, and when it gets worse; none where nothing is certain. */
export function outlookEntries({ baseline, onset, alarm, forecast }: RunOutlook): OutlookEntry[] {
  const entries: OutlookEntry[] = [];
  if (onset !== null) entries.push({ term: 'Onset', value: `${onset.name}, the first that does not fit the baseline ${baseline}` });
  if (alarm !== null) entries.push({ term: 'Alarm', value: `${alarm.name}, where that was certain` });
  if (forecast !== null) entries.push({ term: 'Forecast', value: forecastSentence(forecast) });
  return entries;
}

/** `effective rank is forecast to fall below 18.62, half of the baseline's, at step 14, between 12 and 19 (90 %)` */
export function forecastSentence({ quantity, threshold, step, lower, upper, confidence }: NonNullable<RunOutlook['forecast']>): string {
  const name = DEFINITIONS[quantity as QuantityId].label.toLowerCase();
  const span = `between ${count(Math.floor(lower))} and ${count(Math.ceil(upper))} (${number(100 * confidence)} %)`;
  return `${name} is forecast to fall below ${number(threshold)}, half of the baseline's, at step ${count(Math.round(step))}, ${span}`;
}

const MOST_EVIDENCE = 6;

/** Evidence of a change: its order of magnitude is what counts. */
export function evidenceText(evidence: number): string {
  if (evidence > 10 ** MOST_EVIDENCE) return `>${powerOfTen(MOST_EVIDENCE)}`;
  return evidence < 10 ? evidence.toFixed(1) : count(evidence);
}
