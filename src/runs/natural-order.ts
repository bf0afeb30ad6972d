const EXTENSION = /\.(?:weights\.)?h5$|\.[a-z]+$/i;

/** A name without its ending: `model.step100.pt` -> `model.step100`. Digits belong to no ending but `.h5`. */
export function stemOf(name: string): string {
  return name.replace(EXTENSION, '');
}

/**
 * Orders names as a person does: runs of digits by their value, the rest by code unit, and a name before those that only add to it
 * (`a.ckpt` before `a-v1.ckpt`). The same on every platform and in every language; zero only for equal names.
 */
export function compareNaturally(a: string, b: string): number {
  return compareKeys(keyOf(a), keyOf(b));
}

/** Sorted by `compareNaturally` of the names; takes each name apart once. */
export function sortedNaturally<T extends { readonly name: string }>(items: readonly T[]): T[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item.name) }));
  return keyed.sort((a, b) => compareKeys(a.key, b.key)).map(({ item }) => item);
}

interface Key {
  readonly name: string;
  /** Runs of digits and of other characters, in turn. */
  readonly stem: readonly string[];
  readonly whole: readonly string[];
}

function keyOf(name: string): Key {
  return { name, stem: partsOf(stemOf(name)), whole: partsOf(name) };
}

function partsOf(text: string): string[] {
  return text.match(/\d+|\D+/g) ?? [];
}

function compareKeys(a: Key, b: Key): number {
  return compareParts(a.stem, b.stem) || compareParts(a.whole, b.whole) || compareText(a.name, b.name);
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = comparePart(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0;
  if (!startsWithDigit(a) || !startsWithDigit(b)) return compareText(a, b);
  const [x, y] = [withoutZeros(a), withoutZeros(b)];
  return x.length - y.length || compareText(x, y);
}

function startsWithDigit(part: string): boolean {
  return part >= '0' && part < ':';
}

function withoutZeros(digits: string): string {
  return digits.startsWith('0') ? digits.replace(/^0+/, '') : digits;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
