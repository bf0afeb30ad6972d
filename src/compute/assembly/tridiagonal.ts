/**
 * A symmetric matrix A to tridiagonal form in two stages: to a band by Householder reflections, as many at a time as the band is wide,
 * which are products of tiles; then the band to three diagonals by chasing bulges, which stay in the nearest cache. (Bischof, Lang and
 * Sun, A framework for symmetric band reduction, ACM TOMS 26, 2000.) ../wasm-tridiagonal.ts calls these in order.
 *
 * All of A lies in panels; V, U and W, of as many columns as a block has reflections, in panels ("groups") of their own.
 */

import {
  addProduct,
  addRowProducts,
  addTile,
  multiplyAdd,
  PANEL_ROW,
  PANELS,
  PRODUCTS,
  panelRow,
  RESULTS,
  ROWS,
  SIDE,
  STEP,
  TILE,
  TILE_ROW,
  X,
} from './tiles';

/** Groups of V, of U (at X) and of W (at PRODUCTS). */
const GROUPS: usize = 288;
/** Addresses of [V W]^T and of -[W V]^T, each panels x (8 groups) x 4. */
const LEFT: usize = 292;
const RIGHT: usize = 296;
/** Address of the band: entry (i, j), i >= j, at (2 width + 1) j + i - j. */
const BAND: usize = 300;
/** Its width: entries of a column below the diagonal. */
const WIDTH: usize = 304;
/** Rows and columns of the band. */
const ORDER: usize = 308;
/** Address of space for three columns of the band and four numbers. */
const SPARE: usize = 312;

/** Squares of what counts as nothing, in a matrix whose largest entry is near 1: below, they would lose digits as subnormals. */
const NOTHING: f64 = 1e-280;

/** The lower triangle of A from the upper. */
export function mirror(panel: i32): void {
  for (let row = 0; row < panel; row++) transpose(panelRow(panel, 4 * row), panelRow(row, 4 * panel));
}

/** W = A U for a tile's width of rows. */
export function image(task: i32, tile: usize): void {
  const groups = load<i32>(GROUPS);
  const step = <usize>load<i32>(STEP);
  const first = task * SIDE;
  const panels = min(SIDE, load<i32>(PANELS) - first);
  memory.fill(tile, 0, TILE * TILE_ROW);
  addTile(panelRow(first, 0), panels, load<i32>(X), groups, false, tile);
  const end = tile + <usize>(4 * panels) * TILE_ROW;
  for (let g = 0; g < groups; g++) {
    let to = <usize>load<i32>(PRODUCTS) + <usize>g * step + <usize>(4 * first) * PANEL_ROW;
    for (let from = tile + g * PANEL_ROW; from < end; from += TILE_ROW, to += PANEL_ROW) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
  }
}

/** A -= V W^T + W V^T for one tile on or below the diagonal, (i, j) where task = i (i + 1) / 2 + j, and for its mirror image. */
export function rankUpdate(task: i32): void {
  const i = <i32>((Math.sqrt(<f64>(8 * task + 1)) - 1) / 2);
  const j = task - (i * (i + 1)) / 2;
  const bytes = <usize>(8 * load<i32>(GROUPS) * PANEL_ROW);
  const panels = load<i32>(PANELS);
  const bottom = min((i + 1) * SIDE, panels);
  const right = min((j + 1) * SIDE, panels);
  for (let p = i * SIDE; p < bottom; p++) {
    for (let q = j * SIDE; q < min(p + 1, right); q++) {
      const to = panelRow(q, 4 * p);
      addProduct(<usize>load<i32>(LEFT) + p * bytes, <usize>load<i32>(RIGHT) + q * bytes, bytes, to, PANEL_ROW);
      if (p > q) transpose(to, panelRow(p, 4 * q));
    }
  }
}

/** 4 x 4 numbers that follow each other. */
function transpose(from: usize, to: usize): void {
  for (let half = 0; half < 2; half++, from += 16, to += 2 * PANEL_ROW) {
    const a = v128.load(from);
    const b = v128.load(from, 32);
    const c = v128.load(from, 64);
    const d = v128.load(from, 96);
    v128.store(to, v128.shuffle<f64>(a, b, 0, 2));
    v128.store(to, v128.shuffle<f64>(c, d, 0, 2), 16);
    v128.store(to, v128.shuffle<f64>(a, b, 1, 3), 32);
    v128.store(to, v128.shuffle<f64>(c, d, 1, 3), 48);
  }
}

