import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { GramSum, Kernels, Precision } from './kernels';
import { PLAIN_SIMD, RELAXED_SIMD } from './wasm-code';
import { type TridiagonalExports, tridiagonalizeIn, tridiagonalLayout, tridiagonalMultiplications } from './wasm-tridiagonal';
import { WORD } from './wasm-words';

/** What assembly/kernels.ts exports; its other function runs in the other threads. */
interface Exports extends TridiagonalExports {
  takeTask(): number;
  pack(from: number, count: number, d: number, to: number): void;
  packShort(from: number, count: number, d: number, to: number): void;
}

const KIND = { gram: 0, products: 1, combination: 2, image: 3, rankUpdate: 4, shortGram: 5 };
const SLOTS = 64;
/** Columns of a tile. */
const TILE = 48;
/** Columns of a panel, and bytes of its rows. */
const PANEL = { float64: { columns: 4, row: 32 }, float32: { columns: 24, row: 96 } };
/** Rows of a task of products. */
const STRIP = 64;
/** Of tiles in registers: earlier engines (11.3, 12.4) spill those of six rows. */
const HEIGHT = Number.parseInt(process.versions.v8, 10) >= 13 ? 6 : 4;
const RESULTS_BYTE = 1024;
const Y_BYTE = RESULTS_BYTE + SLOTS * TILE * TILE * Float64Array.BYTES_PER_ELEMENT;

const PAGE = 65_536;
/** Bytes of the first memory: enough for a block and some dozens of vectors of any usual width, so that it is seldom replaced. */
const MEMORY = 2 ** 24;
/** Rows that are packed at a time. */
const ROWS = 1024;
/** Elements of rows, and of vectors, that are packed at a time: 8 MiB. */
const ELEMENTS = 2 ** 20;
/** Rows that are copied and packed together. */
const BAND = 16;

/** Milliseconds of waiting for the others before `poll` is called again. */
const PATIENCE = 5;
/** Multiplications below which a job is done sooner than another thread wakes up. */
const WORTH_SHARING = 2 ** 20;
/** Multiplications after which other threads are started: a fifth of a second of one. */
const WORTH_STARTING = 2 ** 31;

/** The other threads compute until they are told to end, and listen to no messages. */
const HELPER = `
const { module, memory } = require('node:worker_threads').workerData;
new WebAssembly.Instance(module, { env: { memory } }).exports.help();`;

export interface WasmOptions {
  /** That compute, the calling one among them. */
  readonly threads: number;
  /** Whether a product and its sum are rounded once, which is faster; only where `simdSupport` says so. */
  readonly fused: boolean;
  readonly worthSharing?: number;
  readonly worthStarting?: number;
}

/** Whether the kernels run here with fused products, without, or not at all. */
export function simdSupport(): 'fused' | 'plain' | 'none' {
  // Node 20 has the standard's fused products only behind this flag, which later ones do not know.
  if (process.versions.v8.startsWith('11.3.')) setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(decode(RELAXED_SIMD)) ? 'fused' : WebAssembly.validate(decode(PLAIN_SIMD)) ? 'plain' : 'none';
}

/**
 * Products and sums in float64 by WebAssembly SIMD, in the calling thread and others. The same bits for any number of threads. Keeps
 * 16 MiB and, while sums are under way and until a reduction has taken it, room for the largest Gram matrix, of order 20,000 at most.
 * A reduction to tridiagonal form takes d^2 numbers and 300 d more, in the memory of a settled sum where there is one, and leaves them to
 * the next once it has been released.
 */
