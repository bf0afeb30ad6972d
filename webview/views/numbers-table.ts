import { element } from '../dom';
import type { ChartTable } from '../view-model/chart';

export function numbersTable({ caption, columns, rows }: ChartTable): HTMLElement {
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
