import type { Interval } from '../../src/words/quantities';
import { element } from '../dom';

/** Intervals and a value on a bar of length 1. */
export function barTrack(intervals: readonly Interval[], value: number | null): HTMLElement {
  const track = element('span', { class: 'track' });
  for (const { from, to, kind } of intervals) {
    const interval = element('span', { class: `interval ${kind}` });
    interval.style.left = `${from * 100}%`;
    interval.style.width = `${(to - from) * 100}%`;
    track.append(interval);
  }
  if (value !== null) {
    const mark = element('span', { class: 'mark' });
    mark.style.left = `${value * 100}%`;
    track.append(mark);
  }
  return track;
}
