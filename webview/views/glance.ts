import { element, type View } from '../dom';
import type { Fact } from '../view-model/glance';

export function glanceView(): View<readonly Fact[]> {
  const root = element('dl', { class: 'glance', 'aria-label': 'At a glance' });
  return {
    root,
    show(facts) {
      root.hidden = facts.length === 0;
      root.replaceChildren(...facts.map(tile));
    },
  };
}

function tile({ label, value, explanation, share }: Fact): HTMLElement {
  const fill = element('span');
  fill.style.width = `${share * 100}%`;
  return element(
    'div',
    {},
    element('dt', {}, label),
    element('dd', { class: 'value' }, value),
    element('dd', { class: 'explanation' }, explanation),
    element('dd', { class: 'strip', 'aria-hidden': 'true' }, fill),
  );
}
