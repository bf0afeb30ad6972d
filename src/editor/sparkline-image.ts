const WIDTH = 240;
const HEIGHT = 48;
const MARGIN = 4;
const MOST_POINTS = 120;

/** Told apart from light and dark backgrounds alike, by more than 3 to 1. */
const GREY = '#808080';

/**
 * A series as an image: a line over a dashed one at the height of its first value, and a ring at one of its points. Heights are shares of
 * the largest value, so that a small change looks small. A value that is not finite leaves a gap.
 * @param values not negative
 * @param marked index of the point with the ring; -1 for none
 * @returns the address of an SVG image that holds nothing but numbers
 */
export function sparklineImage(values: readonly number[], marked: number): string {
  const largest = Math.max(0, ...values.filter(Number.isFinite));
  const x = (i: number) => MARGIN + (i / Math.max(1, values.length - 1)) * (WIDTH - 2 * MARGIN);
  const y = (value: number) => HEIGHT - MARGIN - (largest === 0 ? 0 : value / largest) * (HEIGHT - 2 * MARGIN);
  const point = (i: number) => `${x(i).toFixed(1)} ${y(values[i]!).toFixed(1)}`;

  const shown = thinned(values.length, marked).filter((i) => Number.isFinite(values[i]!));
  const isGap = (from: number, to: number) => values.slice(from + 1, to).some((value) => !Number.isFinite(value));
  const line = shown.map((i, k) => `${k === 0 || isGap(shown[k - 1]!, i) ? 'M' : 'L'}${point(i)}`).join('');
  const [first] = shown;
  const level =
    first === undefined ? '' : `<path d="M${MARGIN} ${y(values[first]!).toFixed(1)}H${WIDTH - MARGIN}" stroke-dasharray="2 4"/>`;
  const ring = Number.isFinite(values[marked])
    ? `<circle cx="${x(marked).toFixed(1)}" cy="${y(values[marked]!).toFixed(1)}" r="3.5"/>`
    : '';
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="${GREY}">` +
    `${level}<path d="${line}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/>${ring}</svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/** Indices of at most so many points, evenly spread, with both ends and the marked one. */
function thinned(length: number, marked: number): number[] {
  const points = Math.min(length, MOST_POINTS);
  const even = Array.from({ length: points }, (_, i) => (points === 1 ? 0 : Math.round((i * (length - 1)) / (points - 1))));
  return [...new Set([...even, ...(marked >= 0 && marked < length ? [marked] : [])])].sort((a, b) => a - b);
}
