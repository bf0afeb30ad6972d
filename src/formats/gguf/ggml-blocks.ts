import { type ElementType, valuesByCode } from '../matrices/elements';

/** Writes the numbers of `blocks` blocks from byte `from` to `into` from index `at`. */
export type DecodeBlocks = (bytes: Uint8Array, from: number, blocks: number, into: Float64Array, at: number) => void;

/** A type of tensor in GGUF files. */
export interface GgmlType {
  /** As NumPy calls it for plain numbers, else as ggml does. */
  readonly dtype: string;
  readonly blockElements: number;
  readonly blockBytes: number;
  /** An element type for plain numbers, a decoder for blocks; null where its numbers need tables of ggml that are not here. */
  readonly content: ElementType | DecodeBlocks | null;
  /** Offsets in a block of the 16-bit fields that files for big-endian machines store the other way round; null where none are defined. */
  readonly halves: readonly number[] | null;
}

// Numbers are those of ggml's `dequantize_row_*` as float32, bit for bit: products of a half-precision scale and a code are exact in
// float64 and in float32, so that only the sums are rounded, once.

const half = valuesByCode('float16');

function halfAt(bytes: Uint8Array, at: number): number {
  return half[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

/** A decoder from that of one block. */
function each(blockElements: number, blockBytes: number, block: (bytes: Uint8Array, p: number, into: Float64Array, at: number) => void) {
  return (bytes: Uint8Array, from: number, blocks: number, into: Float64Array, at: number): void => {
    for (let b = 0; b < blocks; b++) block(bytes, from + b * blockBytes, into, at + b * blockElements);
  };
}

const q4_0 = each(32, 18, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  for (let j = 0; j < 16; j++) {
    const q = bytes[p + 2 + j]!;
    into[at + j] = ((q & 15) - 8) * d;
    into[at + 16 + j] = ((q >> 4) - 8) * d;
  }
});

const q4_1 = each(32, 20, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  const m = halfAt(bytes, p + 2);
  for (let j = 0; j < 16; j++) {
    const q = bytes[p + 4 + j]!;
    into[at + j] = Math.fround((q & 15) * d + m);
    into[at + 16 + j] = Math.fround((q >> 4) * d + m);
  }
});

/** The fifth bits of 32 codes. */
function fifthBits(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

const q5_0 = each(32, 22, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  const high = fifthBits(bytes, p + 2);
  for (let j = 0; j < 16; j++) {
    const q = bytes[p + 6 + j]!;
    into[at + j] = (((q & 15) | (((high >> j) & 1) << 4)) - 16) * d;
    into[at + 16 + j] = (((q >> 4) | (((high >> (j + 16)) & 1) << 4)) - 16) * d;
  }
});

const q5_1 = each(32, 24, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  const m = halfAt(bytes, p + 2);
  const high = fifthBits(bytes, p + 4);
  for (let j = 0; j < 16; j++) {
    const q = bytes[p + 8 + j]!;
    into[at + j] = Math.fround(((q & 15) | (((high >> j) & 1) << 4)) * d + m);
    into[at + 16 + j] = Math.fround(((q >> 4) | (((high >> (j + 16)) & 1) << 4)) * d + m);
  }
});

/** A scale, then 32 signed bytes from `codesAt`. */
const bytesOf32 = (blockBytes: number, codesAt: number) =>
  each(32, blockBytes, (bytes, p, into, at) => {
    const d = halfAt(bytes, p);
    for (let j = 0; j < 32; j++) into[at + j] = signed(bytes[p + codesAt + j]!) * d;
  });

const q2_K = each(256, 84, (bytes, p, into, at) => {
  const d = halfAt(bytes, p + 80);
  const min = halfAt(bytes, p + 82);
  for (let group = 0; group < 16; group++) {
    const scale = bytes[p + group]!;
    const dl = d * (scale & 15);
    const ml = min * (scale >> 4);
    const from = p + 16 + (group >> 3) * 32 + (group & 1) * 16;
    const shift = group & 6;
    for (let l = 0; l < 16; l++) into[at + group * 16 + l] = Math.fround(dl * ((bytes[from + l]! >> shift) & 3) - ml);
  }
});

const q3_K = each(256, 110, (bytes, p, into, at) => {
  const d = halfAt(bytes, p + 108);
  const scales = p + 96;
  for (let group = 0; group < 16; group++) {
    const low = group < 8 ? bytes[scales + group]! & 15 : bytes[scales + group - 8]! >> 4;
    const high = (bytes[scales + 8 + (group & 3)]! >> (2 * (group >> 2))) & 3;
    const dl = d * ((low | (high << 4)) - 32);
    const part = (group & 1) * 16;
    const from = p + 32 + (group >> 3) * 32 + part;
    const shift = group & 6;
    const bit = group >> 1;
    for (let l = 0; l < 16; l++) {
      into[at + group * 16 + l] = dl * (((bytes[from + l]! >> shift) & 3) - ((bytes[p + part + l]! >> bit) & 1 ? 0 : 4));
    }
  }
});

