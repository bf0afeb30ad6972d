import type { Comparison } from '../../src/analysis/comparison';
import type { SpectralReport } from '../../src/analysis/report';
import { exact } from '../../src/spectral/bounded';
import { matrixReport } from '../runs/reports';

/** What a test says of a comparison: statistic and adjusted p-value of each; everything else is of 1,000 pairs of rows of 100 columns. */
interface Facts extends Partial<Pick<Comparison, 'distances' | 'drift' | 'rows' | 'reasons' | 'a' | 'b'>> {
  readonly test?: { readonly shape: readonly [number, number]; readonly logScale: readonly [number, number] } | null;
}

export function comparison({ test, ...facts }: Facts = {}): Comparison {
  const permuted = ([statistic, p]: readonly [number, number]) => ({ statistic, p, adjusted: p });
  return {
    schema: 'sigma.compare/1',
    a: sideReport({ path: '/work/a.npy', effectiveRank: 54 }),
    b: sideReport({ path: '/work/b.npy', effectiveRank: 31 }),
    rows: { paired: true, a: 1000, b: 1000, dropped: 2, seed: 0 },
    drift: { dU_cov: -191.9, dG_KF: null, logDet: { total: -196.6, scale: 26.22, shape: -222.82 } },
    distances: { stein: 12.5, bures: 0.25, meanShift: 0.1, subspaceOverlap: { k: 10, value: 0.62, chance: 0.1 }, cka: 0.9 },
    test:
      test === null
        ? null
        : {
            method: 'paired permutation',
            rows: 1000,
            permutations: 199,
            shape: permuted(test?.shape ?? [-222.8, 0.01]),
            logScale: permuted(test?.logScale ?? [0.26, 0.01]),
          },
    reasons: [],
    ...facts,
  };
}

/** A report with a spectrum: `columns` eigenvalues, of which each is `decay` times the one before. */
export function sideReport({
  path,
  effectiveRank,
  decay = 0.95,
  columns = 100,
}: {
  path: string;
  effectiveRank: number;
  decay?: number;
  columns?: number;
}): SpectralReport {
  const { report } = matrixReport({ effectiveRank });
  const eigenvalues = Float64Array.from({ length: columns }, (_, k) => 0.05 * decay ** k);
  const bound = { kind: 'stochastic', confidence: 0.95, method: 'jackknife', lower: 12.1, upper: 13.9 } as const;
  return {
    ...report,
    source: { ...report.source, path, columns },
    options: { ...report.options, normalize: true },
    quantities: { ...report.quantities, participationRatio: { ...exact(13), bounds: [bound] } },
    spectrum: { kind: 'exact', method: 'gram', eigenvalues, centred: eigenvalues, noiseFloor: 1e-6, marchenkoPasturEdge: null },
  } as SpectralReport;
}
