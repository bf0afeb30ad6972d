import { element, type View } from '../../dom';
import type { SideCell, SideRow, SideTable } from '../view-model/tables';

/** A table with sides as columns; each cell is a value with its note and its change. */
export function sideTableView(label: string): View<SideTable | null> {
  const root = element('div', { class: 'table-scroll sides', tabindex: '0', role: 'region', 'aria-label': label });
  return {
    root,
    show(table) {
      root.hidden = table === null;
      if (table === null) return;
      const { caption, columns, groups } = table;
      const heads = columns.map(({ letter, name }) =>
        element('th', { scope: 'col', class: 'column' }, letter, element('span', { class: 'side-name', title: name }, name)),
      );
      root.replaceChildren(
        element(
          'table',
          { class: 'numbers' },
          element('caption', {}, caption),
          element('thead', {}, element('tr', {}, element('td', { class: 'column' }), ...heads)),
          ...groups.map(({ heading, rows }) =>
            element(
              'tbody',
              {},
              element('tr', { class: 'group' }, element('th', { scope: 'rowgroup', colspan: String(columns.length + 1) }, heading)),
              ...rows.map(rowElement),
            ),
          ),
        ),
      );
    },
  };
}

function rowElement({ label, meaning, cells }: SideRow): HTMLElement {
  const head = element('th', { scope: 'row' }, label);
  if (meaning !== '') head.append(element('span', { class: 'meaning' }, meaning));
  return element('tr', {}, head, ...cells.map(cellElement));
}

function cellElement({ value, note, change }: SideCell): HTMLElement {
  const parts = [
    element('span', { class: value === null ? 'value none' : 'value' }, value ?? 'n/a'),
    ...(change === '' ? [] : [element('span', { class: 'change' }, change)]),
    ...(note === '' ? [] : [element('span', { class: 'note' }, note)]),
  ];
  // A space between them, so that they are read out apart.
  return element('td', {}, ...parts.flatMap((part, index) => (index === 0 ? [part] : [' ', part])));
}
