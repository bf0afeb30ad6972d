import { FormatError } from '../format-error';
import { parseBoundedJson } from '../json/bounded-json';
import { codedMatrix } from '../matrices/coded-matrix';
import { isRecord } from '../safetensors/safetensors-header';
import { numbersOf, type Quantised, type Scheme, type Stored } from './quantised-tensor';

/** bitsandbytes: rows of int8 with `SCB`, or blocks of NF4 or FP4 codes with `absmax`, which may be quantised itself. */
export const bitsAndBytes: Scheme = (codes, beside) => {
  if (codes.dtype === 'int8') return eightBits(codes, beside);
  if (codes.dtype === 'uint8') return fourBits(codes, beside);
  return null;
};

/** 1 / 127, as bitsandbytes multiplies by it in float32. */
const ONE_127TH = Math.fround(7.874015718698502e-3);

async function eightBits(codes: Stored, beside: (name: string) => Stored | undefined): Promise<Quantised | string | null> {
  const parent = codes.name.slice(0, codes.name.lastIndexOf('.') + 1);
  const scales = beside(`${parent}SCB`);
  const format = beside(`${parent}weight_format`);
  if (scales === undefined || codes.shape.length !== 2) return null;
  if (scales.dtype !== 'float32' || scales.shape.length !== 1 || scales.shape[0] !== codes.shape[0])
    return 'Quantised by bitsandbytes with scales that are not one per row.';
  if (format !== undefined && (await numbersOf(format))[0] !== 0)
    return 'Quantised by bitsandbytes and reordered for one kind of GPU; save a dequantised copy of it.';
  return {
    name: codes.name,
    scheme: 'bitsandbytes 8-bit',
    shape: codes.shape,
    others: [scales.name, ...(format === undefined ? [] : [format.name])],
    note: 'Dequantised from bitsandbytes, 8 bits.',
    open: (rows, columns) =>
      codedMatrix({
        rows,
        columns,
        rowsPerUnit: 1,
        parts: [{ source: codes.source, offset: codes.start, unitBytes: columns }],
        async prepare() {
          const scale = await numbersOf(scales);
          return ([bytes], start, first, count, into, at) => {
            let from = (first - start) * columns;
            for (let r = first, to = at; r < first + count; r++) {
              for (let j = 0; j < columns; j++)
                into[to++] = Math.fround(Math.fround(((bytes![from++]! << 24) >> 24) * scale[r]!) * ONE_127TH);
            }
          };
        },
      }),
  };
}

async function fourBits(codes: Stored, beside: (name: string) => Stored | undefined): Promise<Quantised | string | null> {
  const of = (suffix: string) => beside(`${codes.name}.${suffix}`);
  const [absmax, map] = [of('absmax'), of('quant_map')];
  const state = of('quant_state.bitsandbytes__nf4') ?? of('quant_state.bitsandbytes__fp4');
  if (absmax === undefined) return null;
  if (map === undefined || state === undefined)
    return 'Quantised by bitsandbytes in a form without its state, which was never completed; save a dequantised copy of it.';
  const { shape, blockSize, nestedBlockSize, nestedOffset } = await readState(state);
  const weights = shape.reduce((product, n) => product * n, 1);
  const nested = absmax.dtype === 'uint8' ? { absmax: of('nested_absmax'), map: of('nested_quant_map') } : null;
  const blocks = Math.ceil(weights / blockSize);
  const fits =
    lengthOf(codes) === Math.ceil(weights / 2) &&
    lengthOf(absmax) === blocks &&
    lengthOf(map) === 16 &&
    (nested === null || (lengthOf(nested.map) === 256 && lengthOf(nested.absmax) === Math.ceil(blocks / nestedBlockSize)));
  if (!fits) return 'Quantised by bitsandbytes with a state that does not fit its codes.';
  const scheme = state.name.endsWith('nf4') ? 'NF4' : 'FP4';
  return {
    name: codes.name,
    scheme: `bitsandbytes ${scheme}`,
    shape,
    others: [absmax, map, state, nested?.absmax, nested?.map].flatMap((tensor) => (tensor === undefined ? [] : [tensor.name])),
    note: `Dequantised from bitsandbytes, ${scheme}, blocks of ${blockSize}.`,
    open: (rows, columns) => {
      // Rows of an odd number of codes share a byte with the next.
      const rowsPerUnit = columns % 2 === 0 ? 1 : 2;
      return codedMatrix({
        rows,
        columns,
        rowsPerUnit,
        parts: [{ source: codes.source, offset: codes.start, unitBytes: (columns * rowsPerUnit) / 2 }],
        lastByte: codes.end - codes.start,
        async prepare() {
          const code = await numbersOf(map);
          const scale = await numbersOf(absmax);
          if (nested !== null) {
            const nestedScale = await numbersOf(nested.absmax!);
            const nestedCode = await numbersOf(nested.map!);
            for (let i = 0; i < scale.length; i++) {
              const value = Math.fround(nestedCode[scale[i]!]! * nestedScale[Math.floor(i / nestedBlockSize)]!);
              scale[i] = Math.fround(value + nestedOffset);
            }
          }
          return ([bytes], start, first, count, into, at) => {
            const origin = start * columns;
            const end = (first + count) * columns;
            let to = at;
            for (let i = first * columns; i < end; ) {
              const block = Math.floor(i / blockSize);
              const blockEnd = Math.min(end, (block + 1) * blockSize);
              for (; i < blockEnd; i++) {
                const pair = bytes![(i - origin) >> 1]!;
                into[to++] = Math.fround(code[(i - origin) & 1 ? pair & 15 : pair >> 4]! * scale[block]!);
              }
            }
          };
        },
      });
    },
  };
}

function lengthOf(tensor: Stored | undefined): number {
  return tensor === undefined ? -1 : tensor.shape.reduce((product, n) => product * n, 1);
}

interface State {
  readonly shape: readonly number[];
  readonly blockSize: number;
  readonly nestedBlockSize: number;
  readonly nestedOffset: number;
}

const MAX_STATE_BYTES = 2 ** 16;

/** JSON as bytes of a tensor. */
async function readState({ name, source, start, end }: Stored): Promise<State> {
  const fail = (detail: string) => new FormatError(source.path, start, `tensor ${JSON.stringify(name)} ${detail}`);
  if (end - start > MAX_STATE_BYTES) throw fail('is too long for the state of a quantised tensor.');
  const text = new Uint8Array(end - start);
  await source.read(start, text);
  const state = parseBoundedJson(text, source.path, `the state ${JSON.stringify(name)}`, start);
  if (!isRecord(state)) throw fail('should be a JSON object.');
  const { shape, blocksize: blockSize, nested_blocksize: nestedBlockSize = 256, nested_offset: nestedOffset = 0 } = state;
  const sizes = Array.isArray(shape) ? shape : [];
  if (sizes.length === 0 || ![...sizes, blockSize, nestedBlockSize].every((n) => Number.isSafeInteger(n) && (n as number) > 0)) {
    throw fail('should have a shape and sizes of blocks, all whole numbers.');
  }
  if (typeof nestedOffset !== 'number') throw fail('should have a number for its nested_offset.');
  return {
    shape: sizes,
    blockSize: blockSize as number,
    nestedBlockSize: nestedBlockSize as number,
    nestedOffset: Math.fround(nestedOffset),
  };
}
