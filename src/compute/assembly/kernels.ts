/**
 * Float64 products of a block of rows Y, in AssemblyScript. Y lies in panels of four columns, in a memory that all threads share.
 *
 * A job is a number of tasks. Whoever is free takes the next task and computes it in the same way, so that no bit depends on how many
 * threads there are. Results wait in a ring of slots until the thread that opened the job has taken them out, in order.
 */

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
/** Rows of Y, a multiple of four. */
const ROWS: usize = 264;
const PANELS: usize = 268;
/** Bytes from one panel to the next. */
const STEP: usize = 284;
/** Address of Y, panels x rows x 4. */
const Y: usize = 272;
/** Address of the vectors, groups x (4 panels) x 4. */
const X: usize = 276;
/** Address of their products with the rows, groups x rows x 4. */
const PRODUCTS: usize = 280;
/** For each slot, one more than the task whose result it holds. */
const DONE: usize = 512;
const SLOTS: i32 = 64;
const RESULTS: usize = 1024;

/** Panels along one side of a tile, and its columns. */
const SIDE: i32 = 12;
const TILE: i32 = 4 * SIDE;
/** Bytes of a row of a panel, and of a row of a tile. */
const PANEL_ROW: i32 = 4 * 8;
const TILE_ROW: i32 = TILE * 8;
/** Rows summed in registers: two panels of as many stay in the first-level cache. */
const DEPTH: i32 = 256;
/** Rows, and panels, that a task of products goes through at a time. */
const STRIP: i32 = 64;
const SPAN: i32 = 4;

/** Looks for the next job before sleeping, some tens of microseconds: waking up takes as long. */
const SPINS: i32 = 10_000;

const GRAM: i32 = 0;
const PRODUCTS_WITH_ROWS: i32 = 1;

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
  if (kind === GRAM) gramTile(task, result);
  else if (kind === PRODUCTS_WITH_ROWS) productsWithRows(task);
  else combination(task, result);
  const done = DONE + <usize>(4 * slot);
  atomic.store<i32>(done, task + 1);
  atomic.notify(done, 1);
  return true;
}

/** Tile (i, j) of Y^T Y, i <= j, where task = j (j + 1) / 2 + i. Below the diagonal its entries are left at 0. */
function gramTile(task: i32, tile: usize): void {
  const j = <i32>((Math.sqrt(<f64>(8 * task + 1)) - 1) / 2);
  const i = task - (j * (j + 1)) / 2;
  const panels = load<i32>(PANELS);
  memory.fill(tile, 0, TILE * TILE_ROW);
  addTile(panelRow(i * SIDE, 0), min(SIDE, panels - i * SIDE), panelRow(j * SIDE, 0), min(SIDE, panels - j * SIDE), i === j, tile);
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

/** The tile at `to` += A^T B for panels A and B. @param upper whether nothing is wanted below the diagonal */
function addTile(a: usize, lefts: i32, b: usize, rights: i32, upper: bool, to: usize): void {
  const rows = load<i32>(ROWS);
  const step = <usize>load<i32>(STEP);
  for (let row = 0; row < rows; row += DEPTH) {
    const from = <usize>row * PANEL_ROW;
    const bytes = <usize>min(DEPTH, rows - row) * PANEL_ROW;
    for (let j = 0; j < rights; j++) {
      const end = upper ? j + 1 : lefts;
      for (let i = 0; i < end; i++) {
        addProduct(a + i * step + from, b + j * step + from, bytes, to + <usize>(4 * i) * TILE_ROW + <usize>(j * PANEL_ROW));
      }
    }
  }
}

function panelRow(panel: i32, row: i32): usize {
  return <usize>load<i32>(Y) + <usize>panel * load<i32>(STEP) + <usize>row * PANEL_ROW;
}

/** a b + c; with one rounding where that is faster. */
function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_madd(a, b, c) : f64x2.add(f64x2.mul(a, b), c);
}

function accumulate(to: usize, x: v128): void {
  v128.store(to, f64x2.add(v128.load(to), x));
}

// Both engines of V8 that were measured (11.3, 13.6) spill registers from 6 x 4 tiles without fused products, and from unrolled loops.

/** The 4 x 4 tile at `to` += A^T B. @param a rows x 4 @param b rows x 4, of so many bytes, at least one row */
function addProduct(a: usize, b: usize, bytes: usize, to: usize): void {
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
  to += TILE_ROW;
  accumulate(to, c10);
  accumulate(to + 16, c11);
  to += TILE_ROW;
  accumulate(to, c20);
  accumulate(to + 16, c21);
  to += TILE_ROW;
  accumulate(to, c30);
  accumulate(to + 16, c31);
}

/** The 4 x 4 tile at `to`, rows x vectors, += four rows of `span` panels times as many of the vectors. */
function addRowProducts(span: i32, y: usize, x: usize, to: usize): void {
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
