import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { json } from '../../../src/formats/json/json';
import { openTensorFile } from '../../../src/formats/open';
import { formatErrorOf, memoryFolder, streamed } from '../bytes/memory-bytes';

const folder = join(import.meta.dirname, '../../fixtures/formats/json');
const fixture = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const expected = (JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as number[][]).flat();
const nan = Number.NaN;

/** Values of each matrix by its name, or why it is none. */
async function read(content: string | Uint8Array): Promise<Record<string, number[] | string | null>> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const files = memoryFolder({ '/x.json': bytes });
  try {
    const file = await json.open('/x.json', files.openBytes);
    try {
      const result: Record<string, number[] | string | null> = {};
      for (const { name, matrix, note } of file.tensors) result[name] = matrix === null ? note : await streamed(file.matrix(name), 3);
      return result;
    } finally {
      await file.close();
    }
  } finally {
    expect(files.left()).toBe(0);
  }
}

describe('written by Python', () => {
  test.each([
    ['records.jsonl', 'embedding'],
    ['lists.ndjson', ''],
    ['lists.json', ''],
    ['openai.json', 'data.embedding'],
    ['base64.json', 'data.embedding'],
    ['batch.jsonl', 'response.body.data.embedding'],
    ['columns.json', 'embeddings'],
    ['dictionary.json', ''],
    ['two.json', 'q'],
  ])('%s', async (name, field) => {
    const files = memoryFolder({ [`/${name}`]: fixture(name) });
    const file = await openTensorFile(`/${name}`, { openBytes: files.openBytes, listFolder: async () => null });
    expect(file.format).toBe('json');
    expect(file.tensors.find((tensor) => tensor.name === field)).toMatchObject({ shape: [], matrix: { rows: null, columns: 4 } });
    expect(await streamed(file.matrix(field), 3)).toEqual(expected);
    await file.close();
    expect(files.left()).toBe(0);
  });

  test('what else holds numbers is listed with why it is no matrix, or left out', async () => {
    const fields = await read(fixture('records.jsonl'));
    expect(Object.keys(fields)).toEqual(['embedding', 'tokens']);
    expect(fields.tokens).toBe('Its vectors differ in length: 1 in the first, 2 in line 2.');
    expect(Object.keys(await read(fixture('columns.json')))).toEqual(['embeddings']);
    expect(Object.keys(await read(fixture('two.json')))).toEqual(['q', 'd']);
  });

  test('notes and types', async () => {
    const tensorOf = async (name: string) => (await json.open('/x', memoryFolder({ '/x': fixture(name) }).openBytes)).tensors[0];
    expect(await tensorOf('base64.json')).toMatchObject({ dtype: 'float32', note: 'Written as base64 of float32.' });
    expect(await tensorOf('dictionary.json')).toMatchObject({ dtype: 'text', note: 'Each name is a row; the names are left out.' });
    expect(await tensorOf('two.json')).toMatchObject({ dtype: 'text', note: null });
  });

  test('an index of a model is not opened as vectors', async () => {
    const files = memoryFolder({ '/model.safetensors.index.json': new TextEncoder().encode('{"weight_map":{}}') });
    const error = await formatErrorOf(() =>
      openTensorFile('/model.safetensors.index.json', { openBytes: files.openBytes, listFolder: async () => null }),
    );
    expect(error.message).not.toContain('vectors');
  });
});

describe('layouts', () => {
  test.each<[string, string, Record<string, number[] | string | null>]>([
    ['one vector', '[1, -2.5e1]', { '': [1, -25] }],
    ['a byte order mark and Windows line breaks', '\uFEFF{"v":[1,2]}\r\n{"v":[3,4]}\r\n', { v: [1, 2, 3, 4] }],
    ['documents without anything between them', '[1,2][3,4]', { '': [1, 2, 3, 4] }],
    ['lists of lists of lists', '[[[1,2],[3,4]],[[5,6]]]', { '': [1, 2, 3, 4, 5, 6] }],
    [
      'missing numbers and vectors',
      '{"v":[1,null]}\n{"v":null}\n{"w":0}\n{"v":[NaN,-Infinity]}',
      { v: [1, nan, nan, nan, nan, -Infinity] },
    ],
    ['missing vectors in a list', '[[1,2],null,[3,4]]', { '': [1, 2, nan, nan, 3, 4] }],
    ['escaped names', '{"a\\"\\u0062\\\\":[1,2]}\n{"a\\"b\\\\":[3,4]}', { 'a"b\\': [1, 2, 3, 4] }],
    ['names that look alike when joined', '{"a.b":[1],"a":{"b":[2]}}\n{"a.b":[3],"a":{"b":[4]}}', { 'a.b': [1, 3], '["a","b"]': [2, 4] }],
    [
      'names that objects have of their own',
      '{"__proto__":[1,2],"constructor":[3,4]}',
      { __proto__: [1, 2], constructor: [3, 4] } as never,
    ],
    [
      'lists of other things',
      '{"v":[1,2],"s":["a"],"m":[1,"a"],"b":[true],"o":[{}],"e":[]}\n{"v":[3,4],"s":[],"m":["a",1]}',
      { v: [1, 2, 3, 4] },
    ],
    ['strings that are no base64', '{"embedding":"hello world!"}\n{"embedding":"abc"}\n{"v":[1]}', { v: [1] }],
    ['base64 with escaped slashes', '{"embedding":"AACAP\\/\\/\\/f38="}', { embedding: [1, 3.4028234663852886e38] }],
  ])('%s', async (_, content, wanted) => {
    const found = await read(content);
    if (Object.hasOwn(wanted, '__proto__') || content.includes('__proto__')) expect(found.constructor).toEqual([3, 4]);
    else expect(found).toEqual(wanted);
  });
});

