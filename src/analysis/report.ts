import type { BackendChoice, BackendDescription } from '../compute/kernels';
import type { RawLayout } from '../formats/vectors/raw';
import type { Bounded } from '../spectral/bounded';
import type { QuantityId } from '../spectral/definitions';
import type { SigmaUb } from '../spectral/sigma-ub';

/** The one document shared by the panel, the command line and the history. */
export const REPORT_SCHEMA = 'sigma.report/1';

export interface SourceDescription {
  readonly path: string;
  /** Null when the file holds one unnamed matrix. */
  readonly tensor: string | null;
  readonly format: string;
  readonly dtype: string;
  readonly rows: number;
  readonly columns: number;
  readonly bytes: number;
  /** What was done to make a matrix of the tensor, e.g. how a convolution kernel was flattened. */
  readonly note: string | null;
}

/** Which rows of the matrix the numbers come from. */
export interface SampleDescription {
  readonly rows: number;
  readonly seed: number;
  /** True when every row of the file was read. */
  readonly complete: boolean;
  /** What ended the reading; null while it goes on. */
  readonly stopped: StopReason | null;
}

/** The whole file was read; as many rows as were asked for; the tolerance is met; as many rows as so wide a matrix allows. */
export type StopReason = 'whole-file' | 'rows' | 'tolerance' | 'capacity';

export interface AnalysisOptions {
  /** Scale rows to unit Euclidean length. Null: yes for embeddings, no for weights. */
  readonly normalize: boolean | null;
  /** delta of logdet(G + delta I). The paper's is 1e-3. */
  readonly ridge: number;
  /** Level of stochastic intervals, in (0, 1). */
  readonly confidence: number;
  /** At most this many rows are read; null reads all. */
  readonly rows: number | null;
  /**
   * Reading stops once the interval of the coding log-determinant at alpha / d = 10 is narrower than this share of its value; null reads on.
   * Only for files of random access: others have to be read to their end anyway.
   */
  readonly tolerance: number | null;
  readonly seed: number;
  readonly backend: BackendChoice;
  /** How the numbers of the file lie, where it does not say so itself; absent in all other cases. */
  readonly raw?: RawLayout;
}

export const DEFAULT_OPTIONS: AnalysisOptions = {
  normalize: null,
  ridge: 1e-3,
  confidence: 0.95,
  rows: null,
  tolerance: null,
  seed: 0,
  backend: 'auto',
};

/** Counts over the rows that were read. Rows with NaN or Inf are left out of every statistic, and so are zero rows where rows are scaled to unit length. */
export interface Integrity {
  /** Entries that are NaN, and that are infinite. */
  readonly nan: number;
  readonly inf: number;
  readonly zeroRows: number;
  /** Rows equal, bit for bit, to an earlier one; estimated by sampling of row hashes beyond 2^18 distinct rows. */
  readonly duplicateRows: number;
  /** Columns with one value in every row used. */
  readonly constantColumns: number;
}

export type Spectrum = ExactSpectrum | DensitySpectrum;

export interface ExactSpectrum {
  readonly kind: 'exact';
  /**
   * From the Gram matrix, or, where its rounding would drown the tail and the elements hold more, from a QR factorisation of the rows
   * (TSQR), which costs twice as much and one more reading.
   */
  readonly method: 'gram' | 'qr';
  /** Of C = G / n (uncentred), descending. Length min(rows used, columns); the rest are exactly 0. */
  readonly eigenvalues: Float64Array;
  /** Of S (centred), descending, same length. */
  readonly centred: Float64Array;
  /**
   * Eigenvalues of C below this are rounding, not data. Where products were float32, also what eigenvalues are off by at most, as the root of
   * the mean square over all of them, with 99.5 % confidence.
   */
  readonly noiseFloor: number;
  /** Marchenko-Pastur upper edge for the noise variance read off the median eigenvalue; null where it has no meaning. */
  readonly marchenkoPasturEdge: number | null;
}

/** What is known of a spectrum that was never computed whole: its largest eigenvalues, and an estimate of its density. */
export interface DensitySpectrum {
  readonly kind: 'density';
  /** The largest eigenvalues of C, descending, with multiplicity and without gaps; none where they did not converge. */
  readonly eigenvalues: Float64Array;
  readonly density: Density;
  /** Of S (centred). */
  readonly centredDensity: Density;
  /** Eigenvalues of C below this are rounding, not data. */
  readonly noiseFloor: number;
  /** The edge takes a median that is computed, not estimated. */
  readonly marchenkoPasturEdge: null;
}

/** An estimate of how many eigenvalues stand where: point masses that add up to the number of columns. */
export interface Density {
  /** Descending, not negative. */
  readonly nodes: Float64Array;
  /** Numbers of eigenvalues, rarely whole. */
  readonly weights: Float64Array;
}

export type Level = 'healthy' | 'watch' | 'collapsing' | 'collapsed' | 'broken' | 'unknown';

export interface Reason {
  /** Stable, kebab-case: `nan`, `one-direction`, ... */
  readonly code: string;
  /** One sentence for a person, with the number in it. */
  readonly message: string;
}

export interface Verdict {
  readonly level: Level;
  /** Worst first. Never empty. */
  readonly reasons: readonly Reason[];
}

/** A quantity at one scale alpha of the curve alpha -> (f_alpha, d_eff). */
export interface BoundedAtScale extends Bounded {
  readonly alphaOverD: number;
}

/**
 * How much the numbers of a set of embeddings would vary if as many rows were drawn anew, as standard deviations by the jackknife:
 * what a run compares the differences between its checkpoints with. The participation ratio by its logarithm.
 */
export interface SamplingDeviation {
  readonly logScale: number;
  readonly shape: number;
  /** Of U_cov. */
  readonly logDet: number;
  readonly participationRatio: number;
}

export type Quantities = { readonly [id in Exclude<QuantityId, ScaledId>]?: Bounded } & {
  readonly [id in ScaledId]: readonly BoundedAtScale[];
};
type ScaledId = 'codingLogDet' | 'effectiveDimension';

export interface SpectralReport {
  readonly schema: typeof REPORT_SCHEMA;
  readonly source: SourceDescription;
  readonly sample: SampleDescription;
  /** As used: `normalize` is resolved to true or false. */
  readonly options: AnalysisOptions;
  readonly backend: BackendDescription;
  readonly integrity: Integrity;
  /** Null when no row could be used, and with it the spectrum and every quantity. */
  readonly sigma: SigmaUb | null;
  readonly spectrum: Spectrum | null;
  readonly quantities: Quantities;
  /** Null for weights, whose rows are no draws, and where there is no variance. */
  readonly sampling: SamplingDeviation | null;
  readonly verdict: Verdict;
  /** Milliseconds by stage: `read`, `gram`, `eigen`, `total`. */
  readonly timings: Readonly<Record<string, number>>;
}
