import type { SpectralReport } from '../../src/analysis/report';
import type { Bound, Bounded } from '../../src/spectral/bounded';
import { methodSentence } from '../../src/words/methods';
import { count, counted, number, reported } from '../../src/words/numbers';
import { certainty, type Interval, type ListedQuantity, listedQuantities, rangeText, rounded, unitText } from '../../src/words/quantities';
import type { DataTable } from '../export/files';
import type { RefinementStep } from '../session';

/** What is known of one quantity: every bound of it, and how the narrowest came to be. */
export interface BoundsModel {
  /** The quantities that can be chosen. */
  readonly choices: readonly { readonly key: string; readonly label: string }[];
  readonly chosen: number;
  /** What is known, how well, and since when it has been known better. */
  readonly sentence: string;
  /** The bounds of now, from the widest to the narrowest; null where there is none. */
  readonly bounds: Ladder | null;
  /** The narrowest interval after each step of the refinement; null before the second. */
  readonly steps: Ladder | null;
  readonly data: () => DataTable;
}

/** Bars on one scale. */
export interface Ladder {
  readonly caption: string;
  /** What the rungs are called: a method, or a number of rows. */
  readonly heading: string;
  /** The ends of the scale. */
  readonly min: string;
  readonly max: string;
  readonly rungs: readonly Rung[];
}

export interface Rung {
  readonly name: string;
  /** What the name means; may be empty. */
  readonly note: string;
  readonly range: string;
  /** `certain`, `95 % confidence`. */
  readonly certainty: string;
  /** In shares of the bar's length. */
  readonly interval: Interval;
  /** Where the value lies; null where it lies nowhere on the bar. */
  readonly value: number | null;
}

/** @param key of the quantity that is wanted; the first that has an interval where that is not there. Null where the report has no quantity */
export function boundsModel(report: SpectralReport, steps: readonly RefinementStep[], key: string | null): BoundsModel | null {
  const quantities = listedQuantities(report).filter(({ bounded }) => bounded.value !== null || bounded.bounds.length > 0);
  const wanted = quantities.findIndex((quantity) => quantity.key === key);
  const chosen =
    wanted >= 0
      ? wanted
      : Math.max(
          0,
          quantities.findIndex(({ bounded }) => narrowest(bounded) !== null),
        );
  const quantity = quantities[chosen];
  if (quantity === undefined) return null;
  const past = steps.flatMap(({ rows, quantities }) => {
    const then = listedQuantities({ quantities }).find((other) => other.key === quantity.key);
    const bound = then === undefined ? null : narrowest(then.bounded);
    return then === undefined || bound === null ? [] : [{ rows, value: then.bounded.value, bound }];
  });
  return {
    choices: quantities.map(({ key, label }) => ({ key, label })),
    chosen,
    sentence: sentence(quantity, report, past),
    bounds: boundsLadder(quantity),
    steps: past.length < 2 ? null : stepsLadder(quantity, past),
    data: () => ({
      columns: ['rows', 'value', 'lower', 'upper', 'kind', 'confidence', 'method'],
      rows: steps.flatMap(({ rows, quantities }) => {
        const then = listedQuantities({ quantities }).find((other) => other.key === quantity.key);
        return (then?.bounded.bounds ?? []).map(({ lower, upper, kind, confidence, method }) => [
          rows,
          then!.bounded.value,
          lower,
          upper,
          kind,
          confidence,
          method,
        ]);
      }),
    }),
  };
}

interface PastStep {
  readonly rows: number;
  readonly value: number | null;
  readonly bound: Bound;
}

/** Of the bounds on both sides the narrowest, otherwise the first. */
export function narrowest({ bounds }: Bounded): Bound | null {
  return [...bounds].sort((a, b) => width(a) - width(b))[0] ?? null;
}

function width({ lower, upper }: Bound): number {
  return lower === null || upper === null ? Number.POSITIVE_INFINITY : upper - lower;
}