/** The 6-bit scale and minimum of group `group` of 8, in 12 bytes; as `minimum * 64 + scale`. */
function scaleAndMinimum(bytes: Uint8Array, at: number, group: number): number {
  if (group < 4) return ((bytes[at + group + 4]! & 63) << 6) | (bytes[at + group]! & 63);
  const low = bytes[at + group + 4]!;
  return (((low >> 4) | ((bytes[at + group]! >> 6) << 4)) << 6) | (low & 15) | ((bytes[at + group - 4]! >> 6) << 4);
}

const q4_K = each(256, 144, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  const min = halfAt(bytes, p + 2);
  for (let group = 0; group < 8; group++) {
    const packed = scaleAndMinimum(bytes, p + 4, group);
    const dl = d * (packed & 63);
    const ml = min * (packed >> 6);
    const from = p + 16 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let l = 0; l < 32; l++) into[at + group * 32 + l] = Math.fround(dl * ((bytes[from + l]! >> shift) & 15) - ml);
  }
});

const q5_K = each(256, 176, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  const min = halfAt(bytes, p + 2);
  for (let group = 0; group < 8; group++) {
    const packed = scaleAndMinimum(bytes, p + 4, group);
    const dl = d * (packed & 63);
    const ml = min * (packed >> 6);
    const from = p + 48 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let l = 0; l < 32; l++) {
      const q = ((bytes[from + l]! >> shift) & 15) | (((bytes[p + 16 + l]! >> group) & 1) << 4);
      into[at + group * 32 + l] = Math.fround(dl * q - ml);
    }
  }
});

const q6_K = each(256, 210, (bytes, p, into, at) => {
  const d = halfAt(bytes, p + 208);
  for (let group = 0; group < 16; group++) {
    const dl = d * signed(bytes[p + 192 + group]!);
    const quarter = (group >> 1) & 3;
    const part = (group & 1) * 16;
    const low = p + (group >> 3) * 64 + (quarter & 1) * 32 + part;
    const high = p + 128 + (group >> 3) * 32 + part;
    const lowShift = (quarter >> 1) * 4;
    for (let l = 0; l < 16; l++) {
      const q = ((bytes[low + l]! >> lowShift) & 15) | (((bytes[high + l]! >> (2 * quarter)) & 3) << 4);
      into[at + group * 16 + l] = dl * (q - 32);
    }
  }
});

const float = new Float32Array(1);
const floatBytes = new Uint8Array(float.buffer);

const q8_K = each(256, 292, (bytes, p, into, at) => {
  floatBytes.set(bytes.subarray(p, p + 4));
  const d = float[0]!;
  for (let j = 0; j < 256; j++) into[at + j] = Math.fround(d * signed(bytes[p + 4 + j]!));
});

/** `kvalues_iq4nl` of ggml-common.h. */
const NONLINEAR = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

const iq4_nl = each(32, 18, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  for (let j = 0; j < 16; j++) {
    const q = bytes[p + 2 + j]!;
    into[at + j] = d * NONLINEAR[q & 15]!;
    into[at + 16 + j] = d * NONLINEAR[q >> 4]!;
  }
});

const iq4_xs = each(256, 136, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  const high = bytes[p + 2]! | (bytes[p + 3]! << 8);
  for (let group = 0; group < 8; group++) {
    const low = (bytes[p + 4 + (group >> 1)]! >> (4 * (group & 1))) & 15;
    const dl = d * ((low | (((high >> (2 * group)) & 3) << 4)) - 32);
    for (let j = 0; j < 16; j++) {
      const q = bytes[p + 8 + group * 16 + j]!;
      into[at + group * 32 + j] = dl * NONLINEAR[q & 15]!;
      into[at + group * 32 + 16 + j] = dl * NONLINEAR[q >> 4]!;
    }
  }
});

/** A byte holds base-3 digits as a fraction of 256: digit n is the whole part of 3 times the fraction of 3^n times it. */
const POWERS_OF_3 = [1, 3, 9, 27, 81];

const tq1_0 = each(256, 54, (bytes, p, into, at) => {
  const d = halfAt(bytes, p + 52);
  let to = at;
  for (const [from, width, digits] of [
    [0, 32, 5],
    [32, 16, 5],
    [48, 4, 4],
  ] as const) {
    for (let n = 0; n < digits; n++) {
      for (let j = 0; j < width; j++) {
        const fraction = (bytes[p + from + j]! * POWERS_OF_3[n]!) & 255;
        into[to++] = (((fraction * 3) >> 8) - 1) * d;
      }
    }
  }
});

const tq2_0 = each(256, 66, (bytes, p, into, at) => {
  const d = halfAt(bytes, p + 64);
  for (let k = 0; k < 8; k++) {
    const from = p + (k >> 2) * 32;
    for (let m = 0; m < 32; m++) into[at + k * 32 + m] = (((bytes[from + m]! >> (2 * (k & 3))) & 3) - 1) * d;
  }
});

