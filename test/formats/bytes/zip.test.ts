import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entryStream, readEntry, readZip, storedPart } from '../../../src/formats/bytes/zip';
import { fixture, formatErrorOf, MemoryBytes } from './memory-bytes';
import { type ArchiveLies, concat, type Member, zip } from './zip-writer';

const text = (s: string) => new TextEncoder().encode(s);
const two: Member[] = [
  { name: 'a', content: text('hello, hello, hello') },
  { name: 'dir/b', content: text('world '.repeat(1000)), deflate: true },
];

async function contents(bytes: Uint8Array, limit = 1e6): Promise<Record<string, string>> {
  const source = new MemoryBytes(bytes);
  const found: Record<string, string> = {};
  for (const entry of await readZip(source)) found[entry.name] = new TextDecoder().decode(await readEntry(source, entry, limit));
  return found;
}

const wanted = Object.fromEntries(two.map(({ name, content }) => [name, new TextDecoder().decode(content)]));

test.each([
  ['plain', {}, false],
  ['with a comment', { comment: 'a comment PK\x05\x06 that looks like an end' }, false],
  ['with a ZIP64 end', { wide: true }, false],
  ['with ZIP64 sizes', {}, true],
  ['with ZIP64 everywhere', { wide: true }, true],
])('%s', async (_, options, wide) => {
  const members = two.map((member) => ({ ...member, wide }));
  expect(await contents(zip(members, options))).toEqual(wanted);
});

test('a stored member can be read anywhere, and nowhere outside', async () => {
  const source = new MemoryBytes(zip(two));
  const [a] = await readZip(source);
  const part = storedPart(source, a!);
  const bytes = new Uint8Array(5);
  await part.read(7, bytes);
  expect(new TextDecoder().decode(bytes)).toBe('hello');
  expect((await formatErrorOf(() => part.read(15, bytes))).message).toBe(
    '/memory (a) at byte 15: 5 bytes were expected, but the data ends at byte 19.',
  );
});

test('content of any size comes back, stored and deflated', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ content: fc.uint8Array({ maxLength: 3000 }), deflate: fc.boolean(), wide: fc.boolean() }), { maxLength: 5 }),
      async (parts) => {
        const members = parts.map((part, i) => ({ ...part, name: `m${i}` }));
        const source = new MemoryBytes(zip(members));
        const entries = await readZip(source);
        expect(entries.map((entry) => entry.name)).toEqual(members.map((member) => member.name));
        for (const [i, entry] of entries.entries()) expect(await readEntry(source, entry, 1e6)).toEqual(members[i]!.content);
      },
    ),
  );
});

test('a member of several megabytes streams in pieces, and can be streamed again', async () => {
  const content = Uint8Array.from({ length: 5_000_000 }, (_, i) => (i * i) >> 8);
  const source = new MemoryBytes(zip([{ name: 'big', content, deflate: true }]));
  const [entry] = await readZip(source);
  const stream = entryStream(source, entry!);
  for (let pass = 0; pass < 2; pass++) {
    let size = 0;
    for await (const chunk of stream.chunks()) {
      expect(chunk.length).toBeLessThanOrEqual(2 ** 20);
      size += chunk.length;
    }
    expect(size).toBe(content.length);
  }
  for await (const chunk of stream.chunks()) {
    expect(chunk[1]).toBe(content[1]);
    break;
  }
});

test('cut off at any byte, it is refused', async () => {
  for (const bytes of [zip(two), zip(two, { wide: true })]) {
    for (let length = 0; length < bytes.length; length++) await formatErrorOf(() => contents(bytes.subarray(0, length)));
  }
});

test('with any byte changed, it is read or refused', async () => {
  const whole = zip(
    two.map((member) => ({ ...member, wide: true })),
    { wide: true },
  );
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 0xff]) {
      const bytes = whole.slice();
      bytes[at] = value;
      const found = await contents(bytes).catch((error) => error);
      if (found instanceof Error) expect(found.name).toBe('FormatError');
    }
  }
});

