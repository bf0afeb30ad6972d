import { runVerdictModel } from '../../src/words/verdict';
import type { Connection } from '../connection';
import { element, section, setText } from '../dom';
import { dropdown } from '../ui';
import { chartView } from '../views/chart';
import type { OpenDetails } from '../views/disclosure';
import { entriesView } from '../views/entries';
import { headerView } from '../views/header';
import { verdictView } from '../views/verdict';
import {
  type MatrixName,
  type RunHostMessage,
  type RunPanelMessage,
  type RunPicture,
  type RunViewState,
  restoreRunViewState,
  type TimelineQuantity,
} from './protocol';
import { checkpointTable } from './view-model/checkpoints';
import { layersModel } from './view-model/layers';
import { matrixLabels } from './view-model/names';
import { outlook, runHeader } from './view-model/outlook';
import { quantityWords } from './view-model/quantities';
import { availableQuantities, timelineModel } from './view-model/timeline';
import { checkpointsView } from './views/checkpoints';
import { layersView } from './views/layers';

/** Builds the panel of a run into `body`, connects it to the host, and keeps both in step. */
export function startRunPanel(body: HTMLElement, host: Connection<RunHostMessage, RunPanelMessage>): void {
  let run: RunPicture | null = null;
  let state: RunViewState = restoreRunViewState(host.restore());
  /** Names of the checkpoints at the points of the timeline. */
  let drawn: readonly string[] = [];
  /** The quantities that the set of embeddings on screen has. */
  let choices: readonly TimelineQuantity[] = [];

  const remember = (change: Partial<RunViewState>) => {
    state = { ...state, ...change };
    host.save(state);
  };
  const details: OpenDetails = {
    has: (id) => state.open.includes(id),
    set: (id, isOpen) => remember({ open: [...state.open.filter((other) => other !== id), ...(isOpen ? [id] : [])] }),
  };
  const open = (checkpoint: string | undefined, matrix: MatrixName | null) => {
    if (checkpoint !== undefined) host.post({ type: 'open', checkpoint, matrix });
  };
  /** Index of the set of embeddings on screen. */
  const shown = () => {
    const { file, tensor } = state.embeddings ?? { file: null, tensor: null };
    return Math.max(0, run?.embeddings.findIndex((matrix) => matrix.file === file && matrix.tensor === tensor) ?? 0);
  };
  const shownMatrix = () => run?.embeddings[shown()] ?? null;

  const nothing = element('p', { role: 'status' }, 'Waiting for the run.');
  const header = headerView();
  const verdict = verdictView();
  const facts = entriesView();
  const quantity = dropdown('Quantity', (chosen) => {
    remember({ quantity: choices[chosen] });
    showTimeline();
  });
  const embeddings = dropdown('Embeddings', (chosen) => {
    remember({ embeddings: run?.embeddings[chosen] ?? null });
    showTimeline();
    showTable();
  });
  const timeline = chartView('timeline', details, [quantity.root, embeddings.root], (point) => open(drawn[point], shownMatrix()));
  const layers = layersView('layers', details, (row, column) => open(run?.checkpoints[column]?.name, run?.layers[row] ?? null));
  const checkpoints = checkpointsView((name) => open(name, shownMatrix()));
  const content = element(
    'div',
    { class: 'report' },
    header.root,
    verdict.root,
    section('Since when, and where to', 'outlook', facts.root),
    element('div', { class: 'charts' }, timeline.root),
    layers.root,
    section('Checkpoints', 'checkpoints', checkpoints.root),
  );
  body.append(element('div', { class: 'layout' }, element('main', {}, nothing, content)));

  const showTimeline = () => {
    if (run === null) return;
    choices = availableQuantities(run, shown());
    const chosen = Math.max(0, choices.indexOf(state.quantity));
    quantity.show({ labels: choices.map((id) => quantityWords(id).label), chosen });
    embeddings.show({ labels: matrixLabels(run.embeddings), chosen: shown() });
    embeddings.root.hidden = run.embeddings.length < 2;
    const model = timelineModel(run, shown(), choices[chosen] ?? state.quantity);
    drawn = model?.checkpoints ?? [];
    timeline.show(model?.chart ?? null);
  };
  const showTable = () => {
    if (run !== null) checkpoints.show(checkpointTable(run, shown()));
  };
  const show = () => {
    nothing.hidden = run !== null;
    content.hidden = run === null;
    if (run === null) return;
    const heading = runHeader(run);
    header.show(heading);
    setText(document.head.querySelector('title')!, heading.title);
    verdict.show(runVerdictModel(run));
    facts.show(outlook(run));
    showTimeline();
    layers.show(layersModel(run));
    showTable();
  };

  host.listen((message) => {
    if (message.type === 'run') {
      run = message.run;
      remember({ run: run.path });
    } else {
      run = null;
      remember({ run: message.path });
      setText(nothing, message.message);
    }
    show();
  });
  show();
  host.post({ type: 'ready' });
}
