import type { Integrity, Level, SampleDescription, SpectralReport } from '../analysis/report';
import type { NamedStep, RunReport } from '../engine/protocol';
import type { Bound } from '../spectral/bounded';
import { DEFINITIONS, type Definition, QUANTITY_ORDER, type QuantityId } from '../spectral/definitions';
import type { SigmaUb } from '../spectral/sigma-ub';

/** The verdict in words, before any number. */
export interface Verdict {
  readonly level: Level;
  /** The level as a person says it, e.g. `Worth watching`. */
  readonly words: string;
  /** Sentences, worst first. */
  readonly reasons: readonly string[];
  readonly whatToDo: readonly string[];
}

/** One number with all that it takes to read it. */
export interface Quantity {
  readonly id: QuantityId;
  readonly label: string;
  /** Of a quantity at one scale; null elsewhere. */
  readonly alphaOverD: number | null;
  /** Null where nothing can be said; `note` then says why. */
  readonly value: number | null;
  readonly unit: Definition['unit'];
  /** How many directions the rows can span, where the unit is directions; null elsewhere. */
  readonly of: number | null;
  /** True when the value is that of all rows, false when it is estimated. */
  readonly exact: boolean;
  readonly intervals: readonly Bound[];
  readonly note: string | null;
  readonly meaning: string;
  readonly formula: string;
  readonly validity: string;
}

/** Where in a run a file belongs. */
export interface CheckpointPlace extends NamedStep {
  /** Path of the run. */
  readonly run: string;
}

/** One matrix in full. */
export interface MatrixHealth {
  readonly kind: 'matrix';
  readonly path: string;
  /** Null for the only matrix of a file. */
  readonly tensor: string | null;
  /** Null where it is not known. */
  readonly checkpoint: CheckpointPlace | null;
  readonly verdict: Verdict;
  readonly rows: { readonly read: number; readonly total: number; readonly stopped: SampleDescription['stopped']; readonly seed: number };
  readonly columns: number;
  readonly dtype: string;
  /** Whether rows were scaled to unit length. */
  readonly normalized: boolean;
  readonly integrity: Integrity;
  /** delta of logdet(G + delta I). */
  readonly delta: number;
  /** Null when no row could be used. */
  readonly sigma: SigmaUb | null;
  readonly quantities: readonly Quantity[];
}

/** One of several matrices: enough to choose one. */
export interface MatrixLine {
  /** Name of the tensor, else of the file: what to ask with. */
  readonly tensor: string;
  readonly level: Level;
  readonly reason: string;
  readonly rows: number;
  readonly columns: number;
  readonly rowsRead: number;
  readonly effectiveRank: number | null;
  /** Less the baseline, as a share of it: -0.5 is half. Null outside of runs, and for the baseline. */
  readonly effectiveRankChange: number | null;
}

/** Several matrices of one file, the worst ones. */
export interface FileHealth {
  readonly kind: 'file';
  readonly path: string;
  readonly checkpoint: CheckpointPlace | null;
  readonly verdict: Verdict;
  readonly matrices: number;
  readonly worst: readonly MatrixLine[];
  /** How many matrices are not among them. */
  readonly more: number;
  /** Sentences on what could not be analysed. */
  readonly failed: readonly string[];
}

/** One checkpoint of a run. */
export interface CheckpointLine extends NamedStep {
  readonly level: Level;
  /** Of the matrix that `tracked` names. */
  readonly effectiveRank: number | null;
  readonly effectiveRankChange: number | null;
}

/** How far the newest checkpoint is from the baseline in one statistic. */
export interface DriftLine {
  readonly id: string;
  /** File, and tensor, of the embeddings; null for the first set of them. */
  readonly matrix: string | null;
  readonly label: string;
  readonly unit: Definition['unit'];
  readonly meaning: string;
  /** Newest less baseline. */
  readonly change: number;
  readonly z: number | null;
  readonly evidence: number | null;
}

/** A run of checkpoints, judged against its baseline. */
export interface RunHealth extends Pick<RunReport, 'baseline' | 'onset' | 'alarm' | 'forecast' | 'recognised' | 'missing'> {
  readonly kind: 'run';
  readonly path: string;
  readonly verdict: Verdict;
  readonly newest: NamedStep | null;
  /** Evidence from which an alarm is raised. */
  readonly alarmEvidence: number;
  readonly drift: readonly DriftLine[];
  /** The matrix whose effective rank stands beside each checkpoint. */
  readonly tracked: string | null;
  /** Newest last: the baseline, and the last ones. */
  readonly checkpoints: readonly CheckpointLine[];
  /** How many checkpoints between the baseline and the first that is listed after it are not listed. */
  readonly leftOut: number;
  /** Matrices of the newest checkpoint. */
  readonly worst: readonly MatrixLine[];
  readonly more: number;
}

export type Health = MatrixHealth | FileHealth | RunHealth;

/** The quantities of a report in the order in which they tell most. */
export function quantitiesOf(report: SpectralReport): Quantity[] {
  const possible = Math.min(report.sigma?.n_k ?? report.source.rows, report.source.columns);
  return QUANTITY_ORDER.flatMap((id) => {
    const known = report.quantities[id];
    if (known === undefined) return [];
    const { label, unit, meaning, formula, validity } = DEFINITIONS[id];
    return ('value' in known ? [known] : known).map((bounded): Quantity => {
      const { value, exact, bounds, reason } = bounded;
      return {
        id,
        label,
        alphaOverD: 'alphaOverD' in bounded ? (bounded.alphaOverD as number) : null,
        value,
        unit,
        of: unit === 'directions' ? possible : null,
        exact,
        intervals: bounds,
        note: reason,
        meaning,
        formula,
        validity,
      };
    });
  });
}
