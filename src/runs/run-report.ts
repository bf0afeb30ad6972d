import type { Level, Reason, SpectralReport } from '../analysis/report';

export const RUN_SCHEMA = 'sigma.run/1';

/** A report without its eigenvalues, which a run of many checkpoints does not keep. */
export type CheckpointReport = SpectralReport & { readonly spectrum: null };

/** One matrix of one checkpoint. */
export interface MatrixReport {
  /** Of {@link CheckpointFile}: the same at every checkpoint. */
  readonly file: string;
  readonly report: CheckpointReport;
}

/** An analysed checkpoint. */
export interface AnalyzedCheckpoint {
  readonly name: string;
  readonly step: number;
  readonly matrices: readonly MatrixReport[];
}

/** How far a quantity is from the baseline, and how surely it has left it. */
export interface QuantityDrift {
  /** Checkpoint less baseline, in the unit of the quantity. */
  readonly value: number;
  /** The same in standard deviations of the difference of two healthy checkpoints; null where that is not known. */
  readonly z: number | null;
  /** Of the e-detector up to this checkpoint; it reaches 1 / alpha less than once in 1 / alpha healthy checkpoints. Null where it is not judged. */
  readonly evidence: number | null;
}

/** What kind of trouble it is. */
export type Kind = 'contraction' | 'lost-directions' | 'head' | 'duplicates' | 'degenerate-growth' | 'broken';

export interface JudgedCheckpoint extends AnalyzedCheckpoint {
  /** Of the matrix that is judged, by quantity. Empty for the baseline. */
  readonly drift: Readonly<Record<string, QuantityDrift>>;
  readonly level: Level;
}

export interface NamedStep {
  readonly name: string;
  readonly step: number;
}

/** When a quantity passes a threshold, in steps, with its interval. */
export interface Forecast {
  readonly quantity: string;
  readonly threshold: number;
  readonly step: number;
  readonly lower: number;
  readonly upper: number;
  /** Of the interval, in (0, 1). */
  readonly confidence: number;
}

/** What is known of a run; `sigma run --json` prints it. */
export interface RunReport {
  readonly schema: typeof RUN_SCHEMA;
  readonly path: string;
  readonly layout: string;
  readonly recognised: string;
  readonly missing: readonly string[];
  /** Name of the checkpoint that the others are compared with; null when nothing is analysed. */
  readonly baseline: string | null;
  readonly checkpoints: readonly JudgedCheckpoint[];
  readonly level: Level;
  readonly kinds: readonly Kind[];
  /** First checkpoint that is inconsistent with the baseline. */
  readonly onset: NamedStep | null;
  /** Checkpoint at which that became certain. */
  readonly alarm: NamedStep | null;
  readonly forecast: Forecast | null;
  readonly reasons: readonly Reason[];
}