function negate(at: usize, bytes: usize): void {
  for (const end = at + bytes; at < end; at += 16) v128.store(at, f64x2.neg(v128.load(at)));
}

/**
 * Householder QR of ROWS x (4 GROUPS) numbers: V in their place, zeros and ones on and above its diagonal included.
 * @param columns where R is left, a column of ROWS numbers after the other
 * @param factor groups x (4 groups) x 4, the triangular T of Q = I - V T V^T (Schreiber and Van Loan, SISSC 10, 1989)
 */
export function factorPanel(v: usize, columns: usize, factor: usize): void {
  const rows = load<i32>(ROWS);
  const count = 4 * load<i32>(GROUPS);
  const step = <usize>load<i32>(STEP);
  const length = <usize>rows * 8;
  for (let j = 0; j < count; j += 4) {
    let from = v + <usize>(j / 4) * step;
    let to = columns + <usize>j * length;
    for (let i = 0; i < rows; i += 2, from += 2 * PANEL_ROW, to += 16) {
      for (let k = 0; k < 2; k++) {
        const a = v128.load(from + 16 * k);
        const b = v128.load(from + PANEL_ROW + 16 * k);
        v128.store(to + <usize>(2 * k) * length, v128.shuffle<f64>(a, b, 0, 2));
        v128.store(to + <usize>(2 * k + 1) * length, v128.shuffle<f64>(a, b, 1, 3));
      }
    }
  }
  memory.fill(factor, 0, <usize>(count * count * 8));
  for (let j = 0; j < min(count, rows); j++) {
    const x = columns + <usize>j * length + <usize>(8 * j);
    const tau = reflect(x, rows - j);
    store<f64>(factorEntry(factor, count, j, j), tau);
    if (tau === 0) continue;
    const beta = load<f64>(x);
    store<f64>(x, 1);
    let c = j + 1;
    for (; c + 4 <= count; c += 4) {
      const y = x + <usize>(c - j) * length;
      multiplyFour(x, y, length, rows - j, RESULTS);
      for (let q: usize = 0; q < 32; q += 8) store<f64>(RESULTS + q, -tau * load<f64>(RESULTS + q));
      addToFour(RESULTS, x, y, length, rows - j);
    }
    for (; c < count; c++) {
      const y = x + <usize>(c - j) * length;
      addMultiple(-tau * dot(x, y, rows - j), x, y, rows - j);
    }
    store<f64>(x, beta);
  }
  for (let j = 0; j < count; j++) {
    let to = v + <usize>(j / 4) * step + <usize>(8 * (j % 4));
    const from = columns + <usize>j * length;
    for (let i = 0; i < rows; i++, to += PANEL_ROW) store<f64>(to, i > j ? load<f64>(from + <usize>(8 * i)) : i === j ? 1 : 0);
  }
  // T from V^T V: column j is -tau_j T V^T v_j above its diagonal entry tau_j.
  memory.fill(RESULTS, 0, TILE * TILE_ROW);
  addTile(v, count / 4, v, count / 4, true, RESULTS);
  for (let j = 1; j < min(count, rows); j++) {
    const tau = load<f64>(factorEntry(factor, count, j, j));
    for (let i = 0; i < j; i++) {
      let sum: f64 = 0;
      for (let k = i; k < j; k++) sum += load<f64>(factorEntry(factor, count, i, k)) * load<f64>(RESULTS + <usize>(k * TILE_ROW + 8 * j));
      store<f64>(factorEntry(factor, count, i, j), -tau * sum);
    }
  }
}

function factorEntry(factor: usize, count: i32, i: i32, j: i32): usize {
  return factor + <usize>((j / 4) * count * PANEL_ROW + i * PANEL_ROW + 8 * (j % 4));
}

/** U = V T. */
export function formVectors(v: usize, factor: usize): void {
  const groups = load<i32>(GROUPS);
  const rows = load<i32>(ROWS);
  for (let g = 0; g < groups; g++) {
    const u = <usize>load<i32>(X) + <usize>g * <usize>load<i32>(STEP);
    memory.fill(u, 0, <usize>rows * PANEL_ROW);
    const from = factor + <usize>(4 * g * groups * PANEL_ROW);
    for (let row: usize = 0; row < <usize>rows * PANEL_ROW; row += 4 * PANEL_ROW) addRowProducts(g + 1, v + row, from, u + row);
  }
}

