import { FormatError } from '../format-error';
import { codedMatrix, type DecodeRows } from '../matrices/coded-matrix';
import { BYTES_PER_ELEMENT, decoder, type ElementType } from '../matrices/elements';
import type { QuantisationConfig } from './quantisation-config';
import { held, numbersOf, type Quantised, type Scheme, type Stored } from './quantised-tensor';

/** Schemes whose weights are small integers in 32-bit words: a weight is (code - zero) * scale, with a scale for each group of weights. */
export const packedIntegers: Scheme = (codes, beside, config) => {
  const parent = codes.name.slice(0, codes.name.lastIndexOf('.') + 1);
  const own = codes.name.slice(parent.length);
  if (codes.shape.length !== 2) return null;
  if (own === 'qweight') return byInputs(codes, parent, beside, config);
  if (own === 'weight_packed' && codes.dtype === 'int32') return compressedTensors(codes, parent, beside);
  if (own === 'weight' && codes.dtype === 'uint32') return mlx(codes, parent, beside, config);
  return null;
};

const BY_INPUTS = 'Its rows are the inputs of the layer.';

/**
 * GPTQ (AutoGPTQ, GPTQModel) and AWQ (AutoAWQ, `gemm`): `qweight`, `qzeros` and `scales`, inputs by outputs.
 * GPTQ packs the codes of successive inputs into a word; AWQ those of eight outputs, in the order 0, 2, 4, 6, 1, 3, 5, 7.
 */
function byInputs(
  codes: Stored,
  parent: string,
  beside: (name: string) => Stored | undefined,
  config: QuantisationConfig,
): Quantised | string | null {
  const scales = beside(`${parent}scales`);
  const zeros = beside(`${parent}qzeros`);
  if (scales?.shape.length !== 2 || zeros?.shape.length !== 2 || codes.dtype !== 'int32' || zeros.dtype !== 'int32') return null;
  const [groups, outputs] = scales.shape as [number, number];
  const [packedRows, packedColumns] = codes.shape as [number, number];
  if (zeros.shape[0] !== groups || groups === 0 || outputs === 0)
    return 'Quantised: the shapes of its codes, zeros and scales do not fit together.';
  const bits = (32 * zeros.shape[1]!) / outputs;
  if (packedColumns === outputs)
    return gptq(codes, zeros, scales, beside(`${parent}g_idx`), parent, bits, (packedRows * 32) / bits, config);
  if (packedColumns * 8 === outputs && bits === 4 && (config.version ?? 'gemm') === 'gemm')
    return awq(codes, zeros, scales, parent, packedRows);
  return 'Quantised as AWQ in a layout other than gemm, or for one kind of GPU, which cannot be read; save a dequantised copy of it.';
}

