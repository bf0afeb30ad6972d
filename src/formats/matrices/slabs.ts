/** How many of the first axes, merged, make so many rows. */
export function rowAxesOf(shape: readonly number[], rows: number): number {
  let axes = 0;
  for (let merged = 1; merged < rows || axes === 0; axes++) merged *= shape[axes]!;
  return axes;
}

/** Rows [first, first + count) as the fewest boxes that are contiguous in C order. */
export function* slabs(
  shape: readonly number[],
  rowAxes: number,
  first: number,
  count: number,
): Generator<{ readonly offset: number[]; readonly count: number[] }> {
  const inner = Array.from({ length: rowAxes }, (_, k) => product(shape.slice(k + 1, rowAxes)));
  for (let row = first, left = count; left > 0; ) {
    const at = inner.map((rows, k) => Math.floor(row / rows) % shape[k]!);
    // The outermost axis along which whole rows of boxes remain.
    const axis = inner.findIndex((rows, k) => rows <= left && at.slice(k + 1).every((i) => i === 0));
    const along = Math.min(shape[axis]! - at[axis]!, Math.floor(left / inner[axis]!));
    yield {
      offset: shape.map((_, k) => (k < rowAxes ? at[k]! : 0)),
      count: shape.map((size, k) => (k < axis ? 1 : k === axis ? along : size)),
    };
    row += along * inner[axis]!;
    left -= along * inner[axis]!;
  }
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
