import type { Comparison, ComparisonDrift, Distances, Permuted } from '../analysis/comparison';
import type { SpectralReport } from '../analysis/report';
import { DEFINITIONS, type Definition, type QuantityId } from '../spectral/definitions';
import { change, count, number, percent, percentChange } from './numbers';
import { sampleSentence } from './verdict';

/** At or below this, adjusted for both statistics, a change is more than chance. */
const SIGNIFICANT = 0.05;

/** What a comparison comes to. `untested`: there are distances, but no test. */
export type Change = 'narrower' | 'wider' | 'contracted' | 'expanded' | 'none' | 'untested' | 'unknown';

/** A finding in words; A is the baseline. */
export interface ComparisonWords {
  readonly change: Change;
  /** `Narrower: B has lost directions` */
  readonly heading: string;
  /** What the test says of each statistic, or why there is none. */
  readonly sentences: readonly string[];
}

/** @param b how the other side is called */
export function comparisonWords(comparison: Comparison, b = 'B'): ComparisonWords {
  const change = changeOf(comparison);
  return { change, heading: HEADINGS[change](b), sentences: findings(comparison) };
}

const HEADINGS: Readonly<Record<Change, (b: string) => string>> = {
  narrower: (b) => `Narrower: ${b} has lost directions`,
  wider: (b) => `Wider: ${b} uses more directions`,
  contracted: (b) => `Contracted: ${b} varies less`,
  expanded: (b) => `Expanded: ${b} varies more`,
  none: () => 'No change of shape or scale beyond chance',
  untested: () => 'Compared without a test',
  unknown: () => 'Cannot be compared',
};

/** The shape goes before the scale: directions that are lost do not come back by scaling. */
function changeOf({ test, distances }: Comparison): Change {
  if (test === null) return distances.bures === null ? 'unknown' : 'untested';
  const { shape, logScale } = test;
  if (isSignificant(shape)) return shape.statistic < 0 ? 'narrower' : 'wider';
  if (isSignificant(logScale)) return logScale.statistic < 0 ? 'contracted' : 'expanded';
  return 'none';
}

function isSignificant({ adjusted }: Permuted): boolean {
  return adjusted <= SIGNIFICANT;
}

function findings({ a, b, test, reasons }: Comparison): string[] {
  if (test === null) {
    return reasons.filter(({ code }) => code === 'test' || code === 'distances').map(({ message }) => message);
  }
  const { shape, logScale } = test;
  const p = ({ adjusted }: Permuted): string => `p = ${pValue(adjusted)}`;
  const moved = ({ statistic }: Permuted): string => (statistic < 0 ? 'fell' : 'rose');
  const sentence = (name: string, of: Permuted, meaning: string): string => {
    if (!isSignificant(of)) return `${name} changed by ${change(of.statistic)} nats, which chance can do (${p(of)}).`;
    return `${name} ${moved(of)} by ${number(Math.abs(of.statistic))} nats, which is more than chance (${p(of)}): ${meaning}`;
  };
  const isPart = test.rows < Math.max(a.sample.rows, b.sample.rows);
  const on = isPart ? `On ${count(test.rows)} pairs of rows, the` : 'The';
  return [
    sentence(
      `${on} shape of the spectrum`,
      shape,
      shape.statistic < 0 ? 'fewer directions carry the variance.' : 'the variance is spread over more directions.',
    ),
    sentence(`${on} log scale`, logScale, logScale.statistic < 0 ? 'rows vary less in total.' : 'rows vary more in total.'),
  ];
}

/** Two digits: a p-value of few permutations has no more. */
export function pValue(p: number): string {
  return String(Number(p.toPrecision(2)));
}

/** `B is narrower than A: effective rank 37.24 → 8.314; chance alone would do this at most once in 100 times.` */
export function changeSentence(comparison: Comparison, b = 'B'): string {
  const { test } = comparison;
  const { change, sentences } = comparisonWords(comparison, b);
  const [from, to] = [comparison.a, comparison.b].map(({ quantities }) => quantities.effectiveRank?.value ?? null);
  const rank = typeof from === 'number' && typeof to === 'number' ? `: effective rank ${number(from)} → ${number(to)}` : '';
  if (test === null) return [`${b} against A${rank}.`, ...sentences].join(' ');
  const { shape, logScale } = test;
  if (change === 'none') {
    const least = Math.min(shape.adjusted, logScale.adjusted);
    return `${b} is not told apart from A${rank}; chance alone would do as much in ${percent(least)} of cases.`;
  }
  const ofShape = change === 'narrower' || change === 'wider';
  const once = count(Math.floor(1 / (ofShape ? shape : logScale).adjusted + 1e-9));
  return `${b} is ${ofShape ? change : `more ${change}`} than A${rank}; chance alone would do this at most once in ${once} times.`;
}

