import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SpectralReport } from '../../src/analysis/report';
import { PanelGpu } from '../../src/editor/panel-gpu';
import type { SessionEngine } from '../../src/editor/panel-session';
import type { AnalysisJob, FileSummary } from '../../src/engine/protocol';
import { EventEmitter, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { Problems } = await import('../../src/editor/problems');
const { RunsModel } = await import('../../src/editor/runs-model');
const { SpectrumEditor } = await import('../../src/editor/spectrum-editor');

/** A panel as the editor hands it out, with the webview's side in the test's hands. */
class FakePanel {
  title = '';
  visible = true;
  active = false;
  readonly posted: Record<string, unknown>[] = [];
  readonly received = new EventEmitter<unknown>();
  readonly viewState = new EventEmitter<void>();
  readonly closed = new EventEmitter<void>();
  readonly reveal = vi.fn();
  readonly dispose = vi.fn();
  readonly onDidChangeViewState = this.viewState.event;
  readonly onDidDispose = this.closed.event;
  readonly webview = {
    html: '',
    options: {} as { enableScripts?: boolean; localResourceRoots?: Uri[] },
    cspSource: 'https://panel.test',
    asWebviewUri: (uri: Uri) => new Uri('https', uri.path),
    onDidReceiveMessage: this.received.event,
    postMessage: async (message: Record<string, unknown>) => {
      this.posted.push(message);
    },
  };
}

const layouts = { of: () => null, ask: async () => null };
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const report = {
  schema: 'sigma.report/1',
  sample: { rows: 2, seed: 0, complete: true, stopped: 'whole-file' },
  backend: { name: 'cpu' },
  spectrum: { kind: 'exact', eigenvalues: Float64Array.of(1, 0), centred: Float64Array.of(1, 0) },
  quantities: { conditionNumber: { value: Number.POSITIVE_INFINITY } },
  verdict: { level: 'collapsed', reasons: [{ code: 'one-direction', message: 'One direction is left.' }] },
} as unknown as SpectralReport;

const tensor = { name: '', dtype: 'float32', shape: [2, 2], bytes: 16, matrix: { rows: 2, columns: 2 }, note: null };
let tensors: (typeof tensor)[];
let folder: string;
let path: string;
let jobs: AnalysisJob[];
let editor: InstanceType<typeof SpectrumEditor>;
let problems: InstanceType<typeof Problems>;
let runs: InstanceType<typeof RunsModel>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-panel-'));
  path = join(folder, 'a.npy');
  await writeFile(path, 'x');
  state.diagnostics.clear();
  state.settings = {};
  vi.clearAllMocks();
  jobs = [];
  tensors = [tensor];
  const engine: SessionEngine = {
    inspect: async (path): Promise<FileSummary> => ({ path, format: 'npy', bytes: 144, tensors, warnings: [] }),
    analyze: async (job) => {
      jobs.push(job);
      return report;
    },
  };
  problems = new Problems();
  runs = new RunsModel();
  editor = new SpectrumEditor(Uri.file('/extension') as never, engine, problems, runs, layouts, new PanelGpu(), log as never);
});

afterEach(() => rm(folder, { recursive: true }));

function open(uri = Uri.file(path)) {
  const document = editor.openCustomDocument(uri as never);
  const panel = new FakePanel();
  editor.resolveCustomEditor(document, panel as never);
  return { document, panel };
}

