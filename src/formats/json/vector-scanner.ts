import type { ByteSource } from '../bytes/byte-source';
import { FormatError } from '../format-error';
import { decoder } from '../matrices/elements';
import { type Cursor, parseDecimal } from '../text/decimal';

/** A place in JSON documents: the keys that lead to it. Elements of an array are at the place of the array. */
export interface Place {
  readonly keys: readonly string[];
  readonly children: Map<string, Place>;
  /** Where all keys of the object lead, whatever they are; null where each leads to a child. */
  every: Place | null;
  /** What is known of the vectors here; null where none was found. */
  vectors: PlaceVectors | null;
}

export interface PlaceVectors {
  /** Numbers of the first vector. */
  readonly length: number;
  /** Arrays that lie in one another at this place, around the first number: 1 for a vector, 2 for a list of vectors. */
  readonly level: number;
  /** Whether it was a string of base64. */
  readonly encoded: boolean;
  count: number;
  /** Why the vectors here are no matrix, or null. */
  problem: string | null;
}

export function newPlace(keys: readonly string[] = []): Place {
  return { keys, children: new Map(), every: null, vectors: null };
}

/** Numbers of a vector that are kept. */
export const MOST_NUMBERS = 2 ** 20;
const READ_BYTES = 2 ** 20;
/** Of one key, number or encoded vector. */
const MOST_TOKEN_BYTES = 16 * 2 ** 20;
const MOST_DEPTH = 256;
/** Places of which note is taken while a file is looked at. */
const MOST_PLACES = 10_000;
/** The field in which OpenAI's interface gives vectors as base64 of float32 (`encoding_format: base64`). */
const ENCODED_KEY = 'embedding';

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const NEWLINE = 0x0a;

/** What may come next. */
const VALUE = 0;
const FIRST_ELEMENT = 1;
const FIRST_KEY = 2;
const KEY = 3;
const KEY_END = 4;
const AFTER = 5;
type State = typeof VALUE | typeof FIRST_ELEMENT | typeof FIRST_KEY | typeof KEY | typeof KEY_END | typeof AFTER;

/** An open array or object. */
interface Frame {
  readonly isArray: boolean;
  readonly place: Place | null;
  readonly level: number;
  /** Numbers so far of an array of numbers alone, else -1. */
  numbers: number;
}

/**
 * Arrays of numbers in JSON documents that follow one another (JSON, JSON Lines), in bounded memory: text is read in pieces of 1 MiB, and
 * what is no vector is passed over. As Python writes them, NaN, Infinity and -Infinity are numbers; null is NaN among numbers.
 */
export class VectorScanner {
  /** The numbers of the vector that was found: the first `length`. */
  values = new Float64Array(64);
  length = 0;
  /** Where it was found; `level` as in {@link PlaceVectors}. */
  place: Place | null = null;
  level = 0;
  encoded = false;
  /** 1 for the first line. */
  line = 1;
  /** Documents that ended. */
  documents = 0;

  private bytes = Buffer.alloc(1);
  private filled = 0;
  private at = 0;
  private base = 0;
  private atEnd = false;
  private inString = false;
  private state: State = VALUE;
  /** Where the value of the last key lies. */
  private valuePlace: Place | null;
  private readonly frames: Frame[] = [];
  private depth = 0;
  private places = 0;
  private readonly cursor: Cursor = { at: 0 };

  /**
   * @param root of the places that are known
   * @param wanted the one place whose vectors are asked for, or null to find all: unknown places are then added
   */
  constructor(
    private readonly source: ByteSource,
    private readonly root: Place,
    private readonly wanted: Place | null,
  ) {
    this.valuePlace = root;
  }

  /** Byte in the file up to which was read. */
  get position(): number {
    return this.base + this.at;
  }

  /**
   * Moves behind the next vector in the piece of text that is held. False where more text is needed.
   * @throws FormatError where the text is not JSON, or what lies at the wanted place is no vector
   */
  next(): boolean {
    if (this.inString && !this.skipString()) return false;
    const { bytes } = this;
    for (;;) {
      let c = bytes[this.at]!;
      while (c === 0x20 || c === NEWLINE || c === 0x0d || c === 0x09) {
        if (c === NEWLINE) this.line++;
        c = bytes[++this.at]!;
      }
      if (this.at >= this.filled) return false;
      const found = this.step(c);
      if (found === null) return false;
      if (found) return true;
    }
  }

