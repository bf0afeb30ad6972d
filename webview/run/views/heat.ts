import type { ChartColours } from '../../theme';
import { type Colour, over, parse } from '../../view-model/contrast';

/** The colour of a tone in [-1, 1]: from the least at -1 over a pale middle to the most at 1. */
export function heat(tone: number, colours: ChartColours): Colour {
  const background = parse(colours.background);
  const [red, green, blue] = parse(tone < 0 ? colours.floor : colours.first);
  const [r, g, b] = parse(colours.text);
  return over([red, green, blue, Math.abs(tone)], over([r, g, b, 0.12], background));
}
