import type { Kernels } from './kernels';

/**
 * Largest self-test error of a sound backend, relative to the largest entry of the exact answer: some hundred times that of 66 columns in
 * float64, as eps d is 1.5e-14, and orders of magnitude below that of arithmetic that is wrong.
 */
export const TOLERANCE = { float64: 1e-12, float32: 1e-5 } as const;

/**
 * Y^T Y, X Y^T Y and the tridiagonal form of Y^T Y on cases that have broken backends before: odd shapes, a single row, cancelling signs, large and tiny entries,
 * against compensated float64 sums computed here in the most literal way.
 * @returns the largest error of all cases, each relative to the largest entry of its exact answer; Infinity when anything is not finite
 */
export async function selfTest(kernels: Kernels): Promise<number> {
  let worst = 0;
  for (const { rows, columns, value } of CASES) {
    const y = new Float64Array(rows * columns);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) y[i * columns + j] = Math.fround(value(i, j));
    const expected = exactGram(y, rows, columns);
    const found = new Float64Array(columns * columns);
    // What was there before must be added to, not replaced.
    found[0] = expected[0];
    await kernels.addGram(y, rows, columns, found, () => {});
    found[0] -= expected[0];
    worst = Math.max(worst, relativeError(found, expected, upperTriangle(columns)));

    const x = Float64Array.from({ length: VECTORS * columns }, (_, i) => wave(i, 1));
    const images = new Float64Array(VECTORS * columns);
    const expectedImages = images.map((_, i) => {
      let sum = 0;
      const [vector, column] = [Math.floor(i / columns), i % columns];
      for (let j = 0; j < columns; j++) sum += x[vector * columns + j] * expected[Math.min(j, column) * columns + Math.max(j, column)];
      return sum;
    });
    images[0] = expectedImages[0];
    await kernels.applyGram(y, rows, columns, x, VECTORS, images, () => {});
    images[0] -= expectedImages[0];
    worst = Math.max(worst, relativeError(images, expectedImages, images.keys()), await reductionError(kernels, expected, columns, x));
  }
  return worst;
}

/** The same of products that may be in float32, of entries that it can hold. */
export async function shortSelfTest(kernels: Kernels): Promise<number> {
  let worst = 0;
  for (const { rows, columns, value, beyondFloat32 } of CASES) {
    if (beyondFloat32) continue;
    const y = Float64Array.from({ length: rows * columns }, (_, k) => Math.fround(value(Math.floor(k / columns), k % columns)));
    const found = new Float64Array(columns * columns);
    await kernels.addGram(y, rows, columns, found, () => {}, 'float32');
    worst = Math.max(worst, relativeError(found, exactGram(y, rows, columns), upperTriangle(columns)));
  }
  return worst;
}

/** That of the forms x^T A y of vectors in the basis where A is tridiagonal, and of the last vector as the border. */
async function reductionError(kernels: Kernels, a: Float64Array, d: number, x: Float64Array): Promise<number> {
  const border = x.subarray((VECTORS - 1) * d);
  const { diagonal, offDiagonal, borderCoordinate, toBasis } = await kernels.tridiagonalize(a, d, border, () => {});
  const z = x.slice();
  toBasis(z, VECTORS, () => {});
  const entry = (i: number, j: number): number => a[Math.min(i, j) * d + Math.max(i, j)];
  const reducedEntry = (i: number, j: number): number => (i === j ? diagonal[i] : Math.abs(i - j) === 1 ? offDiagonal[Math.min(i, j)] : 0);
  const forms = (x: Float64Array, entry: (i: number, j: number) => number): Float64Array =>
    Float64Array.from({ length: VECTORS * VECTORS }, (_, k) => {
      const [from, to] = [Math.floor(k / VECTORS) * d, (k % VECTORS) * d];
      let sum = 0;
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) sum += x[from + i] * entry(i, j) * x[to + j];
      return sum;
    });
  const found = forms(z, reducedEntry);
  const along = new Float64Array(d);
  along[0] = borderCoordinate;
  return Math.max(relativeError(found, forms(x, entry), found.keys()), relativeError(z.subarray((VECTORS - 1) * d), along, along.keys()));
}

/** Of X: one more than a whole number of fours, and of pairs. */
const VECTORS = 5;

function* upperTriangle(d: number): Generator<number> {
  for (let i = 0; i < d; i++) for (let j = i; j < d; j++) yield i * d + j;
}

/** The largest error at these indices over the largest entry there. */
function relativeError(found: Float64Array, expected: Float64Array, indices: Iterable<number>): number {
  let largest = 0;
  let error = 0;
  for (const i of indices) {
    largest = Math.max(largest, Math.abs(expected[i]));
    const difference = Math.abs(found[i] - expected[i]);
    error = Number.isFinite(difference) ? Math.max(error, difference) : Number.POSITIVE_INFINITY;
  }
  return error / largest;
}

interface Case {
  readonly rows: number;
  readonly columns: number;
  readonly value: (i: number, j: number) => number;
  /** Whether squares overflow or vanish in float32. */
  readonly beyondFloat32?: true;
}

const wave = (i: number, j: number): number => Math.sin(1 + 12.9898 * i + 78.233 * j);

const CASES: readonly Case[] = [
  { rows: 1, columns: 1, value: () => 3 },
  { rows: 3, columns: 5, value: wave },
  { rows: 257, columns: 7, value: wave },
  { rows: 33, columns: 66, value: wave },
  // Rows that cancel in pairs off the diagonal.
  { rows: 128, columns: 9, value: (i, j) => (i % 2 === 0 ? 1 : j % 2 === 0 ? 1 : -1) * (1 + 0.001 * wave(i >> 1, j)) },
  { rows: 64, columns: 6, value: (i, j) => 1e3 * wave(i, j) },
  { rows: 64, columns: 6, value: (i, j) => 1e-30 * wave(i, j), beyondFloat32: true },
  // Squares beyond float32, and entries that are subnormal in it.
  { rows: 64, columns: 6, value: (i, j) => 1e30 * wave(i, j), beyondFloat32: true },
  { rows: 64, columns: 6, value: (i, j) => 1e-41 * wave(i, j), beyondFloat32: true },
];

/** By Neumaier's compensated summation; products of float32 values are exact in float64. */
function exactGram(y: Float64Array, rows: number, columns: number): Float64Array {
  const gram = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = i; j < columns; j++) {
      let sum = 0;
      let lost = 0;
      for (let r = 0; r < rows; r++) {
        const x = y[r * columns + i] * y[r * columns + j];
        const next = sum + x;
        lost += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
        sum = next;
      }
      gram[i * columns + j] = sum + lost;
    }
  }
  return gram;
}
