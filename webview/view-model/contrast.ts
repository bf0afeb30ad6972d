/** Red, green, blue in [0, 255], opacity in [0, 1]. */
export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/** Least contrast of a line in a chart against its background (WCAG 2.2, 1.4.11). */
export const GRAPHICS_CONTRAST = 3;

/** A translucent colour as it looks on an opaque background. */
export function over(colour: Colour, background: Colour): Colour {
  const mix = (channel: 0 | 1 | 2) => Math.round(colour[channel] * colour[3] + background[channel] * (1 - colour[3]));
  return [mix(0), mix(1), mix(2), 1];
}

/** Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2, relative luminance). */
export function contrast(a: Colour, b: Colour): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function luminance([red, green, blue]: Colour): number {
  const linear = (channel: number) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** The first candidate that can be told from the background, as it looks on it; the last one, the text colour, when none can. */
export function readable(candidates: readonly Colour[], background: Colour, least = GRAPHICS_CONTRAST): Colour {
  const seen = candidates.map((candidate) => over(candidate, background));
  return seen.find((candidate) => contrast(candidate, background) >= least) ?? seen.at(-1)!;
}

/** A computed colour: `rgb(r, g, b)`, `rgba(r, g, b, a)` or `color(srgb r g b / a)`. */
export function parse(computed: string): Colour {
  const numbers = (computed.match(/[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
  const scale = computed.startsWith('color(') ? 255 : 1;
  const [red = 0, green = 0, blue = 0, alpha = 1] = numbers;
  return [red * scale, green * scale, blue * scale, alpha];
}

export function css([red, green, blue]: Colour): string {
  return `rgb(${red}, ${green}, ${blue})`;
}
