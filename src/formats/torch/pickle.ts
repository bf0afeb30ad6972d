import { FormatError } from '../format-error';

/**
 * What a pickle describes, as inert data. Tuples are arrays. A list may contain itself, so every walk needs a visited set.
 * Whole numbers beyond 2^53 are bigints. Python's classes, calls and objects are records that say what Python would have done.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleCall
  | PicklePersistent;

/** A list, or a set (of which repeated items are kept). */
export class PickleList {
  constructor(public items: PickleValue[] = []) {}

  add(items: PickleValue[]): void {
    // An array that grows reserves room for a dozen items more, which a file of many short lists would make the most of.
    if (this.items.length === 0) this.items = items;
    else for (const item of items) this.items.push(item);
  }
}

export class PickleDict {
  // An empty Map costs hundreds of bytes and an empty dict one byte of pickle, so it is made with the first entry.
  private map: Map<PickleValue, PickleValue> | null = null;

  set(key: PickleValue, value: PickleValue): void {
    this.map ??= new Map();
    this.map.set(key, value);
  }

  get(key: PickleValue): PickleValue | undefined {
    return this.map?.get(key);
  }

  entries(): Iterable<[PickleValue, PickleValue]> {
    return this.map ?? [];
  }
}

/** A name that Python would have imported, e.g. `torch._utils` and `_rebuild_tensor_v2`. */
export class PickleGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  toString(): string {
    return `${this.module}.${this.name}`;
  }
}

/** An object that Python would have made by calling `callee`, and what was then put into it. */
export class PickleCall {
  /** Items added to it. */
  list: PickleList | null = null;
  /** Dict entries added to it. */
  dict: PickleDict | null = null;
  /** What `__setstate__` would have been given. */
  state: PickleValue = null;

  constructor(
    readonly callee: PickleValue,
    readonly args: PickleValue,
  ) {}
}

/** An object outside the pickle, found by its id. */
export class PicklePersistent {
  constructor(readonly id: PickleValue) {}
}

export interface Unpickled {
  readonly value: PickleValue;
  /** Byte after the STOP opcode, counted from the start of the bytes given. */
  readonly end: number;
  /** Full name of every global that Python would have imported, also where it was thrown away, in order of appearance. */
  readonly globals: ReadonlySet<string>;
  /** Every persistent id asked for, also where the result was thrown away. */
  readonly persistent: readonly PicklePersistent[];
}

/** The bytes ended before the pickle did: with more of the file it may be sound. */
export class PickleCutError extends FormatError {}

/** A pickle larger than this is not read. Those of checkpoints are some hundred bytes a tensor. */
export const MAX_PICKLE_BYTES = 256 * 2 ** 20;

// Bounds the time, and the entries of every container together.
const MAX_OPCODES = 2 ** 24;
// torch spends 11 bytes or more of pickle on each container, record or memo entry, which cost up to 260 bytes of memory: an empty list
// takes one byte, so that a dense pickle would take many times the memory that its length suggests.
const BYTES_PER_OBJECT = 8;
const FREE_OBJECTS = 2 ** 15;
const MAX_OBJECTS = 2 ** 22;
// Picklers write the items of a list or dict in batches of a thousand, and nest no deeper than Python's stack of calls.
const MAX_STACK = 2 ** 20;
const MAX_MARKS = 2 ** 16;
// Reading a whole number takes time quadratic in its length. torch writes 10 bytes, NumPy's generators 16.
const MAX_LONG_BYTES = 1024;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/**
 * Interprets one pickle, protocol 0 to 5, without importing or calling anything.
 *
 * Opcodes as in CPython's `Lib/pickletools.py`.
 *
 * @param bytes the pickle, and perhaps what follows it
 * @param path for messages
 * @param base offset of `bytes` in the file, for messages
 * @throws PickleCutError when the bytes end before the pickle; FormatError when it makes no sense or is larger than any checkpoint's
 */
export function unpickle(bytes: Uint8Array, path: string, base: number): Unpickled {
  return new Interpreter(bytes, path, base).run();
}

class Interpreter {
  private readonly view: DataView;
  private position = 0;
  /** Where the opcode being carried out stands. */
  private opcodeAt = 0;
  private readonly stack: PickleValue[] = [];
  /** Heights of the stack at each MARK. */
  private readonly marks: number[] = [];
  private readonly memo: PickleValue[] = [];
  private remembered = 0;
  private objects = 0;
  private readonly globals = new Set<string>();
  private readonly persistent: PicklePersistent[] = [];