/** W -= V (U^T W) / 2, so that Q^T A Q = A - V W^T - W V^T; and what `rankUpdate` needs of both. @param scratch (4 groups)^2 numbers */
export function prepareUpdate(v: usize, scratch: usize): void {
  const groups = load<i32>(GROUPS);
  const step = <usize>load<i32>(STEP);
  const count = 4 * groups;
  const bytes = <usize>load<i32>(ROWS) * PANEL_ROW;
  const w = <usize>load<i32>(PRODUCTS);
  memory.fill(RESULTS, 0, TILE * TILE_ROW);
  addTile(load<i32>(X), groups, w, groups, false, RESULTS);
  const minusHalf = f64x2.splat(-0.5);
  let to = scratch;
  for (let g = 0; g < groups; g++) {
    for (let k = 0; k < count; k++, to += PANEL_ROW) {
      const from = RESULTS + <usize>(k * TILE_ROW + g * PANEL_ROW);
      v128.store(to, f64x2.mul(minusHalf, v128.load(from)));
      v128.store(to, f64x2.mul(minusHalf, v128.load(from, 16)), 16);
    }
  }
  let left = <usize>load<i32>(LEFT);
  let right = <usize>load<i32>(RIGHT);
  const half = <usize>(count * PANEL_ROW);
  for (let row: usize = 0; row < bytes; row += 4 * PANEL_ROW, left += 2 * half, right += 2 * half) {
    for (let g = 0; g < groups; g++) {
      const offset = <usize>(4 * g * PANEL_ROW);
      const x = w + <usize>g * step + row;
      addRowProducts(groups, v + row, scratch + <usize>g * half, x);
      transpose(v + <usize>g * step + row, left + offset);
      transpose(x, left + half + offset);
    }
    memory.copy(right, left + half, half);
    memory.copy(right + half, left, half);
    negate(right, 2 * half);
  }
}

/** X := Q^T X = X - V T^T V^T X. @param x ROWS x 4 for each of `vectors` groups @param scratch vectors x (4 groups) x 4 numbers */
export function applyPanel(v: usize, factor: usize, x: usize, vectors: i32, scratch: usize): void {
  const groups = load<i32>(GROUPS);
  const step = <usize>load<i32>(STEP);
  const count = 4 * groups;
  const bytes = <usize>load<i32>(ROWS) * PANEL_ROW;
  memory.fill(RESULTS, 0, TILE * TILE_ROW);
  addTile(v, groups, x, vectors, false, RESULTS);
  for (let g = 0; g < vectors; g++) {
    const products = scratch + <usize>(g * count * PANEL_ROW);
    for (let i = 0; i < count; i++) {
      let low = f64x2.splat(0);
      let high = low;
      for (let k = 0; k <= i; k++) {
        const t = f64x2.splat(-load<f64>(factorEntry(factor, count, k, i)));
        const from = RESULTS + <usize>(k * TILE_ROW + g * PANEL_ROW);
        low = multiplyAdd(t, v128.load(from), low);
        high = multiplyAdd(t, v128.load(from, 16), high);
      }
      v128.store(products + <usize>(i * PANEL_ROW), low);
      v128.store(products + <usize>(i * PANEL_ROW), high, 16);
    }
    const to = x + <usize>g * step;
    for (let row: usize = 0; row < bytes; row += 4 * PANEL_ROW) addRowProducts(groups, v + row, products, to + row);
  }
}

/**
 * Sweep k: column k of the band to two entries, and the bulges that this makes, one width further down each, out of the matrix. The
 * vectors of its reflections, in row k of A from column k + 1 on, where the upper triangle is no longer needed; each begins with its tau
 * in place of 1.
 */
