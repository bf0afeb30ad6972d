import type { GramSum, Kernels, Precision, Tridiagonalization } from '../compute/kernels';
import { type GramSummary, hasDrifted, type OpenSummary, openSummary, settle } from '../spectral/gram-summary';
import { followChange, openProductCheck, PROBES, type ProductCheck, productError } from '../spectral/product-error';
import { shiftedInverseForms, type Tridiagonal, tridiagonalEigenvalues } from '../spectral/tridiagonal';
import { dot, transpose } from '../spectral/vectors';
import type { Rows } from './read-rows';
import { rowPasses, rowsPerBand } from './row-passes';
import { rowHash } from './sample';

/** Both spectra of a set of rows, and the moments that go with them. */
export interface Spectra {
  readonly rows: number;
  readonly columns: number;
  /** Eigenvalues of C, descending, min(rows, columns) of them; the rest are 0. */
  readonly uncentred: Float64Array;
  /** Eigenvalues of S, likewise. */
  readonly centred: Float64Array;
  /** sum |x - mean|^4. */
  readonly fourthMoment: number;
  /** Leverages of the pilot rows at any ridge: x^T (C + lambda I)^-1 x / n, and y^T (S + lambda I)^-1 y / n for y = x - mean. */
  readonly leverages: { uncentred(lambda: number): Float64Array; centred(lambda: number): Float64Array };
  /** Quadratic forms of the pilot rows. */
  readonly forms: {
    /** |y|^2. */
    centredSquares(): Float64Array;
    /** y^T S y. */
    centred(): Float64Array;
    /** (u . x)^2, u the eigenvector of the largest eigenvalue of C. */
    top(): Float64Array;
  };
  /** Of rows that are not among these: x^T (C + lambda I)^-1 x / n of each, at any lambda. Null while rows are fewer than columns. */
  readonly outside: ((rows: Rows) => (lambda: number) => Float64Array) | null;
  /** Rows evenly spread over all of them, every row where they are few; at least as many as the pilot rows, which are among them. */
  readonly spread: readonly Float64Array[];
  /** What eigenvalues are wrong by, as the root of the mean square over all of them, at most with 99.5 %. Null where products are float64. */
  readonly productError: number | null;
}

/** Side of the largest matrix whose eigenvalues are computed: 134 MB, and its copy. */
export const DENSE_LIMIT = 4096;
/** Rows that are kept until the smaller side is known: at most this many elements, 512 MiB. */
const KEPT_ELEMENTS = 2 ** 26;

/** Rows whose leverages are measured, evenly spread over all rows so far: at least this many once there are as many, less than twice. */
const PILOT = 128;
/** Multiply-adds that all pairs of the spread rows may take, where rows are no wider than the dense limit: less than a tenth of a second. */
export const PAIR_BUDGET = 2 ** 26;

/** Spread rows are halved when there are as many: 1,024 of up to 128 columns (1 MiB), 512 of up to 512 (2 MiB), 256 of more. */
function spreadCapacity(columns: number): number {
  const affordable = 2 ** Math.floor(Math.log2(Math.sqrt((2 * PAIR_BUDGET) / columns)));
  return Math.min(8 * PILOT, Math.max(2 * PILOT, affordable));
}

/** The part of the spectrum that inverse iteration leaves of the other directions, relative to the largest eigenvalue. */
const TOP_SHIFT = 1e-9;

/** How many rows of this width can be analysed; more are sampled down to it. */
export function rowCapacity(columns: number): number {
  return columns <= DENSE_LIMIT ? Number.POSITIVE_INFINITY : Math.max(1, Math.min(DENSE_LIMIT, Math.floor(KEPT_ELEMENTS / columns)));
}

/** Gathers rows, and turns them into spectra on whichever side of X is smaller: X X^T while rows are few, X^T X after. */
export class SpectraAccumulator {
  private kept: Rows[] = [];
  private keptRows = 0;
  private open: OpenSummary | null = null;
  /** On its way into the scatter matrix of the open summary. */
  private sum: GramSum | null = null;
  private spread: { readonly index: number; readonly hash: number; readonly row: Float64Array }[] = [];
  /** Rows with a smaller hash are spread rows. */
  private spreadBound = 2 ** 32;
  /** Once products of less than float64 have been added. */
  private check: ProductCheck | null = null;
  /** Of the latest spectra. */
  private reduction: Tridiagonalization | null = null;

  constructor(
    private readonly columns: number,
    private readonly kernels: Kernels,
    private readonly poll: () => void,
    /** Of the products that the kernels give. */
    private readonly precision: Precision = 'float64',
    /** Whether more rows than columns come before spectra are asked for: then none are kept. */
    private readonly many = false,
  ) {}

