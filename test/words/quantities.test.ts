import { describe, expect, test } from 'vitest';
import type { Quantities, SpectralReport } from '../../src/analysis/report';
import { reportFromJson } from '../../src/analysis/report-json';
import { certificate, exact, unavailable } from '../../src/spectral/bounded';
import { DEFINITIONS } from '../../src/spectral/definitions';
import { quantityGroups } from '../../src/words/quantities';
import { fixture } from '../webview/fixtures';

const healthy = reportFromJson(fixture('healthy'));

function rowOf(quantities: Partial<Quantities>, key: string) {
  const report: SpectralReport = { ...healthy, quantities: { codingLogDet: [], effectiveDimension: [], ...quantities } };
  return quantityGroups(report)
    .flatMap(({ rows }) => rows)
    .find((row) => row.key === key)!;
}

describe('quantityGroups', () => {
  test('every quantity of the report has a row, in the order of the definitions', () => {
    const keys = quantityGroups(healthy).flatMap(({ rows }) => rows.map(({ key }) => key));
    for (const id of Object.keys(healthy.quantities)) expect(keys.some((key) => key.split('@')[0] === id)).toBe(true);
    expect(keys.slice(0, 3)).toEqual(['effectiveRank', 'vendiScore', 'rankMe']);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a quantity at several scales has a row for each', () => {
    const rows = quantityGroups(healthy).flatMap(({ rows }) => rows);
    expect(rows.filter(({ key }) => key.startsWith('codingLogDet@')).map(({ label }) => label)).toEqual(
      [0.1, 1, 10, 100].map((scale) => `${DEFINITIONS.codingLogDet.label}, α/d = ${scale}`),
    );
  });

  test('an exact count of directions lies between 0 and the number of columns', () => {
    expect(rowOf({ effectiveRank: exact(25) }, 'effectiveRank')).toMatchObject({
      value: '25',
      unit: 'of 100 directions',
      known: [{ text: 'exact', kind: 'exact' }],
      bar: { min: '0', max: '100', value: 0.25, intervals: [] },
      remark: null,
    });
  });

  test('where there is no value the reason stands, and what is known all the same', () => {
    const row = rowOf({ trace: exact(1), lambdaMin: unavailable('Below the noise floor.', [certificate(0, 0.005, 'Weyl')]) }, 'lambdaMin');
    expect(row).toMatchObject({
      value: null,
      remark: 'Below the noise floor.',
      known: [{ text: '0 to 0.005000 (certain: Weyl)', kind: 'deterministic' }],
    });
    expect(row.bar).toMatchObject({ max: '0.01', value: null, intervals: [{ from: 0, to: 0.5, kind: 'deterministic' }] });
  });

  test('certificates and confidence intervals are told apart', () => {
    const row = rowOf(
      {
        logDetGram: {
          value: 10,
          exact: false,
          reason: null,
          bounds: [certificate(0, 20, 'Water-filling'), { lower: 8, upper: 12, kind: 'stochastic', confidence: 0.95, method: 'CLT' }],
        },
      },
      'logDetGram',
    );
    expect(row.value).toBe('≈ 10');
    expect(row.known.map(({ text }) => text)).toEqual(['0 to 20 (certain: Water-filling)', '8 to 12 (95 % confidence: CLT)']);
    expect(row.bar!.intervals.map(({ kind }) => kind)).toEqual(['deterministic', 'stochastic']);
    // No range of its own, and it can be negative: the hull 0 ... 20 with a margin of 15 % on both sides.
    expect(row.bar).toMatchObject({ min: '\u22123', max: '23', value: 0.5 });
  });

  test('no bar begins where its quantity cannot be', () => {
    const wide = (lower: number, upper: number) => ({
      value: (lower + upper) / 2,
      exact: false,
      reason: null,
      bounds: [certificate(lower, upper, 'Weyl')],
    });
    const from = (quantities: Partial<Quantities>, key: string) => rowOf(quantities, key).bar!.min;
    expect(from({ conditionNumber: wide(5, 1e6) }, 'conditionNumber')).toBe('1');
    expect(from({ trace: wide(0.1, 2) }, 'trace')).toBe('0');
    expect(from({ lambdaMax: wide(0.1, 2) }, 'lambdaMax')).toBe('0');
    expect(from({ alphaReq: wide(0.1, 2) }, 'alphaReq')).toBe('0');
    expect(from({ codingLogDet: [{ ...wide(1, 90), alphaOverD: 10 }] }, 'codingLogDet@10')).toBe('0');
    // Well above it the margin is whole.
    expect(from({ conditionNumber: wide(100, 120) }, 'conditionNumber')).toBe('97');
    expect(from({ logScale: wide(0.1, 2) }, 'logScale')).toBe('\u22120.185');
    // Rounding below the least is still shown.
    expect(rowOf({ trace: wide(-1e-17, 1) }, 'trace').bar!.intervals[0]!.from).toBe(0);
  });

  test('a bound that is open on one side reaches to the end of the bar', () => {
    const row = rowOf(
      { effectiveRank: { value: 50, exact: false, reason: null, bounds: [certificate(25, null, 'Loewner')] } },
      'effectiveRank',
    );
    expect(row.known[0]!.text).toBe('at least 25 (certain: Loewner)');
    expect(row.bar!.intervals).toEqual([{ from: 0.25, to: 1, kind: 'deterministic' }]);
  });

  test('one number without a range has no bar', () => {
    expect(rowOf({ alphaReq: exact(0.8) }, 'alphaReq').bar).toBeNull();
    expect(
      rowOf({ conditionNumber: unavailable('Below the floor.', [certificate(1e13, null, 'Weyl')]) }, 'conditionNumber').bar,
    ).toBeNull();
  });

  test('a negative mean cosine widens its range', () => {
    expect(rowOf({ meanCosine: exact(-0.5) }, 'meanCosine').bar).toMatchObject({ min: '\u22121', max: '1', value: 0.25 });
  });

  test('NaN and infinities have words and no place', () => {
    expect(rowOf({ trace: exact(Number.NaN) }, 'trace')).toMatchObject({ value: 'NaN', bar: null });
    expect(rowOf({ conditionNumber: exact(Number.POSITIVE_INFINITY) }, 'conditionNumber')).toMatchObject({ value: '∞', bar: null });
  });
});
