import type { Gpu, GramBand } from '../../src/compute/gpu';
import { FRACTION_BITS } from '../../src/compute/wgsl/gram';

/** What goes wrong, and when; counted from 1. */
export interface Faults {
  /** Uploads of a Gram matrix that reject, from this one on. */
  readonly lostAtAdd?: number;
  /** Sums that reject, from this one on. */
  readonly lostAtTake?: number;
  /** Sums that come with a wrong entry. */
  readonly wrongAtTake?: number;
  readonly outOfMemory?: boolean;
  /** Products with rows that are wrong. */
  readonly wrongProducts?: boolean;
  /** Uploads of rows to be held that reject, from this one on. */
  readonly lostAtRows?: number;
  /** Products with rows that reject, from this one on. */
  readonly lostAtProduct?: number;
  readonly noRoomForRows?: boolean;
}

/** A GPU whose sums the processor takes, in two bands where there are more than two columns. */
export function fakeGpu(faults: Faults = {}): Gpu {
  let adds = 0;
  let takes = 0;
  let uploads = 0;
  let products = 0;
  return {
    async openGram(d) {
      if (faults.outOfMemory) throw new Error('It ran out of memory.');
      let sums = new BigInt64Array(d * d);
      return {
        async add(y, count) {
          if (++adds >= (faults.lostAtAdd ?? Number.POSITIVE_INFINITY)) throw new Error('The device was lost.');
          for (let r = 0; r < count; r++)
            for (let i = 0; i < d; i++)
              for (let j = i; j < d; j++) sums[i * d + j] += BigInt(Math.round(y[r * d + i] * y[r * d + j] * 2 ** FRACTION_BITS));
        },
        async take(each) {
          takes++;
          if (takes >= (faults.lostAtTake ?? Number.POSITIVE_INFINITY)) throw new Error('The device was lost.');
          if (takes === faults.wrongAtTake) sums[d * d - 1] += 2n ** BigInt(FRACTION_BITS);
          for (const band of bandsOf(sums, d)) each(band);
          sums = new BigInt64Array(d * d);
        },
        release() {},
      };
    },
    async openRows(_, d) {
      if (faults.noRoomForRows) return null;
      const kept: number[] = [];
      return {
        async add(y, count) {
          if (++uploads >= (faults.lostAtRows ?? Number.POSITIVE_INFINITY)) throw new Error('The device was lost.');
          kept.push(...y.subarray(0, count * d));
        },
        async applyGram(x, vectors) {
          if (++products >= (faults.lostAtProduct ?? Number.POSITIVE_INFINITY)) throw new Error('The device was lost.');
          const images = new Float32Array(vectors * d);
          for (let v = 0; v < vectors; v++) {
            for (let row = 0; row < kept.length; row += d) {
              let dot = 0;
              for (let j = 0; j < d; j++) dot += kept[row + j] * x[v * d + j];
              for (let j = 0; j < d; j++) images[v * d + j] += dot * kept[row + j];
            }
          }
          if (faults.wrongProducts) images[0] *= 1.01;
          return images;
        },
        release() {},
      };
    },
    async close() {},
  };
}

function bandsOf(sums: BigInt64Array, d: number): GramBand[] {
  return [
    [0, Math.ceil(d / 2)],
    [Math.ceil(d / 2), d],
  ]
    .filter(([from, to]) => from < to)
    .map(([firstRow, end]) => {
      const stride = d - firstRow;
      const band = new BigInt64Array((end - firstRow) * stride);
      for (let i = firstRow; i < end; i++)
        for (let j = firstRow; j < d; j++) band[(i - firstRow) * stride + j - firstRow] = sums[i * d + j];
      return { firstRow, rows: end - firstRow, stride, sums: new Uint32Array(band.buffer) };
    });
}
