import { SvgContext } from '../../export/svg-context';
import { type ChartColours, chartColours } from '../../theme';
import { css } from '../../view-model/contrast';
import type { LayersModel } from '../view-model/layers';
import { heat } from './heat';

/** In CSS pixels. */
const MAP_WIDTH = 640;
const ROW = 14;
/** What a canvas can be as high as everywhere, at twice the size. */
const MOST_HEIGHT = 7000;
const MARGIN = 12;
const HEAD = 64;
const FOOT = 24;
const LONGEST_NAME = 320;
const RAMP = { width: 120, height: 12, steps: 24 } as const;
/** Rows that are less high have no room for their names. */
const LEAST_NAMED = 9;

/** All layers at all checkpoints in the colours of the theme: a PNG in base64, at twice the size. */
export function layersPng(model: LayersModel): string {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d')!;
  const place = placeOf(model, context);
  canvas.width = 2 * place.width;
  canvas.height = 2 * place.height;
  context.scale(2, 2);
  const colours = chartColours();
  context.fillStyle = colours.background;
  context.fillRect(0, 0, place.width, place.height);
  draw(context, model, place, colours);
  const address = canvas.toDataURL('image/png');
  return address.slice(address.indexOf(',') + 1);
}

/** The same as SVG, with what the map says as its description. */
export function layersSvg(model: LayersModel): string {
  const ruler = document.createElement('canvas').getContext('2d')!;
  const context = new SvgContext(null, (text, font) => {
    ruler.font = font;
    return ruler.measureText(text);
  });
  const place = placeOf(model, ruler);
  const colours = chartColours();
  draw(context as unknown as CanvasRenderingContext2D, model, place, colours);
  return context.svg(place, colours.background, 'Layers', model.summary);
}

interface Place {
  readonly width: number;
  readonly height: number;
  /** Of the names, 0 where there is no room for them. */
  readonly names: number;
  readonly row: number;
}

function placeOf({ rows }: LayersModel, ruler: CanvasRenderingContext2D): Place {
  const row = Math.min(ROW, (MOST_HEIGHT - HEAD - FOOT) / rows.length);
  ruler.font = nameFont(chartColours());
  const longest = rows.reduce((most, name) => Math.max(most, ruler.measureText(name).width), 0);
  const names = row < LEAST_NAMED ? 0 : Math.min(LONGEST_NAME, Math.ceil(longest) + 10);
  return { width: 2 * MARGIN + names + MAP_WIDTH, height: Math.ceil(HEAD + rows.length * row + FOOT), names, row };
}

function nameFont({ fontFamily }: ChartColours): string {
  return `11px ${fontFamily}`;
}

function draw(context: CanvasRenderingContext2D, model: LayersModel, { names, row, height }: Place, colours: ChartColours): void {
  const { rows, columns, tones, scale } = model;
  const left = MARGIN + names;
  context.textBaseline = 'middle';
  context.fillStyle = colours.text;
  context.font = `bold 15px ${colours.fontFamily}`;
  context.fillText(`Layers: ${model.label}`, MARGIN, MARGIN + 8);
  context.font = nameFont(colours);
  context.fillText(scale[0], MARGIN, MARGIN + 34);
  const ramp = MARGIN + context.measureText(scale[0]).width + 8;
  for (let step = 0; step < RAMP.steps; step++) {
    context.fillStyle = css(heat((2 * step) / (RAMP.steps - 1) - 1, colours));
    context.fillRect(ramp + (step * RAMP.width) / RAMP.steps, MARGIN + 28, RAMP.width / RAMP.steps, RAMP.height);
  }
  context.fillStyle = colours.text;
  context.fillText(scale[1], ramp + RAMP.width + 8, MARGIN + 34);
  const cell = MAP_WIDTH / columns.length;
  tones.forEach((tone, index) => {
    if (Number.isNaN(tone)) return;
    const [x, y] = [left + (index % columns.length) * cell, HEAD + Math.floor(index / columns.length) * row];
    context.fillStyle = css(heat(tone, colours));
    // No seam between neighbours.
    context.fillRect(x, y, Math.min(cell + 0.5, left + MAP_WIDTH - x), row);
  });
  context.fillStyle = colours.text;
  for (const [index, name] of names > 0 ? rows.entries() : []) {
    context.fillText(fitted(context, name, names - 8), MARGIN, HEAD + (index + 0.5) * row);
  }
  context.fillText(columns[0]!, left, height - FOOT / 2);
  context.textAlign = 'right';
  if (columns.length > 1) context.fillText(columns.at(-1)!, left + MAP_WIDTH, height - FOOT / 2);
}

/** The end of a name tells layers apart. */
function fitted(context: CanvasRenderingContext2D, name: string, width: number): string {
  let text = name;
  while (text.length > 1 && context.measureText(text).width > width) text = `\u2026${text.slice(2)}`;
  return text;
}
