import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/formats/format-error';
import {
  PickleCall,
  PickleCutError,
  type PickleDict,
  PickleGlobal,
  PickleList,
  PicklePersistent,
  type PickleValue,
  unpickle,
} from '../../../src/formats/torch/pickle';
import { formatErrorOf } from '../bytes/memory-bytes';
import { assemble, call, global, int, list, type Piece, STOP, text, tuple, uint32, uint64 } from './pickle-bytes';

const protocols = [0, 1, 2, 3, 4, 5];
const honest = (protocol: number) =>
  new Uint8Array(readFileSync(join(import.meta.dirname, '../..', 'fixtures', 'formats', 'pickle', `protocol-${protocol}.pkl`)));
const read = (...pieces: Piece[]) => unpickle(assemble(...pieces, STOP), 'a.pkl', 0);
const refusal = (...pieces: Piece[]) => formatErrorOf(() => unpickle(assemble(...pieces), 'a.pkl', 100));
const repeat = (piece: Piece, times: number): Uint8Array => {
  const once = assemble(piece);
  return new Uint8Array(Buffer.alloc(once.length * times, once));
};

describe.each(protocols)("Python's pickle, protocol %i", (protocol) => {
  const bytes = honest(protocol);
  const pickle = unpickle(bytes, 'a.pkl', 0);
  const root = pickle.value as PickleDict;
  const get = (key: string) => root.get(key) as PickleValue;
  const items = (key: string) => (get(key) as PickleList).items;

  test('gives numbers, text and containers', () => {
    expect(pickle.end).toBe(bytes.length);
    expect(get('none')).toBeNull();
    expect(items('truth')).toEqual([true, false]);
    expect(items('integers')).toEqual([0, 255, 256, 65536, -1, -(2 ** 31), 2 ** 31, 2 ** 53 - 1, -(2n ** 53n), 2n ** 80n, -(2n ** 80n)]);
    expect(items('floats')).toEqual([0.5, -0, 1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(items('text')).toEqual(['', 'plain', 'naïve ☃ 𝄞', "line\nbreak \\ 'quote'", 'long'.repeat(10)]);
    expect(items('tuples')).toEqual([[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]);
    expect(items('many')).toEqual(new Array(1001).fill(0));
    const dict = get('dict') as PickleDict;
    expect([...dict.entries()]).toEqual([
      [1, 'one'],
      [null, 'none'],
      [[1, 2], 'pair'],
    ]);
  });

  test('keeps what is shared shared, and circles circular', () => {
    const [one, other] = items('shared');
    expect(one).toEqual(new PickleList(['shared']));
    expect(other).toBe(one);
    expect(items('cyclic')[1]).toBe(get('cyclic'));
  });

  test('gives inert records for everything else', () => {
    const ordered = get('ordered') as PickleCall;
    expect(ordered.callee).toEqual(new PickleGlobal('collections', 'OrderedDict'));
    expect([...ordered.dict!.entries()]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(((get('point') as PickleCall).state as PickleDict).get('x')).toBe(1.5);
    expect((get('date') as PickleCall).callee).toEqual(new PickleGlobal('datetime', 'date'));
    expect([...pickle.globals]).toEqual(expect.arrayContaining(['__main__.Point', 'collections.OrderedDict', 'datetime.date']));
    if (protocol >= 4) {
      expect(get('set')).toEqual(new PickleList([7]));
      expect(get('frozenset')).toEqual(new PickleList([8]));
    }
    if (protocol >= 3) expect(get('bytes')).toEqual(Uint8Array.of(0, 255, 0, 255, 0, 255));
  });

  test('cut anywhere, is known to be cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => unpickle(bytes.subarray(0, length), 'a.pkl', 0)).toThrow(PickleCutError);
    }
  });

  test('with bytes changed, is read or refused', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        readOrRefuse(damaged);
      }),
    );
  });
});

function readOrRefuse(bytes: Uint8Array): void {
  try {
    expect(unpickle(bytes, 'a.pkl', 0).end).toBeLessThanOrEqual(bytes.length);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
  }
}

