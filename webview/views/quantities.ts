import type { Definition } from '../../src/spectral/definitions';
import type { Bar, QuantityGroup, QuantityRow } from '../../src/words/quantities';
import { element, setText, type View } from '../dom';
import { barTrack } from './bar';
import { place } from './place';

/** The quantities as a table in groups. Rows stay the same elements over redraws, so that focus and an open explanation stay too. */
export function quantitiesView(): View<readonly QuantityGroup[]> {
  const table = element(
    'table',
    { class: 'quantities', role: 'table' },
    element('caption', { class: 'sr-only' }, 'Quantities with what is known about each'),
    element(
      'thead',
      { role: 'rowgroup' },
      element(
        'tr',
        { role: 'row' },
        ...['Quantity', 'Value', 'Unit', 'Where it lies', 'Known'].map((name) =>
          element('th', { scope: 'col', role: 'columnheader', class: 'column' }, name),
        ),
      ),
    ),
  );
  const root = element('div', {}, legend(), table);
  const groups = new Map<string, View<QuantityGroup>>();
  return {
    root,
    show(model) {
      keep(table, groups, model, ({ id }) => id, groupView);
    },
  };
}

function groupView(): View<QuantityGroup> {
  const heading = element('th', { scope: 'rowgroup', role: 'rowheader', colspan: '5' });
  const root = element('tbody', { role: 'rowgroup' }, element('tr', { role: 'row', class: 'group' }, heading));
  const rows = new Map<string, View<QuantityRow>>();
  return {
    root,
    show(group) {
      setText(heading, group.heading);
      keep(root, rows, group.rows, ({ key }) => key, rowView);
    },
  };
}

function rowView(first: QuantityRow): View<QuantityRow> {
  const name = element('th', { scope: 'row', role: 'rowheader' });
  explain(name, first);
  const value = element('td', { role: 'cell', class: 'value' });
  const unit = element('td', { role: 'cell', class: 'unit' });
  const bar = element('td', { role: 'cell', class: 'bar-cell', 'aria-hidden': 'true' });
  const known = element('td', { role: 'cell', class: 'known' });
  const root = element('tr', { role: 'row' }, name, value, unit, bar, known);
  return {
    root,
    show(row) {
      setText(value, row.value ?? 'no value');
      value.classList.toggle('none', row.value === null);
      setText(unit, row.unit);
      bar.replaceChildren(...(row.bar === null ? [] : barElements(row.bar)));
      known.replaceChildren(
        ...row.known.map(({ text, kind }) => element('p', { class: kind }, text)),
        ...(row.remark === null ? [] : [element('p', { class: 'remark' }, row.remark)]),
      );
    },
  };
}

function barElements({ min, max, value, intervals }: Bar): HTMLElement[] {
  return [barTrack(intervals, value), element('span', { class: 'ends' }, element('span', {}, min), element('span', {}, max))];
}

function legend(): HTMLElement {
  const sample = (kind: string, text: string) =>
    element('li', {}, element('span', { class: `swatch ${kind}`, 'aria-hidden': 'true' }), text);
  return element(
    'ul',
    { class: 'legend', 'aria-label': 'How to read the bars' },
    sample('mark', 'value'),
    sample('interval deterministic', 'certain to lie here'),
    sample('interval stochastic', 'lies here with the stated confidence'),
  );
}

/** A button with the quantity's name; what the quantity is shows on hover, on focus and on press, and goes with Escape. */
function explain(parent: HTMLElement, { key, label, definition }: QuantityRow): void {
  const id = `about-${key}`;
  const about = element('div', { id, role: 'tooltip', popover: 'manual', class: 'about' }, ...aboutElements(label, definition));
  const term = element('button', { type: 'button', class: 'term', 'aria-describedby': id }, label);
  const open = () => {
    if (about.matches(':popover-open')) return;
    about.showPopover();
    place(about, term);
  };
  const close = () => {
    if (about.matches(':popover-open')) about.hidePopover();
  };
  term.addEventListener('focus', open);
  term.addEventListener('blur', close);
  term.addEventListener('click', open);
  parent.addEventListener('pointerenter', open);
  // The explanation is a child of the cell: the pointer may move onto it and read.
  parent.addEventListener('pointerleave', () => {
    if (document.activeElement !== term) close();
  });
  parent.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });
  parent.append(term, about);
}

function aboutElements(label: string, { meaning, formula, validity, source }: Definition): HTMLElement[] {
  const entry = (term: string, text: HTMLElement | string) =>
    element('div', { class: 'about-entry' }, element('dt', {}, term), element('dd', {}, text));
  return [
    element('p', { class: 'about-title' }, label),
    element('p', {}, meaning),
    element('dl', {}, entry('Formula', element('code', {}, formula)), entry('Valid', validity), entry('Source', source)),
  ];
}

/** Gives each item the view it already has, or a new one, and takes the views of vanished items away. */
function keep<Item>(
  parent: HTMLElement,
  views: Map<string, View<Item>>,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  create: (item: Item) => View<Item>,
): void {
  const keys = new Set(items.map(keyOf));
  for (const [key, { root }] of views) {
    if (keys.has(key)) continue;
    root.remove();
    views.delete(key);
  }
  // From the last to the first; an element that stands where it belongs is not moved, for moving takes the focus away.
  let next: HTMLElement | null = null;
  for (const item of [...items].reverse()) {
    const key = keyOf(item);
    const view = views.get(key) ?? create(item);
    views.set(key, view);
    view.show(item);
    if (view.root.parentElement !== parent || view.root.nextElementSibling !== next) parent.insertBefore(view.root, next);
    next = view.root;
  }
}
