/** Codes of small floats to float64, in the caller's memory. `count` is a multiple of eight; what is decoded beyond the last code means nothing. */

/** The upper half of a float32. */
export function bfloat16(from: usize, count: i32, to: usize): void {
  for (const end = from + <usize>(2 * count); from < end; from += 16, to += 64) {
    const codes = v128.load(from);
    storeFour(to, i32x4.shl(i32x4.extend_low_i16x8_u(codes), 16));
    storeFour(to + 32, i32x4.shl(i32x4.extend_high_i16x8_u(codes), 16));
  }
}

export function float16(from: usize, count: i32, to: usize): void {
  for (const end = from + <usize>(2 * count); from < end; from += 16, to += 64) {
    const codes = v128.load(from);
    storeFour(to, single(i32x4.extend_low_i16x8_u(codes)));
    storeFour(to + 32, single(i32x4.extend_high_i16x8_u(codes)));
  }
}

/** Four codes of float16 as float32. The exponents differ by 112; infinities and NaN by as much again. */
function single(codes: v128): v128 {
  const sign = i32x4.shl(v128.and(codes, i32x4.splat(0x8000)), 16);
  const magnitude = v128.and(codes, i32x4.splat(0x7fff));
  const shift = i32x4.splat(112 << 23);
  let x = i32x4.add(i32x4.shl(magnitude, 13), shift);
  x = i32x4.add(x, v128.and(i32x4.ge_s(magnitude, i32x4.splat(0x7c00)), shift));
  const subnormal = f32x4.mul(f32x4.convert_i32x4_s(magnitude), f32x4.splat(5.9604644775390625e-8));
  return v128.or(sign, v128.bitselect(subnormal, x, i32x4.lt_s(magnitude, i32x4.splat(0x400))));
}

/** Four of float32. */
function storeFour(to: usize, x: v128): void {
  v128.store(to, f64x2.promote_low_f32x4(x));
  v128.store(to, f64x2.promote_low_f32x4(i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)), 16);
}

/** Bytes. @param values float64 for each of them */
export function byValue(from: usize, count: i32, to: usize, values: usize): void {
  for (const end = from + <usize>count; from < end; from += 8, to += 64) {
    let codes = load<u64>(from);
    for (let k: usize = 0; k < 64; k += 8, codes >>= 8) f64.store(to + k, f64.load(values + ((<usize>(codes & 0xff)) << 3)));
  }
}
