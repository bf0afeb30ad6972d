import type { BoundedAtScale, SpectralReport } from '../analysis/report';
import type { Bound, Bounded } from '../spectral/bounded';
import { DEFINITIONS, type Definition, QUANTITY_ORDER, type QuantityId } from '../spectral/definitions';
import { count, number, reported } from './numbers';

export interface QuantityGroup {
  readonly id: Definition['group'];
  readonly heading: string;
  readonly rows: readonly QuantityRow[];
}

export interface QuantityRow {
  /** Unique and stable over redraws: the quantity's id, with its scale where it has one. */
  readonly key: string;
  readonly label: string;
  readonly definition: Definition;
  /** Null when there is none; `remark` then says why. */
  readonly value: string | null;
  /** Empty where there is no value. */
  readonly unit: string;
  /** How well the value is known, in words; one entry per interval. */
  readonly known: readonly { readonly text: string; readonly kind: Bound['kind'] | 'exact' | 'estimate' }[];
  readonly bar: Bar | null;
  readonly remark: string | null;
}

/** Positions are shares of the bar's length, in [0, 1]. */
export interface Bar {
  readonly min: string;
  readonly max: string;
  readonly value: number | null;
  readonly intervals: readonly Interval[];
}

export interface Interval {
  readonly from: number;
  readonly to: number;
  readonly kind: Bound['kind'];
}

const HEADINGS: Record<Definition['group'], string> = {
  rank: 'Directions in use',
  head: 'Strongest directions',
  shape: 'Evenness',
  scale: 'Scale',
  similarity: 'Likeness of rows',
  sigma: 'Volume',
  weights: 'Weight matrices',
};

/** Every quantity of the report in the order of the definitions, grouped; groups stand where their first quantity does. */
export function quantityGroups(report: SpectralReport): QuantityGroup[] {
  const groups = new Map<Definition['group'], QuantityRow[]>();
  for (const quantity of listedQuantities(report)) {
    const { group } = DEFINITIONS[quantity.id];
    groups.set(group, [...(groups.get(group) ?? []), row(quantity, report)]);
  }
  return [...groups].map(([id, rows]) => ({ id, heading: HEADINGS[id], rows }));
}

/** A quantity at one scale, or without scales. */
export interface ListedQuantity {
  readonly id: QuantityId;
  /** Unique and stable: the id, with its scale where it has one. */
  readonly key: string;
  /** Null for a quantity without scales. */
  readonly alphaOverD: number | null;
  readonly label: string;
  readonly bounded: Bounded;
}

/** Every quantity of the report in the order of the definitions. */
export function listedQuantities({ quantities }: Pick<SpectralReport, 'quantities'>): ListedQuantity[] {
  return QUANTITY_ORDER.flatMap((id): ListedQuantity[] => {
    const bounded = quantities[id] as Bounded | readonly BoundedAtScale[] | undefined;
    const { label } = DEFINITIONS[id];
    if (bounded === undefined) return [];
    if ('value' in bounded) return [{ id, key: id, alphaOverD: null, label, bounded }];
    return bounded.map((at) => {
      const { alphaOverD } = at;
      return { id, key: `${id}@${alphaOverD}`, alphaOverD, label: `${label}, \u03b1/d = ${alphaOverD}`, bounded: at };
    });
  });
}

function row({ id, key, label, bounded }: ListedQuantity, report: SpectralReport): QuantityRow {
  const definition: Definition = DEFINITIONS[id];
  return {
    key,
    label,
    definition,
    value: bounded.value === null ? null : reported(bounded.value, bounded.exact),
    unit: bounded.value === null ? '' : unitText(id, report),
    known: known(bounded),
    bar: bar(bounded, naturalRange(id, report), LEAST[id] ?? Number.NEGATIVE_INFINITY),
    remark: bounded.reason,
  };
}

/** How many directions the rows can span. */
export function possibleDirections({ source, sigma }: SpectralReport): number {
  return Math.min(sigma?.n_k ?? source.rows, source.columns);
}

/** What the quantity counts, after its value: `of 100 directions`, `nats`; empty where it has no unit. */
export function unitText(id: QuantityId, report: SpectralReport): string {
  switch (DEFINITIONS[id].unit) {
    case 'directions':
      return `of ${count(possibleDirections(report))} directions`;
    case 'nats':
      return 'nats';
    case 'ratio':
    case 'none':
      return '';
  }
}

