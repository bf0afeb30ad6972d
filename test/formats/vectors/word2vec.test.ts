import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../../src/formats/open';
import { word2vec } from '../../../src/formats/vectors/word2vec';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const folder = join(import.meta.dirname, '../../fixtures/formats/word-vectors');
const fixture = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const expected = (JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as { exact: number[] }).exact;

describe.each(['gensim.bin', 'original.bin'])('%s', (name) => {
  test('is told from PyTorch by its content, and streams', async () => {
    const files = memoryFolder({ '/x.bin': fixture(name) });
    const file = await openTensorFile('/x.bin', { openBytes: files.openBytes, listFolder: async () => null });
    expect(file.format).toBe('word2vec');
    expect(file.tensors[0]).toMatchObject({ name: '', dtype: 'float32', shape: [12, 5], bytes: 240, matrix: { rows: 12, columns: 5 } });
    for (const rowsPerBlock of [1, 5, 100]) expect(await streamed(file.matrix(''), rowsPerBlock)).toEqual(expected);
    await file.close();
    expect(files.left()).toBe(0);
  });

  test('cut off anywhere, it is refused', async () => {
    const whole = fixture(name);
    // The line break behind the last vector says nothing.
    const end = name === 'original.bin' ? whole.length - 1 : whole.length;
    for (let size = 0; size < end; size++) {
      const files = memoryFolder({ '/x.bin': whole.slice(0, size) });
      const error = await formatErrorOf(async () => {
        const file = await word2vec.open('/x.bin', files.openBytes);
        await streamed(file.matrix(''), 100).finally(() => file.close());
      });
      expect(error.detail).toMatch(/expected here|cannot hold|ends inside word \d+ of 12/);
      expect(files.left()).toBe(0);
    }
  });
});

describe('refused', () => {
  const changed = (header: string, rest: Uint8Array = fixture('gensim.bin').subarray(5)) => Buffer.concat([Buffer.from(header), rest]);
  test.each([
    ['a count that lies', changed('99999999999 5\n'), /cannot hold/],
    ['no words', changed('0 5\n'), /cannot hold/],
    ['dimensions that lie', changed('12 99999999999999999999\n'), /cannot hold/],
    ['fewer words than there are', changed('11 5\n'), /bytes are left behind the last of the 11 words/],
    ['a name without end', changed('1 5\n', Buffer.alloc(70_000, 'a')), /name of word 1 of 1 has no end within 65536 bytes/],
    ['another header', changed('12,5\n'), /was expected here/],
  ])('%s', async (_, bytes, message) => {
    const files = memoryFolder({ '/x.bin': bytes });
    const error = await formatErrorOf(async () => {
      const file = await word2vec.open('/x.bin', files.openBytes);
      await streamed(file.matrix(''), 100).finally(() => file.close());
    });
    expect(error.detail).toMatch(message);
    expect(files.left()).toBe(0);
  });
});

test('a file of many pieces, read in bounded memory', async () => {
  const [words, columns] = [20_000, 100];
  const parts: Buffer[] = [Buffer.from(`${words} ${columns}\n`)];
  for (let i = 0; i < words; i++) {
    const row = Buffer.alloc(columns * 4);
    // 0x20202020 and 0x0a0a0a0a as float32: bytes that look like spaces and line breaks.
    for (let j = 0; j < columns; j++) row.writeUInt32LE(j === 0 ? 0x0a0a0a0a : j === 1 ? 0x20202020 : 0x3f800000, 4 * j);
    row.writeFloatLE(i, 4 * 2);
    parts.push(Buffer.from(`w${i} `), row);
  }
  const files = memoryFolder({ '/x.bin': Buffer.concat(parts) });
  const file = await word2vec.open('/x.bin', files.openBytes);
  let rows = 0;
  for await (const { count, values } of file.matrix('').stream(1000)) {
    for (let k = 0; k < count; k++) if (values[k * columns + 2] !== rows + k) throw new Error(`row ${rows + k}`);
    rows += count;
  }
  expect(rows).toBe(words);
  expect(files.sources[0]!.longestRead).toBeLessThan(2 ** 21);
});
