import { type CodedPart, codedMatrix, type DecodeRows } from '../matrices/coded-matrix';
import { BYTES_PER_ELEMENT, decoder, type ElementType, valuesByCode } from '../matrices/elements';
import type { QuantisationConfig } from './quantisation-config';
import { numbersOf, type Quantised, type Scheme, type Stored } from './quantised-tensor';

/** Schemes whose weights are small floating-point numbers, or bytes, times scales. */
export const scaledFloats: Scheme = (codes, beside, config) => {
  if (codes.dtype === 'uint8') return codes.name.endsWith('_blocks') ? mxfp4Experts(codes, beside) : fourBits(codes, beside);
  if (codes.dtype === 'int8' || codes.dtype.startsWith('float8_')) return scaled(codes, beside, config);
  return null;
};

/** float4_e2m1fn (OCP Microscaling specification 1.0), by code. */
const E2M1 = Float64Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6);
const E2M1_PER_BYTE = 2;
const MX_BLOCK = 32;
const NV_BLOCK = 16;

/** Codes two a byte, low half first, and a scale for each `block` of them. */
function blocksOfFour(codes: Stored, scales: Stored, block: number, scaleOfCode: (code: number) => number): Quantised['open'] {
  return (rows, columns) => {
    const codeBytes = columns / E2M1_PER_BYTE;
    const scaleBytes = columns / block;
    const parts: CodedPart[] = [
      { source: codes.source, offset: codes.start, unitBytes: codeBytes },
      { source: scales.source, offset: scales.start, unitBytes: scaleBytes },
    ];
    const decode: DecodeRows = ([bytes, scaleRows], start, first, count, into, at) => {
      let code = (first - start) * codeBytes;
      let to = at;
      for (let s = (first - start) * scaleBytes; s < (first - start + count) * scaleBytes; s++) {
        const scale = scaleOfCode(scaleRows![s]!);
        for (let j = 0; j < block; j += 2, code++) {
          const pair = bytes![code]!;
          into[to++] = Math.fround(E2M1[pair & 15]! * scale);
          into[to++] = Math.fround(E2M1[pair >> 4]! * scale);
        }
      }
    };
    return codedMatrix({ rows, columns, rowsPerUnit: 1, parts, prepare: async () => decode });
  };
}

const powerOfTwo = (code: number) => 2 ** (code - 127);

/** The experts of gpt-oss: `<name>_blocks` (..., groups, 16) and `<name>_scales` (..., groups) stand for `<name>` (..., 32 * groups). */
function mxfp4Experts(codes: Stored, beside: (name: string) => Stored | undefined): Quantised | string | null {
  const name = codes.name.slice(0, -'_blocks'.length);
  const scales = beside(`${name}_scales`);
  if (scales?.dtype !== 'uint8') return null;
  const [groups, ...before] = codes.shape.slice(0, -1).reverse();
  if (
    groups === undefined ||
    codes.shape.at(-1) !== MX_BLOCK / E2M1_PER_BYTE ||
    String(scales.shape) !== String(codes.shape.slice(0, -1))
  ) {
    return 'Quantised as MXFP4 with shapes of blocks and scales that do not fit together.';
  }
  return {
    name,
    scheme: 'MXFP4',
    shape: [...before.reverse(), MX_BLOCK * groups],
    others: [scales.name],
    note: 'Dequantised from MXFP4. Its rows are the outputs of the layer.',
    open: blocksOfFour(codes, scales, MX_BLOCK, powerOfTwo),
  };
}

/**
 * Two codes of e2m1 a byte: NVFP4 of ModelOpt (`weight`, `weight_scale`, `weight_scale_2`) and of compressed-tensors (`weight_packed`,
 * `weight_scale`, `weight_global_scale`, which divides), and MXFP4 of compressed-tensors (`weight_packed`, `weight_scale` of e8m0).
 */