/** Every instruction of protocols 0 to 5, with what follows it in the pickle, by its name in CPython's pickletools. */
const INSTRUCTIONS: Readonly<Record<string, Piece>> = {
  INT: 'I1\n',
  BININT: ['J', uint32(1)],
  BININT1: ['K', 1],
  BININT2: ['M', 1, 0],
  LONG: 'L1L\n',
  LONG1: [0x8a, 1, 1],
  LONG4: [0x8b, uint32(1), 1],
  STRING: "S'a'\n",
  BINSTRING: ['T', uint32(1), 'a'],
  SHORT_BINSTRING: ['U', 1, 'a'],
  BINBYTES: ['B', uint32(1), 'a'],
  SHORT_BINBYTES: ['C', 1, 'a'],
  BINBYTES8: [0x8e, uint64(1n), 'a'],
  BYTEARRAY8: [0x96, uint64(1n), 'a'],
  NEXT_BUFFER: 0x97,
  READONLY_BUFFER: 0x98,
  NONE: 'N',
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  UNICODE: 'Va\n',
  SHORT_BINUNICODE: [0x8c, 1, 'a'],
  BINUNICODE: text('a'),
  BINUNICODE8: [0x8d, uint64(1n), 'a'],
  FLOAT: 'F1.5\n',
  BINFLOAT: ['G', new Uint8Array(8)],
  EMPTY_LIST: ']',
  APPEND: 'a',
  APPENDS: 'e',
  LIST: 'l',
  EMPTY_TUPLE: ')',
  TUPLE: 't',
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  EMPTY_DICT: '}',
  DICT: 'd',
  SETITEM: 's',
  SETITEMS: 'u',
  EMPTY_SET: 0x8f,
  ADDITEMS: 0x90,
  FROZENSET: 0x91,
  POP: '0',
  DUP: '2',
  MARK: '(',
  POP_MARK: '1',
  GET: 'g0\n',
  BINGET: ['h', 0],
  LONG_BINGET: ['j', uint32(0)],
  PUT: 'p0\n',
  BINPUT: ['q', 0],
  LONG_BINPUT: ['r', uint32(0)],
  MEMOIZE: 0x94,
  EXT1: [0x82, 1],
  EXT2: [0x83, 1, 0],
  EXT4: [0x84, uint32(1)],
  GLOBAL: global('os', 'system'),
  STACK_GLOBAL: 0x93,
  REDUCE: 'R',
  BUILD: 'b',
  INST: 'ios\nsystem\n',
  OBJ: 'o',
  NEWOBJ: 0x81,
  NEWOBJ_EX: 0x92,
  PROTO: [0x80, 2],
  STOP: '.',
  FRAME: [0x95, uint64(1n)],
  PERSID: 'Pa\n',
  BINPERSID: 'Q',
};

test('all 68 instructions, and each other byte as one, are read or refused: alone, cut anywhere, and on every kind of stack', () => {
  const known = Object.values(INSTRUCTIONS).map((piece) => assemble(piece));
  expect(new Set(known.map((bytes) => bytes[0])).size).toBe(68);
  const others = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte, 1, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x0a));
  const values: Piece[] = [
    'N',
    int(7),
    text('x'),
    ')',
    ']',
    '}',
    global('os', 'system'),
    call(global('os', 'system'), ')'),
    ['N', 'Q'],
    '(',
  ];
  const stacks: Piece[] = [
    '',
    ...values,
    ...values.flatMap((a) => values.map((b) => [a, b])),
    ...values.map((a) => [a, '(', ...values.slice(0, 3)]),
  ];
  for (const instruction of [...known, ...others]) {
    for (let end = 1; end <= instruction.length; end++) readOrRefuse(instruction.subarray(0, end));
    for (const stack of stacks) readOrRefuse(assemble(stack, ['q', 0], instruction, STOP));
  }
});

test('any bytes are read or refused', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readOrRefuse), { numRuns: 500 });
});