  /**
   * Reads on. False at the end of the text.
   * @throws FormatError when it ends inside a document
   */
  async more(): Promise<boolean> {
    const { source } = this;
    const rest = this.filled - this.at;
    const left = source.size - this.base - this.filled;
    if (left === 0) {
      if (!this.atEnd) {
        this.atEnd = true;
        return true;
      }
      if (rest > 0 || this.depth > 0 || this.inString || this.state !== VALUE) {
        throw new FormatError(source.path, source.size, `line ${this.line}: the text ends inside a value.`);
      }
      return false;
    }
    if (rest > MOST_TOKEN_BYTES) throw this.wrong(`a text of more than ${MOST_TOKEN_BYTES} bytes is too long here`);
    const size = Math.min(Math.max(READ_BYTES, rest), left);
    const isFirst = this.base + this.filled === 0;
    // One byte more, which is part of nothing: every loop stops there.
    const bytes = this.bytes.length > rest + size ? this.bytes : Buffer.allocUnsafeSlow(rest + size + 1);
    this.bytes.copy(bytes, 0, this.at, this.filled);
    await source.read(this.base + this.filled, bytes.subarray(rest, rest + size));
    this.bytes = bytes;
    this.base += this.at;
    this.filled = rest + size;
    this.bytes[this.filled] = 0;
    this.at = isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    return true;
  }

  /** One token. True where it ends a vector, null where it goes on behind the text that is held. */
  private step(c: number): boolean | null {
    switch (this.state) {
      case FIRST_ELEMENT:
        if (c === CLOSE_BRACKET) return this.close();
        return this.value(c);
      case VALUE:
        return this.value(c);
      case FIRST_KEY:
        if (c === CLOSE_BRACE) return this.close();
        return this.key(c);
      case KEY:
        return this.key(c);
      case KEY_END:
        if (c !== COLON) throw this.unexpected('a colon');
        this.at++;
        this.state = VALUE;
        return false;
      default:
        return this.after(c);
    }
  }

  private after(c: number): boolean {
    const { isArray } = this.frames[this.depth - 1]!;
    if (c === COMMA) {
      this.at++;
      this.state = isArray ? VALUE : KEY;
      return false;
    }
    if (c !== (isArray ? CLOSE_BRACKET : CLOSE_BRACE)) throw this.unexpected(isArray ? 'a comma or ]' : 'a comma or }');
    return this.close();
  }

  private key(c: number): boolean | null {
    if (c !== QUOTE) throw this.unexpected('a name in quotes');
    const end = this.closingQuote();
    if (end < 0) return null;
    const { place } = this.frames[this.depth - 1]!;
    this.valuePlace = place === null ? null : (place.every ?? this.childOf(place, this.at + 1, end));
    this.at = end + 1;
    this.state = KEY_END;
    return false;
  }

  private childOf(place: Place, from: number, end: number): Place | null {
    let key = this.bytes.toString('utf8', from, end);
    if (key.includes('\\')) {
      try {
        key = JSON.parse(`"${key}"`) as string;
      } catch {
        throw this.unexpected('a name in JSON');
      }
    }
    const known = place.children.get(key);
    if (known !== undefined) return known;
    if (this.wanted !== null || this.places === MOST_PLACES) return null;
    this.places++;
    const child = newPlace([...place.keys, key]);
    place.children.set(key, child);
    return child;
  }

  /** Where the value that starts here lies, and how many arrays of that place are around it. */
  private here(): { place: Place | null; level: number } {
    const frame = this.depth === 0 ? null : this.frames[this.depth - 1]!;
    if (frame === null) return { place: this.root, level: 0 };
    return frame.isArray ? frame : { place: this.valuePlace, level: 0 };
  }