export function chase(k: i32): void {
  const n = load<i32>(ORDER);
  const width = load<i32>(WIDTH);
  const space = <usize>(8 * width);
  let v = <usize>load<i32>(SPARE);
  let next = v + space;
  const w = next + space;
  const sums = w + space;
  let first = k + 1;
  let length = min(width, n - first);
  const column = bandEntry(first, k, width);
  memory.copy(v, column, <usize>(8 * length));
  let tau = reflect(v, length);
  store<f64>(column, load<f64>(v));
  memory.fill(column + 8, 0, <usize>(8 * (length - 1)));
  keep(k, first, v, length, tau);
  for (;;) {
    store<f64>(v, 1);
    if (tau !== 0) reflectBothSides(bandEntry(first, first, width), <usize>(16 * width), length, v, tau, w);
    const second = first + length;
    if (second >= n) return;
    const rows = min(width, n - second);
    // The block beside: times this reflection from the right, then the next one, which clears its first column, from the left.
    const block = bandEntry(second, first, width);
    const stride = <usize>(16 * width);
    memory.fill(w, 0, <usize>(8 * rows));
    if (tau !== 0) {
      let j = 0;
      for (; j + 4 <= length; j += 4) addColumns(block + j * stride, stride, v + 8 * j, -tau, w, rows);
      for (; j < length; j++) addMultiple(-tau * load<f64>(v + 8 * j), block + j * stride, w, rows);
    }
    memory.copy(next, block, <usize>(8 * rows));
    addMultiple(1, w, next, rows);
    const nextTau = reflect(next, rows);
    store<f64>(block, load<f64>(next));
    memory.fill(block + 8, 0, <usize>(8 * (rows - 1)));
    keep(k, second, next, rows, nextTau);
    store<f64>(next, 1);
    const product = nextTau * dot(next, w, rows);
    let j = 1;
    for (; j + 4 <= length; j += 4) {
      const c = block + j * stride;
      multiplyFour(next, c, stride, rows, sums);
      for (let q: usize = 0; q < 32; q += 8) store<f64>(sums + q, -nextTau * load<f64>(sums + q) - product * load<f64>(v + 8 * j + q));
      addTwoToFour(v + 8 * j, w, sums, next, c, stride, rows);
    }
    for (; j < length; j++) {
      const c = block + j * stride;
      const vj = load<f64>(v + 8 * j);
      addTwoMultiples(vj, w, -nextTau * dot(next, c, rows) - product * vj, next, c, rows);
    }
    const spare = v;
    v = next;
    next = spare;
    tau = nextTau;
    first = second;
    length = rows;
  }
}

function bandEntry(i: i32, j: i32, width: i32): usize {
  return <usize>load<i32>(BAND) + 8 * (<usize>j * <usize>(2 * width + 1) + <usize>(i - j));
}

function keep(k: i32, first: i32, v: usize, length: i32, tau: f64): void {
  store<f64>(panelRow(first / 4, k) + <usize>(8 * (first % 4)), tau);
  for (let i = 1; i < length; i++) store<f64>(panelRow((first + i) / 4, k) + <usize>(8 * ((first + i) % 4)), load<f64>(v + 8 * i));
}

/** X := (I - tau v v^T) X for the reflections of sweep k. @param x rows x 4 for each of `vectors` groups @param v space for a row of A */
export function applyChase(k: i32, x: usize, vectors: i32, v: usize): void {
  const n = load<i32>(ORDER);
  const width = load<i32>(WIDTH);
  const step = <usize>load<i32>(STEP);
  for (let panel = (k + 1) / 4; 4 * panel < n; panel++) {
    const from = panelRow(panel, k);
    v128.store(v + panel * PANEL_ROW, v128.load(from));
    v128.store(v + panel * PANEL_ROW, v128.load(from, 16), 16);
  }
  for (let first = k + 1; first < n; first += width) {
    const start = v + 8 * first;
    const tau = f64x2.splat(-load<f64>(start));
    store<f64>(start, 1);
    const end = v + 8 * min(first + width, n);
    for (let g = 0; g < vectors; g++) {
      const top = x + <usize>g * step + first * PANEL_ROW;
      let low = f64x2.splat(0);
      let high = low;
      for (let at = start, to = top; at < end; at += 8, to += PANEL_ROW) {
        const s = v128.load64_splat(at);
        low = multiplyAdd(s, v128.load(to), low);
        high = multiplyAdd(s, v128.load(to, 16), high);
      }
      low = f64x2.mul(tau, low);
      high = f64x2.mul(tau, high);
      for (let at = start, to = top; at < end; at += 8, to += PANEL_ROW) {
        const s = v128.load64_splat(at);
        v128.store(to, multiplyAdd(s, low, v128.load(to)));
        v128.store(to, multiplyAdd(s, high, v128.load(to, 16)), 16);
      }
    }
  }
}

