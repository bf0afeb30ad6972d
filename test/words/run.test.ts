import { describe, expect, it } from 'vitest';
import { evidenceText, forecastSentence, outlookEntries } from '../../src/words/run';

const forecast = { quantity: 'effectiveRank', threshold: 18.6193, step: 14.2, lower: 12.4, upper: 18.7, confidence: 0.9 };

describe('the outlook of a run', () => {
  it('says a forecast as a sentence, its interval rounded outwards', () => {
    expect(forecastSentence(forecast)).toBe(
      "effective rank is forecast to fall below 18.62, half of the baseline's, at step 14, between 12 and 19 (90 %)",
    );
  });

  it('says since when, and nothing where nothing is certain', () => {
    const onset = { name: 'checkpoint-300', step: 300 };
    const alarm = { name: 'checkpoint-500', step: 500 };
    expect(outlookEntries({ baseline: 'checkpoint-100', onset, alarm, forecast })).toEqual([
      { term: 'Onset', value: 'checkpoint-300, the first that does not fit the baseline checkpoint-100' },
      { term: 'Alarm', value: 'checkpoint-500, where that was certain' },
      { term: 'Forecast', value: forecastSentence(forecast) },
    ]);
    expect(outlookEntries({ baseline: null, onset: null, alarm: null, forecast: null })).toEqual([]);
  });
});

it('says evidence by its order of magnitude', () => {
  expect([0, 0.52, 9.94, 17.8, 107_751.2, 1e6, 1e7, Number.POSITIVE_INFINITY].map(evidenceText)).toEqual([
    '0.0',
    '0.5',
    '9.9',
    '18',
    '107,751',
    '1,000,000',
    '>10⁶',
    '>10⁶',
  ]);
});
