import { describe, expect, test } from 'vitest';
import type { Comparison } from '../../src/analysis/comparison';
import {
  basisSentences,
  CHANGE_ADVICE,
  type Change,
  changeSentence,
  columnsSentence,
  comparisonWords,
  distanceWords,
  logDetSentence,
  pairBasis,
  pValue,
  quantityChange,
} from '../../src/words/comparison';
import { comparison } from './comparisons';

const tested = (shape: readonly [number, number], logScale: readonly [number, number], more: Pick<Partial<Comparison>, 'reasons'> = {}) =>
  comparison({ test: { shape, logScale }, ...more });

describe('a change', () => {
  test.each<[Change, readonly [number, number], readonly [number, number], string]>([
    ['narrower', [-223, 0.01], [0.3, 0.01], 'Narrower: C has lost directions'],
    ['wider', [12, 0.04], [0.3, 0.5], 'Wider: C uses more directions'],
    ['contracted', [-1, 0.3], [-0.4, 0.05], 'Contracted: C varies less'],
    ['expanded', [-1, 0.3], [0.4, 0.01], 'Expanded: C varies more'],
    ['none', [-1, 0.3], [0.01, 0.051], 'No change of shape or scale beyond chance'],
  ])('is %s', (change, shape, logScale, heading) => {
    expect(comparisonWords(tested(shape, logScale), 'C')).toMatchObject({ change, heading });
    expect(CHANGE_ADVICE[change].length > 0).toBe(change !== 'none');
  });

  test('is said with what the test found, and which rows it took', () => {
    const { sentences } = comparisonWords(tested([-222.94, 0.01], [0.02, 0.4]));
    expect(sentences).toEqual([
      'The shape of the spectrum fell by 222.9 nats, which is more than chance (p = 0.01): fewer directions carry the variance.',
      'The log scale changed by +0.02000 nats, which chance can do (p = 0.4).',
    ]);
    const part = tested([1, 0.01], [1, 0.01]);
    expect(comparisonWords({ ...part, test: { ...part.test!, rows: 200 } }).sentences[0]).toMatch(/^On 200 pairs of rows, the shape/);
  });

  test('is one sentence: what, how far, how sure', () => {
    expect(changeSentence(tested([-223, 0.01], [0.3, 0.01]), 'C')).toBe(
      'C is narrower than A: effective rank 54 \u2192 31; chance alone would do this at most once in 100 times.',
    );
    expect(changeSentence(tested([-1, 0.3], [-0.4, 0.03]))).toContain('B is more contracted than A');
    expect(changeSentence(tested([-1, 0.3], [0.1, 0.6]))).toBe(
      'B is not told apart from A: effective rank 54 \u2192 31; chance alone would do as much in 30 % of cases.',
    );
  });

  test('without a test is a reason', () => {
    const untested = comparison({ test: null, reasons: [{ code: 'test', message: 'Not the same rows.' }] });
    expect(comparisonWords(untested)).toEqual({
      change: 'untested',
      heading: 'Compared without a test',
      sentences: ['Not the same rows.'],
    });
    expect(changeSentence(untested)).toBe('B against A: effective rank 54 \u2192 31. Not the same rows.');
    const nothing = { ...untested, distances: { ...untested.distances, bures: null } };
    expect(comparisonWords(nothing).change).toBe('unknown');
  });
});

test('a quantity changes in percent where it counts directions, else by a difference', () => {
  expect([quantityChange('effectiveRank', 54, 31), quantityChange('logScale', -2, -1.5)]).toEqual(['\u221243 %', '+0.5000']);
});

test('distances that were measured, with what they mean', () => {
  const { distances } = comparison();
  const words = distanceWords({ ...distances, cka: null });
  expect(words.map(({ label, value }) => `${label}: ${value}`)).toEqual([
    'Stein divergence: 12.50 nats',
    'Bures distance: 0.2500',
    'Shift of the mean: 0.1000',
    'Top-10 overlap: 62 %',
  ]);
  expect(words[0]!.meaning).toContain('as the other side collapses');
  expect(words[3]!.meaning).toContain('unrelated ones share 10 %');
});

test('the log-determinant splits into scale and shape', () => {
  const { drift } = comparison();
  expect(logDetSentence(drift)).toBe('Log-determinant of the covariance: \u2212196.6 nats = +26.22 scale, \u2212222.8 shape.');
  expect(logDetSentence({ ...drift, logDet: null })).toBeNull();
});

test('what the numbers rest on', () => {
  const [sample, rows, p, ...others] = basisSentences(tested([1, 0.01], [1, 0.01], { reasons: [{ code: 'cka', message: 'No CKA.' }] }));
  expect(sample).toBe('A: All 1,000 rows were read. B: All 1,000 rows were read. Rows are scaled to unit length.');
  expect(rows).toBe('Distances rest on 1,000 pairs of rows; 2 more could not be used.');
  expect(p).toMatch(/^p-values: 199 random swaps of 1,000 pairs of rows.*the smallest possible is 0\.01\./);
  expect(others).toEqual(['No CKA.']);
  const unpaired = { ...comparison(), rows: { paired: false, a: 40, b: 50, dropped: 0, seed: 0 } };
  expect(pairBasis(unpaired, 'C')[0]).toBe('Distances rest on 40 rows of A and 50 of C.');
  expect(pValue(0.012345)).toBe('0.012');
  expect(columnsSentence('A', 100, 'C', 64)).toMatch(/^A has 100 columns and C has 64:/);
});