  get rows(): number {
    return this.open === null ? this.keptRows : this.open.summary.rows + this.open.added;
  }

  /**
   * @param rows that may be changed; nothing of them is needed later
   * @param precision that is enough for their products
   */
  async add(rows: Rows, precision = this.precision): Promise<void> {
    if (rows.count === 0) return;
    this.addToSpread(rows);
    if (this.open !== null) return this.fold(this.open, rows, precision);
    if (!this.many && this.keptRows + rows.count <= this.columns) {
      this.kept.push({ count: rows.count, values: rows.values.slice(0, rows.count * this.columns) });
      this.keptRows += rows.count;
      return;
    }
    this.open = openSummary(meanOf([...this.kept, rows], this.columns));
    for (const block of [...this.kept, rows]) await this.fold(this.open, block, precision);
    this.kept = [];
  }

  /** By a hash of their place: in a file whose rows come in turns, evenly spaced ones could all be of one kind. */
  private addToSpread({ count, values }: Rows): void {
    const { rows, columns, spread } = this;
    for (let i = 0; i < count; i++) {
      const hash = rowHash(rows + i, 0);
      if (hash >= this.spreadBound) continue;
      spread.push({ index: rows + i, hash, row: values.subarray(i * columns, (i + 1) * columns) });
      if (spread.length < spreadCapacity(columns)) continue;
      spread.sort((a, b) => a.hash - b.hash);
      this.spreadBound = spread[spread.length >> 1].hash;
      spread.length >>= 1;
      spread.sort((a, b) => a.index - b.index);
    }
    // Most of them have made way for others by now.
    this.spread = spread.map((entry) => (entry.index < rows ? entry : { ...entry, row: entry.row.slice() }));
  }

  /** As {@link Spectra.spread}. */
  get spreadRows(): readonly Float64Array[] {
    return this.spread.map(({ row }) => row);
  }

  /** Those of the spread rows whose place in the tridiagonal basis is worth its cost. */
  private get pilot(): { readonly index: number; readonly row: Float64Array }[] {
    let step = 1;
    while (Math.ceil(this.spread.length / step) >= 2 * PILOT) step *= 2;
    return this.spread.filter((_, k) => k % step === 0);
  }

  private async fold(open: OpenSummary, { count, values }: Rows, precision: Precision): Promise<void> {
    const { columns } = this;
    const { summary, offset } = open;
    const limit = rowsPerBand(columns);
    for (let first = 0; first < count; first += limit) {
      this.poll();
      const rows = Math.min(limit, count - first);
      const band = values.subarray(first * columns, (first + rows) * columns);
      summary.fourthMoment += rowPasses().gather(band, rows, columns, summary.mean, offset, summary.thirdMoment);
    }
    this.sum ??= await this.kernels.sumGram(columns, summary.scatter);
    if (precision === 'float32' && this.check === null) {
      await this.sum.settle(this.poll);
      this.check = openProductCheck(summary.scatter, columns, 0);
    }
    const { check } = this;
    if (check !== null) await this.kernels.applyGram(values, count, columns, check.probes, PROBES, check.images, this.poll);
    await this.sum.add(values, count, this.poll, precision);
    open.added += count;
    // Of a scatter matrix that may lag behind: then the summary is settled early.
    if (hasDrifted(open)) await this.settle(open);
  }

  private async settle(open: OpenSummary): Promise<void> {
    await this.sum?.settle(this.poll);
    const moved = settle(open);
    if (moved !== null && this.check !== null) followChange(this.check, moved.shift, -moved.rows);
  }

  /**
   * What earlier spectra would still compute when it is asked for, they cannot compute any more.
   * @param progress of the reduction, in [0, 1]
   * @throws Error when there are no rows
   */
  async spectra(progress: (fraction: number) => void): Promise<Spectra> {
    if (this.open === null) return this.rowSide(progress);
    await this.settle(this.open);
    return this.columnSide(this.open.summary, progress);
  }

