import type { Checkpoint } from './checkpoint';

/** What a tracker file says of the saves of a run. */
export interface Tracking {
  /** What a save waits for, as a phrase; null when the tracker has named it or a later one, or tells nothing. */
  waitingFor(step: number, name: string): string | null;
  readonly settled: Exclude<Checkpoint['marker'], 'pending'>;
  /** A sentence where the tracker tells nothing. */
  readonly missing: readonly string[];
}

/**
 * Reads a tracker: a text file that its writer lets name the newest save once that is whole. Where it names none of the saves, or is not
 * written at all (which the second save shows), the saves leave no mark.
 *
 * @param text what the file holds; null without one
 * @param newest step of the save that it names; null when that is none of the run's
 * @param saves their number
 */
export function trackedBy(file: string, text: string | null, newest: number | null, saves: number): Tracking {
  const tracks = newest !== null || (text === null && saves === 1);
  const reason = text === null ? `There is no file ${file}` : `${file} names ${JSON.stringify(text.slice(0, 80))}, which is none of these`;
  return {
    waitingFor: (step, name) => (tracks && (newest === null || step > newest) ? `${file} to name ${name}` : null),
    settled: tracks ? 'complete' : 'none',
    missing: tracks ? [] : [`${reason}: each checkpoint counts as complete once its files are at rest.`],
  };
}
