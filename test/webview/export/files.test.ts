import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { csv, type DataCell, exportFile, markdownTable, markdownText } from '../../../webview/export/files';

describe('csv', () => {
  test('numbers have all their digits, what is no number its name, and nothing is empty', () => {
    const text = csv(
      ['name', 'value'],
      [
        ['a', 0.1 + 0.2],
        ['b', Number.NaN],
        ['c', -Infinity],
        ['d', null],
        ['e', 1e-300],
      ],
    );
    expect(text).toBe('name,value\r\na,0.30000000000000004\r\nb,NaN\r\nc,-Infinity\r\nd,\r\ne,1e-300\r\n');
  });

  test('commas, quotes and line ends are quoted', () => {
    expect(csv(['a,b'], [['say "hi"'], ['two\r\nlines']])).toBe('"a,b"\r\n"say ""hi"""\r\n"two\r\nlines"\r\n');
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('text that a spreadsheet would run is only text: %j', (text) => {
    expect(csv([], [[text]]).split('\r\n', 2)[1]).toMatch(/^"?'/);
  });

  test('numbers may be negative', () => expect(csv(['x'], [[-1.5]])).toBe('x\r\n-1.5\r\n'));

  test('comes back cell by cell', () => {
    const cell = fc.oneof(fc.string(), fc.double(), fc.constant(null));
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 2 })), (rows) => {
        const written = (value: DataCell) => (value === null ? '' : typeof value === 'number' ? String(value) : value);
        const [, ...read] = parse(csv(['a', 'b'], rows));
        expect(read.map((row) => row.map((text) => text.replace(/^'(?=[=+\-@\t\r])/, '')))).toEqual(
          rows.map((row) => row.map((value) => written(value).replace(/^'(?=[=+\-@\t\r])/, ''))),
        );
      }),
    );
  });
});

/** RFC 4180, step by step. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    let field = '';
    if (text[at] === '"') {
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (text[at] === '"') at++;
        field += text[at];
      }
      at++;
    } else {
      while (text[at] !== ',' && text[at] !== '\r') field += text[at++];
    }
    row.push(field);
    if (text[at] === ',') at++;
    else {
      at += 2;
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

describe('markdown', () => {
  test('a table', () => {
    expect(markdownTable(['A', 'B|C'], [['1', '2\n3']])).toBe('| A | B\\|C |\n| --- | --- |\n| 1 | 2 3 |\n');
  });

  test('nothing in a name is markup', () => {
    expect(markdownText('<img src=x> [a](b) *c* _d_ `e` #f $g$ &amp;')).toBe(
      '\\<img src=x\\> \\[a\\](b) \\*c\\* \\_d\\_ \\`e\\` \\#f \\$g\\$ \\&amp;',
    );
  });
});

test('a file is named by one part of a path, ends in what a panel makes, and is not endless', () => {
  const accepted = (change: object) => v.safeParse(exportFile, { name: 'a.png', encoding: 'base64', content: '', ...change }).success;
  expect(accepted({})).toBe(true);
  for (const name of ['../a.png', 'a\\b.png', 'a.exe', '.png', 'a.npy', `${'a'.repeat(300)}.png`])
    expect(accepted({ name }), name).toBe(false);
  expect(accepted({ encoding: 'latin1' })).toBe(false);
  expect(accepted({ content: 'x'.repeat(64 * 1024 * 1024 + 1) })).toBe(false);
});
