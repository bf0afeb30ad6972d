import { describe, expect, it } from 'vitest';
import type { Spectrum } from '../../src/analysis/report';
import { displayWidth } from '../../src/cli/printable';
import { reportText } from '../../src/cli/report-text';
import { createStyle } from '../../src/cli/style';
import { DEFINITIONS } from '../../src/spectral/definitions';
import { sampleReport, weightReport } from './sample-report';

const plain = createStyle(false);

describe('one report for a person', () => {
  const text = reportText(sampleReport(), plain, 80);

  it('says the verdict first, then why', () => {
    expect(text.split('\n').slice(0, 2)).toEqual(['✔ Healthy  run/embeddings.npy', '  Nothing in this spectrum speaks of collapse.']);
  });

  it('says what was read', () => {
    expect(text).toMatch(/1,000 × 100 float32, 400 kB\. All 1,000 rows were read\. Rows are scaled to unit\s+length\./);
    expect(text).toContain('No NaN, no infinities, no zero or duplicate rows, no constant columns.');
  });

  it('says each quantity with its certainty and meaning', () => {
    expect(text).toMatch(/Effective rank +37\.24 of 100 directions +exact\n +How many directions/);
    expect(text).toMatch(/Participation ratio +≈ 13\.25 of 100 directions\n +12\.50 to 14\.00 \(95 % confidence: Jackknife\)/);
    expect(text).toMatch(/Shape \(log sphericity\) +−72\.39 nats +exact/);
    expect(text).toMatch(/Mean cosine +0\.8352 +exact/);
    expect(text).toMatch(/U_cov +−706\.4 nats +exact/);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(DEFINITIONS.shape.meaning);
  });

  it('says why there is no value, and what is known nevertheless', () => {
    expect(text).toMatch(
      /Log-determinant of the Gram matrix\n +Only 12 of 1,000 rows are known\.\n +at most −15 \(certain:\s+Water-filling\)/,
    );
  });

  it('ends with the truth about the computation', () => {
    const last = reportText(
      sampleReport({
        backend: {
          name: 'cpu',
          device: 'A processor',
          precision: 'float64',
          selfTestError: 2.2e-16,
          fallbackReason: 'No adapter was found.',
        },
      }),
      plain,
      200,
    )
      .split('\n')
      .at(-2);
    expect(last).toBe('  Computed on cpu (A processor), float64, self-test error 2.200 × 10⁻¹⁶, in 118 ms. No adapter was found.');
  });

  it('counts what is wrong with the rows', () => {
    const integrity = { nan: 1, inf: 2, zeroRows: 0, duplicateRows: 1200, constantColumns: 1 };
    const lines = reportText(sampleReport({ integrity }), plain, 80);
    for (const found of ['NaN entries: 1.', 'Infinite entries: 2.', 'Duplicate rows: 1,200.', 'Constant columns: 1.'])
      expect(lines).toContain(found);
    expect(lines).not.toContain('Zero rows');
  });

  it('says which rows were drawn', () => {
    expect(reportText(sampleReport({ sample: { rows: 400, seed: 7, complete: false, stopped: 'rows' } }), plain, 120)).toContain(
      '400 of 1,000 rows (seed 7)',
    );
  });

  it('shows the tail exponent of weights', () => {
    expect(reportText(weightReport('layer', 'watch', 7), plain, 80)).toMatch(/Power-law exponent +3\.200/);
  });

  it('says of an estimated density that it is one', () => {
    const density = { nodes: Float64Array.of(0.8, 0.1, 0.01), weights: Float64Array.of(1, 20.5, 78.5) };
    const spectrum = (...eigenvalues: number[]): Spectrum => ({
      kind: 'density',
      eigenvalues: Float64Array.from(eigenvalues),
      density,
      centredDensity: density,
      noiseFloor: 1e-16,
      marchenkoPasturEdge: null,
    });
    const words = (shown: Spectrum) => reportText(sampleReport({ spectrum: shown }), plain, 200);
    expect(words(spectrum(0.81, 0.2))).toContain(
      'Estimated density of the eigenvalues from 0.8100 down to 0.01000, on a log scale. The 2 largest are computed.',
    );
    expect(words(spectrum())).toContain('Estimated density of the eigenvalues from 0.8000 down to 0.01000, on a log scale.\n');
    expect(words(spectrum())).toMatch(/█▅+/);
  });

  it('is fine without a spectrum and without SIGMA', () => {
    const empty = sampleReport({ sigma: null, spectrum: null, quantities: { codingLogDet: [], effectiveDimension: [] } });
    expect(reportText(empty, plain, 80)).toContain('✔ Healthy');
  });

  it.each([60, 80, 120])('stays within %d columns', (width) => {
    for (const line of reportText(sampleReport(), createStyle(true), width).split('\n'))
      expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });

  it('lets no name control the terminal', () => {
    const report = sampleReport();
    const source = {
      ...report.source,
      path: '\u001b]0;owned\u0007a\nb.npy',
      tensor: '\u001b[2Jt',
      dtype: '\u001b[5mf',
      note: '\u001b[7mnote',
    };
    const verdict = { level: 'watch' as const, reasons: [{ code: 'x', message: '\u001b[1mloud' }] };
    const hostile = reportText(sampleReport({ source, verdict }), plain, 80);
    expect(hostile).not.toContain('\u001b');
    expect(hostile.split('\n')[0]).toBe('◆ Worth watching  a\ufffdb.npy · t');
  });
});
