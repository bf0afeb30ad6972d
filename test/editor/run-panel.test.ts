import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LongRunAssembly } from '../../webview/run/long-run';
import { parseRunHostMessage, type RunHostMessage } from '../../webview/run/protocol';
import { collapsingRun } from '../webview/run/runs';
import { EventEmitter, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

/** A panel as the editor hands it out, with the webview's side in the test's hands. */
class FakePanel {
  visible = true;
  revealed = 0;
  readonly posted: { type: string; run?: { level: string }; message?: string; status?: string[] }[] = [];
  readonly received = new EventEmitter<unknown>();
  readonly closed = new EventEmitter<void>();
  readonly onDidDispose = this.closed.event;
  readonly webview = {
    html: '',
    options: {} as { localResourceRoots?: Uri[] },
    cspSource: 'https://panel.test',
    asWebviewUri: (uri: Uri) => new Uri('https', uri.path),
    onDidReceiveMessage: this.received.event,
    postMessage: async (message: (typeof this.posted)[number]) => {
      this.posted.push(message);
    },
  };
  constructor(public title = '') {}
  reveal() {
    this.revealed++;
  }
  dispose() {
    this.closed.fire();
  }
}

const panels: FakePanel[] = [];
let serializer: { viewType: string; revive: (panel: FakePanel, saved: unknown) => Promise<void> };
vi.mock('vscode', async () => {
  const fake = await import('./fake-vscode');
  return {
    ...fake,
    ViewColumn: { Active: -1 },
    window: {
      ...fake.window,
      createWebviewPanel: (_type: string, title: string) => {
        const panel = new FakePanel(title);
        panels.push(panel);
        return panel;
      },
      registerWebviewPanelSerializer: (
        viewType: string,
        it: { deserializeWebviewPanel: (panel: FakePanel, saved: unknown) => Promise<void> },
      ) => {
        serializer = { viewType, revive: (panel, saved) => it.deserializeWebviewPanel(panel, saved) };
        return new fake.Disposable(() => {});
      },
    },
  };
});
const { RunPanels } = await import('../../src/editor/run-panel');
const { runPicture } = await import('../../src/editor/run-picture');
const { RunsModel } = await import('../../src/editor/runs-model');

const RUN = '/work/runs/exp1';
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
let model: InstanceType<typeof RunsModel>;
/** Files whose panels were opened, each with its tensor. */
const opened: [Uri, string | null][] = [];

beforeEach(() => {
  vi.clearAllMocks();
  panels.length = 0;
  Object.assign(state, { executed: [], quickPicks: [], chosen: [], workspaceFolders: [{ uri: Uri.file('/work') }] });
  model = new RunsModel();
  opened.length = 0;
  new RunPanels(Uri.file('/extension') as never, model, async (...opening) => void opened.push(opening as never), log as never).register();
});

const know = (report = runReport({ path: RUN })) => model.accept({ kind: 'changed', run: report.path, report });
const open = async (...target: unknown[]) => {
  await state.commands.get('sigma.openRun')!(...target);
  return panels.at(-1)!;
};

describe('Open Run', () => {
  it('opens one panel for each run, and shows it again when it is open', async () => {
    know();
    const panel = await open(RUN);
    await open(RUN);
    await open('/data/b');
    expect(panels.map(({ title, revealed }) => [title, revealed])).toEqual([
      ['runs/exp1', 1],
      ['/data/b', 0],
    ]);
    expect(panel.webview.options.localResourceRoots!.map(String)).toEqual(['file:///extension/dist']);
    expect(panel.webview.html).toContain("default-src 'none'");
    expect(panel.webview.html).toContain('/extension/dist/run-panel.js');
    panel.dispose();
    expect(await open(RUN)).not.toBe(panel);
    expect(panels).toHaveLength(3);
  });

  it('takes a run as a menu names it', async () => {
    know();
    expect((await open({ kind: 'run', run: runReport({ path: RUN }) })).title).toBe('runs/exp1');
  });

  it('asks which from the palette, worst first', async () => {
    know();
    know(runReport({ path: '/work/runs/exp2', level: 'collapsed' }));
    state.chosen = ['runs/exp2', undefined];
    expect((await open()).title).toBe('runs/exp2');
    await open();
    expect(panels).toHaveLength(1);
    expect(state.quickPicks[0]!.map(({ label, description }) => [label, description])).toEqual([
      ['runs/exp2', 'Collapsed'],
      ['runs/exp1', 'Healthy'],
    ]);
  });

  it('says why where there is no run to choose', async () => {
    await open();
    expect(state.executed).toEqual([['sigma.showRuns']]);
    expect(panels).toEqual([]);
  });
});

describe('a panel', () => {
  it('gets what is known when it is ready, and each change while it is seen', async () => {
    const panel = await open(RUN);
    panel.received.fire({ type: 'ready' });
    expect(panel.posted.at(-1)).toMatchObject({ type: 'nothing', path: RUN, message: expect.stringContaining('runs/exp1') });
    know();
    know(runReport({ path: '/other' }));
    expect(panel.posted.map(({ type }) => type)).toEqual(['nothing', 'run']);
    panel.visible = false;
    know(runReport({ path: RUN, level: 'collapsed' }));
    expect(panel.posted).toHaveLength(2);
    panel.visible = true;
    panel.received.fire({ type: 'ready' });
    expect(panel.posted.at(-1)).toMatchObject({ type: 'run', run: { level: 'collapsed' } });
    model.accept({ kind: 'ended', run: RUN });
    expect(panel.posted.at(-1)!.type).toBe('nothing');
    panel.dispose();
    know();
    expect(panel.posted).toHaveLength(4);
  });

  it('says what is under way, also before anything is known', async () => {
    const panel = await open(RUN);
    panel.received.fire({ type: 'ready' });
    const notice = (notice: object) => model.accept({ kind: 'notice', run: RUN, notice: notice as never });
    notice({ kind: 'waiting', checkpoint: 'gen\u202e3', waitingFor: 'still growing' });
    expect(panel.posted.at(-1)).toMatchObject({ type: 'nothing', status: ['Waiting for gen\ufffd3 to be complete: still growing.'] });
    know();
    model.accept({ kind: 'analysis', run: RUN, checkpoint: 'gen\u202e3', state: 'running' });
    expect(panel.posted.at(-1)).toMatchObject({ type: 'run', status: ['Analysing gen\ufffd3.'] });
    model.accept({ kind: 'analysis', run: '/other', checkpoint: 'x', state: 'running' });
    expect(panel.posted).toHaveLength(4);
  });

  it('gets a long run in pieces, each measure once, and all anew on another page', async () => {
    const report = { ...collapsingRun({ checkpoints: 30, layers: 60 }), path: RUN };
    const pieces: RunHostMessage[] = [];
    const page = new LongRunAssembly();
    const panel = await open(RUN);
    panel.webview.postMessage = async (message) => {
      const piece = parseRunHostMessage(JSON.parse(JSON.stringify(message)))!;
      pieces.push(piece);
      if (piece.type === 'longRun') page.begin(piece);
      if (piece.type === 'columns') page.take(piece);
    };
    const sent = () => pieces.flatMap((piece) => (piece.type === 'columns' ? piece.columns.map(({ place }) => place) : []));
    const complete = () => vi.waitFor(() => expect(pieces.at(-1)).toMatchObject({ type: 'columns', last: true }), { timeout: 5000 });
    const { checkpoints } = report;
    const all = checkpoints.map((_, i) => i);
    model.accept({ kind: 'changed', run: RUN, report: { ...report, checkpoints: checkpoints.slice(0, 29) } });
    panel.received.fire({ type: 'ready' });
    await complete();
    expect(sent()).toEqual(all.slice(0, 29));
    expect(Math.max(...pieces.map((piece) => JSON.stringify(piece).length))).toBeLessThan(100_000);

    pieces.length = 0;
    know(report);
    await complete();
    expect(sent()).toEqual([29]);
    expect(page.run).toEqual(runPicture(report, 'runs/exp1'));

    pieces.length = 0;
    panel.received.fire({ type: 'ready' });
    await complete();
    expect(sent()).toEqual(all);
  });

  it('opens a matrix of a checkpoint, and only one that the run names', async () => {
    const report = collapsingRun({ layers: 2 });
    know({ ...report, path: RUN });
    const panel = await open(RUN);
    const ask = (checkpoint: string, matrix: unknown) => panel.received.fire({ type: 'open', checkpoint, matrix });
    ask('generation-2', { file: 'model.safetensors', tensor: 'layers.1.q_proj.weight' });
    ask('generation-2', null);
    expect(opened).toEqual([
      [Uri.file('/run/model.safetensors'), 'layers.1.q_proj.weight'],
      [Uri.file('/run/embeddings.npy'), null],
    ]);
    ask('../../etc', { file: '/etc/passwd', tensor: null });
    panel.received.fire({ type: 'open', checkpoint: 7, matrix: null });
    panel.received.fire({ type: 'run', command: 'rm' });
    expect(opened).toHaveLength(2);
    expect(log.warn).toHaveBeenCalledTimes(3);
  });

  it('saves what it made beside the run, and the report of the run as the command line prints it', async () => {
    know(collapsingRun({ checkpoints: 3 }));
    const panel = await open('/work/runs/exp1');
    state.written.clear();
    state.saveTo = Uri.file('/home/timeline.csv');
    panel.received.fire({ type: 'save', file: { name: 'timeline.csv', encoding: 'utf8', content: 'a,b' } });
    await vi.waitFor(() => expect(state.written.get('/home/timeline.csv')).toBe('a,b'));
    expect(state.proposed.at(-1)).toBe('/work/runs/exp1-timeline.csv');
    state.saveTo = Uri.file('/home/run.json');
    panel.received.fire({ type: 'saveReport' });
    await vi.waitFor(() => expect(state.written.has('/home/run.json')).toBe(true));
    expect(JSON.parse(state.written.get('/home/run.json')!)).toMatchObject({ schema: 'sigma.run/1', path: '/work/runs/exp1' });
    panel.received.fire({ type: 'copy', text: '## Collapsing' });
    expect(state.clipboard).toBe('## Collapsing');
  });

  it('finds a checkpoint whose name it shows without its direction marks', async () => {
    know({ ...collapsingRun({ name: (step) => `gen\u202e${step}` }), path: RUN });
    const panel = await open(RUN);
    panel.received.fire({ type: 'open', checkpoint: 'gen\ufffd1', matrix: { file: 'embeddings.npy', tensor: null } });
    expect(opened).toHaveLength(1);
  });
});

describe('after a reload', () => {
  it('a panel comes back with its run, which may only become known later', async () => {
    expect(serializer.viewType).toBe('sigma.run');
    const panel = new FakePanel();
    await serializer.revive(panel, { run: RUN, quantity: 'shape' });
    expect(panel.title).toBe('runs/exp1');
    expect(panel.webview.html).toContain('run-panel.js');
    panel.received.fire({ type: 'ready' });
    know();
    expect(panel.posted.map(({ type }) => type)).toEqual(['nothing', 'run']);
    await open(RUN);
    expect(panel.revealed).toBe(1);
    expect(panels).toEqual([]);
  });

  it.each([[undefined], [{ run: 7 }], ['text']])('a panel that saved %j is closed', async (saved) => {
    const panel = new FakePanel();
    const closed = vi.fn();
    panel.onDidDispose(closed);
    await serializer.revive(panel, saved);
    expect(closed).toHaveBeenCalledOnce();
    expect(panel.webview.html).toBe('');
  });
});
