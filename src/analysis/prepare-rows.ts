import { addRow, type DistinctRows, distinctRatio, hashOfWords, noRows } from '../spectral/distinct-rows';
import type { Rows } from './read-rows';
import type { Integrity } from './report';
import { rowPasses, rowsPerBand } from './row-passes';

/** What one pass over raw rows tells apart from the spectrum, and the only place where rows are dropped or scaled. */
export interface RowFacts {
  readonly integrity: Integrity;
  /** Rows that enter the statistics. */
  readonly used: number;
  readonly distinct: DistinctRows;
  readonly distinctRatio: number;
  /** Of these, rows that are not zero. */
  readonly directed: number;
  /** Mean of the directions of these. Length d. */
  readonly meanDirection: Float64Array;
  /** Largest squared length of a row as used: 1 for unit rows. */
  readonly rho: number;
}

export class RowPreparation {
  private nan = 0;
  private inf = 0;
  private zeroRows = 0;
  private used = 0;
  private directed = 0;
  private rho = 0;
  private readonly distinct = noRows();
  private readonly directionSum: Float64Array;
  private readonly firstRow: Float64Array;
  /** Two words for each column, which are set where a row differs from the first. */
  private readonly varies: Int32Array;
  private readonly squares: Float64Array;
  private readonly hashes: Int32Array;
  /** For each row of a band, what it and its direction are multiplied by; NaN where it is dropped. */
  private readonly factors: Float64Array;

  constructor(
    private readonly columns: number,
    private readonly normalize: boolean,
  ) {
    this.directionSum = new Float64Array(columns);
    this.firstRow = new Float64Array(columns);
    this.varies = new Int32Array(2 * columns);
    const band = rowsPerBand(columns);
    this.squares = new Float64Array(band);
    this.hashes = new Int32Array(2 * band);
    this.factors = new Float64Array(2 * band);
  }

  /** Counts what is wrong, drops what cannot be used, scales the rest to unit length where asked. @returns the rows to use, in the memory of the given ones */
  prepare(rows: Rows): Rows {
    const { columns, squares, hashes, factors, directionSum, firstRow, varies } = this;
    const { measure, take } = rowPasses();
    const limit = rowsPerBand(columns);
    let taken = 0;
    for (let first = 0; first < rows.count; first += limit) {
      const count = Math.min(limit, rows.count - first);
      const band = rows.values.subarray(first * columns, (first + count) * columns);
      measure(band, count, columns, squares, hashes);
      for (let i = 0; i < count; i++) this.judge(i, band.subarray(i * columns, (i + 1) * columns));
      taken += take(band, count, columns, factors, directionSum, firstRow, varies, rows.values.subarray(taken * columns));
    }
    return { count: taken, values: rows.values.subarray(0, taken * columns) };
  }

  /** Counts row i of the band, and decides on its factors. */
  private judge(i: number, row: Float64Array): void {
    const { squares, hashes, factors, normalize } = this;
    const square = this.squaredLength(squares[i], row);
    if (square === 0) this.zeroRows++;
    const dropped = Number.isNaN(square) || (square === 0 && normalize);
    const inverse = square === 0 ? 0 : 1 / Math.sqrt(square);
    factors[2 * i] = dropped ? Number.NaN : normalize ? inverse : 1;
    factors[2 * i + 1] = inverse;
    if (dropped) return;
    addRow(this.distinct, hashOfWords(hashes[2 * i], hashes[2 * i + 1]));
    if (this.used === 0) this.firstRow.set(row);
    if (square > 0) this.directed++;
    this.rho = Math.max(this.rho, normalize ? 1 : square);
    this.used++;
  }

  /** Largest squared length of a row so far, as used. */
  get longest(): number {
    return this.rho;
  }

  facts(): RowFacts {
    const { nan, inf, zeroRows, used, directed, distinct, rho } = this;
    const ratio = distinctRatio(distinct);
    let constantColumns = 0;
    if (used > 1) for (let j = 0; j < this.columns; j++) if (this.varies[2 * j] === 0) constantColumns++;
    return {
      integrity: { nan, inf, zeroRows, duplicateRows: Math.round(used * (1 - ratio)), constantColumns },
      used,
      directed,
      distinct,
      distinctRatio: ratio,
      meanDirection: this.directionSum.map((x) => x / directed),
      rho,
    };
  }

  /** @param square the sum of squares as it came out @returns NaN, after counting, for a row that holds NaN or infinities */
  private squaredLength(square: number, row: Float64Array): number {
    if (Number.isFinite(square) && square > 1e-290) return square;
    // Rare: something is not finite, or the squares overflow or vanish though the entries are sound.
    let bad = false;
    let largest = 0;
    for (const x of row) {
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
    let scaled = 0;
    for (let j = 0; j < row.length; j++) {
      row[j] /= largest;
      scaled += row[j] * row[j];
    }
    return scaled;
  }
}
