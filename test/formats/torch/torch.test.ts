import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../../src/formats/format-error';
import type { TensorFile } from '../../../src/formats/matrix-source';
import { torch } from '../../../src/formats/torch/torch';
import { formatErrorOf, memoryFolder, numbers, streamed } from '../bytes/memory-bytes';
import {
  assemble,
  call,
  dict,
  global,
  int,
  legacyFile,
  list,
  type Piece,
  STOP,
  storage,
  tensor,
  text,
  tuple,
  uint32,
} from './pickle-bytes';

const fixtures = join(import.meta.dirname, '../..', 'fixtures', 'formats', 'torch');
const fixture = (name: string) => new Uint8Array(readFileSync(join(fixtures, name)));

interface ExpectedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Null where PyTorch has no strided numbers. */
  readonly values: readonly (number | string)[] | null;
}
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as Record<string, readonly ExpectedTensor[]>;

async function open(bytes: Uint8Array): Promise<TensorFile> {
  return torch.open('/model.pt', memoryFolder({ '/model.pt': bytes }).openBytes);
}
const refusal = (bytes: Uint8Array) => formatErrorOf(() => open(bytes));
const byName = (file: TensorFile) => new Map(file.tensors.map((info) => [info.name, info]));
const names = (file: TensorFile) => file.tensors.map((info) => info.name);