export function wasmKernels({ threads, fused, worthSharing = WORTH_SHARING, worthStarting = WORTH_STARTING }: WasmOptions): Kernels {
  const module = new WebAssembly.Module(decode(fused ? RELAXED_SIMD : PLAIN_SIMD));
  let space: Space | null = null;
  /** The memory of a reduction that is over. */
  let idle: Space | null = null;
  let job = 0;
  /** Ends the job of a Gram matrix whose other threads work on while this one reads. */
  let finishGram: ((poll: () => void) => void) | null = null;
  /** The Gram matrix whose latest products are summed in the memory, at Y_BYTE, before they are added to it. */
  let held: { readonly gram: Float64Array; readonly d: number } | null = null;

  const heldBytes = (): number => (held === null ? 0 : 8 * sumLength(held.d));

  function takeIdle(bytes: number): Space | null {
    if (idle === null || idle.memory.buffer.byteLength < bytes) return null;
    const taken = idle;
    idle = null;
    return taken;
  }

  /** The memory of products, where no sum is under way in it. */
  function takeSettled(bytes: number): Space | null {
    if (space === null || held !== null || finishGram !== null || space.memory.buffer.byteLength < bytes) return null;
    const taken = space;
    space = null;
    return taken;
  }

  /** A memory of at least so many bytes. Nothing of an earlier one is left but sums, which are taken out. */
  function reserve(bytes: number, poll: () => void): Space {
    if (space !== null && space.memory.buffer.byteLength >= bytes) return space;
    takeOut(poll);
    void space?.dismiss();
    space = takeIdle(bytes) ?? createSpace(module, Math.max(bytes, MEMORY));
    if (held !== null) sumsIn(space, held.d).fill(0);
    return space;
  }

  /** Sums that are held are added to their Gram matrix; zeros are left. */
  function takeOut(poll: () => void): void {
    finishGram?.(poll);
    if (held === null || space === null) return;
    const { gram, d } = held;
    const sums = sumsIn(space, d);
    for (let task = 0, left = 0; left < d; left += TILE) {
      for (let top = 0; top <= left; top += TILE, task++) {
        poll();
        addTile(gram, d, top, left, sums.subarray(task * TILE * TILE));
      }
    }
    sums.fill(0);
  }

  /** From here on sums are of this Gram matrix. */
  function hold(gram: Float64Array, d: number, poll: () => void): void {
    if (held?.gram === gram) return;
    takeOut(poll);
    held = null;
    // Room for the reduction that comes after it, too.
    const bytes = Math.max(Y_BYTE + 8 * sumLength(d) + MEMORY, tridiagonalLayout(d, Y_BYTE).end);
    sumsIn(reserve(bytes, poll), d).fill(0);
    held = { gram, d };
  }

  /** Does tasks of one kind. @param drain takes out the result of each, in order */
  function run(
    space: Space,
    kind: number,
    tasks: number,
    multiplications: number,
    drain: (task: number, slot: number) => void,
    poll: () => void,
  ): void {
    begin(space, kind, tasks, multiplications)(drain, poll);
  }

  /** Opens a job that the other threads begin with. @returns what ends it, in this thread too; no other job may be opened before */
  function begin(space: Space, kind: number, tasks: number, multiplications: number) {
    const { words, takeTask } = space;
    space.work += multiplications;
    const shared = threads > 1 && multiplications >= worthSharing;
    if (shared && space.work >= worthStarting) space.summon(threads - 1);
    words[WORD.kind] = kind;
    words[WORD.tasks] = tasks;
    words.fill(0, WORD.done, WORD.done + SLOTS);
    Atomics.store(words, WORD.next, 0);
    Atomics.store(words, WORD.drained, 0);
    if (shared) {
      job = (job + 1) & 0x3fffffff || 1;
      Atomics.store(words, WORD.open, job);
      Atomics.notify(words, WORD.open);
    }
    return (drain: (task: number, slot: number) => void, poll: () => void): void => {
      try {
        for (let drained = 0; drained < tasks; ) {
          poll();
          const slot = drained % SLOTS;
          const done = Atomics.load(words, WORD.done + slot);
          if (done === drained + 1) {
            drain(drained, slot);
            Atomics.store(words, WORD.drained, ++drained);
            if (shared) Atomics.notify(words, WORD.drained);
          } else if (takeTask() === 0) {
            Atomics.wait(words, WORD.done + slot, done, PATIENCE);
          }
        }
      } finally {
        if (shared) {
          // For those that are in the middle, after a poll that threw: nothing is left to take, and nothing to wait for.
          Atomics.store(words, WORD.next, tasks);
          Atomics.store(words, WORD.drained, tasks);
          Atomics.notify(words, WORD.drained);
          Atomics.store(words, WORD.open, 0);
          for (let active = Atomics.load(words, WORD.active); active > 0; active = Atomics.load(words, WORD.active)) {
            Atomics.wait(words, WORD.active, active, PATIENCE);
          }
        }
      }
    };
  }

  /**
   * Blocks of rows in panels of four columns, or of eight of float32, with zeros beyond the last of either.
   * @param extra bytes that the caller needs after a block
   */
  function* packed(
    y: Float64Array,
    count: number,
    d: number,
    poll: () => void,
    extra: (step: number) => number,
    precision: Precision = 'float64',
  ) {
    const panel = PANEL[precision];
    const panels = Math.ceil(d / panel.columns);
    const limit = Math.max(4, Math.min(ROWS, 4 * Math.floor(ELEMENTS / (4 * panel.columns * panels))));
    for (let first = 0; first < count; first += limit) {
      finishGram?.(poll);
      const start = Y_BYTE + heldBytes();
      const taken = Math.min(limit, count - first);
      const rows = 4 * Math.ceil(taken / 4);
      // An odd number of cache lines: with a power of two, all panels would compete for the same few places in a cache.
      const step = panel.row * rows + 64;
      const end = start + panels * step;
      const staging = end + extra(step);
      const space = reserve(staging + Math.min(BAND, rows) * d * 8, poll);
      space.words[WORD.rows] = rows;
      space.words[WORD.panels] = panels;
      space.words[WORD.y] = start;
      space.words[WORD.step] = step;
      space.words[WORD.height] = HEIGHT;
      for (let row = 0; row < rows; row += BAND) {
        const height = Math.min(BAND, rows - row);
        const band = space.doubles.subarray(staging / 8, staging / 8 + height * d);
        const values = y.subarray((first + row) * d, (first + Math.min(row + height, taken)) * d);
        band.set(values);
        band.fill(0, values.length);
        const pack = precision === 'float64' ? space.pack : space.packShort;
        pack(staging, height, d, start + panel.row * row);
      }
      yield { space, rows, end };
    }
  }

  function sumGram(d: number, gram: Float64Array): GramSum {
    const tiles = tilesOf(d);
    return {
      async add(y, count, poll, precision = 'float64') {
        const kind = precision === 'float64' ? KIND.gram : KIND.shortGram;
        hold(gram, d, poll);
        for (const { space, rows } of packed(y, count, d, poll, () => 0, precision)) {
          space.words[WORD.gram] = Y_BYTE;
          const end = begin(space, kind, tiles, (rows * d * d) / 2);
          finishGram = (poll) => {
            finishGram = null;
            try {
              end(() => {}, poll);
            } catch (error) {
              // A sum that was given up.
              held = null;
              throw error;
            }
          };
        }
      },
      async settle(poll) {
        takeOut(poll);
        if (held?.gram === gram) held = null;
      },
    };
  }

  return {
    async addGram(y, count, d, gram, poll, precision) {
      const sum = sumGram(d, gram);
      await sum.add(y, count, poll, precision);
      await sum.settle(poll);
    },

    sumGram: async (d, gram) => sumGram(d, gram),

    async applyGram(y, count, d, x, vectors, out, poll) {
      const panels = Math.ceil(d / 4);
      const tiles = Math.ceil(panels / (TILE / 4));
      const most = 4 * Math.max(1, Math.floor(ELEMENTS / (16 * panels)));
      for (let first = 0; first < vectors; first += most) {
        const taken = Math.min(most, vectors - first);
        const groups = Math.ceil(taken / 4);
        const bytes = groups * panels * 4 * 32;
        for (const { space, rows, end } of packed(y, count, d, poll, (step) => bytes + groups * step)) {
          space.words[WORD.x] = end;
          space.words[WORD.products] = end + bytes;
          packVectors(x.subarray(first * d), taken, d, space.doubles.subarray(end / 8, (end + bytes) / 8));
          const multiplications = rows * d * 4 * groups;
          run(space, KIND.products, groups * Math.ceil(rows / STRIP), multiplications, () => {}, poll);
          const drain = (task: number, slot: number): void => {
            const result = space.result(slot);
            const vector = 4 * Math.floor(task / tiles);
            const column = (task % tiles) * TILE;
            const width = Math.min(TILE, d - column);
            for (let v = 0; v < Math.min(4, taken - vector); v++) {
              const to = (first + vector + v) * d + column;
              for (let k = 0; k < width; k++) out[to + k] += result[v * TILE + k];
            }
          };
          run(space, KIND.combination, groups * tiles, multiplications, drain, poll);
        }
      }
    },

    holdRows: async () => null,

    async tridiagonalize(a, d, border, poll) {
      const layout = tridiagonalLayout(d, Y_BYTE);
      const space = takeIdle(layout.end) ?? takeSettled(layout.end) ?? createSpace(module, layout.end);
      idle = null;
      // All that is to come counts: there are many jobs.
      space.work = tridiagonalMultiplications(d);
      const share = (kind: 'image' | 'rankUpdate', tasks: number, multiplications: number, poll: () => void): void =>
        run(space, KIND[kind], tasks, multiplications, () => {}, poll);
      let released = false;
      const release = (): void => {
        if (!released) idle = space;
        released = true;
      };
      let reduction: ReturnType<typeof tridiagonalizeIn> | null = null;
      try {
        reduction = tridiagonalizeIn(space, layout, a, d, border, share, poll);
      } finally {
        await space.dismiss();
        if (reduction === null) release();
      }
      const { toBasis } = reduction;
      return {
        ...reduction,
        toBasis(...vectors) {
          if (released) throw new Error('The reduction has been released.');
          toBasis(...vectors);
        },
        release,
      };
    },

    async close() {
      finishGram = null;
      held = null;
      await space?.dismiss();
      space = null;
      idle = null;
    },
  };
}

