import { element, setText, type View } from '../../dom';
import { chartColours, onThemeChange } from '../../theme';
import { SIDE_LOOKS } from '../../view-model/chart';
import { lineSwatch } from '../../views/chart';

/** A curve that can be drawn or left out. */
export interface LegendEntry {
  readonly name: string;
  readonly shown: boolean;
}

/** The legend of the spectra, a button for each side with its line: pressed while the curve is drawn. */
export function legendView(toggle: (side: number) => void): View<readonly LegendEntry[]> {
  const root = element('div', { class: 'side-legend', role: 'group', 'aria-label': 'Curves shown' });
  let entries: readonly LegendEntry[] = [];
  const paint = () => {
    const colours = chartColours();
    entries.forEach((_, side) => {
      const button = root.children[side] as HTMLElement;
      button.querySelector('svg')?.remove();
      button.prepend(lineSwatch(SIDE_LOOKS[side]!, colours));
    });
  };
  onThemeChange(paint);
  return {
    root,
    show(next) {
      entries = next;
      while (root.children.length > entries.length) root.lastElementChild!.remove();
      while (root.children.length < entries.length) {
        const side = root.children.length;
        const button = element('button', { type: 'button', class: 'side-toggle' }, element('span'));
        button.addEventListener('click', () => toggle(side));
        root.append(button);
      }
      entries.forEach(({ name, shown }, side) => {
        const button = root.children[side] as HTMLElement;
        button.setAttribute('aria-pressed', String(shown));
        setText(button.querySelector('span')!, name);
      });
      paint();
    },
  };
}
