import { reflect } from '../spectral/householder';
import type { Tridiagonalization } from './kernels';
import { WORD } from './wasm-words';

/** Of assembly/tridiagonal.ts, where each is explained. */
export interface TridiagonalExports {
  mirror(panel: number): void;
  factorPanel(v: number, columns: number, factor: number): void;
  formVectors(v: number, factor: number): void;
  prepareUpdate(v: number, scratch: number): void;
  applyPanel(v: number, factor: number, x: number, vectors: number, scratch: number): void;
  chase(sweep: number): void;
  applyChase(sweep: number, x: number, vectors: number, v: number): void;
}

export interface TridiagonalSpace extends TridiagonalExports {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

/** Width of the band: wider, and the tiles of the first stage are deeper; narrower, and the second has less to do. */
const WIDTH = 32;
/** Panels along a tile. */
const SIDE = 12;

/** Where things lie, in bytes, for a matrix of order d. @param start of the free memory */
export function tridiagonalLayout(d: number, start: number) {
  const panels = Math.ceil(d / 4);
  const n = 4 * panels;
  // As for blocks of rows: an odd number of cache lines.
  const step = 32 * n + 64;
  const groups = WIDTH / 4;
  let end = start;
  const take = (bytes: number): number => {
    const at = end;
    end += 64 * Math.ceil(bytes / 64);
    return at;
  };
  return {
    panels,
    n,
    step,
    matrix: take(panels * step),
    border: take(step),
    vectors: take(groups * step),
    images: take(groups * step),
    left: take(n * 2 * WIDTH * 8),
    right: take(n * 2 * WIDTH * 8),
    borderFactor: take(128),
    factors: take((n + WIDTH) * WIDTH * 8),
    band: take(d * (2 * WIDTH + 1) * 8),
    scratch: take(Math.max(WIDTH, SIDE * 4) * WIDTH * 8),
    end,
  };
}

/** Multiplications of the reduction that threads can share. */
export function tridiagonalMultiplications(d: number): number {
  return (2 * d ** 3) / 3;
}

/**
 * As `Kernels.tridiagonalize`, in a memory of its own, which the result keeps for its vectors.
 * @param share does tasks of the kind `image` or `rankUpdate`
 */
export function tridiagonalizeIn(
  space: TridiagonalSpace,
  layout: ReturnType<typeof tridiagonalLayout>,
  a: Float64Array,
  d: number,
  border: Float64Array,
  share: (kind: 'image' | 'rankUpdate', tasks: number, multiplications: number, poll: () => void) => void,
  poll: (done: number) => void,
): Omit<Tridiagonalization, 'release'> {
  const { words, doubles } = space;
  const { panels, n, step } = layout;
  const numbers = (at: number, count: number): Float64Array => doubles.subarray(at / 8, at / 8 + count);
  words[WORD.step] = step;
  words[WORD.band] = layout.band;
  words[WORD.width] = WIDTH;
  words[WORD.order] = d;
  words[WORD.spare] = layout.scratch;
  words[WORD.left] = layout.left;
  words[WORD.right] = layout.right;
  words[WORD.products] = layout.images;

  const band = numbers(layout.band, d * (2 * WIDTH + 1));

  /** The work is on A from this row and column on, and on V of so many groups of columns. */
  function look(first: number, groups: number): void {
    words[WORD.y] = layout.matrix + (first / 4) * step + 32 * first;
    words[WORD.rows] = n - first;
    words[WORD.panels] = panels - first / 4;
    words[WORD.groups] = groups;
    words[WORD.x] = layout.vectors;
  }
  const fractionAt = (first: number): number => STAGE_SHARE * (1 - (1 - first / n) ** 3);

  /** A := Q^T A Q for the Q = I - V T V^T that is at hand. */
  function reflectMatrix(first: number, groups: number, v: number, factor: number): void {
    const pollHere = (): void => poll(fractionAt(first));
    space.formVectors(v, factor);
    const across = panels - first / 4;
    const tiles = Math.ceil(across / SIDE);
    share('image', tiles, (n - first) ** 2 * 4 * groups, pollHere);
    space.prepareUpdate(v, layout.scratch);
    pollHere();
    share('rankUpdate', (tiles * (tiles + 1)) / 2, (n - first) ** 2 * 4 * groups, pollHere);
  }

  look(0, 1);
  band.fill(0);
  const exponent = fill(a, d, numbers(layout.matrix, panels * (step / 8)), step / 8, poll);
  for (let panel = 0; panel < panels; panel++) {
    poll(0);
    space.mirror(panel);
  }

  // The border to a multiple of e_1, which no later reflection touches.
  const u = border.slice();
  const { tau, beta: borderCoordinate } = reflect(u, 1, d, u[0]);
  u[0] = 1;
  if (tau !== 0) {
    const v = numbers(layout.border, 4 * n);
    v.fill(0);
    for (let i = 0; i < d; i++) v[4 * i] = u[i];
    doubles[layout.borderFactor / 8] = tau;
    reflectMatrix(0, 1, layout.border, layout.borderFactor);
  }

  const groups = WIDTH / 4;
  const panelAt = (first: number): number => layout.matrix + (first / 4) * step + 32 * (first + WIDTH);
  const factorAt = (first: number): number => layout.factors + first * WIDTH * 8;
  for (let first = 0; first < n; first += WIDTH) {
    poll(fractionAt(first));
    for (let j = first; j < Math.min(d, first + WIDTH); j++) {
      const column = (layout.matrix + Math.floor(j / 4) * step) / 8 + (j % 4);
      for (let i = j; i < Math.min(d, first + WIDTH); i++) band[j * (2 * WIDTH + 1) + i - j] = doubles[column + 4 * i];
    }
    const rows = n - first - WIDTH;
    if (rows <= 0) break;
    look(first + WIDTH, groups);
    space.factorPanel(panelAt(first), layout.left, factorAt(first));
    const r = numbers(layout.left, rows * WIDTH);
    for (let j = 0; j < Math.min(WIDTH, d - first); j++) {
      for (let i = 0; i <= Math.min(j, d - first - WIDTH - 1); i++) band[(first + j) * (2 * WIDTH + 1) + WIDTH + i - j] = r[j * rows + i];
    }
    reflectMatrix(first + WIDTH, groups, panelAt(first), factorAt(first));
  }

  look(0, groups);
  for (let k = 0; k < d - 2; k++) {
    if (k % 8 === 0) poll(STAGE_SHARE + ((1 - STAGE_SHARE) * k) / d);
    space.chase(k);
  }
  const unscale = 2 ** exponent;
  const diagonal = Float64Array.from({ length: d }, (_, j) => band[j * (2 * WIDTH + 1)] * unscale);
  const offDiagonal = Float64Array.from({ length: Math.max(0, d - 1) }, (_, j) => band[j * (2 * WIDTH + 1) + 1] * unscale);

  return {
    diagonal,
    offDiagonal,
    borderCoordinate,
    toBasis(vectors, count, poll) {
      for (let start = 0; start < count; start += 4 * VECTOR_GROUPS) {
        const taken = Math.min(4 * VECTOR_GROUPS, count - start);
        const x = numbers(layout.vectors, VECTOR_GROUPS * (step / 8));
        const quads = Math.ceil(taken / 4);
        x.fill(0);
        const place = (v: number): number => (Math.floor(v / 4) * step) / 8 + (v % 4);
        for (let v = 0; v < taken; v++) for (let j = 0; j < d; j++) x[place(v) + 4 * j] = vectors[(start + v) * d + j];
        look(0, 1);
        if (tau !== 0) space.applyPanel(layout.border, layout.borderFactor, layout.vectors, quads, layout.scratch);
        for (let first = 0; first + WIDTH < n; first += WIDTH) {
          poll();
          look(first + WIDTH, groups);
          space.applyPanel(panelAt(first), factorAt(first), layout.vectors + 32 * (first + WIDTH), quads, layout.scratch);
        }
        look(0, groups);
        for (let k = 0; k < d - 2; k++) {
          if (k % 64 === 0) poll();
          space.applyChase(k, layout.vectors, quads, layout.left);
        }
        for (let v = 0; v < taken; v++) for (let j = 0; j < d; j++) vectors[(start + v) * d + j] = x[place(v) + 4 * j];
      }
    },
  };
}

/** Of the time, that the reduction to a band takes. */
const STAGE_SHARE = 0.8;
/** Fours of vectors that are transformed together: those of 4,096 entries stay in a second-level cache. */
const VECTOR_GROUPS = 4;

/**
 * The upper triangle of A, by tiles of 4 x 4, in panels of four columns.
 * @param step numbers from one panel to the next
 * @returns the exponent of the power of two that A was divided by, so that squares neither overflow nor vanish
 */
function fill(a: Float64Array, d: number, panels: Float64Array, step: number, poll: (done: number) => void): number {
  let largest = 0;
  for (let i = 0; i < d; i++) {
    if (i % 64 === 0) poll(0);
    for (let j = i; j < d; j++) largest = Math.max(largest, Math.abs(a[i * d + j]));
  }
  const exponent = largest > 0 && largest < Number.POSITIVE_INFINITY ? Math.max(-1022, Math.floor(Math.log2(largest))) : 0;
  const scale = 2 ** -exponent;
  for (let at = 0; at < panels.length; at += step) {
    poll(0);
    panels.fill(0, at, at + step);
  }
  for (let i = 0; i < d; i++) {
    if (i % 64 === 0) poll(0);
    for (let j = i - (i % 4); j < d; j++) panels[(j >> 2) * step + 4 * i + (j & 3)] = (j >= i ? a[i * d + j] : a[j * d + i]) * scale;
  }
  return exponent;
}
