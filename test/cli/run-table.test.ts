import { describe, expect, it } from 'vitest';
import type { SpectralReport } from '../../src/analysis/report';
import { conclusion, type Generation, runText } from '../../src/cli/run-table';
import { createStyle } from '../../src/cli/style';
import { exact } from '../../src/spectral/bounded';
import { sampleReport } from './sample-report';

function generation(number: number, effectiveRank: number, shape: number, U_cov: number): Generation {
  const report: SpectralReport = sampleReport();
  return {
    number,
    report: {
      ...report,
      sigma: { ...report.sigma!, U_cov },
      quantities: { ...report.quantities, effectiveRank: exact(effectiveRank), shape: exact(shape) },
    },
  };
}

describe('a run', () => {
  const run = [generation(0, 37.24, -72.4, -706.4), generation(1, 31.52, -85.6, -706.1), generation(2, 8.31, -295.3, -898.33)];

  it('says in words what its numbers say', () => {
    expect(conclusion(run)).toBe(
      "From generation 0 to 2, effective rank fell from 37.24 to 8.310 (−78 %), shape fell by 222.9 nats and SIGMA's U_cov fell by 191.9 nats. Shape fell in 2 of 2 steps, U_cov in 1.",
    );
    expect(conclusion([run[2]!, run[0]!])).toContain('effective rank rose from 8.310 to 37.24 (+348 %)');
  });

  it('has one line per generation with the drift against the first', () => {
    const lines = runText('replace-s0', run, createStyle(false), 80).split('\n');
    expect(lines[0]).toBe('replace-s0');
    expect(lines[2]).toMatch(/^ +0 +37\.24 +−72\.40 +−1\.803 +0\.8352 +−706\.4 +0$/);
    expect(lines[4]).toMatch(/^ +2 +8\.310 +−295\.3 +−1\.803 +0\.8352 +−898\.3 +−191\.9$/);
  });

  it('does not invent what is missing', () => {
    const empty = { ...sampleReport(), sigma: null, quantities: { codingLogDet: [], effectiveDimension: [] } };
    const broken = [{ number: 0, report: empty }];
    expect(conclusion(broken)).toBe('Nothing can be compared between its first and its last generation.');
    expect(runText('x', broken, createStyle(false), 80)).toContain('n/a');
  });
});
