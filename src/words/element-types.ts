import type { RawLayout } from '../formats/vectors/raw';

export type ElementTypeName = RawLayout['dtype'];

/** Bytes that an element takes, the most usual types first. */
export const ELEMENT_BYTES = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float8_e4m3fn: 1,
  float8_e5m2: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2fnuz: 1,
  float8_e8m0fnu: 1,
  bool: 1,
} satisfies Record<ElementTypeName, number>;

export const ELEMENT_TYPES = Object.keys(ELEMENT_BYTES) as readonly ElementTypeName[];