describe('hostile archives', () => {
  const member = (lies: Member['lies'], deflate = false): Member[] => [{ ...two[0]!, deflate, lies }, two[1]!];
  test.each<[string, Member[], ArchiveLies, string]>([
    ['outside the file', member({ header: 1e6 }), {}, 'outside the file'],
    [
      'overlapping',
      [two[0]!, { name: 'a', content: two[0]!.content }].map((m, i) => ({ ...m, name: `${i}`, lies: { header: 0, localName: '0' } })),
      {},
      'described differently',
    ],
    ['into the next member', member({ compressedSize: 60 }, true), {}, 'members "a" and "dir/b" of the archive overlap'],
    ['past the members', [{ ...two[0]!, lies: { size: 100, compressedSize: 100 } }], {}, 'the members end at byte'],
    ['two sizes', member({ size: 5, compressedSize: 19 }), {}, 'two sizes'],
    ['a bomb by its own words', member({ size: 1e9 }, true), {}, 'more than the method can give'],
    ['encrypted', member({ flags: 1 }), {}, 'encrypted'],
    ['an unknown method', member({ method: 12 }), {}, 'compression method 12'],
    ['another name', member({ localName: 'b' }), {}, 'described differently'],
    ['no such header', member({ header: 3 }), {}, 'expected to start here'],
    ['twice the name', [two[0]!, two[0]!], {}, 'two members named "a"'],
    ['more members than the directory holds', two, { entries: 60_000 }, 'more than its directory'],
    ['fewer bytes of directory', two, { length: 95 }, 'past the directory'],
    ['a directory outside', two, { directory: 1e6 }, 'outside the file'],
    ['a directory elsewhere', two, { directory: 0, length: 92 }, "archive's directory was expected here"],
    ['a split archive', two, { disk: 1 }, 'split'],
  ])('%s', async (_, members, lies, why) => {
    expect((await formatErrorOf(() => contents(zip(members, { lies })))).message).toContain(why);
  });

  test('two members with the same bytes', async () => {
    // Member x holds, as its content, the header and content that the directory gives for y.
    const inner = zip([{ name: 'y', content: text('inner') }]).subarray(0, 30 + 1 + 5);
    const nested = zip([
      { name: 'x', content: inner },
      { name: 'y', content: text('inner'), lies: { header: 31 } },
    ]);
    expect((await formatErrorOf(() => contents(nested))).message).toContain('members "x" and "y" of the archive overlap');
  });

  test.each<[string, ArchiveLies, string]>([
    ['an absurd count', { entries: 2 ** 40 }, 'larger than any checkpoint'],
    ['an absurd directory', { length: 2 ** 60 }, 'outside the file'],
    ['an end outside', { end64: 2 ** 60 }, 'outside the file'],
    ['an end that is none', { end64: 0 }, 'ZIP64 directory end was expected'],
  ])('ZIP64 with %s', async (_, lies, why) => {
    expect((await formatErrorOf(() => contents(zip(two, { wide: true, lies })))).message).toContain(why);
  });

  test('a bomb that declares less than it holds stops at what it declares', async () => {
    const bomb = zip([{ name: 'bomb', content: new Uint8Array(50_000_000), deflate: true, lies: { size: 1000 } }]);
    const source = new MemoryBytes(bomb);
    const [entry] = await readZip(source);
    let size = 0;
    const error = await formatErrorOf(async () => {
      for await (const chunk of entryStream(source, entry!).chunks()) size += chunk.length;
    });
    expect(error.message).toContain('more than the 1000 bytes');
    expect(size).toBe(0);
  });

  test.each<[string, Member, string]>([
    ['less content than declared', { ...two[1]!, lies: { size: 6001 } }, 'declares 6001 bytes'],
    ['a wrong checksum', { ...two[1]!, lies: { crc: 1 } }, 'CRC-32'],
    ['a wrong checksum, stored', { ...two[0]!, lies: { crc: 1 } }, 'CRC-32'],
    ['content that is not deflated', { ...two[0]!, lies: { method: 8 } }, 'damaged'],
    [
      'something behind the content',
      {
        name: 'a',
        content: concat([deflateRawSync(text('x')), text('junk')]),
        lies: { method: 8, size: 1, compressedSize: 7, crc: crc32(text('x')) },
      },
      'at byte 3: the compressed content ends here, before its 7 bytes',
    ],
  ])('%s', async (_, member, why) => {
    expect((await formatErrorOf(() => contents(zip([member])))).message).toContain(why);
  });

  test('names that climb out are only names', async () => {
    const names = ['../../etc/passwd', '/etc/passwd', 'C:\\x', '__proto__', 'a/../b'];
    const source = new MemoryBytes(zip(names.map((name) => ({ name, content: text('x') }))));
    expect((await readZip(source)).map(({ name }) => name)).toEqual(names);
  });

  test('more than the caller wants', async () => {
    expect((await formatErrorOf(() => contents(zip(two), 100))).message).toContain('6000 bytes, more than the 100');
  });
});

test('archives of other writers', async () => {
  // NumPy's use ZIP64 local headers throughout; the last one was written to a pipe, with sizes behind the data.
  for (const name of ['stored.npz', 'deflated.npz', 'descriptors.npz']) {
    const source = new MemoryBytes(fixture(name));
    for (const entry of await readZip(source)) await readEntry(source, entry, 1e6);
  }
});
