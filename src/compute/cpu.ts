import type { Kernels } from './kernels';

/** Rows per panel: two columns of a panel and four of another stay in the first-level cache. */
const PANEL = 256;

/** Products and sums in float64, in the calling thread. */
export function cpuKernels(): Kernels {
  return {
    async addGram(y, count, d, gram, poll) {
      const panel = new Float64Array(d * Math.min(count, PANEL));
      for (let first = 0; first < count; first += PANEL) {
        const rows = Math.min(PANEL, count - first);
        transpose(y, first, rows, d, panel);
        addPanel(panel, rows, d, gram, poll);
      }
    },
    async close() {},
  };
}

/** Rows [first, first + rows) of y into d columns of length `rows`, so that the inner products run through memory in order. */
function transpose(y: Float64Array, first: number, rows: number, d: number, panel: Float64Array): void {
  for (let j0 = 0; j0 < d; j0 += 16) {
    const j1 = Math.min(d, j0 + 16);
    for (let r = 0; r < rows; r++) {
      const row = (first + r) * d;
      for (let j = j0; j < j1; j++) panel[j * rows + r] = y[row + j];
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
