/** Passes over rows of float64 that lie in the caller's memory. Addresses are of doubles; `d` of them are a row. */

/** For each row its sum of squares and its hash, which spectral/distinct-rows.ts defines. @param hashes 32-bit words, two for each row */
export function measure(rows: usize, count: i32, d: i32, squares: usize, hashes: usize): void {
  const bytes = <usize>d * 8;
  for (let i = 0; i < count; i++, rows += bytes, squares += 8, hashes += 8) {
    store<f64>(squares, sumOfSquares(rows, bytes));
    hash(rows, d, hashes);
  }
}

/** Eight sums: as many additions are under way at a time. */
function sumOfSquares(row: usize, bytes: usize): f64 {
  const end = row + bytes;
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; row + 64 <= end; row += 64) {
    const x0 = v128.load(row);
    const x1 = v128.load(row, 16);
    const x2 = v128.load(row, 32);
    const x3 = v128.load(row, 48);
    s0 = f64x2.add(s0, f64x2.mul(x0, x0));
    s1 = f64x2.add(s1, f64x2.mul(x1, x1));
    s2 = f64x2.add(s2, f64x2.mul(x2, x2));
    s3 = f64x2.add(s3, f64x2.mul(x3, x3));
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; row < end; row += 8) {
    const x = load<f64>(row);
    sum += x * x;
  }
  return sum;
}

function hash(row: usize, d: i32, to: usize): void {
  let a = i32x4.splat(<i32>0x9747b28c);
  let b = i32x4.splat(0x3c6ef372);
  let i = 0;
  for (; i + 2 <= d; i += 2, row += 16) {
    const k = v128.load(row);
    a = mixA(a, k);
    b = mixB(b, k);
  }
  if (i < d) {
    const k = v128.load64_zero(row);
    a = mixA(a, k);
    b = mixB(b, k);
  }
  const first = finish(fold(a, d));
  store<i32>(to, first);
  store<i32>(to, finish(fold(b, d) ^ first), 4);
}

function mixA(h: v128, k: v128): v128 {
  h = v128.xor(h, i32x4.mul(k, i32x4.splat(<i32>0xcc9e2d51)));
  h = v128.or(i32x4.shl(h, 13), i32x4.shr_u(h, 19));
  return i32x4.add(i32x4.add(h, i32x4.shl(h, 2)), i32x4.splat(<i32>0xe6546b64));
}

function mixB(h: v128, k: v128): v128 {
  k = v128.or(i32x4.shl(k, 16), i32x4.shr_u(k, 16));
  h = v128.xor(h, i32x4.mul(k, i32x4.splat(0x1b873593)));
  h = v128.or(i32x4.shl(h, 15), i32x4.shr_u(h, 17));
  return i32x4.add(i32x4.add(h, i32x4.shl(h, 2)), i32x4.splat(0x561ccd1b));
}

function fold(lanes: v128, d: i32): i32 {
  let h = finish(d ^ i32x4.extract_lane(lanes, 0));
  h = finish(h ^ i32x4.extract_lane(lanes, 1));
  h = finish(h ^ i32x4.extract_lane(lanes, 2));
  return h ^ i32x4.extract_lane(lanes, 3);
}

function finish(h: i32): i32 {
  h = (h ^ (h >>> 16)) * <i32>0x85ebca6b;
  h = (h ^ (h >>> 13)) * <i32>0xc2b2ae35;
  return h ^ (h >>> 16);
}

/**
 * Rows whose first factor is a number, times it, one after the other to the head of `rows`. Of those, the row as it was, times its second
 * factor, is added to `sums`; and where it is not what `first` is, bits are set in `differs`.
 * @param factors two for each row @returns how many were taken
 */
export function take(rows: usize, count: i32, d: i32, factors: usize, sums: usize, first: usize, differs: usize): i32 {
  const bytes = <usize>d * 8;
  let to = rows;
  let taken = 0;
  for (let i = 0; i < count; i++, rows += bytes, factors += 16) {
    const scale = load<f64>(factors);
    if (Number.isNaN(scale)) continue;
    takeRow(rows, to, bytes, scale, load<f64>(factors, 8), sums, first, differs);
    to += bytes;
    taken++;
  }
  return taken;
}

function takeRow(row: usize, to: usize, bytes: usize, scale: f64, direction: f64, sums: usize, first: usize, differs: usize): void {
  const end = row + bytes;
  const scales = f64x2.splat(scale);
  const directions = f64x2.splat(direction);
  for (; row + 16 <= end; row += 16, to += 16, sums += 16, first += 16, differs += 16) {
    const x = v128.load(row);
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.mul(x, directions)));
    v128.store(differs, v128.or(v128.load(differs), f64x2.ne(x, v128.load(first))));
    v128.store(to, f64x2.mul(x, scales));
  }
  if (row < end) {
    const x = load<f64>(row);
    store<f64>(sums, load<f64>(sums) + x * direction);
    if (x !== load<f64>(first)) store<i64>(differs, -1);
    store<f64>(to, x * scale);
  }
}

/** In each row x becomes y = x - centre; adds the y to `offset` and the |y|^2 y to `third`. @returns the sum of the |y|^4 */
export function gather(rows: usize, count: i32, d: i32, centre: usize, offset: usize, third: usize): f64 {
  const bytes = <usize>d * 8;
  let fourth: f64 = 0;
  for (let i = 0; i < count; i++, rows += bytes) {
    const end = rows + bytes;
    let c = centre;
    let o = offset;
    let row = rows;
    for (; row + 16 <= end; row += 16, c += 16, o += 16) {
      const y = f64x2.sub(v128.load(row), v128.load(c));
      v128.store(row, y);
      v128.store(o, f64x2.add(v128.load(o), y));
    }
    if (row < end) {
      const y = load<f64>(row) - load<f64>(c);
      store<f64>(row, y);
      store<f64>(o, load<f64>(o) + y);
    }
    const square = sumOfSquares(rows, bytes);
    fourth += square * square;
    const squares = f64x2.splat(square);
    let t = third;
    for (row = rows; row + 16 <= end; row += 16, t += 16) {
      v128.store(t, f64x2.add(v128.load(t), f64x2.mul(squares, v128.load(row))));
    }
    if (row < end) store<f64>(t, load<f64>(t) + square * load<f64>(row));
  }
  return fourth;
}