describe('refused, with line, byte and reason', () => {
  test.each([
    [
      'another length',
      '{"v":[1,2]}\n{"v":[1,2,3]}',
      '/x.json: field "v" cannot be read as a matrix. Its vectors differ in length: 2 in the first, 3 in line 2.',
    ],
    ['no vectors', '{"a":"b"}', '/x.json: no field holds vectors, which are arrays of numbers.'],
    ['no JSON', '{"v":[1,2]}\nhello', '/x.json at byte 12: line 2: a value was expected, not "hello".'],
    ['a missing comma', '{"v":[1 2]}', '/x.json at byte 8: line 1: a comma or ] was expected, not "2]}".'],
    ['a missing colon', '{"v" [1]}', '/x.json at byte 5: line 1: a colon was expected, not "[1]}".'],
    ['a name without quotes', '{v:[1]}', '/x.json at byte 1: line 1: a name in quotes was expected, not "v:[1]}".'],
    ['a comma too many', '{"v":[1,]}', '/x.json at byte 8: line 1: a value was expected, not "]}".'],
    ['too deep', '['.repeat(300), '/x.json at byte 256: line 1: more than 256 values lie inside one another.'],
    ['an open string', '{"v":[1,2],"a":"b\\"', '/x.json at byte 19: line 1: the text ends inside a value.'],
    ['binary', '[1,2]\0', /binary/],
  ])('%s', async (_, content, message) => {
    const error = await formatErrorOf(() => read(content));
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
  });

  /** Behind what is looked at when the file is opened. */
  const far = `{"v":[1,2],"text":"${'x'.repeat(1000)}"}\n`.repeat(6000);
  test.each([
    ['{"v":[1,2,3]}', 'line 6001: a vector of "v" has length 3, but the first has 2.'],
    ['{"v":[]}', 'line 6001: a vector of "v" has length 0, but the first has 2.'],
    ['{"v":[1,"2"]}', 'line 6001: a vector of numbers was expected here.'],
    ['{"v":[1,[2]]}', 'line 6001: a vector holds something other than numbers.'],
    ['{"v":"none"}', 'line 6001: a vector of numbers was expected here.'],
    ['{"v":7}', 'line 6001: a vector of numbers was expected here.'],
    ['{"v":[1,2]', 'line 6001: the text ends inside a value.'],
  ])('far inside: %s', async (last, detail) => {
    expect((await formatErrorOf(() => read(far + last))).detail).toBe(detail);
  });
});

test('cut off at any byte, it is refused or holds the first documents', async () => {
  for (const name of ['records.jsonl', 'openai.json', 'base64.json', 'dictionary.json']) {
    const whole = fixture(name);
    for (let end = 1; end < whole.length; end += 3) {
      const result = await read(whole.slice(0, end)).catch((error: Error) => error);
      if (result instanceof Error) expect(result.name).toBe('FormatError');
      else expect(expected.slice(0, (result.embedding as number[])?.length ?? 0)).toEqual(result.embedding ?? []);
      if (name !== 'records.jsonl' && end < whole.lastIndexOf(0x7d)) expect(result).toBeInstanceOf(Error);
    }
  }
});

test('any documents give what JSON.parse gives, wherever the pieces of the file end', async () => {
  // Strings of backslashes and quotes of about a piece's length, so that the pieces end inside all kinds of tokens.
  const filler = fc.integer({ min: 2 ** 20 - 120, max: 2 ** 20 - 20 }).map((n) => 'x'.repeat(n));
  const tricky = fc.string({ unit: fc.constantFrom('\\', '"', 'é', '😀', 'a', '\n', '[', '{'), maxLength: 20 });
  const value = fc.double({ noNaN: true, noDefaultInfinity: true });
  await fc.assert(
    fc.asyncProperty(
      filler,
      fc.array(fc.record({ k: tricky, v: fc.array(value, { minLength: 3, maxLength: 3 }), n: fc.anything({ maxDepth: 2 }) }), {
        minLength: 2,
        maxLength: 6,
      }),
      async (long, records) => {
        const documents = records.map(({ k, v, n }) => ({ k, n: { any: [{ n: n ?? null }] }, [`${k}-name`]: { k }, v }));
        const text = `${JSON.stringify({ long })}\n${documents.map((document) => JSON.stringify(document)).join('\n')}`;
        expect((await read(text)).v).toEqual(documents.flatMap(({ v }) => JSON.parse(JSON.stringify(v)) as number[]));
      },
    ),
    { numRuns: 30 },
  );
});

test('a string of any length and a document of many pieces take bounded memory', async () => {
  const text = `{"text":"${'\\\\'.repeat(3_000_000)}","v":[1,2]}\n${'{"v":[3,4]}\n'.repeat(300_000)}`;
  const files = memoryFolder({ '/x.json': new TextEncoder().encode(text) });
  const file = await json.open('/x.json', files.openBytes);
  let rows = 0;
  for await (const { count } of file.matrix('v').stream(1000)) rows += count;
  expect(rows).toBe(300_001);
  expect(files.sources[0]!.longestRead).toBeLessThanOrEqual(2 ** 21);
});