async function fourBits(codes: Stored, beside: (name: string) => Stored | undefined): Promise<Quantised | string | null> {
  const weight = codes.name.replace(/_packed$/, '');
  const scales = beside(`${weight}_scale`);
  if (!/(?:^|\.)weight(?:_packed)?$/.test(codes.name) || scales === undefined || codes.shape.length !== 2) return null;
  const [rows, packed] = codes.shape as [number, number];
  const columns = packed * E2M1_PER_BYTE;
  const block = columns / (scales.shape[1] ?? 0);
  const factor = beside(`${weight}_scale_2`);
  const divisor = beside(`${weight}_global_scale`);
  const global = factor ?? divisor;
  const nv = block === NV_BLOCK && scales.dtype === 'float8_e4m3fn' && global !== undefined;
  const mx = block === MX_BLOCK && /^(?:uint8|float8_e8m0fnu)$/.test(scales.dtype) && codes.name !== weight;
  if (scales.shape.length !== 2 || scales.shape[0] !== rows || !(nv || mx)) return null;
  const described = { name: weight, shape: [rows, columns], others: [scales.name, ...(global === undefined ? [] : [global.name])] };
  if (mx) {
    return { ...described, scheme: 'MXFP4', note: 'Dequantised from MXFP4.', open: blocksOfFour(codes, scales, MX_BLOCK, powerOfTwo) };
  }
  const [number] = await numbersOf(global!);
  if (number === undefined) return 'Quantised as NVFP4 without a number for the scale of the whole.';
  const scale = Float64Array.from(valuesByCode('float8_e4m3fn'), (value) =>
    Math.fround(factor === undefined ? value / number : value * number),
  );
  return {
    ...described,
    scheme: 'NVFP4',
    note: 'Dequantised from NVFP4.',
    open: blocksOfFour(codes, scales, NV_BLOCK, (code) => scale[code]!),
  };
}

/** Of DeepSeek and what follows it, where nothing else is said. */
const USUAL_BLOCK = 128;

/**
 * float8 or int8 times a scale: one for the whole, for each row, or for each block of rows and columns (`weight_scale`, or
 * `weight_scale_inv`, which multiplies as well), less zeros per row (`weight_zero_point`) in compressed-tensors.
 */
function scaled(codes: Stored, beside: (name: string) => Stored | undefined, config: QuantisationConfig): Quantised | string | null {
  const scales = beside(`${codes.name}_scale`) ?? beside(`${codes.name}_scale_inv`);
  if (scales === undefined || codes.shape.length !== 2) return null;
  if (!/^(?:float(?:16|32)|bfloat16|float8_e8m0fnu)$/.test(scales.dtype)) return 'Quantised with scales of a type that is not defined.';
  const [rows, columns] = codes.shape as [number, number];
  const block = blockOf(rows, columns, scales.shape, config.blockSize);
  if (block === null)
    return `Quantised in blocks whose size is not said: ${scales.shape.join(' x ')} scales for ${rows} x ${columns} codes.`;
  const zeros = beside(`${codes.name}_zero_point`);
  if (zeros !== undefined && (zeros.shape[0] !== rows || (zeros.shape[1] ?? 1) !== 1))
    return 'Quantised with zeros that are not one per row.';
  const type = codes.dtype as ElementType;
  return {
    name: codes.name,
    scheme: codes.dtype,
    shape: [rows, columns],
    others: [scales.name, ...(zeros === undefined ? [] : [zeros.name])],
    note: `Dequantised: ${codes.dtype} times ${scales.name}.`,
    open: (rows, columns) =>
      codedMatrix({
        rows,
        columns,
        rowsPerUnit: 1,
        parts: [{ source: codes.source, offset: codes.start, unitBytes: columns * BYTES_PER_ELEMENT[type] }],
        async prepare() {
          const scale = await numbersOf(scales);
          const zero = zeros === undefined ? null : await numbersOf(zeros);
          const decode = decoder(type, 'little');
          const perRow = Math.ceil(columns / block.columns);
          return ([bytes], start, first, count, into, at) => {
            decode(bytes!, (first - start) * columns, 1, into, at, 1, count * columns);
            for (let r = first, to = at; r < first + count; r++) {
              const from = Math.floor(r / block.rows) * perRow;
              for (let k = 0; k < perRow; k++) {
                const factor = scale[from + k]!;
                const less = zero?.[r] ?? 0;
                for (const end = to + Math.min(block.columns, columns - k * block.columns); to < end; to++) {
                  into[to] = Math.fround((into[to]! - less) * factor);
                }
              }
            }
          };
        },
      }),
  };
}

/** Rows and columns that share a scale; null where that cannot be told. */
function blockOf(
  rows: number,
  columns: number,
  scales: readonly number[],
  told: readonly [number, number] | null,
): { readonly rows: number; readonly columns: number } | null {
  const count = scales.reduce((product, n) => product * n, 1);
  if (count === 1) return { rows, columns };
  if (scales[0] === rows && count === rows) return { rows: 1, columns };
  if (scales.length !== 2) return null;
  const fits = ([r, c]: readonly [number, number]) => Math.ceil(rows / r) === scales[0] && Math.ceil(columns / c) === scales[1];
  const even = [rows / scales[0]!, columns / scales[1]!] as const;
  const guesses = [told, [USUAL_BLOCK, USUAL_BLOCK] as const, even.every(Number.isInteger) ? even : null];
  const block = guesses.find((guess) => guess !== null && fits(guess));
  return block ? { rows: block[0], columns: block[1] } : null;
}