test('any sequence of instructions is read or refused', () => {
  const pieces: Piece[] = [
    '(',
    'N',
    '0',
    '1',
    '2',
    ']',
    ')',
    '}',
    't',
    'l',
    'd',
    'a',
    'e',
    's',
    'u',
    'R',
    'b',
    'o',
    'Q',
    0x81,
    0x85,
    0x86,
    0x90,
    0x92,
  ];
  const more: Piece[] = [0x8f, 0x91, 0x93, 0x94, ['q', 0], ['h', 0], text('x'), int(3), global('m', 'n'), 'im\nn\n', STOP];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces, ...more), { maxLength: 60 }), (program) => readOrRefuse(assemble(...program, STOP))),
    { numRuns: 2000 },
  );
});

test('says where it stopped, and leaves what follows alone', () => {
  const bytes = assemble(int(7), STOP, 'what follows');
  expect(unpickle(bytes, 'a.pkl', 0)).toMatchObject({ value: 7, end: 6 });
});

describe('calls are recorded, never made', () => {
  test.each([
    ['posix.system', call(global('posix', 'system'), tuple(text('touch /tmp/owned')))],
    ['builtins.eval', [text('builtins'), text('eval'), 0x93, tuple(text('1+1')), 'R']],
    ['os.system', ['(', text('true'), 'ios\nsystem\n']],
    ['os.system', ['(', global('os', 'system'), text('true'), 'o']],
    ['subprocess.Popen', [global('subprocess', 'Popen'), tuple(text('true')), 0x81]],
    ['subprocess.Popen', [global('subprocess', 'Popen'), tuple(text('true')), '}', 0x92]],
  ] as [string, Piece][])('%s', (name, program) => {
    const { value, globals } = read(program);
    expect(value).toBeInstanceOf(PickleCall);
    expect([...globals]).toEqual([name]);
  });

  test('state for __setstate__ is only kept', () => {
    expect((read(call(global('m', 'C'), ')'), text('state'), 'b').value as PickleCall).state).toBe('state');
  });

  test('a global that is thrown away is still told', () => {
    const { value, globals } = read(call(global('posix', 'system'), tuple(text('true'))), '0', 'N');
    expect(value).toBeNull();
    expect([...globals]).toEqual(['posix.system']);
  });

  test('persistent ids are only kept', () => {
    const { value, persistent } = read(tuple(text('storage'), int(1)), 'Q');
    expect(value).toEqual(new PicklePersistent(['storage', 1]));
    expect(persistent).toEqual([value]);
    expect(read('Pname\n').value).toEqual(new PicklePersistent('name'));
  });
});