  private value(c: number): boolean | null {
    if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      this.open(c === OPEN_BRACKET);
      return false;
    }
    if (c === QUOTE) return this.string();
    return this.numbers();
  }

  private open(isArray: boolean): void {
    const { place, level } = this.here();
    this.mixed(level);
    if (this.depth === MOST_DEPTH) throw this.wrong(`more than ${MOST_DEPTH} values lie inside one another`);
    const collects = isArray && place !== null && (this.wanted === null || place === this.wanted);
    this.frames[this.depth++] = { isArray, place, level: isArray ? level + 1 : 0, numbers: collects ? 0 : -1 };
    this.at++;
    this.state = isArray ? FIRST_ELEMENT : FIRST_KEY;
  }

  private close(): boolean {
    const frame = this.frames[--this.depth]!;
    this.at++;
    const { numbers, place, level } = frame;
    this.ended();
    if (!frame.isArray || numbers < 0) return false;
    // An empty array where vectors lie is one of another length; elsewhere it says nothing.
    if (numbers === 0 && place!.vectors?.level !== level) return false;
    return this.found(place, level, numbers, false);
  }

  private ended(): void {
    if (this.depth > 0) this.state = AFTER;
    else {
      this.state = VALUE;
      this.documents++;
    }
  }

  private found(place: Place | null, level: number, length: number, encoded: boolean): true {
    this.place = place;
    this.level = level;
    this.length = length;
    this.encoded = encoded;
    return true;
  }

  /** Numbers, as many of an array as follow one another here, or a word that stands for one. */
  private numbers(): boolean | null {
    const { bytes, cursor, filled } = this;
    const frame = this.depth === 0 ? null : this.frames[this.depth - 1]!;
    for (;;) {
      const start = this.at;
      cursor.at = start;
      const value = parseDecimal(bytes, cursor);
      if (cursor.at === start) return this.word();
      // It may go on behind the text that is held.
      if (cursor.at >= filled && !this.atEnd) return null;
      this.at = cursor.at;
      if (frame === null || frame.numbers < 0) {
        this.scalar();
        return false;
      }
      this.keep(frame, value);
      let p = this.at;
      if (bytes[p] !== COMMA || p >= filled) break;
      p++;
      let lines = 0;
      for (let c = bytes[p]; c === 0x20 || c === NEWLINE || c === 0x0d || c === 0x09; c = bytes[++p]) if (c === NEWLINE) lines++;
      const c = bytes[p]!;
      if (p >= filled || !(c === MINUS || (c >= 0x30 && c <= 0x39))) break;
      this.line += lines;
      this.at = p;
    }
    this.state = AFTER;
    return false;
  }

  private keep(frame: Frame, value: number): void {
    const { numbers } = frame;
    if (numbers === this.values.length && numbers < MOST_NUMBERS) {
      const larger = new Float64Array(2 * numbers);
      larger.set(this.values);
      this.values = larger;
    }
    if (numbers < MOST_NUMBERS) this.values[numbers] = value;
    frame.numbers++;
  }

  private word(): boolean | null {
    const { bytes } = this;
    let end = this.at;
    while (isWordByte(bytes[end]!)) end++;
    if (end >= this.filled && !this.atEnd) return null;
    const word = bytes.toString('latin1', this.at, Math.min(end, this.at + 16));
    const number = word === 'null' ? Number.NaN : NUMBERS.get(word);
    if (number === undefined && word !== 'true' && word !== 'false') throw this.unexpected('a value');
    this.at = end;
    const { place, level } = this.here();
    if (word === 'null' && this.isMissingVector(place, level)) {
      const { length } = place!.vectors!;
      this.mixed(level);
      this.ended();
      if (this.values.length < length) this.values = new Float64Array(length);
      this.values.fill(Number.NaN, 0, length);
      return this.found(place, level + 1, length, false);
    }
    const frame = this.depth === 0 ? null : this.frames[this.depth - 1]!;
    if (number !== undefined && frame !== null && frame.numbers >= 0) {
      this.keep(frame, number);
      this.state = AFTER;
    } else if (word === 'null') {
      this.mixed(level);
      this.ended();
    } else this.scalar();
    return false;
  }

  private isMissingVector(place: Place | null, level: number): boolean {
    return this.wanted !== null && place === this.wanted && level === place.vectors!.level - 1 && place.vectors!.length <= MOST_NUMBERS;
  }

  private string(): boolean | null {
    const { place, level } = this.here();
    const mayEncode = place !== null && place.keys.at(-1) === ENCODED_KEY && (this.wanted === null || place === this.wanted);
    if (mayEncode) {
      const end = this.closingQuote();
      if (end < 0) return null;
      const values = floatsOf(this.bytes.toString('latin1', this.at + 1, end));
      if (values !== null) {
        this.at = end + 1;
        this.mixed(level);
        this.ended();
        if (this.values.length < values.length) this.values = new Float64Array(values.length);
        this.values.set(values);
        return this.found(place, level + 1, values.length, true);
      }
    }
    this.scalar();
    this.at++;
    this.inString = true;
    return this.skipString() ? false : null;
  }

  /** A value that is no vector and no part of one. */
  private scalar(): void {
    const { place, level } = this.here();
    // Among the names of a dictionary others may stand.
    if (this.wanted !== null && place === this.wanted && this.root.every === null) {
      throw this.wrong('a vector of numbers was expected here');
    }
    this.mixed(level);
    this.ended();
  }

  /** Takes note that the array around a value is not one of numbers alone. */
  private mixed(level: number): void {
    if (this.depth === 0) return;
    const frame = this.frames[this.depth - 1]!;
    if (!frame.isArray) return;
    if (frame.numbers > 0 && frame.place === this.wanted) throw this.wrong('a vector holds something other than numbers');
    if (frame.numbers > 0 && frame.place?.vectors && level === frame.place.vectors.level) {
      frame.place.vectors.problem ??= `Line ${this.line} holds something other than numbers.`;
    }
    frame.numbers = -1;
  }

  /** Place of the quote that ends the string at which we are, or -1 where it is not held. */
  private closingQuote(): number {
    const { bytes, filled } = this;
    for (let p = this.at + 1; p < filled; p++) {
      if (bytes[p] === QUOTE) return p;
      if (bytes[p] === BACKSLASH) p++;
    }
    return -1;
  }

  /** Moves behind the string inside which we are. False where it goes on behind the text that is held. */
  private skipString(): boolean {
    const { bytes, filled } = this;
    const backslashesBefore = (end: number): number => {
      let run = 0;
      while (end - 1 - run >= this.at && bytes[end - 1 - run] === BACKSLASH) run++;
      return run;
    };
    for (;;) {
      const quote = bytes.indexOf(QUOTE, this.at);
      if (quote < 0 || quote >= filled) {
        // Of backslashes at the end pairs are done with; a last one belongs to what follows.
        this.at = filled - (backslashesBefore(filled) & 1);
        return false;
      }
      const escaped = backslashesBefore(quote) % 2 === 1;
      this.at = quote + 1;
      if (!escaped) {
        this.inString = false;
        return true;
      }
    }
  }

  private unexpected(expected: string): FormatError {
    const shown = JSON.stringify(this.bytes.toString('utf8', this.at, Math.min(this.at + 20, this.filled)));
    return new FormatError(this.source.path, this.position, `line ${this.line}: ${expected} was expected, not ${shown}.`);
  }

  private wrong(what: string): FormatError {
    return new FormatError(this.source.path, this.position, `line ${this.line}: ${what}.`);
  }
}

/** As Python writes them. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** Bytes of words and of numbers. */
function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === MINUS ||
    byte === 0x2b ||
    byte === 0x2e
  );
}

const decodeFloats = decoder('float32', 'little');

/** Float32, little-endian, of a text in base64; null where it is none, or not of finite numbers alone. */
function floatsOf(text: string): Float64Array | null {
  const base64 = text.includes('\\') ? text.replaceAll('\\/', '/') : text;
  if (base64.length < 8 || base64.length % 4 !== 0) return null;
  const bytes = Buffer.from(base64, 'base64');
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  if (bytes.length !== (base64.length / 4) * 3 - padding || bytes.length % 4 !== 0) return null;
  const values = new Float64Array(bytes.length / 4);
  decodeFloats(bytes, 0, 1, values, 0, 1, values.length);
  return values.every(Number.isFinite) ? values : null;
}
