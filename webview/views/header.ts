import { element, setText, setTexts, type View } from '../dom';
import type { HeaderModel } from '../view-model/header';

export function headerView(): View<HeaderModel> {
  const title = element('h1');
  const tensor = element('p', { class: 'tensor-name' });
  const facts = element('ul', { class: 'facts', 'aria-label': 'About the data' });
  const notes = element('div', { class: 'notes' });
  const root = element('header', {}, title, tensor, facts, notes);
  return {
    root,
    show(model) {
      setText(title, model.title);
      setText(tensor, model.tensor ?? '');
      tensor.hidden = model.tensor === null;
      setTexts(facts, 'li', model.facts);
      setTexts(notes, 'p', model.notes);
    },
  };
}
