import { computeEntries, integrityEntries, SIGMA_TITLE, sigmaEntries } from '../src/words/entries';
import { quantityGroups } from '../src/words/quantities';
import { verdictModel } from '../src/words/verdict';
import { element, section, setText } from './dom';
import type { Host } from './host';
import { NEW_SESSION, receive, retry, type Session, select } from './session';
import { button, checkbox } from './ui';
import { glance } from './view-model/glance';
import { headerModel } from './view-model/header';
import { spectrumModel } from './view-model/spectrum';
import { summaryText } from './view-model/summary-text';
import { tensorList } from './view-model/tensors';
import { varianceModel } from './view-model/variance';
import { restoreViewState, type ViewState } from './view-state';
import { chartView } from './views/chart';
import { disclosure, type OpenDetails } from './views/disclosure';
import { entriesView } from './views/entries';
import { glanceView } from './views/glance';
import { headerView } from './views/header';
import { quantitiesView } from './views/quantities';
import { runView } from './views/run';
import { tensorListView } from './views/tensor-list';
import { verdictView } from './views/verdict';

/** Builds the panel into `body`, connects it to the host, and keeps both in step. */
export function startPanel(body: HTMLElement, host: Host): void {
  let session: Session = NEW_SESSION;
  let state: ViewState = restoreViewState(host.restore());

  const remember = (change: Partial<ViewState>) => {
    state = { ...state, ...change };
    host.save(state);
  };
  const open: OpenDetails = {
    has: (id) => state.open.includes(id),
    set: (id, isOpen) => remember({ open: [...state.open.filter((other) => other !== id), ...(isOpen ? [id] : [])] }),
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
  const tensors = tensorListView(state.filter, {
    filter: (filter) => {
      remember({ filter });
      showTensors();
    },
    select: (tensor) => {
      session = select(session, tensor);
      remember({ tensor });
      host.post({ type: 'select', tensor });
      show();
    },
  });
  const verdict = verdictView();
  const facts = glanceView();
  const copy = button('Copy summary', 'secondary', () => {
    if (session.report !== null) host.post({ type: 'copy', text: summaryText(session.report, session.run.kind === 'running') });
  });
  const logRank = checkbox('Logarithmic direction axis', state.logRank, (checked) => {
    remember({ logRank: checked });
    showReport();
  });
  const spectrum = chartView('spectrum', open, [logRank]);
  const variance = chartView('variance', open);
  const nothingDrawn = element('p', {}, 'There is no spectrum to draw: no row could be used, or every eigenvalue is zero.');
  const quantities = quantitiesView();
  const integrity = entriesView();
  const compute = entriesView();
  const sigma = entriesView();
  const sigmaDetails = disclosure('sigma', SIGMA_TITLE, open, sigma.root);

  const report = element(
    'div',
    { class: 'report' },
    facts.root,
    element('div', { class: 'charts' }, spectrum.root, variance.root, nothingDrawn),
    section('Quantities', 'quantities', quantities.root),
    sigmaDetails,
    element(
      'div',
      { class: 'pair' },
      section('Integrity of the data', 'integrity', integrity.root),
      section('How it was computed', 'compute', compute.root),
    ),
    element('div', { class: 'actions' }, copy),
  );
  const main = element('main', {}, header.root, run.root, verdict.root, report);
  const layout = element('div', { class: 'layout' }, tensors.root, main);
  body.append(layout);

  const showTensors = () => {
    const all = session.file?.tensors ?? [];
    tensors.root.hidden = all.length < 2;
    layout.classList.toggle('with-list', all.length >= 2);
    tensors.show(tensorList(all, state.filter, session.tensor));
  };
  const showReport = () => {
    const shown = session.report;
    verdict.show(shown === null ? null : verdictModel(shown, session.run.kind === 'running'));
    report.hidden = shown === null;
    if (shown === null) return;
    facts.show(glance(shown));
    spectrum.show(shown.spectrum && spectrumModel(shown.spectrum, shown.source.columns, state.logRank));
    variance.show(shown.spectrum && varianceModel(shown.spectrum, shown.source.columns));
    nothingDrawn.hidden = !(spectrum.root.hidden && variance.root.hidden);
    quantities.show(quantityGroups(shown));
    sigmaDetails.hidden = shown.sigma === null;
    if (shown.sigma !== null) sigma.show(sigmaEntries(shown.sigma));
    integrity.show(integrityEntries(shown));
    compute.show(computeEntries(shown));
  };
  const show = () => {
    const heading = headerModel(session);
    header.show(heading);
    setText(document.head.querySelector('title')!, heading.title);
    run.show(session);
    showTensors();
    showReport();
  };

  host.listen((message) => {
    session = receive(session, message);
    if (message.type === 'file') remember({ tensor: session.tensor });
    // Progress comes often and moves nothing but its own bar.
    if (message.type === 'progress') run.show(session);
    else show();
  });
  show();
  host.post({ type: 'ready', selected: state.tensor });
}