function sentence({ id, label, bounded }: ListedQuantity, report: SpectralReport, past: readonly PastStep[]): string {
  const { sample, source } = report;
  const rows = sample.complete
    ? `from all ${counted(source.rows, 'row')}`
    : `after ${count(sample.rows)} of ${counted(source.rows, 'row')}`;
  const unit = unitText(id, report);
  const what = unit === '' ? '' : ` ${unit}`;
  if (bounded.exact && bounded.value !== null) return `${label} is ${number(bounded.value)}${what}, exactly, ${rows}.`;
  const bound = narrowest(bounded);
  if (bound === null)
    return `${label} is ${reported(bounded.value!, false)}${what}, ${rows}; no bound is known. ${bounded.reason ?? ''}`.trimEnd();
  const first = past[0];
  const before =
    first === undefined || first.rows >= sample.rows || width(first.bound) === width(bound)
      ? ''
      : `; it was ${rangeText(first.bound)} at ${count(first.rows)}`;
  return `${label} is ${between(bound)}${what} (${sureness(bound)}), ${rows}${before}.`;
}

function between(bound: Bound): string {
  return bound.lower === null || bound.upper === null ? rangeText(bound) : `between ${number(bound.lower)} and ${number(bound.upper)}`;
}

function sureness(bound: Bound): string {
  return bound.kind === 'deterministic' ? 'certain' : `${number(bound.confidence * 100)} %`;
}

function boundsLadder({ label, bounded }: ListedQuantity): Ladder | null {
  if (bounded.bounds.length === 0) return null;
  const bounds = [...bounded.bounds].sort((a, b) => width(b) - width(a));
  const scale = scaleOf(bounds, [bounded.value]);
  return {
    caption: `Bounds of ${inSentence(label)}, from the widest to the narrowest`,
    heading: 'Method',
    ...scale.ends,
    rungs: bounds.map((bound) => rung(bound.method, methodSentence(bound.method), bound, bounded.value, scale)),
  };
}

function stepsLadder({ label }: ListedQuantity, past: readonly PastStep[]): Ladder {
  const scale = scaleOf(
    past.map(({ bound }) => bound),
    past.map(({ value }) => value),
  );
  return {
    caption: `How ${inSentence(label)} narrowed while rows were read`,
    heading: 'Rows read',
    ...scale.ends,
    rungs: past.map(({ rows, value, bound }) => rung(count(rows), '', bound, value, scale)),
  };
}

interface Scale {
  readonly ends: { readonly min: string; readonly max: string };
  at(x: number): number;
}

/** From the least to the greatest of all ends, with a little air where a bound is open. */
function scaleOf(bounds: readonly Bound[], values: readonly (number | null)[]): Scale {
  const numbers = [...bounds.flatMap(({ lower, upper }) => [lower, upper]), ...values].filter(
    (x): x is number => x !== null && Number.isFinite(x),
  );
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const air = (high - low || Math.abs(high) || 1) * 0.1;
  const open = (end: 'lower' | 'upper') => bounds.some((bound) => !Number.isFinite(bound[end] ?? Number.NaN));
  const min = open('lower') || low === high ? low - air : low;
  const max = open('upper') || low === high ? high + air : high;
  return { ends: { min: rounded(min), max: rounded(max) }, at: (x) => Math.min(1, Math.max(0, (x - min) / (max - min))) };
}

function rung(name: string, note: string, bound: Bound, value: number | null, { at }: Scale): Rung {
  return {
    name,
    note,
    range: rangeText(bound),
    certainty: certainty(bound),
    interval: { from: bound.lower === null ? 0 : at(bound.lower), to: bound.upper === null ? 1 : at(bound.upper), kind: bound.kind },
    value: value === null || !Number.isFinite(value) ? null : at(value),
  };
}

/** A label within a sentence; abbreviations keep their capitals. */
function inSentence(label: string): string {
  return /^[A-Z][a-z]/.test(label) && !/^(RankMe|IsoScore|Vendi)/.test(label) ? label[0]!.toLowerCase() + label.slice(1) : label;
}
