/** The products that all jobs are made of: of panels of four columns, rows x 4 numbers that follow each other, `STEP` bytes from one to the next. */

// Words that ../wasm.ts writes.
/** Rows of Y, a multiple of four. */
export const ROWS: usize = 264;
export const PANELS: usize = 268;
/** Address of Y, panels x rows x 4. */
export const Y: usize = 272;
/** Address of the vectors, groups x (4 panels) x 4. */
export const X: usize = 276;
/** Address of their products with the rows, groups x rows x 4. */
export const PRODUCTS: usize = 280;
/** Bytes from one panel to the next. */
export const STEP: usize = 284;
/** Where the slots of results begin. */
export const RESULTS: usize = 1024;

/** Panels along one side of a tile, and its columns. */
export const SIDE: i32 = 12;
export const TILE: i32 = 4 * SIDE;
/** Bytes of a row of a panel, and of a row of a tile. */
export const PANEL_ROW: i32 = 4 * 8;
export const TILE_ROW: i32 = TILE * 8;
/** Rows summed in registers: two panels of as many stay in the first-level cache. */
const DEPTH: i32 = 256;
/** The same of float32: the rounding of the sums grows with them. */
const SHORT: i32 = 64;
/** Bytes of a row of a panel of float32. */
export const SHORT_ROW: i32 = 24 * 4;

/** The tile at `to` += A^T B for panels A and B. @param upper whether nothing is wanted below the diagonal */
export function addTile(a: usize, lefts: i32, b: usize, rights: i32, upper: bool, to: usize): void {
  const rows = load<i32>(ROWS);
  const step = <usize>load<i32>(STEP);
  for (let row = 0; row < rows; row += DEPTH) {
    const from = <usize>row * PANEL_ROW;
    const bytes = <usize>min(DEPTH, rows - row) * PANEL_ROW;
    for (let j = 0; j < rights; j++) {
      const end = upper ? j + 1 : lefts;
      for (let i = 0; i < end; i++) {
        addProduct(a + i * step + from, b + j * step + from, bytes, to + <usize>(4 * i) * TILE_ROW + <usize>(j * PANEL_ROW), TILE_ROW);
      }
    }
  }
}

/**
 * The same of float32, in panels of 24 columns. Products of few rows are summed in float32, and those sums in float64.
 * @param height of the tiles in registers, 4 or 6
 */
export function addShortTile(a: usize, lefts: i32, b: usize, rights: i32, upper: bool, height: i32, to: usize): void {
  const end = <usize>load<i32>(ROWS) * SHORT_ROW;
  const step = <usize>load<i32>(STEP);
  const columns = 24 * lefts;
  for (let from: usize = 0; from < end; from += SHORT * SHORT_ROW) {
    const bytes = min(<usize>(SHORT * SHORT_ROW), end - from);
    for (let j = 0; j < 24 * rights; j += 8) {
      const right = b + <usize>(j / 24) * step + <usize>(4 * (j % 24)) + from;
      const last = upper ? min(j + 8, columns) : columns;
      for (let i = 0; i < last; i += height) {
        const left = a + <usize>(i / 24) * step + <usize>(4 * (i % 24)) + from;
        const tile = to + <usize>i * TILE_ROW + <usize>(8 * j);
        if (height === 6) addShortProduct6(left, right, bytes, tile);
        else addShortProduct4(left, right, bytes, tile);
      }
    }
  }
}

export function panelRow(panel: i32, row: i32): usize {
  return <usize>load<i32>(Y) + <usize>panel * load<i32>(STEP) + <usize>row * PANEL_ROW;
}

/** a b + c; with one rounding where that is faster. */
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_madd(a, b, c) : f64x2.add(f64x2.mul(a, b), c);
}

function accumulate(to: usize, x: v128): void {
  v128.store(to, f64x2.add(v128.load(to), x));
}

// Both engines of V8 that were measured (11.3, 13.6) spill registers from 6 x 4 tiles without fused products, and from unrolled loops.

/** The 4 x 4 tile at `to` += A^T B. @param a rows x 4 @param b rows x 4, of so many bytes, at least one row @param row bytes from one row of the tile to the next */
export function addProduct(a: usize, b: usize, bytes: usize, to: usize, row: usize): void {
  const end = b + bytes;
  let c00 = f64x2.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let s = v128.load64_splat(a);
    c00 = multiplyAdd(s, b0, c00);
    c01 = multiplyAdd(s, b1, c01);
    s = v128.load64_splat(a, 8);
    c10 = multiplyAdd(s, b0, c10);
    c11 = multiplyAdd(s, b1, c11);
    s = v128.load64_splat(a, 16);
    c20 = multiplyAdd(s, b0, c20);
    c21 = multiplyAdd(s, b1, c21);
    s = v128.load64_splat(a, 24);
    c30 = multiplyAdd(s, b0, c30);
    c31 = multiplyAdd(s, b1, c31);
    a += PANEL_ROW;
    b += PANEL_ROW;
  } while (b < end);
  accumulate(to, c00);
  accumulate(to + 16, c01);
  to += row;
  accumulate(to, c10);
  accumulate(to + 16, c11);
  to += row;
  accumulate(to, c20);
  accumulate(to + 16, c21);
  to += row;
  accumulate(to, c30);
  accumulate(to + 16, c31);
}

