import {
  Chart,
  type ChartConfiguration,
  type ChartDataset,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  type Plugin,
  PointElement,
  type ScaleOptionsByType,
  Tooltip,
} from 'chart.js';
import { number, percent, powerOfTen } from '../../src/words/numbers';
import type { ChartColours } from '../theme';
import type { Area, Axis, ChartModel, Line, Mark, Series } from '../view-model/chart';

Chart.register(LinearScale, LineController, LineElement, LogarithmicScale, PointElement, Tooltip);

/** Dash and marker of each series and line: enough to tell them apart without colour. */
export const DASHES: Record<Series['look'] | Line['look'], number[]> = {
  first: [],
  second: [7, 4],
  reference: [2, 4],
  a: [],
  b: [9, 4],
  c: [2, 3],
  d: [14, 4, 2, 4],
  e: [5, 3],
  f: [18, 6],
  g: [8, 3, 2, 3, 2, 3],
  h: [1, 5],
  floor: [10, 5],
  edge: [10, 4, 2, 4],
  level: [1, 3],
};
export const MARKERS: Record<Series['look'], 'circle' | 'triangle' | false> = {
  first: 'circle',
  second: 'triangle',
  reference: false,
  a: 'circle',
  b: 'triangle',
  c: 'circle',
  d: 'triangle',
  e: 'circle',
  f: 'triangle',
  g: 'circle',
  h: 'triangle',
};

export const AREA_OPACITY = 0.2;
export const AREA_EDGE_OPACITY = 0.8;
export const AREA_DASHES: Record<Area['look'], number[]> = { interval: [], forecast: [4, 4] };

export type XY = { x: number; y: number };

export function drawing(
  model: ChartModel,
  colours: ChartColours,
  open: (point: number) => void,
): Pick<ChartConfiguration<'line', XY[]>, 'data' | 'options'> {
  const { readings } = model;
  const readingOf = (item: { datasetIndex: number; dataIndex: number }) =>
    item.datasetIndex === 0 ? readings?.[item.dataIndex] : undefined;
  const options: ChartConfiguration<'line', XY[]>['options'] = {
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    normalized: true,
    font: { family: colours.fontFamily },
    // Series whose points stand at places of their own share no index.
    interaction: { mode: readings === null ? 'index' : 'nearest', intersect: false, axis: 'x' },
    onClick: (_, found) => {
      const point = found.find(({ datasetIndex }) => datasetIndex === 0);
      if (readings !== null && point !== undefined) open(point.index);
    },
    layout: { padding: { top: 6, right: 10 } },
    scales: { x: scale(model.x, colours), y: scale(model.y, colours) },
    plugins: {
      tooltip: {
        animation: false,
        backgroundColor: colours.background,
        titleColor: colours.text,
        bodyColor: colours.text,
        borderColor: colours.border,
        borderWidth: 1,
        usePointStyle: true,
        filter: (item) => MARKERS[model.series[item.datasetIndex]!.look] !== false,
        callbacks: {
          title: ([first]) =>
            first === undefined ? '' : (readingOf(first)?.heading ?? `${model.x.label.split(',')[0]}: ${number(first.parsed.x!)}`),
          label: (item) =>
            readingOf(item)?.lines.map((line) => ` ${line}`) ??
            ` ${item.dataset.label}: ${model.y.percent ? percent(item.parsed.y!) : number(item.parsed.y!)}`,
        },
      },
    },
  };
  return { data: { datasets: model.series.map((series) => dataset(series, colours)) }, options };
}

function dataset({ name, look, points }: Series, colours: ChartColours): ChartDataset<'line', XY[]> {
  const colour = colours[look];
  return {
    label: name,
    // A dotted line that follows a curve is seen upon it only.
    order: look === 'reference' ? -1 : 0,
    // Markers at the ends are whole.
    clip: 8,
    data: points.map(({ x, y }) => ({ x, y })),
    borderColor: colour,
    borderWidth: look === 'reference' ? 1.5 : 2,
    borderDash: DASHES[look],
    pointStyle: MARKERS[look],
    pointRadius: points.map(({ marked }) => (marked || points.length === 1 ? 4 : 0)),
    pointHoverRadius: 5,
    pointBackgroundColor: colours.background,
    pointBorderColor: colour,
    pointBorderWidth: 1.5,
  };
}

