import { levelIcon } from '../../src/words/verdict';
import { element, setText, type View } from '../dom';
import type { Session } from '../session';
import { button } from '../ui';
import { icon } from './icon';

/** What a file by itself cannot tell: that it is part of a run that has changed for the worse. */
export function watchedRunView(open: () => void): View<Session['watched']> {
  const sign = element('span', { class: 'sign' });
  const sentence = element('p');
  const root = element(
    'section',
    { class: 'verdict watched', 'aria-label': 'Its run' },
    sign,
    sentence,
    button('Open run', 'secondary', open),
  );
  return {
    root,
    show(run) {
      root.hidden = run === null;
      if (run === null) return;
      root.dataset.level = run.level;
      sign.replaceChildren(icon(levelIcon(run.level)));
      setText(sentence, run.sentence);
    },
  };
}
