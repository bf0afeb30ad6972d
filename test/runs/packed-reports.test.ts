import { expect, it } from 'vitest';
import { pack, plainReport, sharing, unpack } from '../../src/runs/packed-reports';
import type { MatrixReport } from '../../src/runs/run-report';
import { certificate, unavailable } from '../../src/spectral/bounded';
import { matrixReport } from './reports';

const plain = (matrices: readonly MatrixReport[]) => matrices.map(({ file, report }) => ({ file, report: plainReport(report) }));

/** With all that a report may hold besides exact numbers. */
function rich(effectiveRank: number): MatrixReport {
  const { file, report } = matrixReport({ tensor: 'head', effectiveRank });
  const bounds = [certificate(effectiveRank - 1, null, 'a bound'), certificate(0, Number.POSITIVE_INFINITY, 'another')];
  const quantities = {
    ...report.quantities,
    effectiveRank: { value: effectiveRank, exact: false, bounds, reason: null },
    uniformity: unavailable('No unit rows.'),
    codingLogDet: [{ alphaOverD: 10, value: Number.NaN, exact: true, bounds: [], reason: null }],
  };
  return { file, report: { ...report, quantities, timings: { read: 1.5, total: 2 } } };
}

it('reports come out as they went in, also when they travel and are packed again', () => {
  const matrices = [matrixReport(), rich(12), matrixReport({ empty: true, level: 'broken' }), rich(3)];
  const once = unpack(structuredClone(pack(matrices)), sharing());
  expect(plain(once)).toEqual(matrices);
  const twice = unpack(structuredClone(pack(once.slice(1))), sharing());
  expect(plain(twice)).toEqual(matrices.slice(1));
});

it('a report costs its numbers: what is equal in two checkpoints is there once', () => {
  const share = sharing();
  const [a, b] = [1, 2].map((rank) => unpack(structuredClone(pack([rich(rank)])), share)[0]!.report);
  expect(a!.options).toBe(b!.options);
  expect(a!.quantities.effectiveRank?.value).toBe(1);
  expect(b!.quantities.effectiveRank?.value).toBe(2);
  const row = pack(Array.from({ length: 200 }, (_, i) => rich(i)));
  expect(new Set(row.rows.map(({ mould }) => mould)).size).toBe(1);
});