describe.each(Object.keys(expected))('%s, as PyTorch reads it', (name) => {
  test('has the same tensors and values', async () => {
    const folder = memoryFolder({ '/model.pt': fixture(name) });
    const file = await torch.open('/model.pt', folder.openBytes);
    const inOrder = (list: readonly { name: string }[]) => list.map((tensor) => tensor.name).sort();
    expect(inOrder(file.tensors)).toEqual(inOrder(expected[name]!));
    const infos = byName(file);
    let compared = 0;
    for (const tensor of expected[name]!) {
      const info = infos.get(tensor.name)!;
      expect(info).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
      if (info.matrix === null) {
        const few = tensor.shape.length < 2 || tensor.shape.includes(0);
        expect(few || tensor.values === null || tensor.name === 'expanded').toBe(true);
        expect(info.note).not.toBeNull();
        continue;
      }
      expect(await streamed(file.matrix(tensor.name), 2)).toEqual(numbers(tensor.values!));
      compared++;
    }
    expect(compared).toBeGreaterThan(0);
    await file.close();
    expect(folder.left()).toBe(0);
  });

  test('cut anywhere, is refused in one sentence and closed', async () => {
    const bytes = fixture(name);
    for (let length = 0; length < bytes.length; length++) {
      const folder = memoryFolder({ '/model.pt': bytes.subarray(0, length) });
      const { message } = await formatErrorOf(() => torch.open('/model.pt', folder.openBytes));
      expect(message).toMatch(/^\/model\.pt.*[^.]\.$/);
      expect(folder.left()).toBe(0);
    }
  });

  test('with bytes changed, is read or refused', async () => {
    const bytes = fixture(name);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        const folder = memoryFolder({ '/model.pt': damaged });
        try {
          const file = await torch.open('/model.pt', folder.openBytes);
          for (const { name, matrix } of file.tensors) if (matrix !== null) await streamed(file.matrix(name), 16);
          await file.close();
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        for (const source of folder.sources) expect(source.longestRead).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('views', () => {
  test.each(['views.pt', 'views-legacy.pt'])('%s: what cannot be a matrix says why', async (name) => {
    const file = await open(fixture(name));
    const infos = byName(file);
    const note = (tensor: string) => infos.get(tensor)!.note;
    expect(note('base')).toBeNull();
    expect(note('tied')).toBe('It is the same tensor as "base".');
    expect(note('expanded')).toMatch(/use elements twice; save a contiguous copy/);
    expect(infos.get('expanded')!.bytes).toBe(16);
    expect(note('vector')).toMatch(/vector/);
    expect(note('empty')).toMatch(/no elements/);
    expect(note('complex')).toBe('Elements of type complex64 cannot be read yet.');
    expect(note('quantised')).toMatch(/^Quantised/);
    expect(note('sparse')).toMatch(/^Sparse/);
    expect(infos.get('sparse')!.shape).toEqual([3, 3]);
    expect(note('conv_weight')).toMatch(/flattened to 3 x 8/);
    expect(() => file.matrix('vector')).toThrow(FormatError);
    expect(() => file.matrix('toString')).toThrow(/there is no tensor named "toString"/);
  });
});

describe('names', () => {
  test('an unexpected class is named, and read all the same', async () => {
    expect((await open(fixture('checkpoint.pt'))).warnings).toEqual([
      'Loading this file with pickle can run code: it names argparse.Namespace, which tensors do not need. Here it was read as data, and nothing was called.',
    ]);
    expect((await open(fixture('views.pt'))).warnings).toEqual([]);
    expect((await open(fixture('script.pt'))).warnings).toEqual([]);
  });

  test('JavaScript’s own names are just names, and repeated names stay apart', async () => {
    const t = tensor(storage('0', 4), 0, [2, 2], [2, 1]);
    const file = await open(
      legacyFile(dict(text('__proto__'), t, text('constructor'), t, text('a.b'), t, text('a'), dict(text('b'), t)), { 0: [1, 2, 3, 4] }),
    );
    expect(names(file)).toEqual(['__proto__', 'constructor', 'a.b', 'a.b (2)']);
    expect(await streamed(file.matrix('__proto__'), 1)).toEqual([1, 2, 3, 4]);
    expect(await streamed(file.matrix('a.b (2)'), 1)).toEqual([1, 2, 3, 4]);
  });

  test('keys of every kind lead to tensors', async () => {
    const t = tensor(storage('0', 1), 0, [1, 1], [1, 1]);
    const pairs = call(global('collections', 'OrderedDict'), tuple(list(list(text('py2'), t))));
    const file = await open(legacyFile(dict(int(3), list(t, tuple(t)), 'N', t, tuple(text('k'), int(1)), t, text('o'), pairs), { 0: [1] }));
    expect(names(file)).toEqual(['3.0', '3.1.0', 'None', '(k, 1)', 'o.py2']);
  });
});

describe('the layout before PyTorch 1.6', () => {
  test('parts of storages are respected', async () => {
    const part = tuple(text('view'), int(2), int(4));
    const file = await open(legacyFile(tensor(storage('0', 6, 'FloatStorage', part), 0, [2, 2], [2, 1]), { 0: [0, 1, 2, 3, 4, 5] }));
    expect(await streamed(file.matrix(''), 8)).toEqual([2, 3, 4, 5]);
  });

  test('only the pickles are read to list the tensors', async () => {
    const values = new Array<number>(1_000_000).fill(1);
    const folder = memoryFolder({ '/model.pt': legacyFile(tensor(storage('0', 1_000_000), 0, [1000, 1000], [1000, 1]), { 0: values }) });
    await torch.open('/model.pt', folder.openBytes);
    expect(folder.sources[0]!.longestRead).toBeLessThanOrEqual(64 * 1024);
  });

  test('a pickle longer than the first window is read whole', async () => {
    const t = tensor(storage('0', 1), 0, [1, 1], [1, 1]);
    const many = dict(...Array.from({ length: 3000 }, (_, i) => [text(`layer.${i}`), t]));
    expect((await open(legacyFile(many, { 0: [1] }))).tensors).toHaveLength(3000);
  });

  test.each<[string, Uint8Array, string]>([
    [
      'another count of elements',
      legacyFile(tensor(storage('0', 4), 0, [2, 2], [2, 1]), { 0: [1, 2, 3] }),
      'storage "0" has 3 elements here, but 4 in the object',
    ],
    [
      'a storage described twice',
      legacyFile(list(storage('0', 4), storage('0', 3)), { 0: [1, 2, 3] }),
      'storage "0" is described in two ways',
    ],
    ['a storage that nothing uses', legacyFile(']', { 0: [1] }), 'the list of storages does not fit the object'],
    ['a pickle of something else', assemble(0x80, 2, ']', STOP), 'a pickle, but not one of torch.save'],
    ['no tensors', legacyFile(dict(text('epoch'), int(3))), 'the file holds no tensors.'],
    ['only an attack', legacyFile(call(global('posix', 'system'), tuple(text('true')))), 'it names posix.system'],
  ])('%s is refused', async (_, bytes, detail) => {
    expect((await refusal(bytes)).detail).toContain(detail);
  });
});

describe('one bad tensor does not hide the others', () => {
  const good = tensor(storage('0', 4), 0, [2, 2], [2, 1]);
  test.each<[string, Piece, RegExp]>([
    ['a shape larger than its storage', tensor(storage('0', 4), 0, [3, 2], [2, 1]), /leaves storage "0"/],
    ['a vector outside its storage', tensor(storage('0', 4), 3, [2], [1]), /leaves storage "0"/],
    ['an absurd shape', tensor(storage('0', 4), 0, [2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1], [1, 1, 1]), /leaves storage "0"/],
    ['a negative size', tensor(storage('0', 4), 0, [-1, 2], [2, 1]), /damaged or of an unknown kind/],
    ['fewer strides than sizes', tensor(storage('0', 4), 0, [2, 2], [1]), /damaged or of an unknown kind/],
    ['text for a storage', tensor(text('0'), 0, [2, 2], [2, 1]), /damaged or of an unknown kind/],
    [
      'a part outside its storage',
      tensor(storage('0', 4, 'FloatStorage', tuple(text('v'), int(3), int(2))), 0, [2, 1], [1, 1]),
      /leaves storage "0"/,
    ],
    [
      'a tensor without elements',
      call(global('torch._utils', '_rebuild_meta_tensor_no_storage'), tuple(global('torch', 'float32'), tuple(int(2), int(2)))),
      /holds no elements/,
    ],
    [
      'a NumPy array',
      [call(global('numpy.core.multiarray', '_reconstruct'), tuple('N')), tuple(int(1), tuple(int(2), int(2)), 'N'), 'b'],
      /NumPy array/,
    ],
    [
      'a tensor with a pending sign',
      call(
        global('torch._utils', '_rebuild_tensor_v2'),
        tuple(storage('0', 4), int(0), tuple(int(2), int(2)), tuple(int(2), int(1)), 0x89, 'N', dict(text('neg'), 0x88)),
      ),
      /change of sign/,
    ],
  ])('%s', async (_, bad, note) => {
    const file = await open(legacyFile(dict(text('bad'), bad, text('good'), good), { 0: [1, 2, 3, 4] }));
    expect(byName(file).get('bad')!.matrix).toBeNull();
    expect(byName(file).get('bad')!.note).toMatch(note);
    expect(await streamed(file.matrix('good'), 2)).toEqual([1, 2, 3, 4]);
  });

  test('a storage that is missing from the archive, or too small', async () => {
    const replaced = (from: string, to: string) =>
      new Uint8Array(Buffer.from(Buffer.from(fixture('views.pt')).toString('latin1').replaceAll(from, to), 'latin1'));
    const missing = byName(await open(replaced('views/data/0', 'views/data/x')));
    expect(missing.get('base')!.note).toBe('The archive has no member "views/data/0" for its elements.');
    expect(missing.get('bf16')!.matrix).not.toBeNull();
    const small = byName(await open(replaced('K\x1et', 'K\x1ft')));
    expect(small.get('base')!.note).toBe('Member "views/data/0" of the archive has 120 bytes, but 124 are needed.');
    expect(small.get('bf16')!.matrix).not.toBeNull();
  });

  test('codes that need a scale are not taken for numbers', async () => {
    const codes = tensor(storage('0', 4, 'CharStorage'), 0, [2, 2], [2, 1]);
    const bytes = legacyFile(dict(text('fc.weight'), codes, text('fc.SCB'), tensor(storage('1', 2), 0, [2], [1])), { 1: [1, 1] });
    expect(byName(await open(bytes)).get('fc.weight')!.note).toContain('only together with "fc.SCB"');
  });
});

describe('hostile objects', () => {
  const good = tensor(storage('0', 1), 0, [1, 1], [1, 1]);
  const withGood = (bad: Piece) => open(legacyFile(dict(text('bad'), bad, text('good'), good), { 0: [1] }));

  test('calls are data, told in a warning', async () => {
    const file = await withGood(call(global('posix', 'system'), tuple(text('true'))));
    expect(names(file)).toEqual(['good']);
    expect(file.warnings).toEqual([expect.stringContaining('it names posix.system, which tensors do not need')]);
  });

  test('a call dressed as a tensor of a class is told too', async () => {
    const hidden = call(global('torch._tensor', '_rebuild_from_type_v2'), tuple(global('posix', 'system'), 'N', tuple(text('true')), 'N'));
    expect((await withGood(hidden)).warnings[0]).toContain('posix.system');
  });

  test('many unexpected names are not all listed, and odd ones are quoted', async () => {
    const file = await withGood(list(...Array.from({ length: 9 }, (_, i) => global('a b', `f${i}`))));
    expect(file.warnings[0]).toContain('"a b.f0", "a b.f1", "a b.f2", "a b.f3", "a b.f4" and 4 more');
  });

  test('a list in itself, a call in its own state, and a tensor wrapped in itself', async () => {
    const self: Piece = [']', ['q', 9], ['h', 9], 'a'];
    const stateful: Piece = [call(global('m', 'C'), ')'), ['q', 8], ['h', 8], 'b'];
    const args: Piece = [']', ['q', 7], call(global('torch._utils', '_rebuild_parameter'), tuple(['h', 7])), 'a'];
    for (const bad of [self, stateful, args]) expect(names(await withGood(bad))).toEqual(['good']);
    const wrapped = Array.from({ length: 100 }).reduce<Piece>(
      (inner) => call(global('torch._utils', '_rebuild_parameter'), tuple(inner)),
      good,
    );
    expect(names(await withGood(wrapped))).toHaveLength(2);
  });

  test('a billion laughs are walked once', async () => {
    const laughs: Piece[] = [];
    for (let level = 1; level < 100; level++) laughs.push(tuple(...new Array<Piece>(10).fill(['h', level - 1])), ['q', level], '0');
    const file = await withGood([good, ['q', 0], '0', laughs, ['h', 99]]);
    expect(file.tensors).toHaveLength(11);
  });

  test('nesting without end is left out, and said to be', async () => {
    const deep: Piece = [new Uint8Array(30_000).fill(0x5d), new Uint8Array(29_999).fill(0x61)];
    const file = await withGood(deep);
    expect(names(file)).toEqual(['good']);
    expect(file.warnings).toEqual(['Parts of the file are nested too deeply to be a model, and were not looked at.']);
  });

  test('long names repeated without end are refused', async () => {
    const long = 'n'.repeat(1000);
    const lists = dict(text(long), [good, ['q', 0]]);
    const many: Piece = [']', '(', lists, Array.from({ length: 70_000 }, () => ['}', text('n'.repeat(990)), ['h', 0], 's']), 'e'];
    expect((await refusal(legacyFile(many, { 0: [1] }))).detail).toMatch(/names of its tensors take more than 64 MB/);
  });

  test('a storage of absurd length is refused before anything is allocated', async () => {
    const absurd: Piece = [
      tuple(text('storage'), global('torch', 'DoubleStorage'), text('0'), text('cpu'), [0x8a, 7, new Uint8Array(6).fill(255), 0x0f]),
      'Q',
    ];
    const folder = memoryFolder({ '/model.pt': legacyFile(tensor(absurd, 0, [1, 1], [1, 1]), { 0: [1] }) });
    await expect(torch.open('/model.pt', folder.openBytes)).rejects.toThrow(/storage "0" has 1 elements here/);
    expect(folder.sources[0]!.longestRead).toBeLessThanOrEqual(folder.sources[0]!.size);
    expect(folder.left()).toBe(0);
  });
});

describe('other files', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /empty/],
    ['text', assemble('hello'), /a ZIP archive or a pickle, as torch\.save writes, was expected/],
    ['a tar file', assemble(new Uint8Array(257), 'ustar', new Uint8Array(300)), /tar file of PyTorch before/],
    ['an archive of something else', assemble('PK\x05\x06', new Uint8Array(18)), /without data\.pkl/],
    ['half a pickle', assemble(0x80, 2, 'X', uint32(99), 'x'), /ends early/],
  ])('%s is refused', async (_, bytes, detail) => {
    expect((await refusal(bytes)).detail).toMatch(detail);
  });
});
