/**
 * Float64 products of a block of rows Y, in AssemblyScript. Y lies in panels of four columns, in a memory that all threads share.
 *
 * A job is a number of tasks. Whoever is free takes the next task and computes it in the same way, so that no bit depends on how many
 * threads there are. Results wait in a ring of slots until the thread that opened the job has taken them out, in order.
 */

import {
  addRowProducts,
  addShortTile,
  addTile,
  PANEL_ROW,
  PANELS,
  PRODUCTS,
  panelRow,
  RESULTS,
  ROWS,
  SHORT_ROW,
  SIDE,
  STEP,
  TILE,
  TILE_ROW,
  X,
} from './tiles';
import { image, rankUpdate } from './tridiagonal';

export { applyChase, applyPanel, chase, factorPanel, formVectors, mirror, prepareUpdate } from './tridiagonal';

// Words that ../wasm.ts writes or waits for; those that change during a job lie in cache lines of their own.
/** Number of the open job; 0 when there is none, -1 when the helpers are to end. */
const OPEN: usize = 0;
/** Helpers that may be looking at the job. */
const ACTIVE: usize = 64;
/** The first task that nobody has taken. */
const NEXT: usize = 128;
/** Tasks whose results have been taken out. */
const DRAINED: usize = 192;
const KIND: usize = 256;
const TASKS: usize = 260;
/** Of the tiles of float32 in registers. */
const HEIGHT: usize = 316;
/** Address of the tiles of the Gram matrix, in the order of their tasks. */
const GRAM_TILES: usize = 320;
/** For each slot, one more than the task whose result it holds. */
const DONE: usize = 512;
const SLOTS: i32 = 64;

/** Rows, and panels, that a task of products goes through at a time. */
const STRIP: i32 = 64;
const SPAN: i32 = 4;

/** Looks for the next job before sleeping, some tens of microseconds: waking up takes as long. */
const SPINS: i32 = 10_000;

const GRAM: i32 = 0;
const SHORT_GRAM: i32 = 5;
const PRODUCTS_WITH_ROWS: i32 = 1;
const COMBINATION: i32 = 2;
const IMAGE: i32 = 3;

/**
 * Rows at `from` into as many rows of the panels at `to`, of which the last is filled up with zeros. A pair of panels at a time: that
 * is a line of the cache.
 */
export function pack(from: usize, count: i32, d: i32, to: usize): void {
  const step = <usize>load<i32>(STEP);
  const length = <usize>d * 8;
  let column = 0;
  for (; column + 8 <= d; column += 8, from += 2 * PANEL_ROW, to += 2 * step) {
    let source = from;
    const end = to + <usize>(count * PANEL_ROW);
    for (let target = to; target < end; target += PANEL_ROW, source += length) {
      v128.store(target, v128.load(source));
      v128.store(target, v128.load(source, 16), 16);
      v128.store(target + step, v128.load(source, 32));
      v128.store(target + step, v128.load(source, 48), 16);
    }
  }
  for (; column < d; column += 4, from += PANEL_ROW, to += step) {
    for (let row = 0; row < count; row++) {
      for (let k = 0; k < 4; k++) {
        const x = column + k < d ? load<f64>(from + <usize>row * length + <usize>(8 * k)) : 0;
        store<f64>(to + <usize>(row * PANEL_ROW + 8 * k), x);
      }
    }
  }
}

/** The same into panels of 24 columns of float32. */
export function packShort(from: usize, count: i32, d: i32, to: usize): void {
  const step = <usize>load<i32>(STEP);
  const length = <usize>d * 8;
  for (let column = 0; column < d; column += 24, from += 192, to += step) {
    let source = from;
    const end = to + <usize>(count * SHORT_ROW);
    if (column + 24 > d) memory.fill(to, 0, end - to);
    const last = <usize>(8 * min(24, d - column));
    for (let target = to; target < end; target += SHORT_ROW, source += length) {
      let x: usize = 0;
      for (; x + 32 <= last; x += 32) {
        v128.store(target + x / 2, rounded(v128.load(source + x), v128.load(source + x, 16)));
      }
      for (; x < last; x += 8) store<f32>(target + x / 2, <f32>load<f64>(source + x));
    }
  }
}

