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
import { element, setText, svg, type View } from '../dom';
import { type ChartColours, chartColours, onThemeChange } from '../theme';
import type { Axis, ChartModel, Line, Series } from '../view-model/chart';
import { disclosure, type OpenDetails } from './disclosure';

Chart.register(LinearScale, LineController, LineElement, LogarithmicScale, PointElement, Tooltip);

/** Dash and marker of each series and line: enough to tell them apart without colour. */
const DASHES: Record<Series['look'] | Line['look'], number[]> = {
  first: [],
  second: [7, 4],
  reference: [2, 4],
  floor: [10, 5],
  edge: [10, 4, 2, 4],
  level: [1, 3],
};
const MARKERS: Record<Series['look'], 'circle' | 'triangle' | false> = { first: 'circle', second: 'triangle', reference: false };

type XY = { x: number; y: number };
type LineChart = Chart<'line', XY[]>;

/** A chart with a legend, its summary in words, and its numbers as a table. The chart is hidden when there is nothing to draw. */
export function chartView(id: string, remembered: OpenDetails, controls: readonly HTMLElement[] = []): View<ChartModel | null> {
  const heading = element('h2', { id: `${id}-title` });
  const canvas = element('canvas', { role: 'img' });
  const legend = element('ul', { class: 'legend', 'aria-hidden': 'true' });
  const summary = element('p', { class: 'summary' });
  const table = element('div', { class: 'table-scroll', tabindex: '0', role: 'region' });
  const details = disclosure(`${id}-table`, 'Numbers of this chart', remembered, table, () => fillTable());
  const head = element('div', { class: 'chart-head' }, heading, ...controls);
  const root = element(
    'section',
    { class: 'chart', 'aria-labelledby': heading.id },
    head,
    summary,
    legend,
    element('div', { class: 'canvas' }, canvas),
    details,
  );
  let model: ChartModel | null = null;
  let colours = chartColours();
  let chart: LineChart | null = null;

  const fillTable = () => {
    if (model !== null && details.open) table.replaceChildren(tableElement(model));
  };
  const draw = () => {
    if (model === null) return;
    const drawn = drawing(model, colours);
    if (chart === null) {
      const plugin = annotations(
        () => model!,
        () => colours,
      );
      chart = new Chart(canvas, { type: 'line', ...drawn, plugins: [plugin] }) as LineChart;
    } else {
      chart.data = drawn.data;
      chart.options = drawn.options!;
      chart.update('none');
    }
    legend.replaceChildren(...model.series.map((series) => legendEntry(series, colours)));
  };
  onThemeChange(() => {
    colours = chartColours();
    draw();
  });
  return {
    root,
    show(next) {
      model = next;
      root.hidden = model === null;
      if (model === null) return;
      setText(heading, model.title);
      setText(summary, model.summary);
      canvas.setAttribute('aria-label', `${model.title}, a chart. ${model.summary}`);
      table.setAttribute('aria-label', model.table.caption);
      draw();
      fillTable();
    },
  };
}

function drawing(model: ChartModel, colours: ChartColours): Pick<ChartConfiguration<'line', XY[]>, 'data' | 'options'> {
  const options: ChartConfiguration<'line', XY[]>['options'] = {
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    normalized: true,
    font: { family: colours.fontFamily },
    interaction: { mode: 'index', intersect: false, axis: 'x' },
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
          title: (items) => (items.length === 0 ? '' : `${model.x.label.split(',')[0]}: ${number(items[0]!.parsed.x!)}`),
          label: (item) => ` ${item.dataset.label}: ${model.y.percent ? percent(item.parsed.y!) : number(item.parsed.y!)}`,
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

/** Draws the strip where nothing is resolved, and the labelled lines. */
function annotations(model: () => ChartModel, colours: () => ChartColours): Plugin<'line'> {
  return {
    id: 'annotations',
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      const { band } = model();
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
      const { lines, band } = model();
      const look = colours();
      ctx.save();
      ctx.font = `11px ${look.fontFamily}`;
      ctx.textBaseline = 'middle';
      const plate = (text: string, side: 'left' | 'right', middle: number) => {
        const width = ctx.measureText(text).width + 6;
        const left = side === 'left' ? chartArea.left + 4 : chartArea.right - 4 - width;
        ctx.fillStyle = look.background;
        ctx.fillRect(left, middle - 8, width, 16);
        ctx.fillStyle = look.text;
        ctx.fillText(text, left + 3, middle);
      };
      for (const line of lines) {
        const y = scales.y!.getPixelForValue(line.y);
        ctx.setLineDash(DASHES[line.look]);
        ctx.strokeStyle = look[line.look];
        ctx.lineWidth = 1.5;
        ctx.beginPath();
        ctx.moveTo(chartArea.left, y);
        ctx.lineTo(chartArea.right, y);
        ctx.stroke();
        // Where the curve leaves room: the edge's label under its line at the left, the floor's over it at the right, a level's under it.
        if (line.look === 'edge') plate(line.label, 'left', y + 10);
        else plate(line.label, 'right', line.look === 'floor' ? y - 10 : y + 10);
      }
      if (band !== null) {
        const top = scales.y!.getPixelForValue(band.top);
        plate(band.label, 'right', (top + chartArea.bottom) / 2);
      }
      ctx.restore();
    },
  };
}

function legendEntry({ name, look }: Series, colours: ChartColours): HTMLElement {
  const swatch = svg(
    'svg',
    { viewBox: '0 0 36 12', class: 'line-swatch', 'data-series': look },
    svg('path', { d: 'M0 6h36', 'stroke-dasharray': DASHES[look].join(' ') }),
    ...(MARKERS[look] === 'circle' ? [svg('circle', { cx: '18', cy: '6', r: '4' })] : []),
    ...(MARKERS[look] === 'triangle' ? [svg('path', { d: 'M18 1.5l4.5 8h-9z' })] : []),
  );
  swatch.style.color = colours[look];
  return element('li', {}, swatch, name);
}

function tableElement({ table: { caption, columns, rows } }: ChartModel): HTMLElement {
  return element(
    'table',
    { class: 'numbers' },
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...columns.map((name) => element('th', { scope: 'col', class: 'column' }, name)))),
    element(
      'tbody',
      {},
      ...rows.map(([first, ...rest]) =>
        element('tr', {}, element('th', { scope: 'row' }, first!), ...rest.map((cell) => element('td', {}, cell))),
      ),
    ),
  );
}
