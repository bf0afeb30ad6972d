import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csv } from '../../../src/formats/text/csv';
import { expected, fixture, formatErrorOf, memoryFolder, numbers, streamed } from '../bytes/memory-bytes';

async function opened(content: string | Uint8Array) {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return csv.open('/x.csv', memoryFolder({ '/x.csv': bytes }).openBytes);
}

async function read(content: string | Uint8Array) {
  const file = await opened(content);
  const matrix = file.matrix('');
  return { columns: matrix.columns, values: await streamed(matrix, 3), note: file.tensors[0]!.note };
}

test.each(Object.keys(expected.text))('%s, written by NumPy', async (name) => {
  expect(await read(fixture(name))).toMatchObject({ columns: 4, values: numbers(expected.text[name]!) });
});

test('rows are not known before they are read', async () => {
  const file = await opened('1,2\n3,4\n');
  expect(file.tensors[0]).toMatchObject({ name: '', dtype: 'text', shape: [], matrix: { rows: null, columns: 2 }, note: null });
  expect(file.matrix('')).toMatchObject({ rows: null, columns: 2, access: 'sequential' });
  await expect(file.matrix('').read(0, 1, new Float64Array(2))).rejects.toThrow('streamed');
});

describe('layouts', () => {
  const nan = Number.NaN;
  test.each<[string, string, number[], string | null]>([
    ['plain', '1,2\n3,4\n', [1, 2, 3, 4], null],
    ['no line break at the end', '1,2\n3,4', [1, 2, 3, 4], null],
    ['a single row', '1,2', [1, 2], null],
    ['one column', '1\n2\n3\n', [1, 2, 3], null],
    ['Windows line breaks', '1,2\r\n3,4\r\n', [1, 2, 3, 4], null],
    ['a byte order mark', '\uFEFF1,2\n3,4\n', [1, 2, 3, 4], null],
    ['blank lines and comments', '\n# x y\n1,2\n  \n\r\n# half\n3,4\n\n', [1, 2, 3, 4], null],
    ['spaces around cells', ' 1 , 2 \n3 ,4\t\n', [1, 2, 3, 4], null],
    ['tabs', '1\t2\n3\t4\n', [1, 2, 3, 4], null],
    ['semicolons', '1;2\n3;4\n', [1, 2, 3, 4], 'Cells are separated by semicolons.'],
    ['spaces', '  1  2\n3   4  \n5\t6\n', [1, 2, 3, 4, 5, 6], 'Cells are separated by spaces.'],
    ['quoted numbers', '"1","2"\n3,"4"\n', [1, 2, 3, 4], null],
    ['column names', 'x,y\n1,2\n3,4\n', [1, 2, 3, 4], 'Line 1 is taken as column names.'],
    ['one named column', 'x\n1\n2\n', [1, 2], 'Line 1 is taken as column names.'],
    ['columns counted, as pandas writes them', '0,1\n0.5,2\n3,4\n', [0.5, 2, 3, 4], 'Line 1 is taken as column names.'],
    ['rows that look like a count', '0,1\n1,0\n', [0, 1, 1, 0], null],
    [
      'an index, as pandas writes it',
      ',0,1\n0,0.5,2\n1,3,4\n',
      [0.5, 2, 3, 4],
      'Line 1 is taken as column names. The first column is taken as row names and left out.',
    ],
    [
      'a named id',
      'doc_id,x,y\n7,1,2\n8,3,4\n',
      [1, 2, 3, 4],
      'Line 1 is taken as column names. The first column (doc_id) is taken as row names and left out.',
    ],
    ['text ids without names', 'king,1,2\nqueen,3,4\n', [1, 2, 3, 4], 'The first column is taken as row names and left out.'],
    [
      'words, as GloVe writes them',
      'the 1 2\n" 3 4\n',
      [1, 2, 3, 4],
      'The first column is taken as row names and left out. Cells are separated by spaces.',
    ],
    [
      'row names, as R writes them',
      'x,y\n"a",1,2\n"b",3,4\n',
      [1, 2, 3, 4],
      'Line 1 is taken as column names. The first column is taken as row names and left out.',
    ],
    [
      'quoted ids with anything in them',
      'text,x\n"a, ""b""\nc",1\n"d",2\n5" disk,3\n',
      [1, 2, 3],
      'Line 1 is taken as column names. The first column (text) is taken as row names and left out.',
    ],
    [
      'missing and special numbers',
      'x,y,z\n,nan,NaN\nNA,null,None\ninf,-inf,+Infinity\n-NAN,n/a,""\n',
      [nan, nan, nan, nan, nan, nan, Infinity, -Infinity, Infinity, nan, nan, nan],
      'Line 1 is taken as column names.',
    ],
    [
      'every way to write a number',
      '+1,-2.,.5\n1e3,2E-3,-1.5e+2\n0.1000000000000000055511151231257827,1e-400,1e400\n',
      [1, -2, 0.5, 1000, 0.002, -150, 0.1, 0, Infinity],
      null,
    ],
  ])('%s', async (_, content, values, note) => {
    const result = await read(content);
    expect(result).toEqual({ columns: result.columns, values, note });
  });
});

