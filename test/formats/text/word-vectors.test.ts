import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../../src/formats/open';
import { wordVectors } from '../../../src/formats/text/word-vectors';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const folder = join(import.meta.dirname, '../../fixtures/formats/word-vectors');
const fixture = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<'exact' | 'five', number[]>;

async function read(content: string | Uint8Array, name = '/x.vec') {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const files = memoryFolder({ [name]: bytes });
  try {
    const file = await openTensorFile(name, { openBytes: files.openBytes, listFolder: async () => null });
    try {
      const matrix = file.matrix('');
      return { format: file.format, tensor: file.tensors[0]!, warnings: file.warnings, values: await streamed(matrix, 5) };
    } finally {
      await file.close();
    }
  } finally {
    expect(files.left()).toBe(0);
  }
}

describe('written by gensim, and as GloVe and fastText write', () => {
  test('gensim.vec', async () => {
    const { values, tensor, warnings } = await read(fixture('gensim.vec'));
    expect(values.map(Math.fround)).toEqual(expected.exact);
    expect(tensor).toMatchObject({ name: '', dtype: 'text', shape: [12, 5], matrix: { rows: 12, columns: 5 } });
    expect(warnings).toEqual([]);
  });

  test('glove.txt has words with spaces and words of digits, and no header', async () => {
    const { format, values, tensor } = await read(fixture('glove.txt'), '/glove.txt');
    expect(format).toBe('word-vectors');
    expect(values).toEqual(expected.exact);
    expect(tensor).toMatchObject({ shape: [], matrix: { rows: null, columns: 5 }, note: 'The words are left out.' });
  });

  test('fasttext.vec, also with Windows line breaks', async () => {
    expect((await read(fixture('fasttext.vec'))).values).toEqual(expected.five);
    const windows = new TextDecoder().decode(fixture('fasttext.vec')).replaceAll('\n', '\r\n');
    expect((await read(windows, '/x.txt')).values).toEqual(expected.five);
  });
});

describe('told from tables by content', () => {
  test.each([
    ['a header', '2 3\na 1 2 3\nb 4 5 6\n', 'word-vectors'],
    ['a word first', ', 0.5 2 3\nb 4 5 6\n', 'word-vectors'],
    ['a word of several parts first', '. . . 0.5 2 3\nb 4 5 6\n', 'word-vectors'],
    ['a plain table of two columns', '2 3\n4 5\n', 'csv'],
    ['names of columns', 'x y z\n4 5 6\n', 'csv'],
    ['columns counted', 'id 0 1 2\na 4 5 6\n', 'csv'],
    ['commas', 'a,1,2\nb,3,4\n', 'csv'],
  ])('%s', async (_, content, format) => {
    expect((await read(content, '/x.txt')).format).toBe(format);
    expect((await read(content, '/x.tsv')).format).toBe(format);
  });

  test('a first line that is longer than what is looked at', async () => {
    const numbers = Array.from({ length: 300 }, (_, i) => (i / 7).toFixed(6));
    expect((await read(`2 300\nthe ${numbers.join(' ')}\nof ${numbers.join(' ')}\n`, '/x.txt')).format).toBe('word-vectors');
    expect((await read(`the ${numbers.join(' ')}\n`, '/x.txt')).format).toBe('word-vectors');
  });
});

test('words that are numbers, or stand for none, do not change the number of dimensions', async () => {
  expect((await read('1 2 3\nnan 4 5\n7 8 9 10\nthe 11 12\n')).values).toEqual([2, 3, 4, 5, 9, 10, 11, 12]);
});

test('one dimension, an empty word, runs of spaces, tabs, and what Python writes for numbers that are none', async () => {
  expect((await read('2 1\na 1\nb 2\n')).values).toEqual([1, 2]);
  expect((await read('2 3\n 1 2 3\nb  4  5   inf \n')).values).toEqual([1, 2, 3, 4, 5, Number.POSITIVE_INFINITY]);
  expect((await read('a\t1\t2\nb\tnan\t-4e-3\n')).values).toEqual([1, 2, Number.NaN, -0.004]);
});

describe('refused, with line, byte and reason', () => {
  test.each([
    ['fewer words than promised', '3 2\na 1 2\nb 3 4\n', '/x.vec at byte 16: line 1 promises 3 words, but the file ends behind 2.'],
    ['more words than promised', '1 2\na 1 2\nb 3 4\n', '/x.vec at byte 10: line 1 promises 1 words, but line 3 holds another.'],
    ['fewer numbers', 'a 1 2 3\nb 1 2\n', '/x.vec at byte 8: line 2 has 2 numbers behind its word, but 3 were expected.'],
    ['text among the numbers', '2 2\na 1 2\nb x 4\n', '/x.vec at byte 12: line 3: "x" is not a number.'],
    [
      'a count that lies',
      '999999999 300\na 1 2\n',
      '/x.vec at byte 0: line 1 promises 999999999 words with 300 numbers each, which 20 bytes cannot hold.',
    ],
    ['dimensions that lie', '1 99999999999999999999\na 1 2\n', /cannot hold/],
    ['no words', '0 3\na 1 2 3\n', /cannot hold/],
    ['words alone', 'a\nb\n', '/x.vec at byte 0: a word and its numbers were expected in each line.'],
    ['blank', '\n', /a word and its numbers/],
    ['binary', 'a 1 2\n\0\0\0\0', /binary/],
  ])('%s', async (_, content, message) => {
    const error = await formatErrorOf(() => read(content));
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });
});

test('cut off at any byte, it is refused, or the warning says that it may be', async () => {
  for (const name of ['gensim.vec', 'fasttext.vec']) {
    const whole = fixture(name);
    const values = (await read(whole)).values;
    for (let end = 0; end < whole.length; end++) {
      const files = memoryFolder({ '/x.vec': whole.slice(0, end) });
      const open = async () => {
        const file = await wordVectors.open('/x.vec', files.openBytes);
        return { warnings: file.warnings, values: await streamed(file.matrix(''), 5).finally(() => file.close()) };
      };
      const result = await open().catch((error: Error) => error);
      if (result instanceof Error) expect(result.name).toBe('FormatError');
      else {
        // Of a word that ends in a number, that number may stand for one that is cut off.
        expect(result.values.slice(0, -5)).toEqual(values.slice(0, -5));
        expect(result.warnings[0]).toMatch(/cut off/);
      }
      expect(files.left()).toBe(0);
    }
  }
});
