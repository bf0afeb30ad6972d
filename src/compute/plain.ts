import { toTridiagonalBasis, tridiagonalize } from '../spectral/symmetric-eigen';
import { transpose } from '../spectral/vectors';
import type { Kernels } from './kernels';

/** Rows per panel: two columns of a panel and four of another stay in the first-level cache. */
const PANEL = 256;

/** Products and sums in float64 by the language itself, in the calling thread: where there is nothing faster, and what the others are tested against. */
export function plainKernels(): Kernels {
  return {
    async addGram(y, count, d, gram, poll) {
      addGram(y, count, d, gram, poll);
    },
    async sumGram(d, gram) {
      return {
        async add(y, count, poll) {
          addGram(y, count, d, gram, poll);
        },
        async settle() {},
      };
    },
    async applyGram(y, count, d, x, vectors, out, poll) {
      const products = new Float64Array(4 * count);
      // Vectors of a last group that is not full: zeros, whose results are dropped.
      for (let first = 0; first < vectors; first += 4) {
        const width = Math.min(4, vectors - first) * d;
        const group = new Float64Array(4 * d);
        group.set(x.subarray(first * d, first * d + width));
        products.fill(0);
        addProducts(y, count, d, group, products, poll);
        group.fill(0);
        addCombinations(y, count, d, products, group, poll);
        for (let j = 0; j < width; j++) out[first * d + j] += group[j];
      }
    },
    holdRows: async () => null,
    async tridiagonalize(a, d, border, poll) {
      const reflections = a.slice();
      let step = 0;
      // Step k costs (d - k)^2.
      const t = tridiagonalize(reflections, d, border, () => poll(1 - (1 - step++ / d) ** 3));
      return {
        ...t,
        toBasis(vectors, count, poll) {
          for (let k = 0; k < count; k++) {
            poll();
            toTridiagonalBasis(reflections, d, t.tau, vectors.subarray(k * d, (k + 1) * d));
          }
        },
        release() {},
      };
    },
    async close() {},
  };
}

function addGram(y: Float64Array, count: number, d: number, gram: Float64Array, poll: () => void): void {
  const panel = new Float64Array(d * Math.min(count, PANEL));
  for (let first = 0; first < count; first += PANEL) {
    const rows = Math.min(PANEL, count - first);
    transpose(y, first, rows, d, panel);
    addPanel(panel, rows, d, gram, poll);
  }
}

/** Columns per tile: four vectors of a tile stay in the first-level cache while the rows stream by. */
const TILE = 512;
/** Elements between polls, about a millisecond. */
const STRETCH = 2 ** 17;

/** P += Y X^T for the four rows of X. @param products count x 4 */
function addProducts(y: Float64Array, count: number, d: number, x: Float64Array, products: Float64Array, poll: () => void): void {
  for (let from = 0, since = 0; from < d; from += TILE) {
    const to = Math.min(d, from + TILE);
    for (let r = 0; r < count; r += 2) {
      since += 2 * TILE;
      if (since > STRETCH) {
        since = 0;
        poll();
      }
      const y0 = r * d;
      // The last of an odd number of rows is multiplied twice and stored once.
      const y1 = (r + 1 < count ? r + 1 : r) * d;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let j = from; j < to; j++) {
        const a = y[y0 + j];
        const b = y[y1 + j];
        const x0 = x[j];
        const x1 = x[d + j];
        const x2 = x[2 * d + j];
        const x3 = x[3 * d + j];
        s00 += a * x0;
        s01 += a * x1;
        s02 += a * x2;
        s03 += a * x3;
        s10 += b * x0;
        s11 += b * x1;
        s12 += b * x2;
        s13 += b * x3;
      }
      products[4 * r] += s00;
      products[4 * r + 1] += s01;
      products[4 * r + 2] += s02;
      products[4 * r + 3] += s03;
      if (r + 1 === count) continue;
      products[4 * r + 4] += s10;
      products[4 * r + 5] += s11;
      products[4 * r + 6] += s12;
      products[4 * r + 7] += s13;
    }
  }
}

/** The four rows of `out` += P^T Y. @param products count x 4 */
function addCombinations(y: Float64Array, count: number, d: number, products: Float64Array, out: Float64Array, poll: () => void): void {
  for (let from = 0, since = 0; from < d; from += TILE) {
    const to = Math.min(d, from + TILE);
    for (let r = 0; r < count; r += 2) {
      since += 2 * TILE;
      if (since > STRETCH) {
        since = 0;
        poll();
      }
      const y0 = r * d;
      const pair = r + 1 < count;
      const y1 = pair ? y0 + d : y0;
      const p00 = products[4 * r];
      const p01 = products[4 * r + 1];
      const p02 = products[4 * r + 2];
      const p03 = products[4 * r + 3];
      const p10 = pair ? products[4 * r + 4] : 0;
      const p11 = pair ? products[4 * r + 5] : 0;
      const p12 = pair ? products[4 * r + 6] : 0;
      const p13 = pair ? products[4 * r + 7] : 0;
      for (let j = from; j < to; j++) {
        const a = y[y0 + j];
        const b = y[y1 + j];
        out[j] += p00 * a + p10 * b;
        out[d + j] += p01 * a + p11 * b;
        out[2 * d + j] += p02 * a + p12 * b;
        out[3 * d + j] += p03 * a + p13 * b;
      }
    }
  }
}

/** Upper triangle of gram += P P^T for the d x rows panel P, in register tiles of 2 x 4 inner products. */
function addPanel(panel: Float64Array, rows: number, d: number, gram: Float64Array, poll: () => void): void {
  for (let i = 0; i < d; i += 2) {
    poll();
    const hasSecond = i + 1 < d;
    const a0 = i * rows;
    const a1 = (hasSecond ? i + 1 : i) * rows;
    const out0 = i * d;
    const out1 = (i + 1) * d;
    let j = i;
    for (; j + 3 < d; j += 4) {
      const b0 = j * rows;
      const b1 = b0 + rows;
      const b2 = b1 + rows;
      const b3 = b2 + rows;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let r = 0; r < rows; r++) {
        const x0 = panel[a0 + r];
        const x1 = panel[a1 + r];
        const y0 = panel[b0 + r];
        const y1 = panel[b1 + r];
        const y2 = panel[b2 + r];
        const y3 = panel[b3 + r];
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
      }
      gram[out0 + j] += s00;
      gram[out0 + j + 1] += s01;
      gram[out0 + j + 2] += s02;
      gram[out0 + j + 3] += s03;
      if (hasSecond) {
        // At j = i the first product of the second row lies below the diagonal.
        if (j > i) gram[out1 + j] += s10;
        gram[out1 + j + 1] += s11;
        gram[out1 + j + 2] += s12;
        gram[out1 + j + 3] += s13;
      }
    }
    for (; j < d; j++) {
      const b = j * rows;
      let s0 = 0;
      let s1 = 0;
      for (let r = 0; r < rows; r++) {
        s0 += panel[a0 + r] * panel[b + r];
        s1 += panel[a1 + r] * panel[b + r];
      }
      gram[out0 + j] += s0;
      if (hasSecond && j > i) gram[out1 + j] += s1;
    }
  }
}