function scale({ label, logarithmic, min, max, percent: isPercent }: Axis, colours: ChartColours) {
  const decades = Math.log10(max / min);
  const tick = (value: number | string): string | null => {
    const at = Number(value);
    if (isPercent) return percent(at);
    if (!logarithmic) return number(at);
    const exponent = Math.round(Math.log10(at));
    const whole = Math.abs(at / 10 ** exponent - 1) < 1e-9;
    if (decades > 2) return !whole ? null : at >= 1 && at < 1e4 ? number(at) : powerOfTen(exponent);
    const leading = at / 10 ** Math.floor(Math.log10(at) + 1e-9);
    return [1, 2, 5].some((step) => Math.abs(leading / step - 1) < 1e-9) ? number(at) : null;
  };
  const options = {
    type: logarithmic ? 'logarithmic' : 'linear',
    min,
    max,
    title: { display: true, text: label, color: colours.text, font: { family: colours.fontFamily } },
    grid: { color: colours.grid, tickColor: colours.border },
    border: { color: colours.border },
    ticks: { color: colours.text, font: { family: colours.fontFamily }, callback: tick, maxRotation: 0, autoSkipPadding: 12 },
  };
  return options as unknown as ScaleOptionsByType<'linear' | 'logarithmic'>;
}

/** Draws the strip where nothing is resolved, the areas, and the labelled lines and marks. */
export function annotations(model: () => ChartModel, colours: () => ChartColours): Plugin<'line'> {
  return {
    id: 'annotations',
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      const { band, areas } = model();
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      for (const { look, polygons } of areas) {
        const colour = areaColour(look, colours());
        for (const polygon of polygons) {
          ctx.beginPath();
          for (const { x, y } of polygon) ctx.lineTo(scales.x!.getPixelForValue(x), scales.y!.getPixelForValue(y));
          ctx.closePath();
          ctx.fillStyle = colour;
          ctx.globalAlpha = AREA_OPACITY;
          ctx.fill();
          ctx.strokeStyle = colour;
          ctx.globalAlpha = AREA_EDGE_OPACITY;
          ctx.setLineDash(AREA_DASHES[look]);
          ctx.stroke();
        }
      }
      ctx.restore();
      if (band === null) return;
      const top = scales.y!.getPixelForValue(band.top);
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, top, chartArea.width, chartArea.bottom - top);
      ctx.clip();
      ctx.strokeStyle = colours().floor;
      ctx.globalAlpha = 0.45;
      ctx.lineWidth = 1;
      ctx.beginPath();
      // Hatching, not a tint: it reads without colour.
      for (let x = chartArea.left - chartArea.height; x < chartArea.right; x += 9) {
        ctx.moveTo(x, chartArea.bottom);
        ctx.lineTo(x + chartArea.height, chartArea.bottom - chartArea.height);
      }
      ctx.stroke();
      ctx.restore();
    },
    afterDatasetsDraw({ ctx, chartArea, scales }) {
      const { lines, marks, band } = model();
      const look = colours();
      ctx.save();
      ctx.font = `11px ${look.fontFamily}`;
      ctx.textBaseline = 'middle';
      const plate = (text: string, left: number, middle: number) => {
        ctx.setLineDash([]);
        ctx.fillStyle = look.background;
        ctx.fillRect(left, middle - 8, widthOf(text), 16);
        ctx.fillStyle = look.text;
        ctx.fillText(text, left + 3, middle);
      };
      const widthOf = (text: string) => ctx.measureText(text).width + 6;
      const atRight = (text: string) => chartArea.right - 4 - widthOf(text);
      const stroke = (line: Line | Mark, from: readonly [number, number], to: readonly [number, number]) => {
        ctx.setLineDash(DASHES[line.look]);
        ctx.strokeStyle = look[line.look];
        ctx.lineWidth = 1.5;
        ctx.beginPath();
        ctx.moveTo(...from);
        ctx.lineTo(...to);
        ctx.stroke();
      };
      const level = ({ y }: Line) => scales.y!.getPixelForValue(y);
      const place = ({ x }: Mark) => scales.x!.getPixelForValue(x);
      for (const line of lines) stroke(line, [chartArea.left, level(line)], [chartArea.right, level(line)]);
      for (const mark of marks) stroke(mark, [place(mark), chartArea.top], [place(mark), chartArea.bottom]);
      for (const line of lines) {
        const left = line.side === 'left' ? chartArea.left + 4 : atRight(line.label);
        plate(line.label, left, level(line) + (line.look === 'floor' ? -10 : 10));
      }
      marks.forEach((mark, index) => {
        // One under the other, so that neighbours do not cover each other.
        const middle = chartArea.top + 14 + 18 * index;
        plate(mark.label, Math.min(place(mark) + 3, atRight(mark.label)), middle);
      });
      if (band !== null) {
        const top = scales.y!.getPixelForValue(band.top);
        plate(band.label, atRight(band.label), (top + chartArea.bottom) / 2);
      }
      ctx.restore();
    },
  };
}

export function areaColour(look: Area['look'], colours: ChartColours): string {
  return look === 'interval' ? colours.first : colours.reference;
}
