import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { checkpoint, matrixReport } from '../runs/reports';
import { NPY } from '../webview/fixtures';
import { comparison, sideReport } from '../words/comparisons';
import { EventEmitter, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

/** A panel as the editor hands it out, with the webview's side in the test's hands. */
class FakePanel {
  readonly posted: Record<string, unknown>[] = [];
  readonly received = new EventEmitter<unknown>();
  readonly closed = new EventEmitter<void>();
  readonly onDidDispose = this.closed.event;
  readonly webview = {
    html: '',
    options: {} as { localResourceRoots?: Uri[] },
    cspSource: 'https://panel.test',
    asWebviewUri: (uri: Uri) => new Uri('https', uri.path),
    onDidReceiveMessage: this.received.event,
    postMessage: async (message: Record<string, unknown>) => {
      this.posted.push(message);
    },
  };
  constructor(public title = '') {}
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
const { registerCompareCommands } = await import('../../src/editor/compare-command');
const { ComparePanels } = await import('../../src/editor/compare-panel');
const { RunsModel } = await import('../../src/editor/runs-model');

const engine = {
  inspect: async (path: string) => ({ ...NPY, path }),
  analyze: async ({ path }: { path: string }) => sideReport({ path, effectiveRank: Number.NaN }),
  compare: async ({ a, b }: { a: { path: string }; b: { path: string } }) =>
    comparison({ a: sideReport({ path: a.path, effectiveRank: 54 }), b: sideReport({ path: b.path, effectiveRank: 31 }) }),
};
const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
const RUN = '/work/runs/exp1';
let model: InstanceType<typeof RunsModel>;

beforeEach(() => {
  vi.clearAllMocks();
  panels.length = 0;
  Object.assign(state, { said: [], quickPicks: [], chosen: [], picked: undefined, activeTab: null });
  state.workspaceFolders = [{ uri: Uri.file('/work') }];
  model = new RunsModel();
  const comparisons = new ComparePanels(Uri.file('/extension') as never, engine as never, log as never);
  comparisons.register();
  registerCompareCommands(model, comparisons);
});

const run = (command: string, ...args: unknown[]) => state.commands.get(command)!(...args);
const know = (report = runReport({ path: RUN, level: 'collapsed' })) => {
  model.accept({ kind: 'changed', run: report.path, report });
  return report;
};
/** Paths of what the last panel compares, the baseline first. */
async function compared(): Promise<readonly string[]> {
  const panel = panels.at(-1)!;
  panel.received.fire({ type: 'ready' });
  await vi.waitFor(() => expect(panel.posted.at(-1)).toMatchObject({ type: 'done' }));
  return (panel.posted[0] as { sides: { path: string }[] }).sides.map(({ path }) => path);
}

describe('Compare Spectral Health', () => {
  it('compares folders that are models, and leaves others aside', async () => {
    const root = mkdtempSync(join(tmpdir(), 'sigma-compare-'));
    try {
      const folders = ['step-100', 'notes', 'step-200'].map((name) => join(root, name));
      for (const folder of folders) mkdirSync(folder);
      for (const folder of [folders[0]!, folders[2]!]) {
        for (const name of ['.metadata', '__0_0.distcp']) writeFileSync(join(folder, name), '');
      }
      await run('sigma.compare', Uri.file(folders[0]!), folders.map(Uri.file));
      expect(await compared()).toEqual([folders[0], folders[2]]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('compares the files that are selected in the Explorer, and leaves others aside', async () => {
    const files = ['/work/a.npy', '/work/notes.txt', '/work/b.npy'].map(Uri.file);
    await run('sigma.compare', files[0], files);
    expect(await compared()).toEqual(['/work/a.npy', '/work/b.npy']);
    const [panel] = panels;
    expect(panel!.title).toBe('Comparison with a.npy');
    expect(panel!.webview.html).toContain('/extension/dist/compare-panel.js');
    expect(panel!.webview.html).toContain("default-src 'none'");
    expect(panel!.webview.options.localResourceRoots!.map(String)).toEqual(['file:///extension/dist']);
    // In the form that carries NaN through the editor's JSON.
    expect(JSON.stringify(panel!.posted)).toContain('"value":"NaN"');
  });

  it('says how many can be compared', async () => {
    const many = Array.from({ length: 9 }, (_, index) => Uri.file(`/work/${index}.npy`));
    await run('sigma.compare', many[0], many);
    expect(panels).toEqual([]);
    expect(state.said).toEqual(['Sigma compares 2 to 8 files; 9 are chosen.']);
  });

  it('compares checkpoints that are selected in Model Health, the baseline first, else the earliest', async () => {
    const report = know();
    const nodes = [2, 1, 0].map((index) => ({ kind: 'checkpoint', run: report, checkpoint: report.checkpoints[index]! }));
    await run('sigma.compare', nodes[0], nodes);
    const path = (generation: number) => `${RUN}/generation-${generation}/embeddings.npy`;
    expect(await compared()).toEqual([0, 1, 2].map(path));
    await run('sigma.compare', nodes[0], nodes.slice(0, 2));
    expect(await compared()).toEqual([1, 2].map(path));
    expect(panels.at(-1)!.posted[0]).toMatchObject({ sides: [{ name: 'runs/exp1 · generation-1' }, { name: 'runs/exp1 · generation-2' }] });
  });

  it('compares the same matrix of each checkpoint', async () => {
    const matrices = (step: number) =>
      checkpoint(step, [{ file: 'embeddings.npy' }, { file: 'm.safetensors', tensor: 'wte' }]).matrices.map(({ file, report }) => ({
        file,
        report: { ...report, source: { ...report.source, path: `${RUN}/${step}/${file}` } },
      }));
    const base = runReport({ path: RUN });
    const report = know({ ...base, checkpoints: base.checkpoints.map((at, step) => ({ ...at, matrices: matrices(step) })) });
    const nodes = [0, 2].map((index) => {
      const at = report.checkpoints[index]!;
      return { kind: 'tensor', run: report, checkpoint: at, matrix: at.matrices[1]! };
    });
    await run('sigma.compare', nodes[0], nodes);
    expect(await compared()).toEqual([`${RUN}/0/m.safetensors`, `${RUN}/2/m.safetensors`]);
  });

  it('asks from the palette: checkpoints, open files, and others that are browsed for', async () => {
    know();
    const { TabInputCustom } = await import('./fake-vscode');
    state.activeTab = new TabInputCustom(Uri.file('/work/open.npy'), 'sigma.spectrum');
    state.picked = [Uri.file('/data/c.npy'), Uri.file('/data/c.py')];
    state.chosen = [['runs/exp1 · generation-0', 'open.npy', 'Browse…']];
    await run('sigma.compare');
    expect(await compared()).toEqual([`${RUN}/generation-0/embeddings.npy`, '/work/open.npy', '/data/c.npy']);
    expect(state.quickPicks[0]!.map(({ label, description }) => [label, description])).toEqual([
      ['runs/exp1 · generation-2', 'Collapsed'],
      ['runs/exp1 · generation-1', 'Not enough evidence'],
      ['runs/exp1 · generation-0', 'Not enough evidence, baseline'],
      ['open.npy', 'open'],
      ['Browse…', 'choose files'],
    ]);
    state.chosen = [undefined];
    await run('sigma.compare');
    expect(panels).toHaveLength(1);
  });

  it('asks what one file is to be compared with', async () => {
    know();
    state.chosen = [['runs/exp1 · generation-1']];
    await run('sigma.compare', Uri.file('/work/a.npy'));
    expect(await compared()).toEqual(['/work/a.npy', `${RUN}/generation-1/embeddings.npy`]);
  });
});

describe('Compare with Baseline', () => {
  const newest = [`${RUN}/generation-0/embeddings.npy`, `${RUN}/generation-2/embeddings.npy`];

  it('compares the newest checkpoint of a run, or the one that is meant, with the baseline', async () => {
    const report = know();
    await run('sigma.compareWithBaseline', RUN);
    expect(await compared()).toEqual(newest);
    await run('sigma.compareWithBaseline', { kind: 'checkpoint', run: report, checkpoint: report.checkpoints[1]! });
    expect(await compared()).toEqual([newest[0], `${RUN}/generation-1/embeddings.npy`]);
    await run('sigma.compareWithBaseline', { run: RUN, checkpoint: 'generation-2' });
    expect(await compared()).toEqual(newest);
    state.chosen = ['runs/exp1'];
    await run('sigma.compareWithBaseline');
    expect(await compared()).toEqual(newest);
  });

  it('says where there is nothing to compare', async () => {
    know();
    await run('sigma.compareWithBaseline', { run: RUN, checkpoint: 'generation-0' });
    await run('sigma.compareWithBaseline', { run: RUN, checkpoint: 'nothing' });
    const report = runReport({ path: RUN });
    know({ ...report, checkpoints: report.checkpoints.map((at) => ({ ...at, matrices: [] })) });
    await run('sigma.compareWithBaseline', RUN);
    know({ ...report, baseline: null });
    await run('sigma.compareWithBaseline', RUN);
    expect(state.said).toEqual([
      'generation-0 is the baseline itself: choose another checkpoint.',
      'runs/exp1 has no checkpoint “nothing”.',
      'No matrix of runs/exp1 could be read.',
      'runs/exp1 has no baseline yet.',
    ]);
    expect(panels).toEqual([]);
  });

  it('falls back on what a checkpoint has where it has no such matrix', async () => {
    const report = runReport({ path: RUN });
    const [first, ...others] = report.checkpoints;
    const other = matrixReport({ file: 'other.npy' });
    const moved = {
      ...first!,
      matrices: [{ ...other, report: { ...other.report, source: { ...other.report.source, path: '/x/other.npy' } } }],
    };
    know({ ...report, checkpoints: [moved, ...others] });
    await run('sigma.compareWithBaseline', RUN);
    expect(await compared()).toEqual(['/x/other.npy', newest[1]]);
  });
});

describe('a panel', () => {
  it('comes back after a reload with what it compared', async () => {
    expect(serializer.viewType).toBe('sigma.comparison');
    const panel = new FakePanel();
    panels.push(panel);
    const sides = ['b.npy', 'a.npy'].map((name) => ({ path: `/work/${name}`, name }));
    await serializer.revive(panel, { sides, matrix: '', hidden: [] });
    expect(panel.title).toBe('Comparison with b.npy');
    expect(await compared()).toEqual(['/work/b.npy', '/work/a.npy']);
    panel.received.fire({ type: 'baseline', side: 1 });
    await vi.waitFor(() => expect(panel.title).toBe('Comparison with a.npy'));
  });

  it.each([[undefined], [{ sides: [{ path: '/a', name: 'a' }] }], ['text']])('that saved %j is closed', async (saved) => {
    const panel = new FakePanel();
    const closed = vi.fn();
    panel.onDidDispose(closed);
    await serializer.revive(panel, saved);
    expect(closed).toHaveBeenCalledOnce();
  });

  it('copies and saves, and its other messages are dropped', async () => {
    const files = ['/work/a.npy', '/work/b.npy'].map(Uri.file);
    await run('sigma.compare', files[0], files);
    const [panel] = panels;
    panel!.received.fire({ type: 'copy', text: '## Narrower' });
    expect(state.clipboard).toBe('## Narrower');
    state.saveTo = undefined;
    panel!.received.fire({ type: 'save', file: { name: 'comparison.csv', encoding: 'utf8', content: 'a' } });
    await vi.waitFor(() => expect(state.proposed.at(-1)).toBe('/work/a-comparison.csv'));
    panel!.received.fire({ type: 'open', path: '/etc/passwd' });
    expect(log.warn).toHaveBeenCalledOnce();
  });
});
