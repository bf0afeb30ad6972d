import { element, setText, type View } from '../dom';
import { csv, markdownTable, markdownText } from '../export/files';
import { type ExportTarget, exportMenu } from '../export/menu';
import { dropdown } from '../ui';
import type { BoundsModel, Ladder, Rung } from '../view-model/bounds';
import { barTrack } from './bar';

/** The ladder of one quantity: its bounds from the widest to the narrowest, and how the narrowest narrowed. The tables are the data. */
export function boundsView(choose: (key: string) => void, target: ExportTarget): View<BoundsModel | null> {
  let model: BoundsModel | null = null;
  const quantity = dropdown('Quantity', (chosen) => choose(model!.choices[chosen]!.key));
  const summary = element('p', { class: 'summary' });
  const bounds = ladderView();
  const steps = ladderView();
  const menu = exportMenu(
    'Export: bounds',
    [
      {
        label: 'CSV',
        make: () => {
          const { columns, rows } = model!.data();
          return { name: 'bounds.csv', encoding: 'utf8', content: csv(columns, rows) };
        },
      },
    ],
    target.save,
    () => target.copy(boundsMarkdown(model!)),
  );
  const heading = element('h2', { id: 'bounds-title' }, 'Bounds');
  const root = element(
    'section',
    { class: 'bounds', 'aria-labelledby': 'bounds-title' },
    element('div', { class: 'chart-head' }, heading, quantity.root, menu),
    summary,
    element('div', { class: 'ladders' }, bounds.root, steps.root),
  );
  return {
    root,
    show(next) {
      model = next;
      root.hidden = model === null;
      if (model === null) return;
      quantity.show({ labels: model.choices.map(({ label }) => label), chosen: model.chosen });
      setText(summary, model.sentence);
      bounds.show(model.bounds);
      steps.show(model.steps);
    },
  };
}

function ladderView(): View<Ladder | null> {
  const root = element('div', { class: 'ladder', role: 'region', tabindex: '0' });
  return {
    root,
    show(ladder) {
      root.hidden = ladder === null;
      if (ladder === null) return;
      root.setAttribute('aria-label', ladder.caption);
      root.replaceChildren(table(ladder));
    },
  };
}

function table({ caption, heading, min, max, rungs }: Ladder): HTMLElement {
  const ends = element('span', { class: 'ends' }, element('span', {}, min), element('span', {}, max));
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        element('th', { scope: 'col' }, heading),
        element('td', { class: 'rung-bar', 'aria-hidden': 'true' }, ends),
        element('th', { scope: 'col' }, 'Interval'),
        element('th', { scope: 'col' }, 'Known'),
      ),
    ),
    element('tbody', {}, ...rungs.map(rungRow)),
  );
}

function rungRow({ name, note, range, certainty, interval, value }: Rung): HTMLElement {
  const about = note === '' ? [] : [element('p', { class: 'remark' }, note)];
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, name, ...about),
    element('td', { class: 'rung-bar', 'aria-hidden': 'true' }, barTrack([interval], value)),
    element('td', { class: 'range' }, range),
    element('td', { class: 'certainty' }, certainty),
  );
}

function boundsMarkdown({ choices, chosen, sentence, bounds, steps }: BoundsModel): string {
  const ladders = [bounds, steps].flatMap((ladder) =>
    ladder === null
      ? []
      : [
          markdownTable(
            [ladder.heading, 'Interval', 'Known'],
            ladder.rungs.map(({ name, range, certainty }) => [name, range, certainty]),
          ),
        ],
  );
  return [`### ${markdownText(choices[chosen]!.label)}\n`, `${markdownText(sentence)}\n`, ...ladders].join('\n');
}