/** The 4 x 4 tile at `to`, rows x vectors, += four rows of `span` panels times as many of the vectors. */
export function addRowProducts(span: i32, y: usize, x: usize, to: usize): void {
  const next = <usize>load<i32>(STEP);
  let c00 = f64x2.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (; span > 0; span--) {
    for (let a = y; a < y + PANEL_ROW; a += 8) {
      const b0 = v128.load(x);
      const b1 = v128.load(x, 16);
      let s = v128.load64_splat(a);
      c00 = multiplyAdd(s, b0, c00);
      c01 = multiplyAdd(s, b1, c01);
      s = v128.load64_splat(a, 32);
      c10 = multiplyAdd(s, b0, c10);
      c11 = multiplyAdd(s, b1, c11);
      s = v128.load64_splat(a, 64);
      c20 = multiplyAdd(s, b0, c20);
      c21 = multiplyAdd(s, b1, c21);
      s = v128.load64_splat(a, 96);
      c30 = multiplyAdd(s, b0, c30);
      c31 = multiplyAdd(s, b1, c31);
      x += PANEL_ROW;
    }
    y += next;
  }
  accumulate(to, c00);
  accumulate(to + 16, c01);
  accumulate(to + 32, c10);
  accumulate(to + 48, c11);
  accumulate(to + 64, c20);
  accumulate(to + 80, c21);
  accumulate(to + 96, c30);
  accumulate(to + 112, c31);
}

/** The 4 x 8 tile of float64 at `to` += A^T B. @param a rows x 4, float32 @param b rows x 8, float32, of so many bytes, at least one row */
function addShortProduct4(a: usize, b: usize, bytes: usize, to: usize): void {
  const end = b + bytes;
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = multiplyAddShort(s, b0, c00);
    c01 = multiplyAddShort(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = multiplyAddShort(s, b0, c10);
    c11 = multiplyAddShort(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = multiplyAddShort(s, b0, c20);
    c21 = multiplyAddShort(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = multiplyAddShort(s, b0, c30);
    c31 = multiplyAddShort(s, b1, c31);
    a += SHORT_ROW;
    b += SHORT_ROW;
  } while (b < end);
  accumulateShort(to, c00);
  accumulateShort(to + 32, c01);
  to += TILE_ROW;
  accumulateShort(to, c10);
  accumulateShort(to + 32, c11);
  to += TILE_ROW;
  accumulateShort(to, c20);
  accumulateShort(to + 32, c21);
  to += TILE_ROW;
  accumulateShort(to, c30);
  accumulateShort(to + 32, c31);
}

/** The 6 x 8 tile of float64 at `to` += A^T B. @param a rows x 6, float32 @param b rows x 8, float32, of so many bytes, at least one row */
function addShortProduct6(a: usize, b: usize, bytes: usize, to: usize): void {
  const end = b + bytes;
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = multiplyAddShort(s, b0, c00);
    c01 = multiplyAddShort(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = multiplyAddShort(s, b0, c10);
    c11 = multiplyAddShort(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = multiplyAddShort(s, b0, c20);
    c21 = multiplyAddShort(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = multiplyAddShort(s, b0, c30);
    c31 = multiplyAddShort(s, b1, c31);
    s = v128.load32_splat(a, 16);
    c40 = multiplyAddShort(s, b0, c40);
    c41 = multiplyAddShort(s, b1, c41);
    s = v128.load32_splat(a, 20);
    c50 = multiplyAddShort(s, b0, c50);
    c51 = multiplyAddShort(s, b1, c51);
    a += SHORT_ROW;
    b += SHORT_ROW;
  } while (b < end);
  accumulateShort(to, c00);
  accumulateShort(to + 32, c01);
  to += TILE_ROW;
  accumulateShort(to, c10);
  accumulateShort(to + 32, c11);
  to += TILE_ROW;
  accumulateShort(to, c20);
  accumulateShort(to + 32, c21);
  to += TILE_ROW;
  accumulateShort(to, c30);
  accumulateShort(to + 32, c31);
  to += TILE_ROW;
  accumulateShort(to, c40);
  accumulateShort(to + 32, c41);
  to += TILE_ROW;
  accumulateShort(to, c50);
  accumulateShort(to + 32, c51);
}

function multiplyAddShort(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

function accumulateShort(to: usize, x: v128): void {
  accumulate(to, f64x2.promote_low_f32x4(x));
  accumulate(to + 16, f64x2.promote_low_f32x4(i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)));
}