describe('the spectrum editor', () => {
  it('serves the panel from dist only, under a policy with a fresh nonce', () => {
    const [first, second] = [open(), open()].map(({ panel, document }) => {
      panel.closed.fire();
      document.dispose();
      return panel.webview;
    });
    expect(first!.options.localResourceRoots!.map(String)).toEqual(['file:///extension/dist']);
    expect(first!.html).toContain("default-src 'none'");
    const nonce = (html: string) => /script-src 'nonce-([^']+)'/.exec(html)![1];
    expect(nonce(first!.html)).not.toBe(nonce(second!.html));
  });

  it('says that the file belongs to a run that collapses, and opens that run', async () => {
    const { document, panel } = open();
    panel.received.fire({ type: 'ready', selected: null });
    const collapsing = runReport({ path: folder, level: 'collapsing' });
    runs.accept({ kind: 'changed', run: folder, report: collapsing });
    runs.accept({ kind: 'changed', run: folder, report: collapsing });
    const told = () => panel.posted.filter(({ type }) => type === 'watched');
    expect(told()).toEqual([{ type: 'watched', run: { level: 'collapsing', sentence: expect.stringContaining('collapsing') } }]);
    panel.received.fire({ type: 'openRun' });
    expect(state.executed.at(-1)).toEqual(['sigma.openRun', folder]);
    // A page that is made anew is told again; a run that is well again is not spoken of.
    panel.received.fire({ type: 'ready', selected: null });
    runs.accept({ kind: 'changed', run: folder, report: { ...collapsing, level: 'healthy' } });
    expect(told().slice(1)).toEqual([told()[0], { type: 'watched', run: null }]);
    panel.closed.fire();
    document.dispose();
  });

  it('answers a panel that is ready, and puts a collapse among the problems', async () => {
    const { document, panel } = open();
    panel.received.fire({ type: 'ready', selected: null });
    await settled();
    expect(panel.posted.map(({ type }) => type)).toEqual(['subject', 'file', 'progress', 'report']);
    expect(state.diagnostics.get(`file://${path}`)!.map(({ code }) => code?.value)).toEqual(['one-direction']);
    expect(log.info).toHaveBeenCalledWith(`${path}: collapsed, 2 rows, on cpu`);
    panel.closed.fire();
    document.dispose();
  });

  describe('opens a file on a tensor of it', () => {
    const layer = (name: string) => ({ ...tensor, name });
    const selected = (panel: FakePanel) => panel.posted.flatMap((message) => (message.type === 'file' ? [message.selected] : []));
    beforeEach(() => {
      tensors = [layer('wte'), layer('h.0'), layer('h.1')];
    });

    it('in a panel that comes for it, whatever an earlier one showed', async () => {
      await editor.open(Uri.file(path) as never, 'h.1');
      expect(state.executed.at(-1)).toEqual(['vscode.openWith', Uri.file(path), 'sigma.spectrum', { preview: false }]);
      const { panel, document } = open();
      panel.received.fire({ type: 'ready', selected: 'h.0' });
      await settled();
      expect(selected(panel)).toEqual(['h.1']);
      const second = open();
      second.panel.received.fire({ type: 'ready', selected: null });
      await settled();
      expect(selected(second.panel)).toEqual(['wte']);
      for (const each of [panel, second.panel]) each.closed.fire();
      for (const each of [document, second.document]) each.dispose();
    });

    it('in the panel that stands open, which reads the file no second time', async () => {
      const { panel, document } = open();
      panel.received.fire({ type: 'ready', selected: null });
      await settled();
      panel.active = true;
      await editor.open(Uri.file(path) as never, 'h.0');
      await settled();
      expect(selected(panel)).toEqual(['wte', 'h.0']);
      expect(jobs.map(({ tensor }) => tensor)).toEqual(['wte', 'h.0']);
      await editor.open(Uri.file(path) as never, null);
      await settled();
      expect(jobs).toHaveLength(2);
      panel.closed.fire();
      document.dispose();
    });
  });

  describe('opens a folder', () => {
    const layer = (name: string) => ({ ...tensor, name });
    beforeEach(() => {
      tensors = [layer('wte'), layer('h.0')];
      Object.assign(state, { executed: [], panelsMade: [] });
    });

    it('in a panel of its own, once, on the tensor that is asked for', async () => {
      const panel = new FakePanel();
      state.panel = panel;
      await editor.open(Uri.file(folder) as never, 'h.0');
      expect([state.panelsMade, state.executed, panel.title]).toEqual([['sigma.folder'], [], basename(folder)]);
      panel.received.fire({ type: 'ready', selected: null });
      await settled();
      expect(panel.posted.slice(0, 2)).toEqual([
        { type: 'subject', path: folder },
        expect.objectContaining({ type: 'file', selected: 'h.0' }),
      ]);
      await editor.open(Uri.file(folder) as never, 'wte');
      await settled();
      expect(panel.reveal).toHaveBeenCalledOnce();
      expect(state.panelsMade).toHaveLength(1);
      expect(jobs.map(({ path, tensor }) => [path, tensor])).toEqual([
        [folder, 'h.0'],
        [folder, 'wte'],
      ]);
      panel.closed.fire();
      const second = new FakePanel();
      state.panel = second;
      await editor.open(Uri.file(folder) as never, null);
      expect(state.panelsMade).toHaveLength(2);
      second.closed.fire();
    });

    it('again when the window is loaded anew, from what its panel has saved', async () => {
      const panel = new FakePanel();
      await editor.deserializeWebviewPanel(panel as never, { path: folder, tensor: 'h.0' });
      panel.received.fire({ type: 'ready', selected: 'h.0' });
      await settled();
      expect(panel.posted[1]).toMatchObject({ type: 'file', selected: 'h.0', file: { path: folder } });
      for (const saved of [{ path: folder }, {}, undefined]) {
        const other = new FakePanel();
        await editor.deserializeWebviewPanel(other as never, saved);
        expect(other.dispose).toHaveBeenCalledOnce();
      }
      panel.closed.fire();
    });
  });

  it('sends numbers that survive the editor’s JSON', async () => {
    const { document, panel } = open();
    panel.received.fire({ type: 'ready', selected: null });
    await settled();
    const sent = JSON.parse(JSON.stringify(panel.posted.at(-1)!.report));
    expect(sent.quantities.conditionNumber.value).toBe('Infinity');
    expect(sent.spectrum.eigenvalues).toEqual([1, 0]);
    panel.closed.fire();
    document.dispose();
  });

  it('drops what no panel sends', async () => {
    const { document, panel } = open();
    panel.received.fire({ type: 'select', tensor: 7 });
    panel.received.fire({ type: 'run', command: 'rm' });
    await settled();
    expect(panel.posted).toEqual([]);
    expect(log.warn).toHaveBeenCalledTimes(2);
    panel.closed.fire();
    document.dispose();
  });

  it('analyses with the settings, and again when they change', async () => {
    const registration = editor.register();
    const { document, panel } = open();
    panel.received.fire({ type: 'ready', selected: null });
    await settled();
    state.settings = { maxRows: 10, ridge: -1 };
    state.configurationChanged.fire({ affectsConfiguration: (section) => section === 'sigma' });
    await settled();
    expect(jobs.map(({ options }) => options.rows)).toEqual([null, 10]);
    expect(jobs[1]!.options.ridge).toBe(1e-3);
    expect(log.warn).toHaveBeenCalledWith('The setting sigma.ridge cannot be -1; its default is used.');
    panel.closed.fire();
    document.dispose();
    state.configurationChanged.fire({ affectsConfiguration: () => true });
    await settled();
    expect(jobs).toHaveLength(2);
    registration.dispose();
  });

  it('refuses files that are not on a disk, in one sentence, without the engine', async () => {
    const { document, panel } = open(new Uri('vscode-vfs', '/github/a.npy'));
    panel.received.fire({ type: 'ready', selected: null });
    await settled();
    expect(panel.posted).toEqual([
      { type: 'subject', path: '/github/a.npy' },
      {
        type: 'failure',
        tensor: null,
        cancelled: false,
        message: 'Sigma reads files on disk only; this one comes from “vscode-vfs:”. Save a copy to disk to analyse it.',
      },
    ]);
    expect(state.diagnostics.size).toBe(0);
    panel.closed.fire();
    document.dispose();
  });

  it('ends the work of a panel that is closed', async () => {
    const { document, panel } = open();
    panel.received.fire({ type: 'ready', selected: null });
    panel.closed.fire();
    await settled();
    expect(panel.posted.map(({ type }) => type)).toEqual(['subject']);
    expect(jobs).toEqual([]);
    document.dispose();
  });
});
