/**
 * Everything the spectra and the unbiased moments need of a set of rows, in O(d^2) memory. A monoid: `merge` of the
 * summaries of two sets is the summary of their union, so blocks, threads, shards and machines combine alike.
 *
 * All moments are about the mean: shifting them on merge (Chan, Golub, LeVeque 1983, extended here to the third and
 * fourth moments of the norm) avoids the cancellation of E x x^T - mean mean^T when rows share a large mean.
 */
export interface GramSummary {
  readonly columns: number;
  rows: number;
  /** Length d. */
  readonly mean: Float64Array;
  /** Upper triangle of sum (x - mean)(x - mean)^T; d x d, row-major. */
  readonly scatter: Float64Array;
  /** sum |x - mean|^2 (x - mean); length d. */
  readonly thirdMoment: Float64Array;
  /** sum |x - mean|^4. */
  fourthMoment: number;
}

export function emptySummary(columns: number): GramSummary {
  return {
    columns,
    rows: 0,
    mean: new Float64Array(columns),
    scatter: new Float64Array(columns * columns),
    thirdMoment: new Float64Array(columns),
    fourthMoment: 0,
  };
}

/** Moments of one block of rows, its scatter still in the form of the centred rows themselves. */
export interface CentredBlock {
  readonly rows: number;
  readonly columns: number;
  readonly mean: Float64Array;
  /** rows x d, row-major, mean removed. */
  readonly centred: Float64Array;
  /** sum |y|^2. */
  readonly trace: number;
  readonly thirdMoment: Float64Array;
  readonly fourthMoment: number;
}

/** Removes the mean of `rows` rows in place and gathers their moments. @param x rows x d, row-major */
export function centreBlock(x: Float64Array, rows: number, columns: number): CentredBlock {
  const mean = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const row = i * columns;
    for (let j = 0; j < columns; j++) mean[j] += x[row + j];
  }
  for (let j = 0; j < columns; j++) mean[j] /= rows;
  const thirdMoment = new Float64Array(columns);
  let trace = 0;
  let fourthMoment = 0;
  for (let i = 0; i < rows; i++) {
    const row = i * columns;
    let square = 0;
    for (let j = 0; j < columns; j++) {
      const y = x[row + j] - mean[j];
      x[row + j] = y;
      square += y * y;
    }
    for (let j = 0; j < columns; j++) thirdMoment[j] += square * x[row + j];
    trace += square;
    fourthMoment += square * square;
  }
  return { rows, columns, mean, centred: x, trace, thirdMoment, fourthMoment };
}

/**
 * A summary that rows are still added to. Until it is settled its moments, old and new, are about `summary.mean`, which stays where it was:
 * about one point they simply add, and the d x d matrix is corrected once for many rows.
 */
export interface OpenSummary {
  readonly summary: GramSummary;
  /** Rows added since it was last settled. */
  added: number;
  /** sum (x - summary.mean) over them; length d. */
  readonly offset: Float64Array;
}

/** Of no rows. @param centre near the mean of the rows to come; length d */
export function openSummary(centre: Float64Array): OpenSummary {
  const summary = emptySummary(centre.length);
  summary.mean.set(centre);
  return { summary, added: 0, offset: new Float64Array(centre.length) };
}

/** Whether the mean of all rows is farther from `summary.mean` than rows are from it: then to settle later would cancel digits. */
export function hasDrifted({ summary, added, offset }: OpenSummary): boolean {
  let square = 0;
  for (const x of offset) square += x * x;
  return 2 * square > (summary.rows + added) * traceOf(summary);
}

/**
 * Moves `summary.mean` to the mean of all rows, and all moments with it. With s the step, n the rows, and M2, M3, M4 about the old point:
 * sum (y-s)(y-s)^T = M2 - n s s^T,  sum |y-s|^2 (y-s) = M3 - 2 M2 s + (2 n |s|^2 - tr M2) s,
 * sum |y-s|^4 = M4 - 4 s.M3 + 4 s^T M2 s + 2 |s|^2 tr M2 - 3 n |s|^4.
 * @returns s and n, or null where nothing is added since it was last settled
 */
export function settle(open: OpenSummary): { readonly shift: Float64Array; readonly rows: number } | null {
  const { summary, added, offset } = open;
  if (added === 0) return null;
  const { columns: d, mean, scatter, thirdMoment } = summary;
  const n = summary.rows + added;
  const s = offset.map((x) => x / n);
  const image = scatterTimes(scatter, s);
  const trace = traceOf(summary);
  let square = 0;
  let cubic = 0;
  let quadratic = 0;
  for (let j = 0; j < d; j++) {
    square += s[j] * s[j];
    cubic += s[j] * thirdMoment[j];
    quadratic += s[j] * image[j];
  }
  summary.fourthMoment += -4 * cubic + 4 * quadratic + 2 * square * trace - 3 * n * square * square;
  for (let j = 0; j < d; j++) thirdMoment[j] += -2 * image[j] + (2 * n * square - trace) * s[j];
  for (let i = 0; i < d; i++) {
    const gap = n * s[i];
    for (let j = i, row = i * d; j < d; j++) scatter[row + j] -= gap * s[j];
  }
  for (let j = 0; j < d; j++) mean[j] += s[j];
  summary.rows = n;
  open.added = 0;
  offset.fill(0);
  return { shift: s, rows: n };
}