/** x := (beta, v_1, ...) of the reflection I - tau v v^T, v_0 = 1, that maps x to beta e_1. @returns tau */
function reflect(x: usize, length: i32): f64 {
  const alpha = load<f64>(x);
  const squares = dot(x + 8, x + 8, length - 1);
  if (squares < NOTHING) {
    memory.fill(x + 8, 0, <usize>(8 * (length - 1)));
    return 0;
  }
  const size = Math.sqrt(alpha * alpha + squares);
  const beta = alpha > 0 ? -size : size;
  const scale = 1 / (alpha - beta);
  for (let i = 1; i < length; i++) store<f64>(x + 8 * i, scale * load<f64>(x + 8 * i));
  store<f64>(x, beta);
  return (beta - alpha) / beta;
}

/**
 * Lower triangle of a diagonal block C of the band := (I - tau v v^T) C (I - tau v v^T), two columns at a time.
 * @param stride bytes from an entry to its right neighbour
 */
function reflectBothSides(c: usize, stride: usize, length: i32, v: usize, tau: f64, w: usize): void {
  const bytes = <usize>(8 * length);
  memory.fill(w, 0, bytes);
  let at: usize = 0;
  for (let corner = c; at + 16 <= bytes; at += 16, corner += 2 * (stride + 8)) {
    const c0 = corner - at;
    const c1 = c0 + stride;
    const v0 = load<f64>(v + at);
    const v1 = load<f64>(v + at, 8);
    const s0 = v128.load64_splat(v + at);
    const s1 = v128.load64_splat(v + at, 8);
    const below = load<f64>(corner, 8);
    let sum0 = f64x2.splat(0);
    let sum1 = sum0;
    let i = at + 16;
    for (; i + 16 <= bytes; i += 16) {
      const x0 = v128.load(c0 + i);
      const x1 = v128.load(c1 + i);
      const t = v128.load(v + i);
      sum0 = multiplyAdd(x0, t, sum0);
      sum1 = multiplyAdd(x1, t, sum1);
      v128.store(w + i, multiplyAdd(s0, x0, multiplyAdd(s1, x1, v128.load(w + i))));
    }
    let w0 = load<f64>(corner) * v0 + below * v1 + total(sum0);
    let w1 = below * v0 + load<f64>(c1 + at, 8) * v1 + total(sum1);
    if (i < bytes) {
      const x0 = load<f64>(c0 + i);
      const x1 = load<f64>(c1 + i);
      w0 += x0 * load<f64>(v + i);
      w1 += x1 * load<f64>(v + i);
      store<f64>(w + i, load<f64>(w + i) + v0 * x0 + v1 * x1);
    }
    store<f64>(w + at, load<f64>(w + at) + w0);
    store<f64>(w + at, load<f64>(w + at, 8) + w1, 8);
  }
  const last = c + at + <usize>(at / 8) * stride;
  if (at < bytes) store<f64>(w + at, load<f64>(w + at) + load<f64>(last) * load<f64>(v + at));

  const half = -0.5 * tau * tau * dot(w, v, length);
  for (let i: usize = 0; i < bytes; i += 8) store<f64>(w + i, tau * load<f64>(w + i) + half * load<f64>(v + i));

  at = 0;
  for (let corner = c; at + 16 <= bytes; at += 16, corner += 2 * (stride + 8)) {
    const c0 = corner - at;
    const c1 = c0 + stride;
    const v0 = -load<f64>(v + at);
    const v1 = -load<f64>(v + at, 8);
    const w0 = -load<f64>(w + at);
    const w1 = -load<f64>(w + at, 8);
    store<f64>(corner, load<f64>(corner) - 2 * v0 * w0);
    store<f64>(corner, load<f64>(corner, 8) - v0 * w1 - v1 * w0, 8);
    store<f64>(c1 + at, load<f64>(c1 + at, 8) - 2 * v1 * w1, 8);
    const s0 = f64x2.splat(v0);
    const s1 = f64x2.splat(v1);
    const t0 = f64x2.splat(w0);
    const t1 = f64x2.splat(w1);
    let i = at + 16;
    for (; i + 16 <= bytes; i += 16) {
      const x = v128.load(v + i);
      const y = v128.load(w + i);
      v128.store(c0 + i, multiplyAdd(t0, x, multiplyAdd(s0, y, v128.load(c0 + i))));
      v128.store(c1 + i, multiplyAdd(t1, x, multiplyAdd(s1, y, v128.load(c1 + i))));
    }
    if (i < bytes) {
      store<f64>(c0 + i, load<f64>(c0 + i) + w0 * load<f64>(v + i) + v0 * load<f64>(w + i));
      store<f64>(c1 + i, load<f64>(c1 + i) + w1 * load<f64>(v + i) + v1 * load<f64>(w + i));
    }
  }
  if (at < bytes) store<f64>(last, load<f64>(last) - 2 * load<f64>(v + at) * load<f64>(w + at));
}