describe('refused, with line, byte and reason', () => {
  test.each([
    ['text in a row', 'a,b\n1,2\n3,x\n', '/x.csv at byte 10: line 3: "x" is not a number.'],
    ['text behind a blank line and a quoted break', 'a,b\n\n"p\nq",2\nr,s\n', '/x.csv at byte 15: line 5: "s" is not a number.'],
    ['a decimal comma', '1,5;2,5\n', '/x.csv at byte 0: line 1: "1,5" is not a number (numbers need a decimal point, not a comma).'],
    ['a hexadecimal number', '1,2\n3,0x10\n', '/x.csv at byte 6: line 2: "0x10" is not a number.'],
    ['two columns of text', 'id,name,x\n1,a,2\n', '/x.csv at byte 12: line 2: "a" is not a number.'],
    ['a shorter row', '1,2,3\n4,5\n', '/x.csv at byte 6: line 2 has 2 cells, but the first row has 3.'],
    ['a longer row', '1,2\n\n3,4,5\n', '/x.csv at byte 5: line 3 has 3 cells, but the first row has 2.'],
    ['another number of names', 'a,b,c\n1,2\n', '/x.csv at byte 6: line 2 has 2 cells, but line 1 names 3 columns.'],
    ['names only', 'a,b\n', '/x.csv at byte 4: line 1 names columns, but no row of numbers follows.'],
    ['blank', ' \n\n', '/x.csv at byte 3: the file holds no line of numbers.'],
    ['an open quote', '1,2\n"3,4\n5,6\n', '/x.csv at byte 4: line 2: the quote that opens here is never closed.'],
    ['text behind a quote', '1,2\n"3"4,5\n', '/x.csv at byte 7: line 2: a separator was expected behind the closing quote.'],
    ['binary', '1,2\n\0\0', '/x.csv at byte 4: text was expected, but this byte is zero: the file is binary or not written yet.'],
  ])('%s', async (_, content, message) => {
    expect((await formatErrorOf(() => read(content))).message).toBe(message);
  });

  test('UTF-16', async () => {
    expect((await formatErrorOf(() => read(Uint8Array.of(0xff, 0xfe, 0x31, 0)))).message).toContain('UTF-16');
  });

  test('more cells than any table has', async () => {
    expect((await formatErrorOf(() => read(','.repeat(2 ** 21)))).message).toContain('more than 1048576 cells');
  });

  test('a line without end', async () => {
    const error = await formatErrorOf(() => read(new Uint8Array(70 * 2 ** 20).fill(0x31)));
    expect(error.message).toContain('line 1 is longer than');
  });
});

test('any numbers come back, whatever separates them, wherever the pieces of the file end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .integer({ min: 1, max: 6 })
        .chain((columns) => fc.array(fc.array(fc.double(), { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 20 })),
      fc.constantFrom(',', '\t', ';', ' '),
      fc.constantFrom('\n', '\r\n', '\n\n'),
      fc.boolean(),
      async (rows, separator, lineBreak, quoted) => {
        const cell = (x: number) => (quoted && separator !== ' ' ? `"${x}"` : String(Object.is(x, -0) ? '-0' : x));
        // Never a lone empty count such as "0,1", which may be names.
        const content = rows.map((row) => row.map(cell).join(separator)).join(lineBreak);
        const names = `c,${rows[0]!.map(() => 'x').join(',')}`.split(',').slice(1).join(separator);
        const { values } = await read(`${names}\n${content}`);
        expect(values).toEqual(rows.flat().map((x) => (quoted && separator !== ' ' && x === 0 ? 0 : x)));
      },
    ),
  );
});

test('a file of many pieces keeps its rows, line numbers and offsets', async () => {
  const lines: string[] = [];
  for (let i = 0; i < 200_000; i++) lines.push(i % 1000 === 7 ? `"id\n${i}",${i},0.5` : `id${i},${i},0.5`);
  const content = lines.join('\n');
  const matrix = (await opened(content)).matrix('');
  let rows = 0;
  for await (const { first, count, values } of matrix.stream(1000)) {
    expect(first).toBe(rows);
    for (let k = 0; k < count; k++) if (values[k * 2] !== rows + k) throw new Error(`row ${rows + k} is ${values[k * 2]}`);
    rows += count;
  }
  expect(rows).toBe(200_000);
  const error = await formatErrorOf(() => read(`${content}\nlast,x,1`));
  expect(error.message).toBe(`/x.csv at byte ${content.length + 6}: line 200201: "x" is not a number.`);
});

test('cut off at any byte, it is read or refused, and nothing stays open', async () => {
  const whole = new TextEncoder().encode('id,"x y",z\n"a,b",1.5e3,NaN\nc,-2,3\n');
  for (let length = 0; length <= whole.length; length++) {
    const folder = memoryFolder({ '/x.csv': whole.subarray(0, length) });
    const result = await csv
      .open('/x.csv', folder.openBytes)
      .then(async (file) => {
        const values = await streamed(file.matrix(''), 2).finally(() => file.close());
        expect(values.length).toBeGreaterThan(0);
      })
      .catch((error) => error);
    if (result instanceof Error) expect(result.name).toBe('FormatError');
    expect(folder.left()).toBe(0);
  }
});
