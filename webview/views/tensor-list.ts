import { element, setText, type View } from '../dom';
import { textField } from '../ui';
import type { TensorEntry, TensorListModel } from '../view-model/tensors';

export interface TensorListActions {
  filter(text: string): void;
  select(tensor: string): void;
}

const PAGE = 10;

/** A filter above a listbox. Arrows, Home, End and Page keys move; Enter or Space selects. */
export function tensorListView(filter: string, actions: TensorListActions): View<TensorListModel> {
  const list = element('div', { role: 'listbox', tabindex: '0', 'aria-label': 'Tensors', class: 'tensors' });
  const rest = element('p', { class: 'rest' });
  const root = element(
    'nav',
    { class: 'tensor-list', 'aria-label': 'Tensors of this file' },
    textField('Filter tensors', filter, actions.filter),
    list,
    rest,
  );
  let entries: readonly TensorEntry[] = [];
  let active = -1;

  const activate = (index: number, scroll: boolean) => {
    list.children[active]?.classList.remove('active');
    active = index;
    const option = list.children[active];
    if (option === undefined) {
      list.removeAttribute('aria-activedescendant');
      return;
    }
    option.classList.add('active');
    list.setAttribute('aria-activedescendant', option.id);
    if (scroll) option.scrollIntoView({ block: 'nearest' });
  };
  const choose = (index: number) => {
    const entry = entries[index];
    if (entry?.selectable && !entry.selected) actions.select(entry.name);
  };

  list.addEventListener('keydown', (event) => {
    const last = entries.length - 1;
    const targets: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + PAGE,
      PageUp: active - PAGE,
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target !== undefined) activate(Math.min(last, Math.max(0, target)), true);
    else if (event.key === 'Enter' || event.key === ' ') choose(active);
    else return;
    event.preventDefault();
  });
  list.addEventListener('click', (event) => {
    const option = (event.target as Element).closest('[role=option]');
    const index = option === null ? -1 : [...list.children].indexOf(option);
    if (index < 0) return;
    activate(index, false);
    choose(index);
  });

  return {
    root,
    show(model) {
      const listed = entries.length === model.entries.length && entries.every(({ name }, index) => name === model.entries[index]!.name);
      entries = model.entries;
      if (!listed) list.replaceChildren(...entries.map(optionElement));
      entries.forEach(({ selected }, index) => {
        list.children[index]!.setAttribute('aria-selected', String(selected));
      });
      if (!listed)
        activate(
          Math.max(
            0,
            entries.findIndex(({ selected }) => selected),
          ),
          false,
        );
      list.hidden = entries.length === 0;
      setText(rest, model.rest);
    },
  };
}

function optionElement({ name, shape, dtype, note, selectable }: TensorEntry, index: number): HTMLElement {
  return element(
    'div',
    { role: 'option', id: `tensor-${index}`, ...(selectable ? {} : { 'aria-disabled': 'true' }) },
    element('span', { class: 'name' }, name),
    element('span', { class: 'shape' }, `${shape} ${dtype}`),
    ...(note === '' ? [] : [element('span', { class: 'note' }, note)]),
  );
}
