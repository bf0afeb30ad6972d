import { element, setText, type View } from '../../dom';
import { type ChartColours, chartColours, onThemeChange } from '../../theme';
import { css } from '../../view-model/contrast';
import { disclosure, type OpenDetails } from '../../views/disclosure';
import { numbersTable } from '../../views/numbers-table';
import { stepped } from '../../views/stepping';
import type { LayersModel } from '../view-model/layers';
import { heat } from './heat';

/** Of a row of the map, in CSS pixels. */
const ROW = 16;
const MOST_ROWS_SHOWN = 24;
/** A cell that is read is framed, however narrow its column. */
const LEAST_FRAME = 7;

interface Cell {
  readonly row: number;
  readonly column: number;
}

/**
 * A heat map, layers down and checkpoints across. One image holds a pixel for each cell and is stretched over what is in view, so that
 * scrolling draws once whatever the number of cells. Hover and the arrow keys read a cell, click and Enter open it.
 */
export function layersView(
  id: string,
  remembered: OpenDetails,
  controls: readonly HTMLElement[],
  open: (row: number, column: number) => void,
): View<LayersModel | null> {
  const summary = element('p', { class: 'summary' });
  const reading = element('p', { class: 'reading', 'aria-live': 'polite' });
  const names = element('ul', { class: 'names', 'aria-hidden': 'true' });
  const canvas = element('canvas', {
    tabindex: '0',
    role: 'application',
    'aria-roledescription': 'heat map',
    'aria-describedby': `${id}-keys`,
  });
  const stage = element('div', { class: 'stage' }, names, canvas);
  const height = element('div', { class: 'map-height' }, stage);
  const scroller = element('div', { class: 'map', role: 'presentation' }, height);
  const ends = element('div', { class: 'map-ends', 'aria-hidden': 'true' }, element('span'), element('span'));
  const ramp = element('span', { class: 'ramp' });
  const [least, most] = [element('span'), element('span')];
  const legend = element(
    'div',
    { class: 'map-legend', 'aria-hidden': 'true' },
    least,
    ramp,
    most,
    element('span', { class: 'middle' }, 'as at the baseline in the middle; empty: not there'),
  );
  const table = element('div', { class: 'table-scroll', tabindex: '0', role: 'region' });
  const details = disclosure(`${id}-table`, 'Numbers of this map', remembered, table, () => fillTable());
  const keys = element('p', { id: `${id}-keys`, class: 'sr-only' }, 'Arrow keys read a cell, Enter opens that layer of that checkpoint.');
  const root = element(
    'section',
    { class: 'layers', 'aria-labelledby': `${id}-title` },
    element('div', { class: 'chart-head' }, element('h2', { id: `${id}-title` }, 'Layers'), ...controls),
    summary,
    legend,
    scroller,
    ends,
    reading,
    keys,
    details,
  );
  let model: LayersModel | null = null;
  let colours = chartColours();
  let image = document.createElement('canvas');
  let at: Cell | null = null;

  const fillTable = () => {
    if (model !== null && details.open) table.replaceChildren(numbersTable(model.table));
  };
  const firstRow = () => scroller.scrollTop / ROW;
  const draw = () => {
    if (model === null || canvas.clientWidth === 0) return;
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = window.devicePixelRatio;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d')!;
    context.scale(scale, scale);
    context.imageSmoothingEnabled = false;
    context.drawImage(image, 0, firstRow(), image.width, height / ROW, 0, 0, width, height);
    if (at !== null) frame(context, width / model.columns.length, at);
    showNames();
  };
  const frame = (context: CanvasRenderingContext2D, cell: number, { row, column }: Cell) => {
    const width = Math.max(cell, LEAST_FRAME);
    const left = Math.min(Math.max(0, (column + 0.5) * cell - width / 2), canvas.clientWidth - width);
    const top = (row - firstRow()) * ROW;
    context.lineWidth = 4;
    context.strokeStyle = colours.background;
    context.strokeRect(left + 1, top + 1, width - 2, ROW - 2);
    context.lineWidth = 2;
    context.strokeStyle = colours.text;
    context.strokeRect(left + 1, top + 1, width - 2, ROW - 2);
  };
  const showNames = () => {
    const first = Math.floor(firstRow());
    const visible = model!.rows.slice(first, first + MOST_ROWS_SHOWN + 1);
    names.style.transform = `translateY(${(first - firstRow()) * ROW}px)`;
    while (names.children.length > visible.length) names.lastElementChild!.remove();
    while (names.children.length < visible.length) names.append(element('li'));
    visible.forEach((name, index) => {
      const item = names.children[index] as HTMLElement;
      setText(item, name);
      item.title = name;
      item.classList.toggle('active', at?.row === first + index);
    });
  };
  const read = (cell: Cell | null) => {
    at = cell;
    const words = cell === null || model === null ? null : model.reading(cell.row, cell.column);
    setText(
      reading,
      words === null ? 'Point at a cell, or use the arrow keys, to read it.' : `${words.heading}: ${words.lines.join(', ')}.`,
    );
    draw();
  };
  const cellUnder = (event: MouseEvent): Cell | null => {
    if (model === null) return null;
    const { left, top, width } = canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - top) / ROW + firstRow());
    const column = Math.floor(((event.clientX - left) / width) * model.columns.length);
    return row >= 0 && row < model.rows.length && column >= 0 && column < model.columns.length ? { row, column } : null;
  };
  const keepInView = (row: number) => {
    const shown = scroller.clientHeight;
    if (row * ROW < scroller.scrollTop) scroller.scrollTop = row * ROW;
    else if ((row + 1) * ROW > scroller.scrollTop + shown) scroller.scrollTop = (row + 1) * ROW - shown;
  };
  canvas.addEventListener('mousemove', (event) => {
    // Who points sees the cell: only what the keys read is announced.
    reading.ariaLive = 'off';
    read(cellUnder(event));
  });
  canvas.addEventListener('click', (event) => {
    const cell = cellUnder(event);
    if (cell !== null) open(cell.row, cell.column);
  });
  canvas.addEventListener('focus', () => {
    if (model !== null && at === null && canvas.matches(':focus-visible')) read({ row: 0, column: model.columns.length - 1 });
  });
  canvas.addEventListener('keydown', (event) => {
    if (model === null || at === null) return;
    reading.ariaLive = 'polite';
    if (event.key === 'Enter') open(at.row, at.column);
    const row = stepped(event.key, at.row, model.rows.length, ['ArrowUp', 'ArrowDown']);
    const across = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
    const column = across ? stepped(event.key, at.column, model.columns.length, ['ArrowLeft', 'ArrowRight']) : null;
    if (row === null && column === null) return;
    event.preventDefault();
    const next = { row: row ?? at.row, column: column ?? at.column };
    keepInView(next.row);
    read(next);
  });
  scroller.addEventListener('scroll', draw);
  new ResizeObserver(draw).observe(canvas);
  const paint = () => {
    if (model === null) return;
    image = imageOf(model, colours);
    ramp.style.background = `linear-gradient(to right, ${[-1, -0.5, 0, 0.5, 1].map((tone) => css(heat(tone, colours))).join(', ')})`;
    draw();
  };
  onThemeChange(() => {
    colours = chartColours();
    paint();
  });
  return {
    root,
    show(next) {
      model = next;
      root.hidden = model === null;
      if (model === null) return;
      const { rows, columns } = model;
      setText(summary, model.summary);
      setText(least, model.scale[0]);
      setText(most, model.scale[1]);
      canvas.setAttribute('aria-label', `Layers, a heat map. ${model.summary}`);
      table.setAttribute('aria-label', model.table.caption);
      height.style.height = `${rows.length * ROW}px`;
      stage.style.height = `${Math.min(rows.length, MOST_ROWS_SHOWN) * ROW}px`;
      scroller.style.maxHeight = stage.style.height;
      setText(ends.children[0] as HTMLElement, columns[0]!);
      setText(ends.children[1] as HTMLElement, columns.at(-1)!);
      paint();
      read(at !== null && at.row < rows.length && at.column < columns.length ? at : null);
      fillTable();
    },
  };
}

/** A pixel for each cell; none where there is no number. */
function imageOf({ rows, columns, tones }: LayersModel, colours: ChartColours): HTMLCanvasElement {
  const image = document.createElement('canvas');
  image.width = columns.length;
  image.height = rows.length;
  const context = image.getContext('2d')!;
  const pixels = context.createImageData(image.width, image.height);
  tones.forEach((tone, cell) => {
    if (Number.isNaN(tone)) return;
    const [red, green, blue] = heat(tone, colours);
    pixels.data.set([red, green, blue, 255], 4 * cell);
  });
  context.putImageData(pixels, 0, 0);
  return image;
}
