import { runVerdictModel } from '../../src/words/verdict';
import type { Connection } from '../connection';
import { element, section, setText, setTexts } from '../dom';
import { csv, type DataTable } from '../export/files';
import { type ExportTarget, exportMenu } from '../export/menu';
import { dropdown, textField } from '../ui';
import { chartView } from '../views/chart';
import type { OpenDetails } from '../views/disclosure';
import { entriesView } from '../views/entries';
import { headerView } from '../views/header';
import { verdictView } from '../views/verdict';
import { LongRunAssembly } from './long-run';
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
import { layersData, layersMarkdown, runMarkdown } from './view-model/exports';
import { type LayersModel, layerQuantities, layersModel } from './view-model/layers';
import { FEW, matrixChoices, matrixIndex } from './view-model/matrices';
import { outlook, runHeader } from './view-model/outlook';
import { quantityWords } from './view-model/quantities';
import { availableQuantities, type Steps, timelineModel } from './view-model/timeline';
import { checkpointsView } from './views/checkpoints';
import { layersView } from './views/layers';
import { layersPng, layersSvg } from './views/layers-picture';
import { zoomView } from './views/zoom';

/** Builds the panel of a run into `body`, connects it to the host, and keeps both in step. */
export function startRunPanel(body: HTMLElement, host: Connection<RunHostMessage, RunPanelMessage>): void {
  let run: RunPicture | null = null;
  let state: RunViewState = restoreRunViewState(host.restore());
  /** Names of the checkpoints at the points of the timeline. */
  let drawn: readonly string[] = [];
  /** The quantities that the matrix on screen has, and those of the layers. */
  let choices: readonly TimelineQuantity[] = [];
  let layerChoices: readonly TimelineQuantity[] = [];
  /** Indices of the matrices that can be chosen. */
  let listed: readonly (number | null)[] = [];
  let mapped: LayersModel | null = null;
  const long = new LongRunAssembly();

  const remember = (change: Partial<RunViewState>) => {
    state = { ...state, ...change };
    host.save(state);
  };
  const details: OpenDetails = {
    has: (id) => state.open.includes(id),
    set: (id, isOpen) => remember({ open: [...state.open.filter((other) => other !== id), ...(isOpen ? [id] : [])] }),
  };
  const named = (matrix: number | undefined): MatrixName | null => {
    const found = matrix === undefined ? undefined : run?.matrices[matrix];
    return found === undefined ? null : { file: found.file, tensor: found.tensor };
  };
  const open = (checkpoint: string | undefined, matrix: MatrixName | null) => {
    if (checkpoint !== undefined) host.post({ type: 'open', checkpoint, matrix });
  };
  /** Index of the matrix on screen. */
  const shown = () => (run === null ? 0 : matrixIndex(run, state.matrix));

  const target: ExportTarget = {
    save: (file) => host.post({ type: 'save', file }),
    copy: (text) => host.post({ type: 'copy', text }),
  };
  const nothing = element('p', { role: 'status' }, 'Waiting for the run.');
  const status = element('div', { class: 'run-status', role: 'status' });
  const header = headerView();
  const verdict = verdictView();
  const facts = entriesView();
  const quantity = dropdown('Quantity', (chosen) => {
    remember({ quantity: choices[chosen] });
    showTimeline();
  });
  const matrices = dropdown('Matrix', (chosen) => {
    remember({ matrix: named(listed[chosen] ?? undefined) });
    showTimeline();
    showTable();
  });
  matrices.root.classList.add('matrix');
  const filter = textField('Filter matrices', state.filter, (text) => {
    remember({ filter: text });
    showChoices();
  });
  const rest = element('span', { class: 'rest', role: 'status' });
  const zoomTo = (steps: Steps | null) => {
    remember({ zoom: steps && [...steps] });
    showTimeline();
  };
  const zoom = zoomView(zoomTo);
  const timeline = chartView(
    'timeline',
    details,
    { below: [element('div', { class: 'choices' }, quantity.root, matrices.root, filter, rest, zoom.root)] },
    (point) => open(drawn[point], named(shown())),
    target,
    (from, to) => {
      const steps = [Math.ceil(from), Math.floor(to)] as const;
      if (steps[0] < steps[1]) zoomTo(steps);
    },
  );
  const layerQuantity = () => layerChoices[Math.max(0, layerChoices.indexOf(state.layers))] ?? state.layers;
  const layersExport = exportMenu(
    'Export: layers',
    [
      { label: 'PNG', make: () => ({ name: 'layers.png', encoding: 'base64', content: layersPng(mapped!) }) },
      { label: 'SVG', make: () => ({ name: 'layers.svg', encoding: 'utf8', content: layersSvg(mapped!) }) },
      { label: 'CSV', make: () => ({ name: 'layers.csv', encoding: 'utf8', content: csvOf(layersData(run!, mapped!, layerQuantity())) }) },
    ],
    target.save,
    () => target.copy(layersMarkdown(mapped!)),
  );
  const runExport = exportMenu('Export the run', [], target.save, () => target.copy(runMarkdown(run!, checkpointTable(run!, shown()))), [
    { label: 'JSON', choose: () => host.post({ type: 'saveReport' }) },
  ]);
  const layerChoice = dropdown('Layers by', (chosen) => {
    remember({ layers: layerChoices[chosen] });
    showLayers();
  });
  const layers = layersView('layers', details, [layerChoice.root, layersExport], (row, column) =>
    open(run?.checkpoints[column]?.name, named(mapped?.matrices[row])),
  );
  const checkpoints = checkpointsView((name) => open(name, named(shown())));
  const content = element(
    'div',
    { class: 'report' },
    header.root,
    verdict.root,
    section('Since when, and where to', 'outlook', facts.root),
    element('div', { class: 'charts' }, timeline.root),
    layers.root,
    section('Checkpoints', 'checkpoints', checkpoints.root),
    element('div', { class: 'actions' }, runExport),
  );
  body.append(element('div', { class: 'layout' }, element('main', {}, nothing, status, content)));

  const showChoices = () => {
    if (run === null) return;
    const model = matrixChoices(run, state.filter, shown());
    listed = model.matrices;
    matrices.show(model);
    matrices.root.hidden = run.matrices.length < 2;
    filter.hidden = run.matrices.length <= FEW;
    rest.hidden = filter.hidden;
    setText(rest, model.rest);
  };
  const showTimeline = () => {
    if (run === null) return;
    choices = availableQuantities(run, shown());
    const chosen = Math.max(0, choices.indexOf(state.quantity));
    quantity.show({ labels: choices.map((id) => quantityWords(id).label), chosen });
    showChoices();
    const model = timelineModel(run, shown(), choices[chosen] ?? state.quantity, state.zoom);
    drawn = model?.checkpoints ?? [];
    if (model !== null) zoom.show({ steps: [model.chart.x.min, model.chart.x.max], whole: state.zoom === null });
    timeline.show(model?.chart ?? null);
  };
  const showLayers = () => {
    if (run === null) return;
    layerChoices = layerQuantities(run);
    const chosen = layerChoices.indexOf(layerQuantity());
    layerChoice.show({ labels: layerChoices.map((id) => quantityWords(id).label), chosen });
    mapped = layersModel(run, layerQuantity());
    layers.show(mapped);
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
    showLayers();
    showTable();
  };

  host.listen((message) => {
    if (message.type === 'columns') {
      long.take(message);
      if (message.last) {
        run = long.run;
        show();
      }
      return;
    }
    if (message.type === 'run') {
      run = message.run;
      remember({ run: run.path });
    } else if (message.type === 'longRun') {
      long.begin(message);
      // Until its columns are there, what stands there stays.
      if (!message.places.includes(null)) run = long.run;
      remember({ run: message.run.path });
    } else {
      run = null;
      remember({ run: message.path });
      setText(nothing, message.message);
    }
    setTexts(status, 'p', message.status);
    status.hidden = message.status.length === 0;
    show();
  });
  status.hidden = true;
  show();
  host.post({ type: 'ready' });
}

function csvOf({ columns, rows }: DataTable): string {
  return csv(columns, rows);
}
