import { decodeCodes } from './small-floats';

/**
 * Element types of stored tensors and their decoding to float64, by the names that NumPy, ml_dtypes and PyTorch share.
 *
 * Every finite value of every type but the 64-bit integers is exact in float64; those round to nearest, ties to even, as `astype(float64)` does.
 * NaN and infinities stay what they are.
 */

export const BYTES_PER_ELEMENT = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float8_e4m3fn: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2: 1,
  float8_e5m2fnuz: 1,
  float8_e8m0fnu: 1,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
} as const;

export type ElementType = keyof typeof BYTES_PER_ELEMENT;

export type ByteOrder = 'little' | 'big';

/**
 * Writes `count` elements, taken every `stride` elements from byte `from` of `bytes`, to `into[at]`, `into[at + step]`, ...
 * Fastest without strides, when `from` is aligned to the element in memory and the byte order is the machine's; right in any case.
 */
export type Decode = (bytes: Uint8Array, from: number, stride: number, into: Float64Array, at: number, step: number, count: number) => void;

/** The decoder of a type. Look it up once per tensor, not per row. */
export function decoder(type: ElementType, order: ByteOrder): Decode {
  switch (type) {
    case 'bool':
      return byTable(Uint8Array, order, new Float32Array(256).fill(1, 1));
    case 'float8_e4m3fn':
    case 'float8_e4m3fnuz':
    case 'float8_e5m2':
    case 'float8_e5m2fnuz':
    case 'float8_e8m0fnu':
      return small(type, order, Uint8Array);
    case 'float16':
    case 'bfloat16':
      return small(type, order, Uint16Array);
    case 'int8':
      return converted(Int8Array, order);
    case 'uint8':
      return converted(Uint8Array, order);
    case 'int16':
      return converted(Int16Array, order);
    case 'uint16':
      return converted(Uint16Array, order);
    case 'int32':
      return converted(Int32Array, order);
    case 'uint32':
      return converted(Uint32Array, order);
    case 'float32':
      return converted(Float32Array, order);
    case 'float64':
      return converted(Float64Array, order);
    case 'int64':
      return combined(order, true);
    case 'uint64':
      return combined(order, false);
  }
}

const NATIVE: ByteOrder = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 'little' : 'big';

interface ViewConstructor<View> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): View;
}

/** Elements as they are stored, as a view in the machine's byte order: on the bytes themselves, or on a copy where those do not allow it. */
function viewer<View>(Type: ViewConstructor<View>, order: ByteOrder, viewsPerElement = 1) {
  const size = Type.BYTES_PER_ELEMENT;
  const elementBytes = size * viewsPerElement;
  const foreign = elementBytes > 1 && order !== NATIVE;
  let copy = Buffer.alloc(0);
  return (bytes: Uint8Array, from: number, elements: number): View => {
    const start = bytes.byteOffset + from;
    if (!foreign && start % size === 0) return new Type(bytes.buffer, start, elements * viewsPerElement);
    const length = elements * elementBytes;
    if (copy.length < length) copy = Buffer.allocUnsafeSlow(length);
    const part = copy.subarray(0, length);
    part.set(bytes.subarray(from, from + length));
    if (foreign) swap(part, elementBytes);
    return new Type(part.buffer, part.byteOffset, elements * viewsPerElement);
  };
}

function swap(bytes: Buffer, elementBytes: number): void {
  if (elementBytes === 2) bytes.swap16();
  else if (elementBytes === 4) bytes.swap32();
  else bytes.swap64();
}

function converted(Type: ViewConstructor<ArrayLike<number>>, order: ByteOrder): Decode {
  const view = viewer(Type, order);
  return (bytes, from, stride, into, at, step, count) => {
    if (count === 0) return;
    const stored = view(bytes, from, (count - 1) * stride + 1);
    if (stride === 1 && step === 1) into.set(stored, at);
    else for (let i = 0, j = 0; i < count; i++, j += stride, at += step) into[at] = stored[j]!;
  };
}

/** `values` maps stored bits to numbers. */
function byTable(Type: ViewConstructor<Uint8Array | Uint16Array>, order: ByteOrder, values: Float32Array): Decode {
  const view = viewer(Type, order);
  return (bytes, from, stride, into, at, step, count) => {
    if (count === 0) return;
    const stored = view(bytes, from, (count - 1) * stride + 1);
    for (let i = 0, j = 0; i < count; i++, j += stride, at += step) into[at] = values[stored[j]!]!;
  };
}