  constructor(
    private readonly bytes: Uint8Array,
    private readonly path: string,
    private readonly base: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Unpickled {
    for (let count = 0; count < MAX_OPCODES; count++) {
      this.opcodeAt = this.position;
      const opcode = this.uint8();
      if (opcode === STOP) {
        const value = this.pop();
        return { value, end: this.position, globals: this.globals, persistent: this.persistent };
      }
      const made = this.make(opcode);
      if (made === undefined) this.act(opcode);
      else if (this.stack.push(made) > MAX_STACK) {
        throw this.error(`the pickle piles up more than ${MAX_STACK} values, far more than a checkpoint needs.`);
      }
    }
    throw this.error(`the pickle has more than ${MAX_OPCODES} instructions, far more than a checkpoint needs.`);
  }

  /** What an opcode puts on the stack; undefined when it puts nothing there. */
  private make(opcode: number): PickleValue | undefined {
    switch (opcode) {
      case 0x4e: // NONE
        return null;
      case 0x88: // NEWTRUE
        return true;
      case 0x89: // NEWFALSE
        return false;
      case 0x49: // INT
        return this.integerLine();
      case 0x4c: // LONG
        return this.wholeNumber(this.line().replace(/L$/, ''));
      case 0x4a: // BININT
        return this.view.getInt32(this.take(4), true);
      case 0x4b: // BININT1
        return this.uint8();
      case 0x4d: // BININT2
        return this.view.getUint16(this.take(2), true);
      case 0x8a: // LONG1
        return this.long(this.length(1));
      case 0x8b: // LONG4
        return this.long(this.length(4));
      case 0x46: // FLOAT
        return this.floatLine();
      case 0x47: // BINFLOAT
        return this.view.getFloat64(this.take(8), false);

      case 0x53: // STRING
        return unquote(this.line());
      case 0x54: // BINSTRING
        return this.text(4);
      case 0x55: // SHORT_BINSTRING
        return this.text(1);
      case 0x56: // UNICODE
        return rawUnicode(this.line());
      case 0x58: // BINUNICODE
        return this.text(4);
      case 0x8c: // SHORT_BINUNICODE
        return this.text(1);
      case 0x8d: // BINUNICODE8
        return this.text(8);
      case 0x42: // BINBYTES
        return this.byteString(4);
      case 0x43: // SHORT_BINBYTES
        return this.byteString(1);
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.byteString(8);

      case 0x29: // EMPTY_TUPLE
        return this.counted([]);
      case 0x74: // TUPLE
        return this.counted(this.popToMark());
      case 0x5d: // EMPTY_LIST
        return this.counted(new PickleList());
      case 0x6c: // LIST
        return this.counted(new PickleList(this.popToMark()));
      case 0x85: // TUPLE1
        return this.counted(this.popMany(1));
      case 0x86: // TUPLE2
        return this.counted(this.popMany(2));
      case 0x87: // TUPLE3
        return this.counted(this.popMany(3));
      case 0x7d: // EMPTY_DICT
        return this.counted(new PickleDict());
      case 0x64: {
        // DICT
        const items = this.popToMark();
        const dict = new PickleDict();
        this.setIn(dict, items);
        return this.counted(dict);
      }
      case 0x8f: // EMPTY_SET
        return this.counted(new PickleList());
      case 0x91: // FROZENSET
        return this.counted(new PickleList(this.popToMark()));

      case 0x32: // DUP
        return this.top();
      case 0x67: // GET
        return this.recall(this.memoIndexLine());
      case 0x68: // BINGET
        return this.recall(this.uint8());
      case 0x6a: // LONG_BINGET
        return this.recall(this.length(4));

      case 0x63: {
        // GLOBAL
        const module = this.line();
        return this.global(module, this.line());
      }
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw this.error('the name of a global is not text.');
        return this.global(module, name);
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callee, args] = this.popMany(2) as [PickleValue, PickleValue];
        return this.counted(new PickleCall(callee, args));
      }
      case 0x92: {
        // NEWOBJ_EX
        const [callee, args, keywords] = this.popMany(3) as [PickleValue, PickleValue, PickleValue];
        return this.counted(new PickleCall(callee, [args, keywords]));
      }
      case 0x69: {
        // INST
        const module = this.line();
        const name = this.line();
        return this.counted(new PickleCall(this.global(module, name), this.popToMark()));
      }
      case 0x6f: {
        // OBJ
        const [callee, ...args] = this.popToMark();
        if (callee === undefined) throw this.error('an object has no class.');
        return this.counted(new PickleCall(callee, args));
      }
      case 0x50: // PERSID
        return this.refer(this.line());
      case 0x51: // BINPERSID
        return this.refer(this.pop());

      default:
        return undefined;
    }
  }

  /** Carries out an opcode that changes what is there. */
  private act(opcode: number): void {
    switch (opcode) {
      case 0x80: {
        // PROTO
        const protocol = this.uint8();
        if (protocol > 5) throw this.error(`pickle protocol ${protocol} is newer than 5, the newest that is known.`);
        return;
      }
      case 0x95: // FRAME: only says how much to read ahead
        this.need(this.length(8));
        return;
      case 0x28: // MARK
        if (this.marks.push(this.stack.length) > MAX_MARKS) {
          throw this.error(`the pickle opens more than ${MAX_MARKS} groups in each other, far more than a checkpoint needs.`);
        }
        return;
      case 0x30: // POP: pickle lets it take a MARK too
        if (this.marks.length > 0 && this.marks[this.marks.length - 1] === this.stack.length) this.marks.pop();
        else this.pop();
        return;
      case 0x31: // POP_MARK
        this.popToMark();
        return;
      case 0x61: {
        // APPEND
        const item = this.pop();
        this.appendTo(this.top(), [item]);
        return;
      }
      case 0x65: {
        // APPENDS
        const items = this.popToMark();
        this.appendTo(this.top(), items);
        return;
      }
      case 0x73: {
        // SETITEM
        const items = this.popMany(2);
        this.setIn(this.top(), items);
        return;
      }
      case 0x75: {
        // SETITEMS
        const items = this.popToMark();
        this.setIn(this.top(), items);
        return;
      }
      case 0x90: {
        // ADDITEMS
        const items = this.popToMark();
        this.appendTo(this.top(), items);
        return;
      }
      case 0x70: // PUT
        this.memoise(this.memoIndexLine());
        return;
      case 0x71: // BINPUT
        this.memoise(this.uint8());
        return;
      case 0x72: // LONG_BINPUT
        this.memoise(this.length(4));
        return;
      case 0x94: // MEMOIZE
        this.memoise(this.remembered);
        return;
      case 0x62: {
        // BUILD
        const state = this.pop();
        const object = this.top();
        if (!(object instanceof PickleCall)) throw this.error('state is given to something that is not an object.');
        object.state = state;
        return;
      }

      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw this.error("the pickle refers to Python's extension registry, which is not in the file.");
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        throw this.error('the pickle refers to a buffer that is not in the file.');
      default:
        throw this.error(`0x${opcode.toString(16).padStart(2, '0')} is not a pickle instruction.`);
    }
  }

  private error(detail: string): FormatError {
    return new FormatError(this.path, this.base + this.opcodeAt, detail);
  }

  // Bytes

  private need(count: number): void {
    if (count > this.bytes.length - this.position) {
      throw new PickleCutError(this.path, this.base + this.opcodeAt, `the pickle ends early: ${count} more bytes were expected.`);
    }
  }

  /** Moves past `count` bytes; returns where they start. */
  private take(count: number): number {
    this.need(count);
    const start = this.position;
    this.position += count;
    return start;
  }

  private uint8(): number {
    return this.bytes[this.take(1)] as number;
  }

  /** An unsigned little-endian number of 1, 4 or 8 bytes. */
  private length(width: 1 | 4 | 8): number {
    const start = this.take(width);
    if (width === 1) return this.bytes[start] as number;
    if (width === 4) return this.view.getUint32(start, true);
    return this.view.getUint32(start, true) + this.view.getUint32(start + 4, true) * 2 ** 32;
  }

  private byteString(width: 1 | 4 | 8): Uint8Array {
    this.countObject();
    const start = this.take(this.length(width));
    return this.bytes.subarray(start, this.position);
  }

  private text(width: 1 | 4 | 8): string {
    const start = this.take(this.length(width));
    return utf8.decode(this.bytes.subarray(start, this.position));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new PickleCutError(this.path, this.base + this.opcodeAt, 'the pickle ends in the middle of a line.');
    const start = this.take(end + 1 - this.position);
    return latin1(this.bytes.subarray(start, end));
  }

  // Numbers

  private integerLine(): PickleValue {
    const text = this.line();
    if (text === '01') return true;
    if (text === '00') return false;
    return this.wholeNumber(text);
  }

  private wholeNumber(text: string): number | bigint {
    if (text.length > MAX_LONG_BYTES || !/^[+-]?\d+$/.test(text)) throw this.error('a whole number was expected.');
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : BigInt(text.replace('+', ''));
  }

  private memoIndexLine(): number {
    const index = this.wholeNumber(this.line());
    if (typeof index !== 'number' || index < 0 || index >= 2 ** 32) throw this.error('the number of a memo entry was expected.');
    return index;
  }

  private floatLine(): number {
    const text = this.line();
    const special: Record<string, number> = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, '-inf': Number.NEGATIVE_INFINITY };
    if (Object.hasOwn(special, text)) return special[text] as number;
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) throw this.error('a number was expected.');
    return value;
  }

  /** Two's complement, little-endian. */
  private long(width: number): number | bigint {
    if (width > MAX_LONG_BYTES) throw this.error(`a whole number of ${width} bytes is longer than any that a checkpoint needs.`);
    const start = this.take(width);
    if (width === 0) return 0;
    let value = 0n;
    for (let at = this.position - 1; at >= start; at--) value = (value << 8n) | BigInt(this.bytes[at] as number);
    value = BigInt.asIntN(8 * width, value);
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  // Stack and memo

  private countObject(): void {
    if (++this.objects > this.mostObjects())
      throw this.error(`the pickle builds ${this.objects} objects so far, far more than a checkpoint needs.`);
  }

  /** At this place of the pickle. */
  private mostObjects(): number {
    return Math.min(MAX_OBJECTS, FREE_OBJECTS + this.position / BYTES_PER_OBJECT);
  }

  private counted<T extends PickleValue>(value: T): T {
    this.countObject();
    return value;
  }

  /** Height below which the stack belongs to an open MARK. */
  private floor(): number {
    return this.marks.length === 0 ? 0 : (this.marks[this.marks.length - 1] as number);
  }

  private top(): PickleValue {
    if (this.stack.length <= this.floor()) throw this.error('the pickle takes a value where there is none.');
    return this.stack[this.stack.length - 1] as PickleValue;
  }

  private pop(): PickleValue {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popMany(count: number): PickleValue[] {
    if (this.stack.length - count < this.floor()) throw this.error('the pickle takes a value where there is none.');
    return this.stack.splice(this.stack.length - count, count);
  }

  private popToMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.error('the pickle closes a group that was not opened.');
    return this.stack.splice(mark);
  }

  private memoise(index: number): void {
    if (this.memo[index] === undefined && ++this.remembered > this.mostObjects()) {
      throw this.error(`the pickle remembers ${this.remembered} objects so far, far more than a checkpoint needs.`);
    }
    this.memo[index] = this.top();
  }

  private recall(index: number): PickleValue {
    const value = this.memo[index];
    if (value === undefined) throw this.error(`memo entry ${index} is used before it is set.`);
    return value;
  }

  // Objects

  private appendTo(target: PickleValue, items: PickleValue[]): void {
    if (target instanceof PickleList) target.add(items);
    else if (target instanceof PickleCall) {
      target.list ??= new PickleList();
      target.list.add(items);
    } else throw this.error('an item is added to something that is not a list.');
  }

  private setIn(target: PickleValue, items: PickleValue[]): void {
    let dict: PickleDict;
    if (target instanceof PickleDict) dict = target;
    else if (target instanceof PickleCall) {
      target.dict ??= new PickleDict();
      dict = target.dict;
    } else throw this.error('an entry is set in something that is not a dict.');
    if (items.length % 2 !== 0) throw this.error('a dict has a key without a value.');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i] as PickleValue, items[i + 1] as PickleValue);
  }

  private global(module: string, name: string): PickleGlobal {
    const global = new PickleGlobal(module, name);
    this.globals.add(global.toString());
    return this.counted(global);
  }

  private refer(id: PickleValue): PicklePersistent {
    const reference = new PicklePersistent(id);
    this.persistent.push(reference);
    return this.counted(reference);
  }
}

const STOP = 0x2e;

/** Python 2 text: a quoted literal with backslash escapes. */
function unquote(literal: string): string {
  const inner = /^(['"])(.*)\1$/s.exec(literal.trim())?.[2] ?? literal;
  return inner.replace(/\\(x([0-9a-fA-F]{2})|.)/gs, (_, code: string, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return { n: '\n', r: '\r', t: '\t' }[code] ?? code;
  });
}

/** Text of protocol 0: Latin-1 with escapes of four and eight hexadecimal digits for the rest. */
function rawUnicode(line: string): string {
  return line.replace(/\\u([0-9a-fA-F]{4})|\\U(0010[0-9a-fA-F]{4}|000[0-9a-fA-F]{5})/g, (_, short?: string, long?: string) =>
    String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16)),
  );
}