const q1_0 = each(128, 18, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  for (let j = 0; j < 128; j++) into[at + j] = (bytes[p + 2 + (j >> 3)]! >> (j & 7)) & 1 ? d : -d;
});

const q2_0 = each(64, 18, (bytes, p, into, at) => {
  const d = halfAt(bytes, p);
  for (let j = 0; j < 64; j++) into[at + j] = (((bytes[p + 2 + (j >> 2)]! >> (2 * (j & 3))) & 3) - 1) * d;
});

/** Twice the numbers of float4_e2m1fn; code 8 is 0 here and not -0. */
const TWICE_E2M1 = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

const mxfp4 = each(32, 17, (bytes, p, into, at) => {
  const d = 2 ** (bytes[p]! - 128);
  for (let j = 0; j < 16; j++) {
    const q = bytes[p + 1 + j]!;
    into[at + j] = TWICE_E2M1[q & 15]! * d;
    into[at + 16 + j] = TWICE_E2M1[q >> 4]! * d;
  }
});

/** Half the number of an unsigned e4m3 code; 0x7f is 0. */
function halfOfE4m3(code: number): number {
  const exponent = (code >> 3) & 15;
  const mantissa = code & 7;
  if (code === 0x7f) return 0;
  return exponent === 0 ? mantissa * 2 ** -10 : (1 + mantissa / 8) * 2 ** (exponent - 8);
}

const nvfp4 = each(64, 36, (bytes, p, into, at) => {
  for (let group = 0; group < 4; group++) {
    const d = halfOfE4m3(bytes[p + group]!);
    for (let j = 0; j < 8; j++) {
      const q = bytes[p + 4 + group * 8 + j]!;
      into[at + group * 16 + j] = TWICE_E2M1[q & 15]! * d;
      into[at + group * 16 + 8 + j] = TWICE_E2M1[q >> 4]! * d;
    }
  }
});

function plain(dtype: ElementType, bytes: number): GgmlType {
  return { dtype, blockElements: 1, blockBytes: bytes, content: dtype, halves: null };
}

function blocks(
  dtype: string,
  blockElements: number,
  blockBytes: number,
  content: DecodeBlocks | null,
  halves: number[] | null = null,
): GgmlType {
  return { dtype, blockElements, blockBytes, content, halves };
}

/** By ggml's number of the type (`enum ggml_type` in ggml.h). Numbers that are missing here were withdrawn or are newer. */
export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map([
  [0, plain('float32', 4)],
  [1, plain('float16', 2)],
  [2, blocks('Q4_0', 32, 18, q4_0, [0])],
  [3, blocks('Q4_1', 32, 20, q4_1)],
  [6, blocks('Q5_0', 32, 22, q5_0)],
  [7, blocks('Q5_1', 32, 24, q5_1)],
  [8, blocks('Q8_0', 32, 34, bytesOf32(34, 2), [0])],
  // The sum of its codes lies beside the scale; nothing but products in ggml uses it.
  [9, blocks('Q8_1', 32, 36, bytesOf32(36, 4))],
  [10, blocks('Q2_K', 256, 84, q2_K)],
  [11, blocks('Q3_K', 256, 110, q3_K)],
  [12, blocks('Q4_K', 256, 144, q4_K, [0, 2])],
  [13, blocks('Q5_K', 256, 176, q5_K)],
  [14, blocks('Q6_K', 256, 210, q6_K, [208])],
  [15, blocks('Q8_K', 256, 292, q8_K)],
  [16, blocks('IQ2_XXS', 256, 66, null)],
  [17, blocks('IQ2_XS', 256, 74, null)],
  [18, blocks('IQ3_XXS', 256, 98, null)],
  [19, blocks('IQ1_S', 256, 50, null)],
  [20, blocks('IQ4_NL', 32, 18, iq4_nl)],
  [21, blocks('IQ3_S', 256, 110, null)],
  [22, blocks('IQ2_S', 256, 82, null)],
  [23, blocks('IQ4_XS', 256, 136, iq4_xs)],
  [24, plain('int8', 1)],
  [25, plain('int16', 2)],
  [26, plain('int32', 4)],
  [27, plain('int64', 8)],
  [28, plain('float64', 8)],
  [29, blocks('IQ1_M', 256, 56, null)],
  [30, plain('bfloat16', 2)],
  [34, blocks('TQ1_0', 256, 54, tq1_0)],
  [35, blocks('TQ2_0', 256, 66, tq2_0)],
  [39, blocks('MXFP4', 32, 17, mxfp4, [])],
  [40, blocks('NVFP4', 64, 36, nvfp4)],
  [41, blocks('Q1_0', 128, 18, q1_0)],
  [42, blocks('Q2_0', 64, 18, q2_0)],
]);