describe('hostile pickles', () => {
  test('nesting beyond any stack is data, 10^6 levels of it are refused', async () => {
    const { value } = read(repeat(']', 30_000), repeat('a', 29_999));
    let depth = 0;
    for (let at: PickleValue | undefined = value; at instanceof PickleList; at = at.items[0]) depth++;
    expect(depth).toBe(30_000);
    expect((await refusal(repeat(']', 1_000_000), repeat('a', 999_999), STOP)).detail).toContain('objects so far');
  });

  test('optimizer states, the densest honest pickles, have more objects than that', () => {
    const state = call(global('m', 'f'), tuple(']', ']', ')', ')', '}', text('exp_avg'), text('a name of its own in a storage')));
    expect((read('(', repeat(state, 40_000), 'l').value as PickleList).items).toHaveLength(40_000);
  });

  test('a billion laughs take no more memory than their pickle', () => {
    const laughs: Piece[] = [];
    for (let level = 1; level < 200; level++) laughs.push(tuple(...new Array<Piece>(10).fill(['h', level - 1])), ['q', level]);
    expect(read(text('lol'), ['q', 0], laughs).value).toHaveLength(10);
  });

  test('a list can hold itself', () => {
    const value = read(']', ['q', 0], ['h', 0], 'a').value as PickleList;
    expect(value.items[0]).toBe(value);
  });

  test('names of JavaScript are just names', () => {
    const dict = read('}', '(', text('__proto__'), int(1), text('constructor'), int(2), text('hasOwnProperty'), int(3), 'u')
      .value as PickleDict;
    expect([...dict.entries()]).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['hasOwnProperty', 3],
    ]);
  });

  test('text that is not UTF-8 does not stop the reading', () => {
    expect(read('X', uint32(3), Uint8Array.of(0x61, 0xff, 0x62)).value).toBe('a\ufffdb');
  });

  test.each<[string, Piece, string]>([
    ['more instructions than any checkpoint', repeat('N0', 2 ** 23 + 1), 'more than 16777216 instructions'],
    ['endless values', repeat('N', 2 ** 20 + 1), 'more than 1048576 values'],
    ['one value again and again', ['N', repeat('2', 2 ** 20)], 'more than 1048576 values'],
    ['endless marks', repeat('(', 2 ** 16 + 1), 'more than 65536 groups'],
    ['endless dicts', repeat('}', 40_000), 'builds 37450 objects so far'],
    ['endless empty byte strings', repeat(['C', 0], 50_000), 'objects so far'],
    ['endless pairs of pairs', ['N', repeat('2\x86', 50_000)], 'objects so far'],
    ['endless calls', [global('a', 'b'), repeat(')R', 50_000)], 'objects so far'],
    ['endless persistent ids', ['N', repeat('Q', 50_000)], 'objects so far'],
    ['endless memo entries', ['N', repeat([0x94], 40_000)], 'remembers 37450 objects so far'],
    ['memo entries all over', ['N', Array.from({ length: 100_000 }, (_, i) => ['r', uint32((i * 2654435761) >>> 0)])], 'objects so far'],
  ])('%s', async (_, program, detail) => {
    expect((await refusal(program, STOP)).detail).toContain(detail);
  });

  test.each<[string, Piece, string]>([
    ['a stack that is empty', 'a', 'takes a value where there is none'],
    ['a value under an open group', ['N', '(', '0', '0', 'R'], 'takes a value where there is none'],
    ['a group that was not opened', 't', 'closes a group that was not opened'],
    ['a memo entry that is not there', ['h', 5], 'memo entry 5 is used before it is set'],
    ['an unknown instruction', 0xff, '0xff is not a pickle instruction'],
    ['a newer protocol', [0x80, 6], 'protocol 6 is newer than 5'],
    ['the extension registry', [0x82, 1], 'extension registry'],
    ['buffers outside', 0x97, 'a buffer that is not in the file'],
    ['a whole number of a kilobyte', [0x8b, uint32(1025), new Uint8Array(1025)], 'a whole number of 1025 bytes'],
    ['a whole number of many digits', ['L', '9'.repeat(2000), 'L\n'], 'a whole number was expected'],
    ['a global without text', [int(1), int(2), 0x93], 'not text'],
    ['an item for a number', [int(1), int(2), 'a'], 'not a list'],
    ['an entry for a list', [']', int(1), int(2), 's'], 'not a dict'],
    ['a key without a value', ['}', '(', int(1), 'u'], 'a key without a value'],
    ['state for a number', [int(1), int(2), 'b'], 'not an object'],
    ['an object without a class', ['(', 'o'], 'no class'],
    ['a bad number', 'Iabc\n', 'a whole number was expected'],
    ['a bad fraction', 'Fabc\n', 'a number was expected'],
  ])('%s', async (_, program, detail) => {
    const error = await refusal(program, STOP);
    expect(error.detail).toContain(detail);
    expect(error).not.toBeInstanceOf(PickleCutError);
    expect(error.offset).toBeGreaterThanOrEqual(100);
  });

  test.each<[string, Piece]>([
    ['text of 4 GB', ['X', uint32(2 ** 32 - 1), 'x']],
    ['text of 2^63 bytes', [0x8d, uint64(2n ** 63n), 'x']],
    ['bytes of 2^64 - 1 bytes', [0x8e, uint64(2n ** 64n - 1n), 'x']],
    ['a frame of 2^64 - 1 bytes', [0x95, uint64(2n ** 64n - 1n)]],
  ])('%s that are not there', async (_, program) => {
    expect(await refusal(program, STOP)).toBeInstanceOf(PickleCutError);
  });

  test('the refusal gives the byte in the file', async () => {
    const error = await refusal(list(int(1)), 0xff);
    expect(error.message).toBe('a.pkl at byte 107: 0xff is not a pickle instruction.');
  });
});
