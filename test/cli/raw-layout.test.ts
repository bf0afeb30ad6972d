import { expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments';
import { Failure } from '../../src/cli/failure';
import { RAW_FLAGS, rawLayout } from '../../src/cli/raw-layout';

const layout = (...args: readonly string[]) => rawLayout(parseArguments('analyze', args, RAW_FLAGS).values);

test('what the flags mean', () => {
  expect(layout()).toBeUndefined();
  expect(layout('--dtype', 'float32', '--columns', '768')).toEqual({ dtype: 'float32', columns: 768 });
  expect(layout('--dtype', 'float16', '--shape', '1000,768')).toEqual({ dtype: 'float16', rows: 1000, columns: 768 });
  expect(layout('--dtype', 'int8', '--columns', '3', '--offset', '16')).toEqual({ dtype: 'int8', columns: 3, offset: 16 });
});

test.each([
  [['--columns', '768'], 'needs --dtype'],
  [['--offset', '8'], 'needs --dtype'],
  [['--dtype', 'float32'], 'either --columns N or --shape'],
  [['--dtype', 'float32', '--columns', '3', '--shape', '2,3'], 'either --columns N or --shape'],
  [
    ['--dtype', 'f4', '--columns', '3'],
    '--dtype must be one of bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float8_e4m3fn, ',
  ],
  [['--dtype', 'float32', '--columns', '0'], "--columns must be a whole number from 1, but is '0'"],
  [['--dtype', 'float32', '--columns', '1.5'], '--columns must be a whole number'],
  [['--dtype', 'float32', '--shape', '2x3'], "--shape must be ROWS,COLUMNS, e.g. 1000,768, but is '2x3'"],
  [['--dtype', 'float32', '--shape', '0,3'], "the rows of --shape must be a whole number from 1, but is '0'"],
  [['--dtype', 'float32', '--shape', '3,0'], 'the columns of --shape must be'],
  [['--dtype', 'float32', '--columns', '3', '--offset=-1'], '--offset must be a whole number from 0'],
])('%j is refused', (args, sentence) => {
  expect(() => layout(...args)).toThrow(Failure);
  expect(() => layout(...args)).toThrow(sentence);
});
