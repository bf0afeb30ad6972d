/** Integers in [0, below), the same for the same seed (mulberry32). */
export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Lengths, counts and offsets at which sums and products leave 32 bits, 53 bits or the sign. */
const EXTREMES = [0n, 1n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fff_ffffn, 0xffff_ffffn, 2n ** 53n, 2n ** 63n - 1n, 2n ** 64n - 1n];
const TEXTS = [
  '0',
  '-1',
  '1e9',
  '9007199254740993',
  '1e400',
  'null',
  '{}',
  '[]',
  '""',
  '__proto__',
  'constructor',
  '\u0000',
  '\n',
  ',',
  '../',
];
const MOST_BYTES = 1 << 17;

/** One to four small changes; `other` is a sound input of the same kind, of which pieces are taken. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = input.slice();
  for (let round = random(4); round >= 0; round--) bytes = change(bytes, other, random);
  return bytes.subarray(0, MOST_BYTES);
}

function change(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random(256));
  // Headers stand at the start, the directories of archives at the end.
  const near = Math.min(bytes.length, 1 << (2 + random(10)));
  const at = [random(bytes.length), random(near), bytes.length - 1 - random(near)][random(3)]!;
  const length = 1 + random(Math.min(bytes.length - at, 1 << random(9)));
  switch (random(9)) {
    case 0:
      bytes[at]! ^= 1 << random(8);
      return bytes;
    case 1:
      bytes[at] = random(256);
      return bytes;
    case 2: {
      const width = [1, 2, 4, 8][random(4)]!;
      const extreme = EXTREMES[random(EXTREMES.length)]! + BigInt(random(3) - 1);
      const big = random(4) === 0;
      for (let i = 0; i < width && at + i < bytes.length; i++) {
        bytes[at + i] = Number(BigInt.asUintN(64, extreme >> BigInt(8 * (big ? width - 1 - i : i))) & 0xffn);
      }
      return bytes;
    }
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
    case 5: {
      const from = random(other.length);
      return joined(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at + (random(2) === 0 ? 0 : length)));
    }
    case 6:
      return joined(bytes.subarray(0, at), new TextEncoder().encode(TEXTS[random(TEXTS.length)]), bytes.subarray(at + random(3)));
    case 7: {
      // A number written out: one more digit, or another.
      const digit = bytes.findIndex((byte, i) => i >= at && byte >= 0x30 && byte <= 0x39);
      if (digit < 0) return bytes.subarray(0, at);
      return joined(bytes.subarray(0, digit), Uint8Array.of(0x30 + random(10)), bytes.subarray(digit + random(2)));
    }
    default:
      return bytes.subarray(0, at);
  }
}

/** JSON with one value replaced, left out or put elsewhere; text that is no JSON is changed as bytes. */
export function mutateJson(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder().decode(input));
  } catch {
    return mutate(input, other, random);
  }
  if (random(8) === 0) return mutate(input, other, random);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const collect = (holder: object): void => {
    for (const [key, value] of Object.entries(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key });
      if (typeof value === 'object' && value !== null && places.length < 5000) collect(value);
    }
  };
  collect({ root });
  const values = [null, true, 0, -1, 1e308, 2 ** 53, '', '__proto__', '\u202e<img onerror=x>', [], {}, ['x'], 'x'.repeat(5000)];
  for (let round = random(3); round >= 0 && places.length > 0; round--) {
    const { holder, key } = places[random(places.length)]!;
    const kind = random(Array.isArray(holder) ? 3 : 4);
    if (kind === 0) delete holder[key];
    else if (kind === 1) holder[key] = values[random(values.length)];
    else if (kind === 2) {
      const taken = places[random(places.length)]!;
      // Not what an object inherits, where a round before has deleted its own.
      holder[key] = Object.hasOwn(taken.holder, taken.key) ? structuredClone(taken.holder[taken.key]) : null;
    } else
      Object.defineProperty(holder, ['__proto__', 'constructor', 'toString', 'length'][random(4)]!, {
        value: holder[key],
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  const text = JSON.stringify(root) ?? 'null';
  return new TextEncoder().encode(text.slice(0, MOST_BYTES));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
