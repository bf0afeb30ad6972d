import type { LogDetSplit } from '../spectral/two-sample';
import type { Reason, SpectralReport } from './report';

export const COMPARISON_SCHEMA = 'sigma.compare/1';

/** Two summaries against each other; A is the baseline. */
export interface Comparison {
  readonly schema: typeof COMPARISON_SCHEMA;
  readonly a: SpectralReport;
  readonly b: SpectralReport;
  readonly rows: ComparedRows;
  readonly drift: ComparisonDrift;
  readonly distances: Distances;
  readonly test: PermutationTest | null;
  /** Why something is null, or what it must not be mistaken for; `code` is the name of the member. */
  readonly reasons: readonly Reason[];
}

/** Which rows distances and test come from. */
export interface ComparedRows {
  /** Row i of one file is compared with row i of the other. */
  readonly paired: boolean;
  /** Rows used of each side; equal when paired. */
  readonly a: number;
  readonly b: number;
  /** Sampled rows left out, which hold NaN or infinities, or are zero and were to be scaled; pairwise when paired. */
  readonly dropped: number;
  readonly seed: number;
}

/** Change from A to B, of all rows that the reports rest on; nats. */
export interface ComparisonDrift {
  /** SIGMA-UB (eq. 3.20 of {@link SpectralReport.sigma}). Null unless both sides have equally many rows. */
  readonly dU_cov: number | null;
  readonly dG_KF: number | null;
  /** Of logdet S', S centred. */
  readonly logDet: LogDetSplit | null;
}

export interface Distances {
  /** Stein's divergence of B's covariance, seen from A's: nats (twice the Kullback-Leibler divergence of Gaussians). */
  readonly stein: number | null;
  /** Between the covariances, and between the means; both in units of the rows. */
  readonly bures: number | null;
  readonly meanShift: number | null;
  /** Of the k directions of largest variance; unrelated ones overlap by `chance` on average. */
  readonly subspaceOverlap: { readonly k: number; readonly value: number; readonly chance: number } | null;
  /** Linear CKA, debiased. Null unless rows are paired. */
  readonly cka: number | null;
}

/** Exact if it makes no difference to a pair of rows which file each came from. */
export interface PermutationTest {
  readonly method: 'paired permutation';
  readonly rows: number;
  readonly permutations: number;
  readonly shape: Permuted;
  readonly logScale: Permuted;
}

/** One statistic of the permutation test: B minus A, on the rows of the test. */
export interface Permuted {
  readonly statistic: number;
  readonly p: number;
  /** Holm-adjusted for both statistics. */
  readonly adjusted: number;
}

/** Notes why a member of a comparison is null, or what it must not be mistaken for, and returns null. */
export type Because = (code: string, message: string) => null;

export const NO_ROWS = 'No row of one side could be used.';
export const NO_VARIANCE = 'All rows of one side are the same: there is no variance.';