/** w += a (v_0 c_0 + ... + v_3 c_3) for four columns c. */
function addColumns(c0: usize, stride: usize, v: usize, a: f64, w: usize, length: i32): void {
  const end = w + <usize>(8 * length);
  const c1 = c0 + stride;
  const c2 = c1 + stride;
  const c3 = c2 + stride;
  const a0 = a * load<f64>(v);
  const a1 = a * load<f64>(v, 8);
  const a2 = a * load<f64>(v, 16);
  const a3 = a * load<f64>(v, 24);
  const s0 = f64x2.splat(a0);
  const s1 = f64x2.splat(a1);
  const s2 = f64x2.splat(a2);
  const s3 = f64x2.splat(a3);
  let at: usize = 0;
  for (; w + 16 <= end; w += 16, at += 16) {
    const x = multiplyAdd(s0, v128.load(c0 + at), v128.load(w));
    const y = f64x2.mul(s1, v128.load(c1 + at));
    v128.store(w, f64x2.add(multiplyAdd(s2, v128.load(c2 + at), x), multiplyAdd(s3, v128.load(c3 + at), y)));
  }
  if (w < end) {
    store<f64>(w, load<f64>(w) + a0 * load<f64>(c0 + at) + a1 * load<f64>(c1 + at) + a2 * load<f64>(c2 + at) + a3 * load<f64>(c3 + at));
  }
}

/** x . y for four columns y, `stride` bytes apart. @param to the four of them */
function multiplyFour(x: usize, y0: usize, stride: usize, length: i32, to: usize): void {
  const y1 = y0 + stride;
  const y2 = y1 + stride;
  const y3 = y2 + stride;
  const even = <usize>(8 * (length & ~1));
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let at: usize = 0; at < even; at += 16) {
    const a = v128.load(x + at);
    s0 = multiplyAdd(a, v128.load(y0 + at), s0);
    s1 = multiplyAdd(a, v128.load(y1 + at), s1);
    s2 = multiplyAdd(a, v128.load(y2 + at), s2);
    s3 = multiplyAdd(a, v128.load(y3 + at), s3);
  }
  if (length % 2 === 1) {
    const a = v128.load64_zero(x + even);
    s0 = f64x2.add(s0, f64x2.mul(a, v128.load64_zero(y0 + even)));
    s1 = f64x2.add(s1, f64x2.mul(a, v128.load64_zero(y1 + even)));
    s2 = f64x2.add(s2, f64x2.mul(a, v128.load64_zero(y2 + even)));
    s3 = f64x2.add(s3, f64x2.mul(a, v128.load64_zero(y3 + even)));
  }
  store<f64>(to, total(s0));
  store<f64>(to, total(s1), 8);
  store<f64>(to, total(s2), 16);
  store<f64>(to, total(s3), 24);
}

