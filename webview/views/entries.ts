import type { Entry } from '../../src/words/entries';
import { element, setText, type View } from '../dom';

/** Names and values with a word on each, as a description list. */
export function entriesView(): View<readonly Entry[]> {
  const root = element('dl', { class: 'entries' });
  return {
    root,
    show(entries) {
      while (root.children.length > entries.length) root.lastElementChild!.remove();
      while (root.children.length < entries.length) {
        root.append(element('div', {}, element('dt'), element('dd', { class: 'value' }), element('dd', { class: 'note' })));
      }
      entries.forEach(({ term, value, note, alert }, index) => {
        const row = root.children[index] as HTMLElement;
        row.classList.toggle('alert', alert);
        const [termNode, valueNode, noteNode] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
        setText(termNode, term);
        setText(valueNode, value);
        setText(noteNode, note);
      });
    },
  };
}