/** Tiles of the upper triangle of a matrix. */
function tilesOf(d: number): number {
  const side = Math.ceil(d / TILE);
  return (side * (side + 1)) / 2;
}

/** Numbers in the tiles of a sum. */
function sumLength(d: number): number {
  return tilesOf(d) * TILE * TILE;
}

/** The tiles of a sum that is held: those of a column one after the other, down to the diagonal. */
function sumsIn({ doubles }: Space, d: number): Float64Array {
  return doubles.subarray(Y_BYTE / 8, Y_BYTE / 8 + sumLength(d));
}

/** The part of a tile on and above the diagonal, added to the matrix. */
function addTile(gram: Float64Array, d: number, top: number, left: number, tile: Float64Array): void {
  const bottom = Math.min(d, top + TILE);
  const right = Math.min(d, left + TILE);
  for (let i = top; i < bottom; i++) {
    const from = (i - top) * TILE - left;
    for (let j = Math.max(i, left); j < right; j++) gram[i * d + j] += tile[from + j];
  }
}

/** Memory, the kernels on it, and those who help. */
type Space = ReturnType<typeof createSpace>;

function createSpace(module: WebAssembly.Module, bytes: number) {
  const pages = Math.ceil(bytes / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
  const words = new Int32Array(memory.buffer);
  const helpers: Worker[] = [];
  return {
    memory,
    ...exports,
    words,
    /** Multiplications that this memory has been used for. */
    work: 0,
    doubles: new Float64Array(memory.buffer, 0, Math.floor(memory.buffer.byteLength / 8)),
    result: (slot: number) => new Float64Array(memory.buffer, RESULTS_BYTE + slot * TILE * TILE * 8, TILE * TILE),
    /** Starts helpers, once. One that does not start leaves its tasks to the others. */
    summon(count: number): void {
      while (helpers.length < count) {
        const helper = new Worker(HELPER, { eval: true, workerData: { module, memory }, execArgv: [] });
        helper.on('error', () => {});
        // It must not keep the process alive.
        helper.unref();
        helpers.push(helper);
      }
    },
    /** Resolves when the helpers have ended. */
    async dismiss(): Promise<void> {
      Atomics.store(words, WORD.open, -1);
      Atomics.notify(words, WORD.open);
      await Promise.all(
        helpers.splice(0).map((helper) => {
          helper.ref();
          return helper.terminate();
        }),
      );
      Atomics.store(words, WORD.open, 0);
    },
  };
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}

/** @param groups of four vectors: groups x (d, rounded up to a multiple of four) x 4 */
function packVectors(x: Float64Array, vectors: number, d: number, groups: Float64Array): void {
  groups.fill(0);
  const length = 16 * Math.ceil(d / 4);
  for (let v = 0; v < vectors; v++) {
    const to = Math.floor(v / 4) * length + (v % 4);
    for (let j = 0; j < d; j++) groups[to + 4 * j] = x[v * d + j];
  }
}
