import { addRow, type DistinctRows, distinctRatio, hashRow, noRows } from '../spectral/distinct-rows';
import type { Rows } from './read-rows';
import type { Integrity } from './report';

/** What one pass over raw rows tells apart from the spectrum, and the only place where rows are dropped or scaled. */
export interface RowFacts {
  readonly integrity: Integrity;
  /** Rows that enter the statistics. */
  readonly used: number;
  readonly distinct: DistinctRows;
  readonly distinctRatio: number;
  /** Mean of unit rows; a zero row has none. Length d. */
  readonly meanDirection: Float64Array;
  /** Largest squared length of a row as used: 1 for unit rows. */
  readonly rho: number;
}

export class RowPreparation {
  private nan = 0;
  private inf = 0;
  private zeroRows = 0;
  private used = 0;
  private rho = 0;
  private readonly distinct = noRows();
  private readonly directionSum: Float64Array;
  private readonly firstRow: Float64Array;
  private readonly varies: Uint8Array;

  constructor(
    private readonly columns: number,
    private readonly normalize: boolean,
  ) {
    this.directionSum = new Float64Array(columns);
    this.firstRow = new Float64Array(columns);
    this.varies = new Uint8Array(columns);
  }

  /** Counts what is wrong, drops what cannot be used, scales the rest to unit length where asked. @returns the rows to use, in memory of their own */
  prepare(rows: Rows): Rows {
    const { columns } = this;
    const out = new Float64Array(rows.count * columns);
    const words = new Uint32Array(rows.values.buffer, rows.values.byteOffset, rows.count * columns * 2);
    let count = 0;
    for (let i = 0; i < rows.count; i++) {
      const from = i * columns;
      const hash = hashRow(words, 2 * from, 2 * (from + columns));
      const square = this.squaredLength(rows.values, from);
      if (Number.isNaN(square)) continue;
      if (square === 0) {
        this.zeroRows++;
        if (this.normalize) continue;
      }
      addRow(this.distinct, hash);
      const length = Math.sqrt(square);
      const scale = this.normalize ? 1 / length : 1;
      const direction = square === 0 ? 0 : 1 / length;
      const to = count * columns;
      for (let j = 0; j < columns; j++) {
        const x = rows.values[from + j];
        out[to + j] = x * scale;
        this.directionSum[j] += x * direction;
        if (this.used === 0) this.firstRow[j] = x;
        else if (x !== this.firstRow[j]) this.varies[j] = 1;
      }
      this.rho = Math.max(this.rho, this.normalize ? 1 : square);
      this.used++;
      count++;
    }
    return { count, values: out.subarray(0, count * columns) };
  }

  facts(): RowFacts {
    const { nan, inf, zeroRows, used, distinct, rho } = this;
    const ratio = distinctRatio(distinct);
    let constantColumns = 0;
    if (used > 1) for (const varies of this.varies) constantColumns += 1 - varies;
    return {
      integrity: { nan, inf, zeroRows, duplicateRows: Math.round(used * (1 - ratio)), constantColumns },
      used,
      distinct,
      distinctRatio: ratio,
      meanDirection: this.directionSum.map((x) => x / used),
      rho,
    };
  }

  /** @returns NaN, after counting, for a row that holds NaN or infinities */
  private squaredLength(values: Float64Array, from: number): number {
    const { columns } = this;
    let square = 0;
    for (let j = from; j < from + columns; j++) square += values[j] * values[j];
    if (Number.isFinite(square) && square > 1e-290) return square;
    // Rare: something is not finite, or the squares overflow or vanish though the entries are sound.
    let bad = false;
    let largest = 0;
    for (let j = from; j < from + columns; j++) {
      const x = values[j];
      if (Number.isNaN(x)) this.nan++;
      else if (!Number.isFinite(x)) this.inf++;
      bad ||= !Number.isFinite(x);
      largest = Math.max(largest, Math.abs(x));
    }
    if (bad) return Number.NaN;
    if (largest === 0) return 0;
    if (!this.normalize) {
      if (square < Number.POSITIVE_INFINITY) return Math.max(square, Number.MIN_VALUE);
      // Too long for a Gram matrix in float64: as good as infinite.
      this.inf++;
      return Number.NaN;
    }
    // Only the direction is wanted: bring the row to a length whose square is representable.
    square = 0;
    for (let j = from; j < from + columns; j++) {
      values[j] /= largest;
      square += values[j] * values[j];
    }
    return square;
  }
}