/** Each of four columns y, `stride` bytes apart, += a x with an a of its own. @param a the four of them */
function addToFour(a: usize, x: usize, y0: usize, stride: usize, length: i32): void {
  const y1 = y0 + stride;
  const y2 = y1 + stride;
  const y3 = y2 + stride;
  const a0 = v128.load64_splat(a);
  const a1 = v128.load64_splat(a, 8);
  const a2 = v128.load64_splat(a, 16);
  const a3 = v128.load64_splat(a, 24);
  const even = <usize>(8 * (length & ~1));
  for (let at: usize = 0; at < even; at += 16) {
    const s = v128.load(x + at);
    v128.store(y0 + at, multiplyAdd(a0, s, v128.load(y0 + at)));
    v128.store(y1 + at, multiplyAdd(a1, s, v128.load(y1 + at)));
    v128.store(y2 + at, multiplyAdd(a2, s, v128.load(y2 + at)));
    v128.store(y3 + at, multiplyAdd(a3, s, v128.load(y3 + at)));
  }
  if (length % 2 === 1) {
    const s = load<f64>(x + even);
    let to = y0 + even;
    for (let k: usize = 0; k < 32; k += 8, to += stride) store<f64>(to, load<f64>(to) + load<f64>(a + k) * s);
  }
}

/** Each of four columns z, `stride` bytes apart, += a x + b y with an a and a b of its own. @param a, b the four of them */
function addTwoToFour(a: usize, x: usize, b: usize, y: usize, z0: usize, stride: usize, length: i32): void {
  const z1 = z0 + stride;
  const z2 = z1 + stride;
  const z3 = z2 + stride;
  const a0 = v128.load64_splat(a);
  const a1 = v128.load64_splat(a, 8);
  const a2 = v128.load64_splat(a, 16);
  const a3 = v128.load64_splat(a, 24);
  const b0 = v128.load64_splat(b);
  const b1 = v128.load64_splat(b, 8);
  const b2 = v128.load64_splat(b, 16);
  const b3 = v128.load64_splat(b, 24);
  const even = <usize>(8 * (length & ~1));
  for (let at: usize = 0; at < even; at += 16) {
    const s = v128.load(x + at);
    const t = v128.load(y + at);
    v128.store(z0 + at, multiplyAdd(a0, s, multiplyAdd(b0, t, v128.load(z0 + at))));
    v128.store(z1 + at, multiplyAdd(a1, s, multiplyAdd(b1, t, v128.load(z1 + at))));
    v128.store(z2 + at, multiplyAdd(a2, s, multiplyAdd(b2, t, v128.load(z2 + at))));
    v128.store(z3 + at, multiplyAdd(a3, s, multiplyAdd(b3, t, v128.load(z3 + at))));
  }
  if (length % 2 === 1) {
    const s = load<f64>(x + even);
    const t = load<f64>(y + even);
    let to = z0 + even;
    for (let k: usize = 0; k < 32; k += 8, to += stride) store<f64>(to, load<f64>(to) + load<f64>(a + k) * s + load<f64>(b + k) * t);
  }
}

function total(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

function dot(x: usize, y: usize, length: i32): f64 {
  const end = x + <usize>(8 * length);
  let sum0 = f64x2.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  for (; x + 64 <= end; x += 64, y += 64) {
    sum0 = multiplyAdd(v128.load(x), v128.load(y), sum0);
    sum1 = multiplyAdd(v128.load(x, 16), v128.load(y, 16), sum1);
    sum2 = multiplyAdd(v128.load(x, 32), v128.load(y, 32), sum2);
    sum3 = multiplyAdd(v128.load(x, 48), v128.load(y, 48), sum3);
  }
  let sum = total(f64x2.add(f64x2.add(sum0, sum1), f64x2.add(sum2, sum3)));
  for (; x < end; x += 8, y += 8) sum += load<f64>(x) * load<f64>(y);
  return sum;
}

/** y += a x. */
function addMultiple(a: f64, x: usize, y: usize, length: i32): void {
  const end = x + <usize>(8 * length);
  const s = f64x2.splat(a);
  for (; x + 16 <= end; x += 16, y += 16) v128.store(y, multiplyAdd(s, v128.load(x), v128.load(y)));
  if (x < end) store<f64>(y, load<f64>(y) + a * load<f64>(x));
}

/** z += a x + b y. */
function addTwoMultiples(a: f64, x: usize, b: f64, y: usize, z: usize, length: i32): void {
  const end = x + <usize>(8 * length);
  const s = f64x2.splat(a);
  const t = f64x2.splat(b);
  for (; x + 16 <= end; x += 16, y += 16, z += 16) {
    v128.store(z, multiplyAdd(s, v128.load(x), multiplyAdd(t, v128.load(y), v128.load(z))));
  }
  if (x < end) store<f64>(z, load<f64>(z) + a * load<f64>(x) + b * load<f64>(y));
}