function gptq(
  codes: Stored,
  zeros: Stored,
  scales: Stored,
  groupIndex: Stored | undefined,
  parent: string,
  bits: number,
  inputs: number,
  config: QuantisationConfig,
): Quantised | string {
  const [groups, outputs] = scales.shape as [number, number];
  if (![2, 3, 4, 8].includes(bits) || !Number.isInteger(inputs))
    return `Quantised as GPTQ with ${bits} bits, of which 2, 3, 4 and 8 can be read.`;
  if (groupIndex !== undefined && groupIndex.shape[0] !== inputs)
    return 'Quantised as GPTQ with a list of groups that is not one per input.';
  const groupSize = groupIndex === undefined ? sizeOfGroups(inputs, groups, config.groupSize) : 0;
  if (groupSize === null) return `Quantised as GPTQ in ${groups} groups for ${inputs} inputs; what size they have is said nowhere.`;
  // The first version of the format stores zeros less one; the kernels of AutoGPTQ add it after they unpack.
  const added = config.checkpointFormat === 'gptq_v2' ? 0 : 1;
  const wordsPerUnit = bits === 3 ? 3 : 1;
  const mask = (1 << bits) - 1;
  const rowsPerUnit = (32 * wordsPerUnit) / bits;
  return {
    name: `${parent}weight`,
    scheme: `GPTQ ${bits}-bit`,
    shape: [inputs, outputs],
    others: [zeros, scales, ...(groupIndex === undefined ? [] : [groupIndex])].map(({ name }) => name),
    note: `Dequantised from GPTQ, ${bits} bits. ${BY_INPUTS}`,
    open: (rows, columns) =>
      codedMatrix({
        rows,
        columns,
        rowsPerUnit,
        parts: [{ source: codes.source, offset: codes.start, unitBytes: 4 * wordsPerUnit * columns }],
        async prepare() {
          const scale = await numbersOf(scales);
          const words = await bytesOf(zeros);
          const zero = new Float64Array(groups * columns);
          const wordsPerRow = zeros.shape[1]!;
          for (let g = 0, i = 0; g < groups; g++) {
            for (let j = 0; j < columns; j++, i++) zero[i] = bitsAt(words, 4 * g * wordsPerRow, bits * j, bits) + added;
          }
          const groupOf = await groupsOf(codes, groupIndex, rows, groupSize, groups);
          return ([bytes], start, first, count, into, at) => {
            for (let r = first, to = at; r < first + count; r++, to += columns) {
              const bit = (r % rowsPerUnit) * bits;
              const unit = Math.floor((r - start) / rowsPerUnit) * wordsPerUnit;
              const from = 4 * (unit + (bit >> 5)) * columns + ((bit & 31) >> 3);
              const shift = bit & 7;
              const g = groupOf[r]! * columns;
              if (shift + bits <= 8) {
                for (let j = 0; j < columns; j++) {
                  into[to + j] = Math.fround((((bytes![from + 4 * j]! >> shift) & mask) - zero[g + j]!) * scale[g + j]!);
                }
                continue;
              }
              // A code of three bits that lies across two bytes: the other one is the next in the same word, or the first of the word below.
              const next = (bit & 31) >= 24 ? 4 * (unit + (bit >> 5) + 1) * columns : from + 1;
              for (let j = 0; j < columns; j++) {
                const pair = bytes![from + 4 * j]! | (bytes![next + 4 * j]! << 8);
                into[to + j] = Math.fround((((pair >> shift) & mask) - zero[g + j]!) * scale[g + j]!);
              }
            }
          };
        },
      }),
  };
}

/** Place of the code of each of eight outputs in a word, counted in codes. */
const AWQ_PLACES = [0, 4, 1, 5, 2, 6, 3, 7];

function awq(codes: Stored, zeros: Stored, scales: Stored, parent: string, inputs: number): Quantised | string {
  const [groups, outputs] = scales.shape as [number, number];
  const groupSize = sizeOfGroups(inputs, groups, null);
  if (groupSize === null) return 'Quantised as AWQ in groups of unequal size, which are not defined.';
  const unitBytes = outputs / 2;
  return {
    name: `${parent}weight`,
    scheme: 'AWQ 4-bit',
    shape: [inputs, outputs],
    others: [zeros.name, scales.name],
    note: `Dequantised from AWQ, 4 bits, groups of ${groupSize}. ${BY_INPUTS}`,
    open: (rows, columns) =>
      codedMatrix({
        rows,
        columns,
        rowsPerUnit: 1,
        parts: [{ source: codes.source, offset: codes.start, unitBytes }],
        async prepare() {
          const scale = await numbersOf(scales);
          const words = await bytesOf(zeros);
          const byteOf = Int32Array.from({ length: columns }, (_, j) => 4 * (j >> 3) + (AWQ_PLACES[j & 7]! >> 1));
          const shiftOf = Uint8Array.from({ length: columns }, (_, j) => (AWQ_PLACES[j & 7]! & 1) * 4);
          return ([bytes], start, first, count, into, at) => {
            for (let r = first, to = at; r < first + count; r++, to += columns) {
              const from = (r - start) * unitBytes;
              const group = Math.floor(r / groupSize);
              for (let j = 0; j < columns; j++) {
                const code = (bytes![from + byteOf[j]!]! >> shiftOf[j]!) & 15;
                const zero = (words[group * unitBytes + byteOf[j]!]! >> shiftOf[j]!) & 15;
                into[to + j] = Math.fround((code - zero) * scale[group * columns + j]!);
              }
            }
          };
        },
      }),
  };
}

/**
 * compressed-tensors (LLM Compressor), `pack-quantized`: `weight_packed`, outputs by inputs, with `weight_scale` and `weight_shape`, and
 * at times `weight_zero_point`, packed along the outputs, and `weight_g_idx`. Codes and zeros are stored plus 2^(bits - 1).
 */