function rounded(low: v128, high: v128): v128 {
  const x = f32x4.demote_f64x2_zero(low);
  return i8x16.shuffle(x, f32x4.demote_f64x2_zero(high), 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

/** Ends when OPEN says so. */
export function help(): void {
  let last = 0;
  let idle = 0;
  for (;;) {
    const open = atomic.load<i32>(OPEN);
    if (open < 0) return;
    if (open === 0 || open === last) {
      if (++idle > SPINS) atomic.wait<i32>(OPEN, open, -1);
      continue;
    }
    last = open;
    idle = 0;
    atomic.add<i32>(ACTIVE, 1);
    // The job may have closed in between, and its words may be changing; from here on they do not.
    if (atomic.load<i32>(OPEN) === open) while (takeTask() || waitForSlot()) {}
    atomic.sub<i32>(ACTIVE, 1);
    atomic.notify(ACTIVE, 1);
  }
}

/** @returns whether there are tasks left */
function waitForSlot(): bool {
  const drained = atomic.load<i32>(DRAINED);
  const next = atomic.load<i32>(NEXT);
  if (next >= load<i32>(TASKS)) return false;
  if (next - drained >= SLOTS) atomic.wait<i32>(DRAINED, drained, -1);
  return true;
}

/** Computes the next task. @returns false when there is none, or no free slot for its result */
export function takeTask(): bool {
  let task: i32;
  do {
    task = atomic.load<i32>(NEXT);
    if (task >= load<i32>(TASKS) || task - atomic.load<i32>(DRAINED) >= SLOTS) return false;
  } while (atomic.cmpxchg<i32>(NEXT, task, task + 1) !== task);
  const slot = task % SLOTS;
  const result = RESULTS + <usize>slot * (TILE * TILE_ROW);
  const kind = load<i32>(KIND);
  if (kind === GRAM) gramTile(task);
  else if (kind === SHORT_GRAM) shortGramTile(task);
  else if (kind === PRODUCTS_WITH_ROWS) productsWithRows(task);
  else if (kind === COMBINATION) combination(task, result);
  else if (kind === IMAGE) image(task, result);
  else rankUpdate(task);
  const done = DONE + <usize>(4 * slot);
  atomic.store<i32>(done, task + 1);
  atomic.notify(done, 1);
  return true;
}

/** Tile (i, j) of the Gram matrix += Y^T Y, i <= j, where task = j (j + 1) / 2 + i. Below the diagonal its entries mean nothing. */
function gramTile(task: i32): void {
  const j = columnOf(task);
  const i = task - (j * (j + 1)) / 2;
  const panels = load<i32>(PANELS);
  addTile(
    panelRow(i * SIDE, 0),
    min(SIDE, panels - i * SIDE),
    panelRow(j * SIDE, 0),
    min(SIDE, panels - j * SIDE),
    i === j,
    gramTileAt(task),
  );
}

/** The same of float32. */
function shortGramTile(task: i32): void {
  const j = columnOf(task);
  const i = task - (j * (j + 1)) / 2;
  const panels = load<i32>(PANELS);
  const left = panelRow(2 * i, 0);
  const right = panelRow(2 * j, 0);
  addShortTile(left, min(2, panels - 2 * i), right, min(2, panels - 2 * j), i === j, load<i32>(HEIGHT), gramTileAt(task));
}

function gramTileAt(task: i32): usize {
  return <usize>load<i32>(GRAM_TILES) + <usize>task * (TILE * TILE_ROW);
}

function columnOf(task: i32): i32 {
  return <i32>((Math.sqrt(<f64>(8 * task + 1)) - 1) / 2);
}

/** Y x for a strip of rows and a group of four vectors. */
function productsWithRows(task: i32): void {
  const rows = load<i32>(ROWS);
  const panels = load<i32>(PANELS);
  const strips = (rows + STRIP - 1) / STRIP;
  const group = task / strips;
  const first = (task % strips) * STRIP;
  const last = min(first + STRIP, rows);
  const vectors = <usize>load<i32>(X) + <usize>(group * 4 * panels) * PANEL_ROW;
  const products = <usize>load<i32>(PRODUCTS) + <usize>group * load<i32>(STEP);
  memory.fill(products + <usize>first * PANEL_ROW, 0, <usize>(last - first) * PANEL_ROW);
  for (let panel = 0; panel < panels; panel += SPAN) {
    const span = min(SPAN, panels - panel);
    for (let row = first; row < last; row += 4) {
      addRowProducts(span, panelRow(panel, row), vectors + <usize>(4 * panel) * PANEL_ROW, products + <usize>row * PANEL_ROW);
    }
  }
}

/** Y^T p for a tile's width of columns and a group of four vectors p of products, which is a panel like those of Y. */
function combination(task: i32, tile: usize): void {
  const panels = load<i32>(PANELS);
  const tiles = (panels + SIDE - 1) / SIDE;
  const group = task / tiles;
  const first = (task % tiles) * SIDE;
  memory.fill(tile, 0, 4 * TILE_ROW);
  const products = <usize>load<i32>(PRODUCTS) + <usize>group * load<i32>(STEP);
  addTile(products, 1, panelRow(first, 0), min(SIDE, panels - first), false, tile);
}
