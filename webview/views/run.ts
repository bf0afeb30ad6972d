import { count, counted } from '../../src/words/numbers';
import { element, setText, type View } from '../dom';
import type { Session } from '../session';
import { button } from '../ui';

export interface RunActions {
  cancel(): void;
  retry(): void;
  /** Absent where there is nothing to describe. */
  describe?(): void;
}

const DESCRIBE = 'Give its shape and type\u2026';

/** How far it is, and what is on screen meanwhile. */
type Shown = Pick<Session, 'run' | 'report'>;

/** What is going on: progress with a way to stop it, or why it stopped with a way to start again. */
export function runView(actions: RunActions): View<Shown> {
  const stage = element('p', { id: 'stage' });
  const bar = element('progress', { max: '1', 'aria-labelledby': 'stage' });
  const running = element('div', { class: 'running' }, stage, bar, button('Cancel', 'secondary', actions.cancel));
  const message = element('p');
  const describe = button(DESCRIBE, 'primary', () => actions.describe?.());
  const retry = button('Retry', 'primary', actions.retry);
  const failed = element('div', { class: 'failed', role: 'alert' }, message, describe, retry);
  const root = element('div', { class: 'run' }, running, failed);
  return {
    root,
    show(session) {
      const { run } = session;
      root.hidden = run.kind === 'done';
      running.hidden = run.kind !== 'running';
      failed.hidden = run.kind !== 'failed';
      if (run.kind === 'running') {
        setText(stage, `${run.stage}\u2026`);
        bar.value = run.fraction;
      } else if (run.kind === 'failed') {
        failed.classList.toggle('cancelled', run.cancelled);
        describe.hidden = run.describable !== true;
        retry.setAttribute('appearance', run.describable ? 'secondary' : 'primary');
        setText(message, failureText(session, run.message));
      }
    },
  };
}

function failureText({ report }: Shown, message: string): string {
  if (report === null) return message;
  return `${message} The numbers below come from ${count(report.sample.rows)} of ${counted(report.source.rows, 'row')}.`;
}