/** What people usually do about a change. */
export const CHANGE_ADVICE: Readonly<Record<Change, readonly string[]>> = {
  narrower: [
    'Look for what changed between the two: the data first, then the learning rate and the loss.',
    'If the baseline is healthy, go on from it rather than from what has lost directions.',
  ],
  contracted: ['Look at what shrinks the rows: weight decay, a normalisation that changed, or inputs that became alike.'],
  wider: ['Look at a few rows: more directions are an improvement only if they are not noise.'],
  expanded: ['Look for a change of scale, in the normalisation or the learning rate; no direction is lost by it.'],
  none: [],
  untested: ['For a p-value, take the same rows on both sides: the same prompts, in the same order.'],
  unknown: ['Check that both hold finite rows that differ.'],
};

/** A change of a quantity: of counted directions in percent, of all others as a difference. */
export function quantityChange(id: QuantityId, from: number, to: number): string {
  const { unit }: Definition = DEFINITIONS[id];
  return unit === 'directions' ? percentChange(from, to) : change(to - from);
}

/** One distance: what it is called, its value with unit, and what that means. */
export interface DistanceWords {
  readonly id: keyof Distances;
  readonly label: string;
  readonly value: string;
  readonly meaning: string;
}

/** Those that were measured. */
export function distanceWords({ stein, bures, meanShift, subspaceOverlap: overlap, cka }: Distances): DistanceWords[] {
  const words: DistanceWords[] = [];
  const add = (id: keyof Distances, label: string, value: string, meaning: string) => words.push({ id, label, value, meaning });
  if (stein !== null) {
    const meaning =
      'Twice the divergence of Gaussians with these covariances, seen from A; 0 when equal, without limit as the other side collapses.';
    add('stein', 'Stein divergence', `${number(stein)} nats`, meaning);
  }
  if (bures !== null) add('bures', 'Bures distance', number(bures), 'Between the covariances, in units of the rows.');
  if (meanShift !== null) add('meanShift', 'Shift of the mean', number(meanShift), 'In units of the rows.');
  if (overlap !== null) {
    const meaning = `Of the space of the ${count(overlap.k)} directions with most variance; unrelated ones share ${percent(overlap.chance)}.`;
    add('subspaceOverlap', `Top-${count(overlap.k)} overlap`, percent(overlap.value), meaning);
  }
  if (cka !== null) {
    const meaning = '1 when rows relate to each other in the same way in both, about 0 when unrelated.';
    add('cka', 'Linear CKA, debiased', number(cka), meaning);
  }
  return words;
}

/** `Log-determinant of the covariance: −196.6 nats = +26.22 scale, −222.9 shape.` Null where there is none. */
export function logDetSentence({ logDet }: ComparisonDrift): string | null {
  if (logDet === null) return null;
  return `Log-determinant of the covariance: ${change(logDet.total)} nats = ${change(logDet.scale)} scale, ${change(logDet.shape)} shape.`;
}

/** Why two matrices cannot be compared. */
export function columnsSentence(a: string, columnsA: number, b: string, columnsB: number): string {
  return `${a} has ${columnsA} columns and ${b} has ${columnsB}: only matrices with as many columns can be compared`;
}

/** What the numbers rest on, and why some are missing. @param name how the other side is called */
export function basisSentences(comparison: Comparison, name = 'B'): string[] {
  const { a, b } = comparison;
  return [`A: ${sampleSentence(a, false)} ${name}: ${sampleSentence(b, false)} ${rowsSentence(a)}`, ...pairBasis(comparison, name)];
}

/** How rows enter the statistics. */
export function rowsSentence({ options }: SpectralReport): string {
  return options.normalize ? 'Rows are scaled to unit length.' : 'Rows are taken as they are.';
}

/** What distances and test rest on, and why some are missing. @param b how the other side is called */
export function pairBasis({ rows, test, reasons }: Comparison, b = 'B'): string[] {
  const pairs = rows.paired ? `${count(rows.a)} pairs of rows` : `${count(rows.a)} rows of A and ${count(rows.b)} of ${b}`;
  const dropped = rows.dropped === 0 ? '' : `; ${count(rows.dropped)} more could not be used`;
  const shown = reasons.filter(({ code }) => !['test', 'distances', 'dG_KF'].includes(code));
  return [
    `Distances rest on ${pairs}${dropped}.`,
    ...(test === null
      ? []
      : [
          `p-values: ${count(test.permutations)} random swaps of ${count(test.rows)} pairs of rows, adjusted for two statistics (Holm); ` +
            `the smallest possible is ${pValue(2 / (1 + test.permutations))}. They say that the files differ, not why.`,
        ]),
    ...shown.map(({ message }) => message),
  ];
}
