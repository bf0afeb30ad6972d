import type { Comparison, Permuted } from '../../../src/analysis/comparison';
import type { SpectralReport } from '../../../src/analysis/report';
import type { Bounded } from '../../../src/spectral/bounded';
import { DEFINITIONS, type Definition, QUANTITY_ORDER, type QuantityId } from '../../../src/spectral/definitions';
import { distanceWords, pValue, quantityChange } from '../../../src/words/comparison';
import { change, count, number, percent, reported } from '../../../src/words/numbers';
import { levelWord } from '../../../src/words/verdict';
import type { CompareSession, Side } from '../session';

/** A table with sides as columns. */
export interface SideTable {
  readonly caption: string;
  readonly columns: readonly SideColumn[];
  readonly groups: readonly { readonly heading: string; readonly rows: readonly SideRow[] }[];
}

export interface SideColumn {
  readonly letter: string;
  readonly name: string;
}

export interface SideRow {
  readonly label: string;
  /** What it is, for a person who has never met it. */
  readonly meaning: string;
  /** One for each column. */
  readonly cells: readonly SideCell[];
}

export interface SideCell {
  /** Null where there is none. */
  readonly value: string | null;
  /** Interval, or p-value. */
  readonly note: string;
  /** Against the baseline. */
  readonly change: string;
}

const NOTHING: SideCell = { value: null, note: '', change: '' };

/** Each quantity that some side has, with its narrowest interval and what changed from the baseline. Null while no report is there. */
export function quantityTable({ sides }: CompareSession): SideTable | null {
  if (sides.every(({ report }) => report === null)) return null;
  const baseline = sides[0]!.report;
  const ids = QUANTITY_ORDER.filter((id) => sides.some(({ report }) => boundedOf(report, id) !== null));
  const rows = ids.map((id): SideRow => {
    const { label, unit, meaning }: Definition = DEFINITIONS[id];
    const before = boundedOf(baseline, id);
    return {
      label: unit === 'nats' ? `${label}, nats` : label,
      meaning,
      cells: sides.map(({ report }) => quantityCell(id, boundedOf(report, id), report === baseline ? null : before)),
    };
  });
  const about: SideRow[] = [
    {
      label: 'Verdict of the file alone',
      meaning: '',
      cells: sides.map(({ report }) => textCell(report && levelWord(report.verdict.level))),
    },
    {
      label: 'Rows × columns',
      meaning: '',
      cells: sides.map(({ report }) => textCell(report && `${count(report.source.rows)} × ${count(report.source.columns)}`)),
    },
  ];
  return {
    caption: 'Values of each side, with their narrowest interval and the change from A. \u2248 marks an estimate from a sample.',
    columns: columnsOf(sides),
    groups: [
      { heading: 'The sides', rows: about },
      { heading: 'Quantities', rows },
    ],
  };
}

function columnsOf(sides: readonly Side[]): SideColumn[] {
  return sides.map(({ letter, name }, index) => ({ letter: index === 0 ? `${letter}, the baseline` : letter, name }));
}

function textCell(value: string | null): SideCell {
  return { ...NOTHING, value };
}

/** Quantities at several scales are left to the panels of the files. */
function boundedOf(report: SpectralReport | null, id: QuantityId): Bounded | null {
  const bounded = report?.quantities[id] as Bounded | readonly Bounded[] | undefined;
  return bounded !== undefined && 'value' in bounded ? bounded : null;
}

function quantityCell(id: QuantityId, now: Bounded | null, before: Bounded | null): SideCell {
  if (now === null || now.value === null) return NOTHING;
  return {
    value: reported(now.value, now.exact),
    note: intervalText(now),
    change: before === null || before.value === null ? '' : quantityChange(id, before.value, now.value),
  };
}

/** The narrowest one that is closed on both sides. */
function intervalText({ bounds }: Bounded): string {
  const closed = bounds.flatMap(({ lower, upper }) => (lower === null || upper === null ? [] : [[lower, upper] as const]));
  const [narrowest] = closed.toSorted((x, y) => x[1] - x[0] - (y[1] - y[0]));
  return narrowest === undefined ? '' : `${number(narrowest[0])} to ${number(narrowest[1])}`;
}

/** Drift, test and distances of each side that is compared with the baseline. Null while none is. */
export function pairTable({ sides }: CompareSession): SideTable | null {
  const compared = sides.filter((side): side is Side & { comparison: Comparison } => side.comparison !== null);
  if (compared.length === 0) return null;
  const cells = (cell: (comparison: Comparison) => SideCell): SideCell[] => compared.map(({ comparison }) => cell(comparison));
  const nats = (value: number | null | undefined): SideCell => textCell(typeof value === 'number' ? change(value) : null);
  const tested = (which: 'shape' | 'logScale') =>
    cells(({ test }) => (test === null ? NOTHING : { value: `p = ${pValue(test[which].adjusted)}`, note: moved(test[which]), change: '' }));
  const groups = [
    {
      heading: 'Could chance do it',
      rows: [
        {
          label: 'Shape',
          meaning: 'How often swapping pairs of rows at random changes the shape of the spectrum as much. At most 0.05: more than chance.',
          cells: tested('shape'),
        },
        { label: 'Log scale', meaning: 'The same of the total variance.', cells: tested('logScale') },
      ],
    },
    {
      heading: 'Drift since A',
      rows: [
        {
          label: 'Log-determinant of the covariance, nats',
          meaning: 'The log-volume that the rows fill. It is the sum of the next two, which can cancel.',
          cells: cells(({ drift }) => nats(drift.logDet?.total)),
        },
        { label: 'scale, of it', meaning: 'Rows vary more or less in total.', cells: cells(({ drift }) => nats(drift.logDet?.scale)) },
        {
          label: 'shape, of it',
          meaning: 'The variance is spread over more or fewer directions.',
          cells: cells(({ drift }) => nats(drift.logDet?.shape)),
        },
        { label: 'U_cov of SIGMA, nats', meaning: 'Of equally many rows only.', cells: cells(({ drift }) => nats(drift.dU_cov)) },
        ...(compared.some(({ comparison }) => comparison.drift.dG_KF !== null)
          ? [{ label: 'G_KF of SIGMA, nats', meaning: '', cells: cells(({ drift }) => nats(drift.dG_KF)) }]
          : []),
      ],
    },
    { heading: 'Distance from A', rows: distanceRows(compared) },
  ];
  return {
    caption: 'Each side against A. p-values are adjusted for the two statistics of a pair (Holm), not for the number of pairs.',
    columns: columnsOf(compared).map((column, index) => ({ ...column, letter: compared[index]!.letter })),
    groups,
  };
}

function moved({ statistic }: Permuted): string {
  return `${change(statistic)} nats`;
}

/** The distances that some side has, in one order. */
function distanceRows(compared: readonly { readonly comparison: Comparison }[]): SideRow[] {
  const words = compared.map(({ comparison }) => distanceWords(comparison.distances));
  const richest = words.toSorted((x, y) => y.length - x.length)[0]!;
  return richest.map(({ id, label, meaning }) => ({
    label,
    meaning,
    cells: words.map((of, index) => {
      const found = of.find((word) => word.id === id);
      const overlap = compared[index]!.comparison.distances.subspaceOverlap;
      const note = id === 'subspaceOverlap' && overlap !== null ? `chance: ${percent(overlap.chance)}` : '';
      return found === undefined ? NOTHING : { value: found.value, note, change: '' };
    }),
  }));
}
