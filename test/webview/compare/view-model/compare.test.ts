import { describe, expect, it } from 'vitest';
import type { CompareHostMessage } from '../../../../webview/compare/protocol';
import { NEW_COMPARISON, receive } from '../../../../webview/compare/session';
import { basis, compareHeader } from '../../../../webview/compare/view-model/basis';
import { spectraModel } from '../../../../webview/compare/view-model/spectra';
import { pairTable, quantityTable } from '../../../../webview/compare/view-model/tables';
import { compareVerdict } from '../../../../webview/compare/view-model/verdict';
import { comparison, sideReport } from '../../../words/comparisons';
import { messages, SIDES } from '../messages';

const received = (sent: readonly CompareHostMessage[]) => sent.reduce(receive, NEW_COMPARISON);
const whole = received(messages());
const two = (compared: Parameters<typeof comparison>[0]) =>
  received([
    { type: 'sides', sides: SIDES.slice(0, 2), matrices: [''], matrix: 0 },
    { type: 'comparison', side: 1, comparison: comparison(compared) },
    { type: 'done' },
  ]);

describe('the verdict', () => {
  it('goes by the worst, and has a sentence for each side, the worst first', () => {
    const { word, level, reasons, sample, provisional } = compareVerdict(whole)!;
    expect([word, level, provisional]).toEqual(['B and C are narrower than A', 'collapsing', false]);
    expect(reasons.map((reason) => reason[0])).toEqual(['B', 'C', 'D']);
    expect(sample).toContain('generation-0, is the baseline');
  });

  it.each([
    [{ shape: [-9, 0.01], logScale: [0, 1] }, 'Narrower: B has lost directions', 'collapsing', true],
    [{ shape: [9, 0.01], logScale: [0, 1] }, 'Wider: B uses more directions', 'watch', true],
    [{ shape: [0, 1], logScale: [-1, 0.02] }, 'Contracted: B varies less', 'collapsing', true],
    [{ shape: [0, 1], logScale: [0.1, 0.3] }, 'No change of shape or scale beyond chance', 'healthy', false],
    [null, 'Compared without a test', 'unknown', true],
  ] as const)('of two is that of the command line: %j', (test, word, level, advised) => {
    const verdict = compareVerdict(two({ test }))!;
    expect([verdict.word, verdict.level, verdict.advice.length > 0]).toEqual([word, level, advised]);
  });

  it('is not there before anything is compared, and says why nothing can be', () => {
    const [sides, baseline] = messages();
    expect(compareVerdict(received([sides!, baseline!]))).toBeNull();
    const trouble: CompareHostMessage = { type: 'trouble', side: 1, message: 'It is no file.' };
    expect(compareVerdict(received([sides!, trouble]))).toBeNull();
    expect(compareVerdict(received([sides!, trouble, { type: 'done' }]))).toMatchObject({
      word: 'Cannot be compared',
      reasons: ['B is not compared: It is no file.'],
    });
  });

  it('counts sides that all are as the baseline', () => {
    const alike = [3, 3].map((from, index) => ({ ...messages()[1 + from], side: index + 1 }) as CompareHostMessage);
    const sides: CompareHostMessage = { type: 'sides', sides: SIDES.slice(0, 3), matrices: [''], matrix: 0 };
    expect(compareVerdict(received([sides, ...alike, { type: 'done' }]))!.word).toBe('Neither differs from A beyond chance');
  });
});

