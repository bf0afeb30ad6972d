import { element, type View } from '../../dom';
import type { CheckpointRow, CheckpointTable } from '../view-model/checkpoints';

/** The checkpoints as a table; the name of each opens it. */
export function checkpointsView(open: (name: string) => void): View<CheckpointTable> {
  const root = element('div', { class: 'table-scroll tall', tabindex: '0', role: 'region', 'aria-label': 'Checkpoints, newest first' });
  return {
    root,
    show({ subject, columns, rows }) {
      const head = ['Checkpoint', 'Step', 'Level', ...columns].map((name) => element('th', { scope: 'col', class: 'column' }, name));
      root.replaceChildren(
        element(
          'table',
          { class: 'numbers checkpoints' },
          element('caption', {}, `Newest first. The name of a checkpoint opens it. ${subject}`),
          element('thead', {}, element('tr', {}, ...head)),
          element('tbody', {}, ...rows.map((row) => rowElement(row, open))),
        ),
      );
    },
  };
}

function rowElement({ name, step, level, cells }: CheckpointRow, open: (name: string) => void): HTMLElement {
  const link = element('button', { class: 'link', type: 'button', title: name }, name);
  link.addEventListener('click', () => open(name));
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, link),
    element('td', {}, step),
    element('td', { class: 'level' }, level),
    ...cells.map((cell) => element('td', {}, cell)),
  );
}