  private async columnSide(summary: GramSummary, progress: (fraction: number) => void): Promise<Spectra> {
    const { rows, columns, mean, fourthMoment } = summary;
    const reduction = await this.reduce(summary.scatter, columns, mean, progress);
    const t: Tridiagonal = {
      diagonal: reduction.diagonal.map((x) => x / rows),
      offDiagonal: reduction.offDiagonal.map((x) => x / rows),
    };
    const rank = Math.min(rows, columns);
    const centred = nonNegative(tridiagonalEigenvalues(t, this.poll)).subarray(0, rank);
    // C = S + mean mean^T, and the basis begins with the mean.
    const diagonal = Float64Array.from(t.diagonal);
    diagonal[0] += reduction.borderCoordinate ** 2;
    const uncentred = nonNegative(tridiagonalEigenvalues({ ...t, diagonal }, this.poll)).subarray(0, rank);
    const { pilot } = this;
    const coordinates = once(() => {
      const x = new Float64Array(pilot.length * columns);
      for (const [i, { row }] of pilot.entries()) x.set(row, i * columns);
      return this.inBasis(reduction, x, columns);
    });
    const centredCoordinates = once(() =>
      coordinates().map((x) => {
        const y = x.slice();
        y[0] -= reduction.borderCoordinate;
        return y;
      }),
    );
    const leverages = (tridiagonal: Tridiagonal, vectors: () => readonly Float64Array[]) => (lambda: number) =>
      shiftedInverseForms(tridiagonal, vectors(), lambda).map((q) => q / rows);
    const ofC: Tridiagonal = { ...t, diagonal };
    return {
      rows,
      columns,
      uncentred,
      centred,
      fourthMoment,
      leverages: { uncentred: leverages(ofC, coordinates), centred: leverages(t, centredCoordinates) },
      forms: {
        centredSquares: () => Float64Array.from(centredCoordinates(), (y) => dot(y, y)),
        centred: () => Float64Array.from(centredCoordinates(), (y) => dot(y, times(t, y))),
        top: () => topForms(ofC, uncentred[0], coordinates()),
      },
      outside: ({ count, values }) => {
        const others = once(() => this.inBasis(reduction, values.slice(0, count * columns), columns));
        return leverages(ofC, others);
      },
      spread: this.spreadRows,
      productError: this.check && productError(this.check, summary.scatter, columns) / (rows * Math.sqrt(columns)),
    };
  }

  private async rowSide(progress: (fraction: number) => void): Promise<Spectra> {
    const { columns } = this;
    const rows = this.keptRows;
    if (rows === 0) throw new Error('There are no rows.');
    const mean = new Float64Array(columns);
    const y = new Float64Array(columns);
    // Twice, as what rounding leaves out of the first sum would pass for variance where rows are all the same.
    for (let pass = 0; pass < 2; pass++) {
      const rest = new Float64Array(columns);
      for (const row of this.keptRowViews()) {
        subtract(row, mean, y);
        addTo(rest, y);
      }
      for (let j = 0; j < columns; j++) mean[j] += rest[j] / rows;
    }
    const meanSquare = dot(mean, mean);
    // In a basis that begins with u = 1 / sqrt(n), X X^T is Y Y^T bordered by n |mean|^2 and sqrt(n) Y mean, as Y^T u = 0.
    const border = new Float64Array(rows);
    let fourthMoment = 0;
    let i = 0;
    for (const row of this.keptRowViews()) {
      subtract(row, mean, y);
      fourthMoment += dot(y, y) ** 2;
      border[i++] = Math.sqrt(rows) * dot(y, mean);
    }
    // Y Y^T, a panel of columns at a time: the rows themselves are kept as they are, for the samples to come.
    const gram = new Float64Array(rows * rows);
    const check = this.precision === 'float32' ? openProductCheck(gram, rows, 0) : null;
    const sum = await this.kernels.sumGram(rows, gram);
    const [centredRows, panel] = [0, 1].map(() => new Float64Array(rows * Math.min(PANEL, columns)));
    for (let first = 0; first < columns; first += PANEL) {
      const width = Math.min(PANEL, columns - first);
      const part = mean.subarray(first, first + width);
      i = 0;
      for (const row of this.keptRowViews()) subtract(row.subarray(first), part, centredRows.subarray(width * i++));
      transpose(centredRows, 0, rows, width, panel);
      await sum.add(panel, width, this.poll);
      if (check !== null) await this.kernels.applyGram(panel, width, rows, check.probes, PROBES, check.images, this.poll);
    }
    await sum.settle(this.poll);
    const t = await this.reduce(gram, rows, border, progress);
    const centred = nonNegative(tridiagonalEigenvalues(t, this.poll));
    const bordered: Tridiagonal = {
      diagonal: Float64Array.of(rows * meanSquare, ...t.diagonal),
      offDiagonal: Float64Array.of(t.borderCoordinate, ...t.offDiagonal),
    };
    // Y Y^T has the null vector u of its own, which the border counts a second time: one zero too many.
    const uncentred = nonNegative(tridiagonalEigenvalues(bordered, this.poll)).subarray(0, rows);
    const scaled = (l: Float64Array): Float64Array => l.map((x) => x / rows);
    // Row i is m + y_i, and X X^T acts on e_i as the bordered form on (1 / sqrt(n), e_i - 1 / n).
    const { pilot } = this;
    const coordinates = once(() => {
      const x = new Float64Array(pilot.length * rows);
      for (const [i, { index }] of pilot.entries()) x[i * rows + index] = 1;
      return this.inBasis(t, x, rows);
    });
    const borderedCoordinates = once(() => {
      const [ones] = this.inBasis(t, new Float64Array(rows).fill(1 / rows), rows);
      return coordinates().map((x) => {
        const z = new Float64Array(rows + 1);
        z[0] = 1 / Math.sqrt(rows);
        for (let k = 0; k < rows; k++) z[k + 1] = x[k] - ones[k];
        return z;
      });
    });
    // x^T (X^T X + c I)^-1 x = 1 - c e^T (X X^T + c I)^-1 e.
    const leverages = (tridiagonal: Tridiagonal, vectors: () => readonly Float64Array[]) => (lambda: number) =>
      shiftedInverseForms(tridiagonal, vectors(), rows * lambda).map((q) => Math.max(0, 1 - rows * lambda * q));
    return {
      rows,
      columns,
      uncentred: scaled(uncentred),
      centred: scaled(centred),
      fourthMoment,
      leverages: { uncentred: leverages(bordered, borderedCoordinates), centred: leverages(t, coordinates) },
      // y = Y^T e, and x = s v with v the left singular vector of the singular value s.
      forms: {
        centredSquares: () => Float64Array.from(coordinates(), (z) => dot(z, times(t, z))),
        centred: () =>
          Float64Array.from(coordinates(), (z) => {
            const image = times(t, z);
            return dot(image, image) / rows;
          }),
        top: () => topForms(bordered, uncentred[0], borderedCoordinates()).map((q) => q * uncentred[0]),
      },
      outside: null,
      spread: this.spreadRows,
      productError: check && productError(check, gram, rows) / (rows * Math.sqrt(rows)),
    };
  }

