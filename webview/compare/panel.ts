import type { Connection } from '../connection';
import { element, section, setText, setTexts } from '../dom';
import { type ExportTarget, exportMenu } from '../export/menu';
import { checkbox, dropdown } from '../ui';
import { chartView } from '../views/chart';
import type { OpenDetails } from '../views/disclosure';
import { headerView } from '../views/header';
import { runView } from '../views/run';
import { verdictView } from '../views/verdict';
import { compareCsv, compareJson, compareMarkdown } from './export';
import { type CompareHostMessage, type ComparePanelMessage, type CompareViewState, restoreCompareViewState } from './protocol';
import { type CompareSession, NEW_COMPARISON, receive, retry } from './session';
import { basis, compareHeader } from './view-model/basis';
import { spectraModel } from './view-model/spectra';
import { pairTable, quantityTable } from './view-model/tables';
import { compareVerdict } from './view-model/verdict';
import { legendView } from './views/legend';
import { sideTableView } from './views/side-table';

/** Builds the panel of a comparison into `body`, connects it to the host, and keeps both in step. */
export function startComparePanel(body: HTMLElement, host: Connection<CompareHostMessage, ComparePanelMessage>): void {
  let session: CompareSession = NEW_COMPARISON;
  let state: CompareViewState = restoreCompareViewState(host.restore());

  const remember = (change: Partial<CompareViewState>) => {
    state = { ...state, ...change };
    host.save(state);
  };
  const details: OpenDetails = {
    has: (id) => state.open.includes(id),
    set: (id, isOpen) => remember({ open: [...state.open.filter((other) => other !== id), ...(isOpen ? [id] : [])] }),
  };
  const target: ExportTarget = {
    save: (file) => host.post({ type: 'save', file }),
    copy: (text) => host.post({ type: 'copy', text }),
  };

  const header = headerView();
  const run = runView({
    cancel: () => host.post({ type: 'cancel' }),
    retry: () => {
      session = retry(session);
      host.post({ type: 'retry' });
      show();
    },
  });
  const baseline = dropdown('Baseline', (side) => host.post({ type: 'baseline', side }));
  const matrix = dropdown('Matrix', (chosen) => host.post({ type: 'matrix', matrix: chosen }));
  const choices = element('div', { class: 'choices' }, baseline.root, matrix.root);
  const verdict = verdictView();
  const logRank = checkbox('Logarithmic direction axis', state.logRank, (checked) => {
    remember({ logRank: checked });
    showSpectra();
  });
  const legend = legendView((side) => {
    const { path } = session.sides[side]!;
    remember({ hidden: state.hidden.includes(path) ? state.hidden.filter((other) => other !== path) : [...state.hidden, path] });
    showSpectra();
  });
  const spectra = chartView('spectra', details, { beside: [logRank], below: [legend.root] }, undefined, target);
  const quantities = sideTableView('Side by side');
  const pairs = sideTableView('Against the baseline');
  const pairSection = section('Against the baseline', 'pairs', pairs.root);
  const rests = element('ul', { class: 'basis' });
  const restsSection = section('What the numbers rest on', 'basis', rests);
  const exports = exportMenu(
    'Export the comparison',
    [
      { label: 'JSON', make: () => compareJson(session) },
      { label: 'CSV', make: () => compareCsv(session) },
    ],
    target.save,
    () => target.copy(compareMarkdown(session)),
  );
  const content = element(
    'div',
    { class: 'report' },
    element('div', { class: 'charts' }, spectra.root),
    pairSection,
    section('Side by side', 'quantities', quantities.root),
    restsSection,
    element('div', { class: 'actions' }, exports),
  );
  body.append(element('div', { class: 'layout' }, element('main', {}, header.root, choices, run.root, verdict.root, content)));

  const showSpectra = () => {
    const { sides } = session;
    legend.show(sides.map(({ letter, name, path }) => ({ name: `${letter} ${name}`, shown: !state.hidden.includes(path) })));
    spectra.show(spectraModel(session, state.logRank, state.hidden));
  };
  const showRun = () => run.show({ run: session.run, report: null });
  const showChoices = () => {
    const { sides, matrices, matrix: chosen } = session;
    choices.hidden = sides.length === 0;
    baseline.show({ labels: sides.map(({ letter, name }) => `${letter} ${name}`), chosen: 0 });
    matrix.root.hidden = matrices.length < 2;
    matrix.show({ labels: matrices, chosen: chosen ?? 0 });
  };
  const show = () => {
    const heading = compareHeader(session);
    header.show(heading);
    setText(document.head.querySelector('title')!, heading.title);
    showRun();
    verdict.show(compareVerdict(session));
    content.hidden = session.sides.every(({ report }) => report === null);
    showSpectra();
    const against = pairTable(session);
    pairSection.hidden = against === null;
    pairs.show(against);
    quantities.show(quantityTable(session));
    const sentences = basis(session);
    restsSection.hidden = sentences.length === 0;
    setTexts(rests, 'li', sentences);
  };

  host.listen((message) => {
    session = receive(session, message);
    if (message.type === 'sides') {
      const sides = message.sides.map(({ path, name }) => ({ path, name }));
      remember({ sides, matrix: message.matrix === null ? null : (message.matrices[message.matrix] ?? null) });
      showChoices();
    }
    // Progress comes often and moves nothing but its own bar.
    if (message.type === 'progress') showRun();
    else show();
  });
  showChoices();
  show();
  host.post({ type: 'ready' });
}
