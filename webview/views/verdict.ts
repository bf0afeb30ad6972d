import type { VerdictModel } from '../../src/words/verdict';
import { element, setText, setTexts, type View } from '../dom';
import { icon } from './icon';

/** The verdict is the one live region: a screen reader hears it when its words change. */
export function verdictView(): View<VerdictModel | null> {
  const sign = element('span', { class: 'sign' });
  const word = element('span', { class: 'word' });
  const soFar = element('span', { class: 'so-far' }, '(so far)');
  const reasons = element('ul', { class: 'reasons' });
  const live = element('div', { 'aria-live': 'polite' }, element('h2', {}, sign, word, ' ', soFar), reasons);
  const adviceList = element('ul');
  const advice = element('div', { class: 'advice' }, element('h3', {}, 'What people usually do'), adviceList);
  const sample = element('p', { class: 'sample' });
  const root = element('section', { class: 'verdict', 'aria-label': 'Verdict' }, live, advice, sample);
  let shown: string | null = null;
  return {
    root,
    show(model) {
      root.hidden = model === null;
      if (model === null) return;
      root.dataset.level = model.level;
      if (shown !== model.icon) sign.replaceChildren(icon(model.icon));
      shown = model.icon;
      setText(word, model.word);
      soFar.hidden = !model.provisional;
      setTexts(reasons, 'li', model.reasons);
      advice.hidden = model.advice.length === 0;
      setTexts(adviceList, 'li', model.advice);
      setText(sample, model.sample);
    },
  };
}