/** Faster than by a table where elements lie together in the usual order. */
function small(type: SmallFloat, order: ByteOrder, Type: ViewConstructor<Uint8Array | Uint16Array>): Decode {
  const together = order === 'little' || BYTES_PER_ELEMENT[type] === 1;
  const decode = together ? decodeCodes(type === 'float16' || type === 'bfloat16' ? type : valuesByCode(type)) : null;
  let scattered: Decode | null = null;
  return (bytes, from, stride, into, at, step, count) => {
    if (decode !== null && stride === 1 && step === 1) return decode(bytes, from, into, at, count);
    scattered ??= byTable(Type, order, valuesByCode(type));
    scattered(bytes, from, stride, into, at, step, count);
  };
}

/** 64-bit integers as high * 2^32 + low: one rounding, and no BigInt per element. */
function combined(order: ByteOrder, signed: boolean): Decode {
  const view = viewer(Uint32Array, order, 2);
  const [low, high] = NATIVE === 'little' ? [0, 1] : [1, 0];
  return (bytes, from, stride, into, at, step, count) => {
    if (count === 0) return;
    const words = view(bytes, from, (count - 1) * stride + 1);
    for (let i = 0, j = 0; i < count; i++, j += 2 * stride, at += step) {
      const upper = words[j + high]!;
      into[at] = (signed ? upper | 0 : upper) * 0x1_0000_0000 + words[j + low]!;
    }
  };
}

type SmallFloat = 'float16' | 'bfloat16' | 'float8_e4m3fn' | 'float8_e4m3fnuz' | 'float8_e5m2' | 'float8_e5m2fnuz' | 'float8_e8m0fnu';

/**
 * Sign, exponent and mantissa bits, the exponent's bias, and which codes are not finite:
 * `ieee`: the largest exponent is infinity and NaN; `fn`: all ones is NaN, no infinity; `fnuz`: only the code of -0 is NaN.
 * Micikevicius et al., "FP8 formats for deep learning", arXiv:2209.05433; `fnuz` from Noune et al., arXiv:2206.02915;
 * e8m0 from the OCP Microscaling specification 1.0.
 */
const SMALL_FLOATS: Readonly<
  Record<SmallFloat, { sign: 0 | 1; exponent: number; mantissa: number; bias: number; special: 'ieee' | 'fn' | 'fnuz' }>
> = {
  float16: { sign: 1, exponent: 5, mantissa: 10, bias: 15, special: 'ieee' },
  bfloat16: { sign: 1, exponent: 8, mantissa: 7, bias: 127, special: 'ieee' },
  float8_e4m3fn: { sign: 1, exponent: 4, mantissa: 3, bias: 7, special: 'fn' },
  float8_e4m3fnuz: { sign: 1, exponent: 4, mantissa: 3, bias: 8, special: 'fnuz' },
  float8_e5m2: { sign: 1, exponent: 5, mantissa: 2, bias: 15, special: 'ieee' },
  float8_e5m2fnuz: { sign: 1, exponent: 5, mantissa: 2, bias: 16, special: 'fnuz' },
  float8_e8m0fnu: { sign: 0, exponent: 8, mantissa: 0, bias: 127, special: 'fn' },
};

const tables = new Map<SmallFloat, Float32Array>();

/** Value of every code of a type of at most 16 bits: at most 256 KiB, made once. */
export function valuesByCode(type: SmallFloat): Float32Array {
  let values = tables.get(type);
  if (values === undefined) {
    const { sign, exponent, mantissa } = SMALL_FLOATS[type];
    values = new Float32Array(2 ** (sign + exponent + mantissa));
    for (let code = 0; code < values.length; code++) values[code] = valueOfCode(type, code);
    tables.set(type, values);
  }
  return values;
}

function valueOfCode(type: SmallFloat, code: number): number {
  const { sign, exponent, mantissa, bias, special } = SMALL_FLOATS[type];
  const magnitude = code & (2 ** (exponent + mantissa) - 1);
  const negative = code !== magnitude;
  const e = magnitude >> mantissa;
  const m = magnitude & (2 ** mantissa - 1);
  if (special === 'fnuz' && negative && magnitude === 0) return Number.NaN;
  if (special === 'fn' && magnitude === 2 ** (exponent + mantissa) - 1) return Number.NaN;
  const factor = negative ? -1 : 1;
  if (special === 'ieee' && e === 2 ** exponent - 1) return m === 0 ? factor * Number.POSITIVE_INFINITY : Number.NaN;
  // Only e8m0, which has no sign and no zero, has no subnormal numbers.
  if (e === 0 && sign === 1) return factor * m * 2 ** (1 - bias - mantissa);
  return factor * (1 + m / 2 ** mantissa) * 2 ** (e - bias);
}
