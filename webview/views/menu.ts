import { element } from '../dom';
import { menuButton } from '../ui';
import { place } from './place';

export interface MenuItem {
  readonly label: string;
  choose(): void;
}

let menus = 0;

/**
 * A button with a menu. Enter, Space and the arrow keys open it; arrows, Home, End and first letters move in it, Escape and Tab leave it.
 * @param label of the button @param name of the menu, where the button's label alone would not tell it from others
 */
export function menu(label: string, name: string, items: readonly MenuItem[]): HTMLElement {
  const id = `menu-${++menus}`;
  const entries = items.map((item) => {
    const entry = element('button', { type: 'button', role: 'menuitem', tabindex: '-1' }, item.label);
    entry.addEventListener('click', () => {
      close();
      item.choose();
    });
    return entry;
  });
  const list = element('div', { id, role: 'menu', popover: 'auto', class: 'menu', 'aria-label': name }, ...entries);
  const opener = menuButton(label, id, () => (list.matches(':popover-open') ? close() : open(0)));
  opener.setAttribute('aria-label', name);

  const open = (at: number) => {
    list.showPopover();
    place(list, opener);
    entries.at(at)!.focus();
  };
  const close = () => {
    list.hidePopover();
    opener.focus();
  };
  list.addEventListener('toggle', (event) => {
    opener.setAttribute('aria-expanded', String((event as ToggleEvent).newState === 'open'));
  });
  opener.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    open(event.key === 'ArrowDown' ? 0 : -1);
  });
  list.addEventListener('keydown', (event) => {
    const next = nextEntry(event.key, entries.indexOf(document.activeElement as HTMLButtonElement), items);
    if (next !== null) {
      event.preventDefault();
      entries[next]!.focus();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      close();
    } else if (event.key === 'Tab') {
      close();
    }
  });
  return element('div', { class: 'menu-anchor' }, opener, list);
}

/** Which entry a key leads to; null for a key that leads nowhere. */
function nextEntry(key: string, at: number, items: readonly MenuItem[]): number | null {
  const { length } = items;
  if (key === 'ArrowDown') return (at + 1) % length;
  if (key === 'ArrowUp') return (at - 1 + length) % length;
  if (key === 'Home') return 0;
  if (key === 'End') return length - 1;
  if (key.length !== 1 || key === ' ') return null;
  const from = items.map((_, step) => (at + 1 + step) % length);
  return from.find((index) => items[index]!.label.toLowerCase().startsWith(key.toLowerCase())) ?? null;
}
