const BLOCKS = '▁▂▃▄▅▆▇█';

/**
 * A descending spectrum in one line of blocks; equal steps in height are equal factors.
 * @param eigenvalues descending; those at or below `floor` are left blank
 * @param cells at most so many characters
 */
export function sparkline(eigenvalues: Float64Array, floor: number, cells: number): string {
  const width = Math.min(cells, eigenvalues.length);
  const shown = Array.from(
    { length: width },
    (_, i) => eigenvalues[width === 1 ? 0 : Math.round((i * (eigenvalues.length - 1)) / (width - 1))]!,
  );
  const resolved = shown.filter((value) => value > floor && value > 0);
  if (resolved.length === 0) return '';
  const top = Math.log(resolved[0]!);
  const span = top - Math.log(resolved.at(-1)!);
  const block = (value: number) => {
    if (!(value > floor && value > 0)) return ' ';
    const height = span === 0 ? 1 : 1 - (top - Math.log(value)) / span;
    return BLOCKS[Math.round(height * (BLOCKS.length - 1))]!;
  };
  return shown.map(block).join('').trimEnd();
}

/**
 * A series in one line of blocks whose heights are shares of the largest value, so that a small change looks small; a value that is
 * not finite leaves a gap.
 * @param values not negative
 * @param cells at most so many characters; a longer series is thinned out, its ends stay
 */
export function trendline(values: readonly number[], cells: number): string {
  const width = Math.min(cells, values.length);
  const shown = Array.from({ length: width }, (_, i) => values[width === 1 ? 0 : Math.round((i * (values.length - 1)) / (width - 1))]!);
  const largest = Math.max(...shown.filter(Number.isFinite));
  const block = (value: number) => BLOCKS[largest === 0 ? 0 : Math.round((value / largest) * (BLOCKS.length - 1))]!;
  return shown.map((value) => (Number.isFinite(value) ? block(value) : ' ')).join('');
}
