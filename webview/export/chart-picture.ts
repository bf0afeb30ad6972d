import { Chart, type ChartConfiguration, type Plugin } from 'chart.js';
import { type ChartColours, chartColours } from '../theme';
import type { ChartModel } from '../view-model/chart';
import { AREA_DASHES, AREA_EDGE_OPACITY, AREA_OPACITY, annotations, areaColour, DASHES, drawing, MARKERS } from '../views/chart-drawing';
import { SvgContext } from './svg-context';

/** In CSS pixels. */
const SIZE = { width: 880, height: 520 };
const PNG_SCALE = 2;
const MARGIN = 12;
const TITLE_HEIGHT = 28;
const KEY_HEIGHT = 18;
const SWATCH = 36;

/** The chart with its title and its key in the colours of the theme: a PNG in base64, at twice the size. */
export function chartPng(model: ChartModel): string {
  const canvas = sized();
  const address = drawn(canvas, model, PNG_SCALE, () => canvas.toDataURL('image/png'));
  return address.slice(address.indexOf(',') + 1);
}

/** The same as SVG, with what the chart says as its description. */
export function chartSvg(model: ChartModel): string {
  const canvas = sized();
  const context = new SvgContext(canvas, measure);
  canvas.getContext = (() => context) as unknown as HTMLCanvasElement['getContext'];
  return drawn(canvas, model, 1, () => context.svg(SIZE, chartColours().background, model.title, model.summary));
}

function sized(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = SIZE.width;
  canvas.height = SIZE.height;
  return canvas;
}

const ruler = document.createElement('canvas').getContext('2d')!;

function measure(text: string, font: string): TextMetrics {
  ruler.font = font;
  return ruler.measureText(text);
}

/** What `take` takes while the picture stands on the canvas. */
function drawn(canvas: HTMLCanvasElement, model: ChartModel, devicePixelRatio: number, take: () => string): string {
  const colours = chartColours();
  const keys = placedKeys(model, colours);
  const { data, options } = drawing(model, colours, () => {});
  const top = MARGIN + TITLE_HEIGHT + KEY_HEIGHT * (1 + Math.max(0, ...keys.map(({ row }) => row)));
  const picture: ChartConfiguration<'line'>['options'] = {
    ...options,
    responsive: false,
    devicePixelRatio,
    events: [],
    layout: { padding: { top, right: MARGIN, bottom: MARGIN, left: MARGIN } },
  };
  const chart = new Chart(canvas, {
    type: 'line',
    // With a style of its own for its parts a line is drawn step by step, not as a path that only a canvas understands.
    data: { datasets: data.datasets.map((dataset) => ({ ...dataset, segment: {} })) },
    options: picture,
    plugins: [
      annotations(
        () => model,
        () => colours,
      ),
      head(model, keys, colours),
    ],
  });
  try {
    return take();
  } finally {
    chart.destroy();
  }
}

interface Key {
  readonly name: string;
  readonly kind: 'line' | 'area';
  readonly colour: string;
  readonly dash: readonly number[];
  readonly marker: 'circle' | 'triangle' | false;
}

/** Keys of series and areas, in as many rows as their names need. */
function placedKeys(model: ChartModel, colours: ChartColours): (Key & { readonly x: number; readonly row: number })[] {
  const keys: Key[] = [
    ...model.series.map(({ name, look }) => ({
      name,
      kind: 'line' as const,
      colour: colours[look],
      dash: DASHES[look],
      marker: MARKERS[look],
    })),
    ...model.areas.map(({ name, look }) => ({
      name,
      kind: 'area' as const,
      colour: areaColour(look, colours),
      dash: AREA_DASHES[look],
      marker: false as const,
    })),
  ];
  let [x, row] = [MARGIN, 0];
  return keys.map((key) => {
    const width = SWATCH + 6 + measure(key.name, `12px ${colours.fontFamily}`).width;
    if (x > MARGIN && x + width > SIZE.width - MARGIN) [x, row] = [MARGIN, row + 1];
    const placed = { ...key, x, row };
    x += width + 18;
    return placed;
  });
}

function head(model: ChartModel, keys: ReturnType<typeof placedKeys>, colours: ChartColours): Plugin<'line'> {
  return {
    id: 'head',
    beforeDraw({ ctx }) {
      ctx.save();
      ctx.fillStyle = colours.background;
      ctx.fillRect(0, 0, SIZE.width, SIZE.height);
      ctx.textBaseline = 'middle';
      ctx.fillStyle = colours.text;
      ctx.font = `bold 15px ${colours.fontFamily}`;
      ctx.fillText(model.title, MARGIN, MARGIN + TITLE_HEIGHT / 2 - 4);
      ctx.font = `12px ${colours.fontFamily}`;
      for (const key of keys) {
        const middle = MARGIN + TITLE_HEIGHT + KEY_HEIGHT * (key.row + 0.5) - 4;
        ctx.fillStyle = colours.text;
        ctx.fillText(key.name, key.x + SWATCH + 6, middle);
        swatch(ctx, key, key.x, middle, colours.background);
      }
      ctx.restore();
    },
  };
}

function swatch(ctx: CanvasRenderingContext2D, { kind, colour, dash, marker }: Key, x: number, y: number, background: string): void {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.setLineDash([...dash]);
  if (kind === 'area') {
    ctx.globalAlpha = AREA_OPACITY;
    ctx.fillRect(x + 1, y - 5, SWATCH - 2, 10);
    ctx.globalAlpha = AREA_EDGE_OPACITY;
    ctx.strokeRect(x + 1, y - 5, SWATCH - 2, 10);
  } else {
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + SWATCH, y);
    ctx.stroke();
    if (marker !== false) {
      ctx.setLineDash([]);
      ctx.fillStyle = background;
      ctx.beginPath();
      if (marker === 'circle') ctx.arc(x + SWATCH / 2, y, 4, 0, 2 * Math.PI);
      else {
        ctx.moveTo(x + SWATCH / 2, y - 4.5);
        ctx.lineTo(x + SWATCH / 2 + 4.5, y + 3.5);
        ctx.lineTo(x + SWATCH / 2 - 4.5, y + 3.5);
        ctx.closePath();
      }
      ctx.fill();
      ctx.stroke();
    }
  }
  ctx.restore();
}