describe('the spectra', () => {
  it('are scaled to one, at common directions, and end where nothing is resolved', () => {
    const { series, table, data } = spectraModel(whole, true, [])!;
    expect(series.map(({ look }) => look)).toEqual(['a', 'b', 'c', 'd']);
    for (const { points } of series) expect(points.map(({ x }) => x)).toEqual(points.map((_, index) => index + 1));
    // 0.05 * 0.85^k stands above 1e-6 for k < 67.
    expect(series[2]!.points).toHaveLength(67);
    const all = data!();
    const shares = all.rows.map((row) => row[1] as number);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 12);
    expect(shares[0]! / shares[1]!).toBeCloseTo(1 / 0.96, 12);
    expect(all.rows[80]![3]).toBeNull();
    expect(table.columns).toEqual(['Direction', 'A', 'B', 'C', 'D']);
    expect(table.rows.at(-1)![3]).toBe('not resolved');
  });

  it('leave out what is hidden, whose axes and table stay', () => {
    const hidden = spectraModel(whole, true, [SIDES[1]!.path])!;
    const all = spectraModel(whole, true, [])!;
    expect(hidden.series.map(({ look }) => look)).toEqual(['a', 'c', 'd']);
    expect([hidden.x, hidden.y, hidden.table]).toEqual([all.x, all.y, all.table]);
    expect(
      spectraModel(
        whole,
        true,
        SIDES.map(({ path }) => path),
      )!.series,
    ).toEqual([]);
  });

  it('of other widths stand over each other; of none there is no chart', () => {
    const [sides] = messages();
    const wide: CompareHostMessage = {
      type: 'report',
      side: 1,
      report: sideReport({ path: '/w', effectiveRank: 9, columns: 500, decay: 1 }),
    };
    const narrow: CompareHostMessage = { type: 'report', side: 0, report: sideReport({ path: '/n', effectiveRank: 9, columns: 10 }) };
    const { x, series } = spectraModel(received([sides!, narrow, wide]), false, [])!;
    expect(x.max).toBe(500);
    expect(series[0]!.points.every(({ x }) => x <= 10)).toBe(true);
    expect(spectraModel(received([sides!]), true, [])).toBeNull();
  });
});

describe('the tables', () => {
  const rowOf = (table: ReturnType<typeof quantityTable>, label: string) =>
    table!.groups.flatMap(({ rows }) => rows).find((row) => row.label === label)!;

  it('have each quantity with interval and change, counts in percent', () => {
    const table = quantityTable(whole);
    expect(table!.columns.map(({ letter }) => letter)).toEqual(['A, the baseline', 'B', 'C', 'D']);
    expect(rowOf(table, 'Effective rank').cells.map(({ value, change }) => [value, change])).toEqual([
      ['54', ''],
      ['31', '\u221243 %'],
      ['12', '\u221278 %'],
      ['53', '\u22122 %'],
    ]);
    expect(rowOf(table, 'Participation ratio').cells[1]!.note).toBe('12.10 to 13.90');
    expect(rowOf(table, 'Log scale, nats').cells[1]!.change).toBe('0');
    expect(quantityTable(received(messages().slice(0, 1)))).toBeNull();
  });

  it('have drift, distances and p-values of each pair, and say what is not there', () => {
    const table = pairTable(whole);
    expect(table!.columns.map(({ letter }) => letter)).toEqual(['B', 'C', 'D']);
    expect(rowOf(table, 'Shape').cells.map(({ value, note }) => `${value} ${note}`)).toEqual([
      'p = 0.01 \u221260 nats',
      'p = 0.01 \u2212120 nats',
      'p = 0.42 \u22120.8000 nats',
    ]);
    expect(rowOf(table, 'Top-10 overlap').cells[0]).toEqual({ value: '62 %', note: 'chance: 10 %', change: '' });
    expect(rowOf(table, 'scale, of it').cells[0]!.value).toBe('+26.22');
    const untested = pairTable(two({ test: null, drift: { dU_cov: null, dG_KF: null, logDet: null } }));
    expect(rowOf(untested, 'Shape').cells).toEqual([{ value: null, note: '', change: '' }]);
    expect(rowOf(untested, 'U_cov of SIGMA, nats').cells[0]!.value).toBeNull();
    expect(pairTable(received(messages().slice(0, 2)))).toBeNull();
  });
});

it('what the numbers rest on is said once, and of whom where it is not of all', () => {
  expect(basis(whole)).toEqual([
    'All 1,000 rows were read.',
    'Rows are scaled to unit length.',
    'Distances rest on 1,000 pairs of rows; 2 more could not be used.',
    expect.stringMatching(/^p-values: 199 random swaps/),
  ]);
  const [sides, ...others] = messages();
  const few: CompareHostMessage = {
    type: 'comparison',
    side: 2,
    comparison: comparison({ reasons: [{ code: 'stein', message: 'Too few.' }] }),
  };
  expect(basis(received([sides!, ...others.slice(0, 2), few])).at(-1)).toBe('C: Too few.');
});

it('the heading names both, or how many', () => {
  expect(compareHeader(two({})).title).toBe('runs/exp1 · generation-5 against runs/exp1 · generation-0');
  expect(compareHeader(whole)).toMatchObject({ title: '3 against runs/exp1 · generation-0', tensor: null });
  expect(compareHeader({ ...whole, matrices: ['wte', 'wpe'], matrix: 1 }).tensor).toBe('wpe');
  expect(compareHeader(NEW_COMPARISON).title).toBe('Comparison');
});
