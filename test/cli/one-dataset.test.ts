import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, sigma } from './sigma';

/** One matrix in every format; the numbers are NumPy's, of what each file holds after the rounding of its element type. */
const folder = join(ROOT, 'test/fixtures/formats/one-dataset');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  {
    uncentred: number[];
    centred: number[];
    sigma: Record<'S' | 'U_cov', number>;
    quantities: Record<string, number | null>;
    codingLogDet: number[];
    effectiveDimension: number[];
  }
>;

/** What files that do not describe themselves need. */
const FLAGS: Readonly<Record<string, readonly string[]>> = { 'raw.f32': ['--dtype', 'float32', '--columns', '12'] };

function expectClose(found: number, wanted: number, what: string): void {
  expect(Math.abs(found - wanted), what).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted)));
}

describe('sigma analyze --json gives the numbers of NumPy', () => {
  test.each(Object.keys(expected))('%s', async (file) => {
    const { stdout, exitCode } = await sigma(['analyze', join(folder, file), '--json', '--backend', 'cpu', ...(FLAGS[file] ?? [])]);
    expect(exitCode).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(1);
    const report = JSON.parse(lines[0]);
    const want = expected[file];
    expect(report.source).toMatchObject({ rows: 60, columns: 12 });
    expect(report.spectrum.eigenvalues).toHaveLength(12);
    for (let i = 0; i < 12; i++) {
      expect(Math.abs(report.spectrum.eigenvalues[i] - want.uncentred[i])).toBeLessThan(1e-12 * want.uncentred[0]);
      expect(Math.abs(report.spectrum.centred[i] - want.centred[i])).toBeLessThan(1e-12 * want.centred[0]);
    }
    for (const [id, number] of Object.entries(want.quantities)) {
      if (number === null) expect(report.quantities[id].value, id).toBeNull();
      else expectClose(report.quantities[id].value, number, id);
    }
    for (const id of ['codingLogDet', 'effectiveDimension'] as const) {
      want[id].forEach((number, i) => {
        expectClose(report.quantities[id][i].value, number, id);
      });
    }
    expectClose(report.sigma.S, want.sigma.S, 'S');
    expectClose(report.sigma.U_cov, want.sigma.U_cov, 'U_cov');
  });
});
