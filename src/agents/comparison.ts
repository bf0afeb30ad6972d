import type { Comparison, Distances, PermutationTest } from '../analysis/comparison';
import type { Level, SpectralReport } from '../analysis/report';
import { DEFINITIONS, type Definition, type QuantityId } from '../spectral/definitions';
import { basisSentences, CHANGE_ADVICE, type Change, comparisonWords, distanceWords } from '../words/comparison';
import { levelWord } from '../words/verdict';
import { type CheckpointPlace, type Quantity, quantitiesOf } from './document';

/** The quantities that are set side by side. */
const COMPARED = ['effectiveRank', 'participationRatio', 'shape', 'logScale', 'meanCosine', 'distinctRowRatio'] as const;

/** One side: what it is, and its verdict by itself. */
export interface ComparedSide {
  /** `A` is the baseline. */
  readonly letter: string;
  readonly path: string;
  readonly tensor: string | null;
  /** Null where it is not known. */
  readonly checkpoint: CheckpointPlace | null;
  readonly level: Level;
  readonly words: string;
  readonly rowsRead: number;
  readonly rows: number;
}

/** What is known of a quantity on one side. */
export type Known = Pick<Quantity, 'value' | 'exact' | 'intervals'>;

/** A quantity of the baseline and of another side. */
export interface QuantityChange {
  readonly id: QuantityId;
  readonly label: string;
  readonly unit: Definition['unit'];
  readonly meaning: string;
  readonly formula: string;
  readonly baseline: Known;
  readonly other: Known;
  /** Other less baseline. */
  readonly change: number | null;
}

/** What changed from the baseline to one other side. */
export interface ComparedHealth extends ComparedSide {
  readonly finding: Change;
  readonly headline: string;
  readonly sentences: readonly string[];
  readonly whatToDo: readonly string[];
  readonly changes: readonly QuantityChange[];
  readonly test: PermutationTest | null;
  readonly distances: Distances;
  /** The same for a reader: what each is called, its value with unit, and what that means. */
  readonly distancesInWords: readonly { readonly label: string; readonly value: string; readonly meaning: string }[];
  /** What the numbers rest on, and why some are missing. */
  readonly basis: readonly string[];
}

export interface ComparisonHealth {
  readonly kind: 'comparison';
  readonly baseline: ComparedSide;
  readonly others: readonly ComparedHealth[];
}

/**
 * @param comparisons each with the same baseline; at least one
 * @param places where in a run each side belongs, the baseline first
 */
export function comparisonHealth(comparisons: readonly Comparison[], places: readonly (CheckpointPlace | null)[]): ComparisonHealth {
  return {
    kind: 'comparison',
    baseline: side('A', comparisons[0]!.a, places[0]!),
    others: comparisons.map((comparison, i) => compared(String.fromCharCode('B'.charCodeAt(0) + i), comparison, places[i + 1]!)),
  };
}

function compared(letter: string, comparison: Comparison, place: CheckpointPlace | null): ComparedHealth {
  const { a, b, test, distances } = comparison;
  const { change, heading, sentences } = comparisonWords(comparison, letter);
  return {
    ...side(letter, b, place),
    finding: change,
    headline: heading,
    sentences,
    whatToDo: CHANGE_ADVICE[change],
    changes: COMPARED.map((id): QuantityChange => {
      const { label, unit, meaning, formula } = DEFINITIONS[id];
      const [baseline, other] = [a, b].map((report) => known(id, report)) as [Known, Known];
      const change = baseline.value === null || other.value === null ? null : other.value - baseline.value;
      return { id, label, unit, meaning, formula, baseline, other, change };
    }),
    test,
    distances,
    distancesInWords: distanceWords(distances),
    basis: basisSentences(comparison, letter),
  };
}

function known(id: QuantityId, report: SpectralReport): Known {
  const { value, exact, intervals } = quantitiesOf(report).find((quantity) => quantity.id === id) ?? NOTHING;
  return { value, exact, intervals };
}

const NOTHING: Known = { value: null, exact: false, intervals: [] };

function side(letter: string, { source, sample, verdict }: SpectralReport, checkpoint: CheckpointPlace | null): ComparedSide {
  const { path, tensor, rows } = source;
  const { level } = verdict;
  return { letter, path, tensor, checkpoint, level, words: levelWord(level), rowsRead: sample.rows, rows };
}