  private *keptRowViews(): Generator<Float64Array> {
    for (const { count, values } of this.kept) {
      this.poll();
      for (let i = 0; i < count; i++) yield values.subarray(i * this.columns, (i + 1) * this.columns);
    }
  }

  private async reduce(
    a: Float64Array,
    d: number,
    border: Float64Array,
    progress: (fraction: number) => void,
  ): Promise<Tridiagonalization> {
    this.reduction?.release();
    this.reduction = null;
    this.reduction = await this.kernels.tridiagonalize(a, d, border, (done) => {
      this.poll();
      progress(done);
    });
    return this.reduction;
  }

  /** @param vectors of d entries each, one after the other; overwritten */
  private inBasis(reduction: Tridiagonalization, vectors: Float64Array, d: number): Float64Array[] {
    const count = vectors.length / d;
    reduction.toBasis(vectors, count, this.poll);
    return Array.from({ length: count }, (_, i) => vectors.subarray(i * d, (i + 1) * d));
  }
}

// Apart from the asynchronous functions that call them: engines are slow to optimise a loop within one.
function addTo(sum: Float64Array, x: Float64Array): void {
  for (let j = 0; j < sum.length; j++) sum[j] += x[j];
}

/** As many differences as `b` has entries, to the head of `into`. */
function subtract(a: Float64Array, b: Float64Array, into: Float64Array): void {
  for (let j = 0; j < b.length; j++) into[j] = a[j] - b[j];
}

/** Columns of X that are multiplied at a time on the row side. */
const PANEL = 512;

/** (u . x)^2 for the eigenvector u of the largest eigenvalue of a positive semidefinite T, by the resolvent just above it. */
function topForms({ diagonal, offDiagonal }: Tridiagonal, largest: number, vectors: readonly Float64Array[]): Float64Array {
  const flipped: Tridiagonal = { diagonal: diagonal.map((x) => largest - x), offDiagonal: offDiagonal.map((x) => -x) };
  const shift = TOP_SHIFT * largest;
  return shiftedInverseForms(flipped, vectors, shift).map((q) => q * shift);
}

function times({ diagonal, offDiagonal }: Tridiagonal, x: Float64Array): Float64Array {
  return diagonal.map(
    (a, k) => a * x[k] + (k > 0 ? offDiagonal[k - 1] * x[k - 1] : 0) + (k < offDiagonal.length ? offDiagonal[k] * x[k + 1] : 0),
  );
}

function meanOf(blocks: readonly Rows[], columns: number): Float64Array {
  const mean = new Float64Array(columns);
  let rows = 0;
  for (const { count, values } of blocks) {
    for (let i = 0; i < count * columns; i += columns) for (let j = 0; j < columns; j++) mean[j] += values[i + j];
    rows += count;
  }
  return mean.map((x) => x / rows);
}

/** Computed when it is first asked for. */
export function once<T>(compute: () => T): () => T {
  let result: { readonly value: T } | null = null;
  return () => {
    result ??= { value: compute() };
    return result.value;
  };
}

function nonNegative(eigenvalues: Float64Array): Float64Array {
  return eigenvalues.map((l) => Math.max(l, 0));
}
