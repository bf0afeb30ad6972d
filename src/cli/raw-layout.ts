import { RAW_TYPES, type RawLayout } from '../formats/vectors/raw';
import { parseChoice, parseNumber } from './arguments';
import { Failure } from './failure';

/** The flags of commands that open single files, which may be raw, for {@link parseArguments}. */
export const RAW_FLAGS = {
  dtype: { type: 'string' },
  columns: { type: 'string' },
  shape: { type: 'string' },
  offset: { type: 'string' },
} as const;

/** What {@link RAW_FLAGS} are, for the help of a command. */
export const RAW_HELP = `Files of plain numbers, which do not say what they hold (little-endian, row by row):
  --dtype TYPE       of an element: float32, float16, bfloat16, float64, int8, ...
  --columns N        of a row
  --shape ROWS,COLUMNS  the same with the number of rows; what follows them is not read
  --offset N         bytes before the first row (default: 0)`;

/** What their values mean; undefined where none was given. @throws Failure with one sentence that names the flag */
export function rawLayout({
  dtype,
  columns,
  shape,
  offset,
}: { readonly [flag in keyof typeof RAW_FLAGS]?: string }): RawLayout | undefined {
  if ([dtype, columns, shape, offset].every((value) => value === undefined)) return undefined;
  if (dtype === undefined) throw new Failure('a raw file needs --dtype, e.g. --dtype float32');
  if ((columns === undefined) === (shape === undefined)) throw new Failure('a raw file needs either --columns N or --shape ROWS,COLUMNS');
  const axes = /^(\d+),(\d+)$/.exec(shape ?? '');
  if (shape !== undefined && axes === null) throw new Failure(`--shape must be ROWS,COLUMNS, e.g. 1000,768, but is '${shape}'`);
  const isWhole = (value: number, from: number): boolean => Number.isSafeInteger(value) && value >= from;
  const size = (flag: string, text: string): number => parseNumber(flag, text, (value) => isWhole(value, 1), 'a whole number from 1');
  return {
    dtype: parseChoice('--dtype', dtype, RAW_TYPES),
    ...(axes === null
      ? { columns: size('--columns', columns as string) }
      : { rows: size('the rows of --shape', axes[1]!), columns: size('the columns of --shape', axes[2]!) }),
    ...(offset === undefined ? {} : { offset: parseNumber('--offset', offset, (value) => isWhole(value, 0), 'a whole number from 0') }),
  };
}