function known(bounded: Bounded): QuantityRow['known'] {
  const intervals = bounded.bounds.map((bound) => ({ text: intervalText(bound), kind: bound.kind }));
  if (bounded.value === null || intervals.length > 0) return intervals;
  if (bounded.exact) return [{ text: 'exact', kind: 'exact' }];
  // The remark of an estimate says what it rests on.
  return bounded.reason === null ? [{ text: 'estimate', kind: 'estimate' }] : [];
}

function intervalText(bound: Bound): string {
  return `${rangeText(bound)} (${certainty(bound)}: ${bound.method})`;
}

export function certainty({ kind, confidence }: Bound): string {
  return kind === 'deterministic' ? 'certain' : `${number(confidence * 100)} % confidence`;
}

/** `120 to 131`, `at least 120` */
export function rangeText({ lower, upper }: Pick<Bound, 'lower' | 'upper'>): string {
  if (lower !== null && upper !== null) return `${number(lower)} to ${number(upper)}`;
  if (lower !== null) return `at least ${number(lower)}`;
  return upper === null ? 'unknown' : `at most ${number(upper)}`;
}

/**
 * What a bar's ends stand for. Where the quantity has a range of its own, the bar shows where in it the value lies:
 * counts of directions 0 to as many as the rows can span; shares and cosines 0 to 1 (a negative cosine: from -1); uniformity -4
 * (evenly spread over a sphere of high dimension) to 0; shape from one direction alone to perfectly even; eigenvalues 0 to the trace
 * (the smallest: to an equal share of it); the power-law exponent 1 to 8. Null elsewhere: the bar then spans the value and its intervals.
 */
function naturalRange(id: QuantityId, report: SpectralReport): readonly [number, number] | null {
  const { quantities } = report;
  const columns = report.source.columns;
  const trace = quantities.trace?.value ?? null;
  if (DEFINITIONS[id].unit === 'directions') return [0, possibleDirections(report)];
  if (id === 'meanCosine') return [(quantities.meanCosine?.value ?? 0) < 0 ? -1 : 0, 1];
  if (DEFINITIONS[id].unit === 'ratio') return [0, 1];
  if (id === 'uniformity') return [-4, 0];
  if (id === 'shape') return [(columns - 1) * Math.log(1e-6) + Math.log(columns), 0];
  if (id === 'lambdaMax' && trace !== null) return [0, trace];
  if (id === 'lambdaMin' && trace !== null) return [0, trace / columns];
  if (id === 'powerLawAlpha') return [1, 8];
  return null;
}

/** What a quantity without a range of its own cannot fall below. */
const LEAST: { readonly [id in QuantityId]?: number } = {
  conditionNumber: 1,
  trace: 0,
  lambdaMax: 0,
  lambdaMin: 0,
  codingLogDet: 0,
  alphaReq: 0,
};

/** @param least where the bar begins at the lowest, unless a number lies below it by rounding */
function bar({ value, bounds }: Bounded, natural: readonly [number, number] | null, least: number): Bar | null {
  const numbers = [value, ...bounds.flatMap(({ lower, upper }) => [lower, upper])].filter(
    (x) => x !== null && Number.isFinite(x),
  ) as number[];
  if (numbers.length === 0) return null;
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  // One number alone has no place to be.
  if (natural === null && low === high) return null;
  const margin = (high - low || Math.abs(high) || 1) * 0.15;
  const [from, to] = natural ?? [Math.max(least, low - margin), high + margin];
  const [min, max] = [Math.min(from, low), Math.max(to, high)];
  if (!(max > min)) return null;
  const position = (x: number) => Math.min(1, Math.max(0, (x - min) / (max - min)));
  return {
    min: rounded(min),
    max: rounded(max),
    value: value === null || Number.isNaN(value) ? null : position(value),
    // A bound that is open on one side reaches to the end of the bar.
    intervals: bounds.map(({ lower, upper, kind }) => ({
      from: lower === null ? 0 : position(lower),
      to: upper === null ? 1 : position(upper),
      kind,
    })),
  };
}

/** Three digits, without the zeros that say how exact a measured value is: the ends of a bar are not measured. Counts stay whole. */
export function rounded(value: number): string {
  if (Number.isInteger(value)) return number(value);
  return number(Number(value.toPrecision(3)))
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}