async function compressedTensors(
  codes: Stored,
  parent: string,
  beside: (name: string) => Stored | undefined,
): Promise<Quantised | string | null> {
  const scales = beside(`${parent}weight_scale`);
  const shapes = beside(`${parent}weight_shape`);
  const zeros = beside(`${parent}weight_zero_point`);
  const groupIndex = beside(`${parent}weight_g_idx`);
  if (scales === undefined || shapes === undefined || !isFloat(scales)) return null;
  const [outputs, inputs] = await numbersOf(shapes);
  const bits = [4, 8, 2].find((b) => codes.shape[1] === Math.ceil((inputs ?? 0) / (32 / b)));
  if (outputs !== codes.shape[0] || inputs === undefined || bits === undefined) {
    return 'Quantised by compressed-tensors with a number of bits of which 2, 4 and 8 can be read.';
  }
  const groups = scales.shape.length === 2 && scales.shape[0] === outputs ? scales.shape[1]! : 0;
  const groupSize = groups > 0 ? sizeOfGroups(inputs, groups, null) : null;
  if (groups === 0 || (groupSize === null && groupIndex === undefined))
    return 'Quantised by compressed-tensors with scales that are not one per row or group.';
  if (groupIndex !== undefined && groupIndex.shape[0] !== inputs)
    return 'Quantised by compressed-tensors with a list of groups that is not one per input.';
  const perWord = 32 / bits;
  const packedZeros = zeros?.dtype === 'int32';
  if (zeros !== undefined && zeros.shape[0] !== (packedZeros ? Math.ceil(outputs / perWord) : outputs)) {
    return 'Quantised by compressed-tensors with zeros that do not fit its codes.';
  }
  if (zeros !== undefined && zeros.shape[1] !== groups) return 'Quantised by compressed-tensors with zeros that do not fit its scales.';
  const unitBytes = 4 * codes.shape[1]!;
  const half = 2 ** (bits - 1);
  return {
    name: `${parent}weight`,
    scheme: `compressed-tensors ${bits}-bit`,
    shape: [outputs, inputs],
    others: [scales, shapes, zeros, groupIndex].flatMap((tensor) => (tensor === undefined ? [] : [tensor.name])),
    note: `Dequantised from compressed-tensors, ${bits} bits.`,
    open: (rows, columns) =>
      codedMatrix({
        rows,
        columns,
        rowsPerUnit: 1,
        parts: [
          { source: codes.source, offset: codes.start, unitBytes },
          { source: scales.source, offset: scales.start, unitBytes: groups * sizeOfElement(scales) },
        ],
        async prepare() {
          const groupOf = await groupsOf(codes, groupIndex, columns, groupSize ?? 0, groups);
          const zero = zeros === undefined ? null : await zerosOf(zeros, packedZeros, rows, groups, bits);
          const scale = new Float64Array(groups);
          const decodeScales = decoder(scales.dtype as ElementType, 'little');
          const rowScales = groups * sizeOfElement(scales);
          return ([bytes, scaleBytes], start, first, count, into, at) => {
            for (let r = first, to = at; r < first + count; r++, to += columns) {
              decodeScales(scaleBytes!, (r - start) * rowScales, 1, scale, 0, 1, groups);
              for (let j = 0; j < columns; j++) {
                const g = groupOf[j]!;
                const code = bitsAt(bytes!, (r - start) * unitBytes, bits * j, bits) - half;
                into[to + j] = Math.fround((code - (zero === null ? 0 : zero[r * groups + g]!)) * scale[g]!);
              }
            }
          };
        },
      }),
  };
}

/** Zeros of each row and group, as numbers. */
async function zerosOf(zeros: Stored, packed: boolean, rows: number, groups: number, bits: number): Promise<Float64Array> {
  if (!packed) return numbersOf(zeros);
  const all = new Float64Array(held(rows * groups, zeros));
  const words = await bytesOf(zeros);
  const perWord = 32 / bits;
  for (let r = 0, i = 0; r < rows; r++) {
    for (let g = 0; g < groups; g++, i++) {
      const word = 4 * (Math.floor(r / perWord) * groups + g);
      all[i] = bitsAt(words, word, bits * (r % perWord), bits) - 2 ** (bits - 1);
    }
  }
  return all;
}