/** The summary of the union of two disjoint sets of rows, left in `into`. Associative up to rounding; merge in a fixed order for the same bits. */
export function merge(into: GramSummary, other: GramSummary): void {
  if (into.columns !== other.columns) throw new Error(`Summaries of ${into.columns} and ${other.columns} columns cannot be merged.`);
  mergeMoments(
    into,
    { ...other, trace: traceOf(other) },
    traceOf(into),
    (s) => scatterTimes(into.scatter, s),
    (s) => scatterTimes(other.scatter, s),
  );
  for (let i = 0; i < into.scatter.length; i++) into.scatter[i] += other.scatter[i];
}

/** tr of the scatter: sum |x - mean|^2. */
export function traceOf(summary: GramSummary): number {
  let trace = 0;
  for (let j = 0; j < summary.columns; j++) trace += summary.scatter[j * summary.columns + j];
  return trace;
}

interface Moments {
  readonly rows: number;
  readonly mean: Float64Array;
  readonly trace: number;
  readonly thirdMoment: Float64Array;
  readonly fourthMoment: number;
}

function mergeMoments(
  into: GramSummary,
  other: Moments,
  intoTrace: number,
  intoScatterTimes: (s: Float64Array) => Float64Array,
  otherScatterTimes: (s: Float64Array) => Float64Array,
): void {
  if (other.rows === 0) return;
  const d = into.columns;
  const rows = into.rows + other.rows;
  // From the common mean to each part's mean.
  const shiftInto = new Float64Array(d);
  const shiftOther = new Float64Array(d);
  for (let j = 0; j < d; j++) {
    const gap = other.mean[j] - into.mean[j];
    shiftInto[j] = (-other.rows / rows) * gap;
    shiftOther[j] = (into.rows / rows) * gap;
  }
  const a = shifted(into.rows, intoTrace, into.thirdMoment, into.fourthMoment, shiftInto, intoScatterTimes(shiftInto));
  const b = shifted(other.rows, other.trace, other.thirdMoment, other.fourthMoment, shiftOther, otherScatterTimes(shiftOther));
  for (let j = 0; j < d; j++) into.thirdMoment[j] = a.third[j] + b.third[j];
  into.fourthMoment = a.fourth + b.fourth;
  if (into.rows > 0) {
    const weight = (into.rows * other.rows) / rows;
    for (let i = 0; i < d; i++) {
      const gap = weight * (other.mean[i] - into.mean[i]);
      if (gap === 0) continue;
      const row = i * d;
      for (let j = i; j < d; j++) into.scatter[row + j] += gap * (other.mean[j] - into.mean[j]);
    }
  }
  for (let j = 0; j < d; j++) into.mean[j] -= shiftInto[j];
  into.rows = rows;
}

/**
 * Third and fourth moments about a centre at distance -s from the mean, from those about the mean:
 * sum |y+s|^2 (y+s) = M3 + 2 M2 s + (tr M2 + n |s|^2) s,  sum |y+s|^4 = M4 + 4 s.M3 + 4 s^T M2 s + 2 |s|^2 tr M2 + n |s|^4.
 */
function shifted(rows: number, trace: number, third: Float64Array, fourth: number, s: Float64Array, scatterS: Float64Array) {
  let square = 0;
  let cubic = 0;
  let quadratic = 0;
  for (let j = 0; j < s.length; j++) {
    square += s[j] * s[j];
    cubic += s[j] * third[j];
    quadratic += s[j] * scatterS[j];
  }
  const shiftedThird = new Float64Array(s.length);
  for (let j = 0; j < s.length; j++) shiftedThird[j] = third[j] + 2 * scatterS[j] + (trace + rows * square) * s[j];
  return { third: shiftedThird, fourth: fourth + 4 * cubic + 4 * quadratic + 2 * square * trace + rows * square * square };
}

/** Product of a symmetric matrix, given by its upper triangle, with a vector. */
export function scatterTimes(scatter: Float64Array, s: Float64Array): Float64Array {
  const d = s.length;
  const product = new Float64Array(d);
  for (let i = 0; i < d; i++) {
    const row = i * d;
    const si = s[i];
    let sum = scatter[row + i] * si;
    for (let j = i + 1; j < d; j++) {
      const x = scatter[row + j];
      sum += x * s[j];
      product[j] += x * si;
    }
    product[i] += sum;
  }
  return product;
}
