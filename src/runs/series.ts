import { compareNaturally, stemOf } from './natural-order';

// A date, with or without a time, is one number: 2026-11-24_10-30-05. Of digits around points none counts: they are versions or metrics.
const DATE = String.raw`(?<!\d)(?:19|20)\d\d([-_]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[-_T ]\d\d[-_:]?\d\d(?:[-_:]?\d\d)?)?(?!\d)`;
const NUMBER = new RegExp(String.raw`${DATE}|\d+(?:\.\d+)*`, 'g');

/** Words that say what a number counts; where several numbers vary, the first of these has it. */
const COUNTED: readonly RegExp[] = [
  /step[-_= ]*$/i,
  /iter(?:ation)?[-_= ]*$/i,
  /gen(?:eration)?[-_= ]*$/i,
  /round[-_= ]*$/i,
  /epoch[-_= ]*$/i,
];

/** Before a number that is a word of its own. */
const SEPARATED = /(?:^|[-_.= ])$/;

interface Numbered {
  /** The name with `*` for its numbers: equal for the names of one series. */
  readonly pattern: string;
  /** Null for a number that is not whole. */
  readonly numbers: readonly (number | null)[];
  /** The text before each number. */
  readonly before: readonly string[];
}

function numbered(name: string): Numbered {
  const stem = stemOf(name);
  const found = [...stem.matchAll(NUMBER)];
  return {
    pattern: `${stem.replace(NUMBER, '*')}${name.slice(stem.length)}`,
    numbers: found.map(([digits]) => (digits.includes('.') ? null : Number(digits.replace(/\D/g, '')))),
    before: found.map(({ index }) => stem.slice(0, index)),
  };
}

/**
 * The step that each name of one series gives: its number after `step`, `iter`, `generation`, `round` or `epoch` (in this order) if that
 * varies over the series, otherwise the last number that varies. Of a name alone, where the digits of `gpt2` or `fp16` count nothing, a number after such a
 * word or a separator. Null without one.
 */
function stepsOf(names: readonly Numbered[]): number[] | null {
  const [first] = names;
  const places = first!.numbers.map((_, i) => i).filter((i) => names.every(({ numbers }) => numbers[i] !== null));
  const counts = (word: RegExp) => (i: number) => word.test(first!.before[i]!);
  const candidates =
    names.length === 1
      ? places.filter((i) => [SEPARATED, ...COUNTED].some((word) => counts(word)(i)))
      : places.filter((i) => names.some(({ numbers }) => numbers[i] !== first!.numbers[i]));
  const place = COUNTED.flatMap((word) => candidates.filter(counts(word)))[0] ?? candidates.at(-1);
  return place === undefined ? null : names.map(({ numbers }) => numbers[place]!);
}

/** Things whose names differ only in their numbers. */
export interface Series<T> {
  /** Their common name, with `*` for the numbers: `embeddings-*.npy`. */
  readonly pattern: string;
  /** In natural order of the names, each with the step that its name gives. */
  readonly members: readonly { readonly item: T; readonly step: number }[];
}

/** Every series among things with names; the longest first, then in natural order of their patterns. */
export function seriesOf<T extends { readonly name: string }>(items: readonly T[]): Series<T>[] {
  const groups = new Map<string, { item: T; name: Numbered }[]>();
  for (const item of items) {
    const name = numbered(item.name);
    const group = groups.get(name.pattern) ?? [];
    group.push({ item, name });
    groups.set(name.pattern, group);
  }
  const series: Series<T>[] = [];
  for (const [pattern, group] of groups) {
    group.sort((a, b) => compareNaturally(a.item.name, b.item.name));
    const steps = stepsOf(group.map(({ name }) => name));
    if (steps !== null) series.push({ pattern, members: group.map(({ item }, i) => ({ item, step: steps[i]! })) });
  }
  return series.sort((a, b) => b.members.length - a.members.length || compareNaturally(a.pattern, b.pattern));
}
