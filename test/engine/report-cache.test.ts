import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS, type SpectralReport } from '../../src/analysis/report';
import { ReportCache, reportKey } from '../../src/engine/report-cache';

const MEGABYTE = 1 << 20;

/** A report as far as the cache looks at one. */
function report(eigenvalues: number): SpectralReport {
  const spectrum = { kind: 'exact', eigenvalues: new Float64Array(eigenvalues), centred: new Float64Array(eigenvalues) };
  return { spectrum } as unknown as SpectralReport;
}

describe('ReportCache', () => {
  it('gives back the very report', () => {
    const cache = new ReportCache(2, MEGABYTE);
    const kept = report(4);
    cache.set('a', kept);
    expect(cache.get('a')).toBe(kept);
    expect(cache.get('b')).toBeUndefined();
  });

  it('forgets the least recently used beyond its count', () => {
    const cache = new ReportCache(2, MEGABYTE);
    cache.set('a', report(4));
    cache.set('b', report(4));
    cache.get('a');
    cache.set('c', report(4));
    expect(['a', 'b', 'c'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true]);
  });

  it('forgets the least recently used beyond its bytes', () => {
    const cache = new ReportCache(100, MEGABYTE);
    // 2 x 25,000 x 8 bytes: two fit in a megabyte, three do not.
    for (const key of ['a', 'b', 'c']) cache.set(key, report(25_000));
    expect(['a', 'b', 'c'].map((key) => cache.get(key) !== undefined)).toEqual([false, true, true]);
  });

  it('counts a replaced report once', () => {
    const cache = new ReportCache(100, MEGABYTE);
    cache.set('a', report(25_000));
    for (let i = 0; i < 10; i++) cache.set('b', report(25_000));
    expect(cache.get('a')).toBeDefined();
    expect(cache.get('b')).toBeDefined();
  });

  it('does not keep a report that is larger than all it may keep', () => {
    const cache = new ReportCache(100, MEGABYTE);
    cache.set('a', report(MEGABYTE));
    expect(cache.get('a')).toBeUndefined();
    cache.set('b', report(4));
    expect(cache.get('b')).toBeDefined();
  });

  it('counts a report without a spectrum', () => {
    const cache = new ReportCache(100, MEGABYTE);
    cache.set('a', { spectrum: null } as unknown as SpectralReport);
    expect(cache.get('a')).toBeDefined();
  });
});

describe('reportKey', () => {
  it('does not depend on the order of the options', () => {
    const { seed, ...others } = DEFAULT_OPTIONS;
    expect(reportKey('f', 't', { seed, ...others })).toBe(reportKey('f', 't', { ...others, seed }));
  });

  it('tells files, tensors and options apart', () => {
    const keys = [
      reportKey('f', 't', DEFAULT_OPTIONS),
      reportKey('g', 't', DEFAULT_OPTIONS),
      reportKey('f', 'u', DEFAULT_OPTIONS),
      reportKey('f', 't', { ...DEFAULT_OPTIONS, ridge: 1 }),
      reportKey('f', 't', { ...DEFAULT_OPTIONS, rows: 100 }),
      reportKey('f', 't', { ...DEFAULT_OPTIONS, normalize: false }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});
