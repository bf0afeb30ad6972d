/** 10^0 to 10^22 are exact in float64. */
const POWERS = Float64Array.from({ length: 23 }, (_, k) => 10 ** k);
const MOST_EXACT = 2 ** 53;

const DOT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;

/** A place in bytes that are read on from there. */
export interface Cursor {
  at: number;
}

/**
 * The decimal number at the cursor, rounded to nearest, as `Number()` of its text. The cursor moves behind it, or stays where there is none.
 * `bytes` must hold a byte that is no part of a number behind it (a separator or a line break).
 *
 * Up to 2^53 and 10^22 one multiplication or division is exact enough (Clinger, "How to read floating point numbers accurately", 1990);
 * longer numbers are left to `Number()`.
 */
export function parseDecimal(bytes: Buffer, cursor: Cursor): number {
  const from = cursor.at;
  let at = from;
  let c = bytes[at]!;
  const negative = c === MINUS;
  if (negative || c === PLUS) c = bytes[++at]!;
  let mantissa = 0;
  const whole = at;
  for (let digit = c - 0x30; digit >= 0 && digit <= 9; digit = c - 0x30) {
    mantissa = mantissa * 10 + digit;
    c = bytes[++at]!;
  }
  let digits = at - whole;
  let exponent = 0;
  if (c === DOT) {
    c = bytes[++at]!;
    const fraction = at;
    for (let digit = c - 0x30; digit >= 0 && digit <= 9; digit = c - 0x30) {
      mantissa = mantissa * 10 + digit;
      c = bytes[++at]!;
    }
    exponent = fraction - at;
    digits += at - fraction;
  }
  if (digits === 0) return Number.NaN;
  if ((c | 0x20) === 0x65) {
    c = bytes[++at]!;
    const down = c === MINUS;
    if (down || c === PLUS) c = bytes[++at]!;
    const start = at;
    let power = 0;
    for (let digit = c - 0x30; digit >= 0 && digit <= 9; digit = c - 0x30) {
      power = power * 10 + digit;
      c = bytes[++at]!;
    }
    if (at === start) return Number.NaN;
    exponent += down ? -power : power;
  }
  cursor.at = at;
  if (mantissa < MOST_EXACT && exponent >= -22 && exponent <= 22) {
    const value = exponent < 0 ? mantissa / POWERS[-exponent]! : mantissa * POWERS[exponent]!;
    return negative ? -value : value;
  }
  return Number(bytes.toString('latin1', from, at));
}

const SPECIAL: Readonly<Record<string, number>> = {
  '': Number.NaN,
  nan: Number.NaN,
  na: Number.NaN,
  'n/a': Number.NaN,
  null: Number.NaN,
  none: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
};

/** Whether a text is a number in digits. */
export function isDecimal(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
}

/** The number that a cell holds, with the words that stand for none or for infinity; null where it is no number. */
export function toNumber(cell: string): number | null {
  const text = cell.trim();
  if (isDecimal(text)) return Number(text);
  const [, sign, word] = /^([+-]?)(.*)$/s.exec(text.toLowerCase()) as unknown as [string, string, string];
  if (!Object.hasOwn(SPECIAL, word) || (word === '' && sign !== '')) return null;
  return sign === '-' ? -SPECIAL[word]! : SPECIAL[word]!;
}
