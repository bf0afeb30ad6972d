import { Chart } from 'chart.js';
import { element, setText, svg, type View } from '../dom';
import { chartExportMenu, type ExportTarget } from '../export/menu';
import { type ChartColours, chartColours, onThemeChange } from '../theme';
import type { Area, ChartModel, Reading, Series } from '../view-model/chart';
import { brush } from './brush';
import { AREA_DASHES, AREA_EDGE_OPACITY, AREA_OPACITY, annotations, areaColour, DASHES, drawing, MARKERS, type XY } from './chart-drawing';
import { disclosure, type OpenDetails } from './disclosure';
import { numbersTable } from './numbers-table';
import { stepped } from './stepping';

type LineChart = Chart<'line', XY[]>;

/**
 * A chart with a legend, its summary in words, and its numbers as a table. The chart is hidden when there is nothing to draw.
 * One with readings is a slider over its points: hover and the arrow keys read them, click and Enter open one.
 * @param controls beside the heading, or in a row below it
 * @param id also what its menu of exports is called by
 * @param zoom gets the stretch of the x axis that a person has marked by dragging
 */
export function chartView(
  id: string,
  remembered: OpenDetails,
  controls: { readonly beside?: readonly HTMLElement[]; readonly below?: readonly HTMLElement[] } = {},
  open: (point: number) => void = () => {},
  exports: ExportTarget | null = null,
  zoom: ((from: number, to: number) => void) | null = null,
): View<ChartModel | null> {
  const heading = element('h2', { id: `${id}-title` });
  const canvas = element('canvas', { role: 'img' });
  const legend = element('ul', { class: 'legend', 'aria-hidden': 'true' });
  const summary = element('p', { class: 'summary' });
  const table = element('div', { class: 'table-scroll', tabindex: '0', role: 'region' });
  const details = disclosure(`${id}-table`, 'Numbers of this chart', remembered, table, () => fillTable());
  const menu = exports === null ? [] : [chartExportMenu(id, () => model, exports)];
  const head = element('div', { class: 'chart-head' }, heading, ...(controls.beside ?? []), ...menu, ...(controls.below ?? []));
  const marked =
    zoom === null
      ? []
      : [
          brush(
            canvas,
            () => chart?.chartArea ?? null,
            (from, to) => zoom(chart!.scales.x!.getValueForPixel(from)!, chart!.scales.x!.getValueForPixel(to)!),
          ),
        ];
  const root = element(
    'section',
    { class: 'chart', 'aria-labelledby': heading.id },
    head,
    summary,
    legend,
    element('div', { class: 'canvas' }, canvas, ...marked),
    details,
  );
  let model: ChartModel | null = null;
  let colours = chartColours();
  let chart: LineChart | null = null;
  /** Index of the point that the keyboard reads. */
  let at: number | null = null;

  const fillTable = () => {
    if (model !== null && details.open) table.replaceChildren(numbersTable(model.table));
  };
  const read = (index: number) => {
    if (chart === null) return;
    at = index;
    slide(canvas, model?.readings ?? [], index);
    const { x, y } = chart.getDatasetMeta(0).data[index]!;
    chart.setActiveElements([{ datasetIndex: 0, index }]);
    chart.tooltip?.setActiveElements([{ datasetIndex: 0, index }], { x, y });
    chart.update('none');
  };
  canvas.addEventListener('keydown', (event) => {
    if (at === null || !model?.readings) return;
    if (event.key === 'Enter') open(at);
    const next = stepped(event.key, at, model.readings.length, ['ArrowLeft', 'ArrowRight']);
    if (next === null) return;
    event.preventDefault();
    read(next);
  });
  canvas.addEventListener('focus', () => {
    if (canvas.matches(':focus-visible') && model?.readings) read(Math.min(at ?? Infinity, model.readings.length - 1));
  });
  canvas.addEventListener('blur', () => {
    chart?.setActiveElements([]);
    chart?.tooltip?.setActiveElements([], { x: 0, y: 0 });
    chart?.update('none');
  });
  const draw = () => {
    if (model === null) return;
    const drawn = drawing(model, colours, open);
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
    legend.replaceChildren(
      ...model.series.map((series) => legendEntry(series, colours)),
      ...model.areas.map((area) => areaEntry(area, colours)),
    );
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
      if (model.readings !== null) slide(canvas, model.readings, Math.min(at ?? Infinity, model.readings.length - 1));
      table.setAttribute('aria-label', model.table.caption);
      draw();
      fillTable();
    },
  };
}

/** Says of the canvas that it is a slider, and what is read at one of its points. */
function slide(canvas: HTMLElement, readings: readonly Reading[], index: number): void {
  const { heading, lines } = readings[index]!;
  const attributes = {
    role: 'slider',
    tabindex: '0',
    'aria-valuemin': '1',
    'aria-valuemax': String(readings.length),
    'aria-valuenow': String(index + 1),
    'aria-valuetext': [heading, ...lines].join(', '),
  };
  for (const [name, value] of Object.entries(attributes)) canvas.setAttribute(name, value);
}

function areaEntry({ name, look }: Area, colours: ChartColours): HTMLElement {
  const swatch = svg(
    'svg',
    { viewBox: '0 0 36 12', class: 'area-swatch' },
    svg('path', {
      d: 'M1 1h34v10h-34z',
      'fill-opacity': String(AREA_OPACITY),
      'stroke-opacity': String(AREA_EDGE_OPACITY),
      'stroke-dasharray': AREA_DASHES[look].join(' '),
    }),
  );
  swatch.style.color = areaColour(look, colours);
  return element('li', {}, swatch, name);
}

function legendEntry({ name, look }: Series, colours: ChartColours): HTMLElement {
  return element('li', {}, lineSwatch(look, colours), name);
}

/** A piece of the line as it is drawn. */
export function lineSwatch(look: Series['look'], colours: ChartColours): SVGElement {
  const swatch = svg(
    'svg',
    { viewBox: '0 0 36 12', class: 'line-swatch', 'data-series': look },
    svg('path', { d: 'M0 6h36', 'stroke-dasharray': DASHES[look].join(' ') }),
    ...(MARKERS[look] === 'circle' ? [svg('circle', { cx: '18', cy: '6', r: '4' })] : []),
    ...(MARKERS[look] === 'triangle' ? [svg('path', { d: 'M18 1.5l4.5 8h-9z' })] : []),
  );
  swatch.style.color = colours[look];
  return swatch;
}