/** MLX, affine: `weight`, outputs by inputs, with `scales` and `biases` for each group; a weight is code * scale + bias. */
function mlx(
  codes: Stored,
  parent: string,
  beside: (name: string) => Stored | undefined,
  config: QuantisationConfig,
): Quantised | string | null {
  const scales = beside(`${parent}scales`);
  const biases = beside(`${parent}biases`);
  if (scales === undefined) return null;
  const groupSize = config.moduleGroupSize(parent.slice(0, -1)) ?? config.groupSize;
  if (biases === undefined || !isFloat(scales) || biases.dtype !== scales.dtype)
    return 'Quantised by MLX in a mode that cannot be read; save a dequantised copy of it.';
  if (groupSize === null) return 'Quantised by MLX; the size of its groups is said in config.json, which is not beside this file.';
  const [outputs, words] = codes.shape as [number, number];
  const groups = scales.shape[1] ?? 0;
  const inputs = groups * groupSize;
  const bits = (32 * words) / inputs;
  const fits = [scales, biases].every(({ shape }) => shape.length === 2 && shape[0] === outputs && shape[1] === groups);
  if (!fits || ![2, 3, 4, 5, 6, 8].includes(bits))
    return 'Quantised by MLX with shapes that do not fit the size of groups that config.json gives.';
  const unitBytes = 4 * words;
  const scaleBytes = groups * sizeOfElement(scales);
  const decode = decoder(scales.dtype as ElementType, 'little');
  const rowsOf = (columns: number): DecodeRows => {
    const scale = new Float64Array(groups);
    const bias = new Float64Array(groups);
    return ([bytes, scaleRows, biasRows], start, first, count, into, at) => {
      for (let r = first, to = at; r < first + count; r++, to += columns) {
        decode(scaleRows!, (r - start) * scaleBytes, 1, scale, 0, 1, groups);
        decode(biasRows!, (r - start) * scaleBytes, 1, bias, 0, 1, groups);
        for (let j = 0; j < columns; j++) {
          const g = Math.floor(j / groupSize);
          into[to + j] = Math.fround(bitsAt(bytes!, (r - start) * unitBytes, bits * j, bits) * scale[g]! + bias[g]!);
        }
      }
    };
  };
  return {
    name: codes.name,
    scheme: `MLX ${bits}-bit`,
    shape: [outputs, inputs],
    others: [scales.name, biases.name],
    note: `Dequantised from MLX, ${bits} bits, groups of ${groupSize}.`,
    open: (rows, columns) =>
      codedMatrix({
        rows,
        columns,
        rowsPerUnit: 1,
        parts: [
          { source: codes.source, offset: codes.start, unitBytes },
          { source: scales.source, offset: scales.start, unitBytes: scaleBytes },
          { source: biases.source, offset: biases.start, unitBytes: scaleBytes },
        ],
        prepare: async () => rowsOf(columns),
      }),
  };
}

/** `bits` (at most 8) from bit `bit` after byte `from`, lowest first; words of 32 bits are little-endian, and so are the bytes. */
function bitsAt(bytes: Uint8Array, from: number, bit: number, bits: number): number {
  const at = from + (bit >> 3);
  const pair = bytes[at]! | ((bytes[at + 1] ?? 0) << 8);
  return (pair >> (bit & 7)) & ((1 << bits) - 1);
}

/** Null where it cannot be told. */
function sizeOfGroups(weights: number, groups: number, told: number | null): number | null {
  if (told !== null && Math.ceil(weights / told) === groups) return told;
  return weights % groups === 0 ? weights / groups : null;
}

/** The group of each of `count` inputs. */
async function groupsOf(codes: Stored, index: Stored | undefined, count: number, groupSize: number, groups: number): Promise<Int32Array> {
  if (index === undefined) return Int32Array.from({ length: held(count, codes) }, (_, i) => Math.floor(i / groupSize));
  const found = Int32Array.from(await numbersOf(index));
  if (found.length !== count || !found.every((g) => g >= 0 && g < groups)) {
    throw new FormatError(
      index.source.path,
      index.start,
      `tensor ${JSON.stringify(index.name)} should name one of ${groups} groups for each input.`,
    );
  }
  return found;
}

function isFloat({ dtype }: Stored): boolean {
  return dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float32';
}

function sizeOfElement({ dtype }: Stored): number {
  return BYTES_PER_ELEMENT[dtype as ElementType];
}

async function bytesOf(tensor: Stored): Promise<Uint8Array> {
  const { source, start, end } = tensor;
  const bytes = new Uint8Array(held(end - start, tensor));
  await source.read(start, bytes);
  return bytes;
}
