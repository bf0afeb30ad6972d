import { computeEntries, integrityEntries, SIGMA_TITLE, sigmaEntries } from '../src/words/entries';
import { quantityGroups } from '../src/words/quantities';
import { verdictModel } from '../src/words/verdict';
import { inEditor } from './connection';
import { element, section, setText } from './dom';
import { type ExportTarget, exportMenu } from './export/menu';
import { reportCsv, reportJson, reportMarkdown } from './export/report-files';
import { answerGpu } from './gpu';
import type { Host } from './host';
import { NEW_SESSION, receive, retry, type Session, select } from './session';
import { button, checkbox } from './ui';
import { boundsModel } from './view-model/bounds';
import { glance } from './view-model/glance';
import { headerModel } from './view-model/header';
import { resolutionModel } from './view-model/resolution';
import { spectrumModel } from './view-model/spectrum';
import { tensorList } from './view-model/tensors';
import { varianceModel } from './view-model/variance';
import { restoreViewState, type ViewState } from './view-state';
import { boundsView } from './views/bounds';
import { chartView } from './views/chart';
import { disclosure, type OpenDetails } from './views/disclosure';
import { entriesView } from './views/entries';
import { glanceView } from './views/glance';
import { headerView } from './views/header';
import { quantitiesView } from './views/quantities';
import { runView } from './views/run';
import { tensorListView } from './views/tensor-list';
import { verdictView } from './views/verdict';
import { watchedRunView } from './views/watched-run';

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
    describe: () => host.post({ type: 'describe' }),
  });
  const describe = button('Change shape and type\u2026', 'secondary', () => host.post({ type: 'describe' }));
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
  const watched = watchedRunView(() => host.post({ type: 'openRun' }));
  const verdict = verdictView();
  const facts = glanceView();
  const target: ExportTarget = {
    save: (file) => host.post({ type: 'save', file }),
    copy: (text) => host.post({ type: 'copy', text }),
  };
  const exports = exportMenu(
    'Export the report',
    [
      { label: 'JSON', make: () => reportJson(session.report!) },
      { label: 'CSV', make: () => reportCsv(session.report!) },
    ],
    target.save,
    () => target.copy(reportMarkdown(session.report!, session.run.kind === 'running')),
    inEditor() ? [{ label: 'HTML', choose: () => host.post({ type: 'saveHtml' }) }] : [],
  );
  const logRank = checkbox('Logarithmic directions', state.logRank, (checked) => {
    remember({ logRank: checked });
    showReport();
  });
  const logValue = checkbox('Logarithmic eigenvalues', state.logValue, (checked) => {
    remember({ logValue: checked });
    showReport();
  });
  const spectrum = chartView('spectrum', open, { beside: [logRank, logValue] }, undefined, target);
  const variance = chartView('variance', open, {}, undefined, target);
  const dimension = chartView('resolution', open, {}, undefined, target);
  const logDet = chartView('coding-log-determinant', open, {}, undefined, target);
  const bounds = boundsView((key) => {
    remember({ bounds: key });
    showReport();
  }, target);
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
    element('div', { class: 'charts' }, dimension.root, logDet.root),
    bounds.root,
    section('Quantities', 'quantities', quantities.root),
    sigmaDetails,
    element(
      'div',
      { class: 'pair' },
      section('Integrity of the data', 'integrity', integrity.root),
      section('How it was computed', 'compute', compute.root),
    ),
    element('div', { class: 'actions' }, exports),
  );
  const described = element('div', { class: 'actions' }, describe);
  const main = element('main', {}, header.root, described, run.root, watched.root, verdict.root, report);
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
    spectrum.show(spectrumModel(shown, state));
    variance.show(shown.spectrum && varianceModel(shown.spectrum, shown.source.columns));
    nothingDrawn.hidden = !(spectrum.root.hidden && variance.root.hidden);
    const resolution = resolutionModel(shown);
    dimension.show(resolution?.dimension ?? null);
    logDet.show(resolution?.logDet ?? null);
    bounds.show(boundsModel(shown, session.steps, state.bounds));
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
    described.hidden = session.layout === null || session.file === null;
    run.show(session);
    watched.show(session.watched);
    showTensors();
    showReport();
  };

  host.listen((message) => {
    if (message.type === 'gpu') {
      void answerGpu(message, host.post);
      return;
    }
    session = receive(session, message);
    if (message.type === 'subject') remember({ path: message.path });
    if (message.type === 'file') remember({ tensor: session.tensor, layout: session.layout });
    // Progress comes often and moves nothing but its own bar.
    if (message.type === 'progress') run.show(session);
    else show();
  });
  show();
  host.post({ type: 'ready', selected: state.tensor, layout: state.layout ?? undefined });
}
