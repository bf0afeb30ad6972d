import { element, type View } from '../../dom';
import { button, numberField } from '../../ui';
import type { Steps } from '../view-model/timeline';

/** The steps that are on screen, and whether that is the whole run. */
export interface ZoomModel {
  readonly steps: Steps;
  readonly whole: boolean;
}

/** The first and the last step on screen, to be written, and the way back to the whole run. */
export function zoomView(zoom: (steps: Steps | null) => void): View<ZoomModel> {
  let steps: Steps = [0, 1];
  const change = (from: number, to: number) => zoom(from < to ? [from, to] : [to, from]);
  const from = numberField('From step', (value) => change(value, steps[1]));
  const to = numberField('To step', (value) => change(steps[0], value));
  const whole = button('Whole run', 'secondary', () => zoom(null));
  const root = element('div', { class: 'zoom', role: 'group', 'aria-label': 'Steps of the timeline' }, from.root, to.root, whole);
  return {
    root,
    show(model) {
      steps = model.steps;
      from.show(steps[0]);
      to.show(steps[1]);
      whole.toggleAttribute('disabled', model.whole);
    },
  };
}
