import { beforeEach, describe, expect, it, vi } from 'vitest';
import { EventEmitter, state, ThemeColor, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { RunStatus } = await import('../../src/editor/run-status');
const { RunsModel } = await import('../../src/editor/runs-model');

const changed = new EventEmitter<void>();
const analyses = { running: [] as string[], onDidChange: changed.event as never, cancel: vi.fn() };
let model: InstanceType<typeof RunsModel>;
const pause = vi.fn();
let status: InstanceType<typeof RunStatus>;
beforeEach(() => {
  Object.assign(state, { workspaceFolders: [{ uri: Uri.file('/work') }] });
  analyses.running = [];
  model = new RunsModel();
  status = new RunStatus(model, analyses, pause);
});
/** As the editor shows it. */
const tooltip = () => (state.statusBarItem!.tooltip as { value: string }).value.replaceAll(/\\(.)/g, '$1');
function analyse(...paths: string[]): void {
  analyses.running = paths;
  changed.fire();
}

describe('the item in the status bar', () => {
  it('is not there without runs, and goes with the last', () => {
    expect(state.statusBarItem!.shown).toBe(false);
    model.watch(['/work/runs']);
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport() });
    expect(state.statusBarItem).toMatchObject({ shown: true, command: 'sigma.showHealth' });
    model.watch([]);
    expect(state.statusBarItem!.shown).toBe(false);
  });

  it('counts the runs, says how the worst of them is, and lists them', () => {
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport() });
    expect(state.statusBarItem).toMatchObject({ text: '$(pulse) Sigma: 1 run, healthy', backgroundColor: undefined });
    model.accept({ kind: 'changed', run: '/data/b', report: runReport({ path: '/data/b', level: 'collapsing' }) });
    model.accept({
      kind: 'notice',
      run: '/work/runs/exp1',
      notice: { kind: 'waiting', checkpoint: 'generation-3', waitingFor: 'still growing' },
    });
    expect(state.statusBarItem).toMatchObject({
      text: '$(pulse) Sigma: 2 runs, worst: collapsing',
      accessibilityInformation: { label: 'Sigma: 2 runs, worst: collapsing' },
      backgroundColor: new ThemeColor('statusBarItem.warningBackground'),
    });
    expect(tooltip().split('\n')).toEqual([
      '/data/b: Collapsing. It is losing directions.',
      '',
      'runs/exp1: Healthy. It is losing directions.',
      '- Waiting for generation-3 to be complete: still growing.',
      '',
      '[Show Model Health](command:sigma.showHealth)',
    ]);
  });

  it('leaves muted runs out of the worst', () => {
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport({ level: 'watch' }) });
    model.accept({ kind: 'changed', run: '/data/b', report: runReport({ path: '/data/b', level: 'broken' }) });
    expect(state.statusBarItem!.backgroundColor).toEqual(new ThemeColor('statusBarItem.errorBackground'));
    model.mute('/data/b', true);
    expect(state.statusBarItem).toMatchObject({ text: '$(pulse) Sigma: 2 runs, worst: worth watching', backgroundColor: undefined });
    expect(tooltip()).toContain('/data/b (muted): Broken numbers.');
    model.mute('/work/runs/exp1', true);
    expect(state.statusBarItem!.text).toBe('$(bell-slash) Sigma: all runs muted');
  });

  it('turns while runs are looked for, and while a file is analysed, which can be cancelled', () => {
    model.watch(['/work/runs']);
    expect(state.statusBarItem!.text).toBe('$(sync~spin) Sigma: looking for runs');
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport() });
    expect(tooltip()).not.toContain('Cancel');
    analyse('/work/model.safetensors');
    expect(state.statusBarItem).toMatchObject({ text: '$(sync~spin) Sigma: analysing model.safetensors', command: 'sigma.showHealth' });
    expect(tooltip()).toContain('[Cancel Analyses](command:sigma.cancelAnalyses)');
    analyse('/work/$(bug).npy');
    expect(state.statusBarItem!.text).toBe('$(sync~spin) Sigma: analysing $ (bug).npy');
    analyse('/work/a.npy', '/work/b.npy', '/work/c.npy');
    expect(state.statusBarItem!.text).toBe('$(sync~spin) Sigma: analysing a.npy and 2 more');
    state.commands.get('sigma.cancelAnalyses')!();
    expect(analyses.cancel).toHaveBeenCalledOnce();
    analyse();
    expect(state.statusBarItem!.text).toBe('$(pulse) Sigma: 1 run, healthy');
  });

  it('turns while a checkpoint is analysed, which can be cancelled and taken up again', () => {
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport() });
    state.commands.get('sigma.cancelAnalyses')!();
    expect(pause).not.toHaveBeenCalled();
    model.accept({ kind: 'analysis', run: '/work/runs/exp1', checkpoint: 'generation-3', state: 'running' });
    expect(state.statusBarItem!.text).toBe('$(sync~spin) Sigma: 1 run, healthy');
    expect(tooltip()).toContain('- Analysing generation-3.');
    expect(tooltip()).toContain('[Cancel Analyses](command:sigma.cancelAnalyses)');
    state.commands.get('sigma.cancelAnalyses')!();
    expect(pause).toHaveBeenLastCalledWith(true);
    model.pause(true);
    model.accept({ kind: 'analysis', run: '/work/runs/exp1', checkpoint: 'generation-3', state: 'paused' });
    expect(state.statusBarItem!.text).toBe('$(debug-pause) Sigma: 1 run, healthy, paused');
    expect(tooltip()).toContain('generation-3 is not analysed');
    expect(tooltip()).toContain('[Resume Analyses](command:sigma.resumeAnalyses)');
    expect(tooltip()).not.toContain('[Cancel');
    state.commands.get('sigma.resumeAnalyses')!();
    expect(pause).toHaveBeenLastCalledWith(false);
  });

  it('says that the engine fails, whatever else there is, until it runs again', () => {
    status.engineIs('failing');
    analyse('/work/a.npy');
    expect(state.statusBarItem).toMatchObject({
      shown: true,
      text: '$(error) Sigma: engine stopped',
      command: 'sigma.showLog',
      backgroundColor: new ThemeColor('statusBarItem.errorBackground'),
    });
    expect(tooltip()).toContain('[Restart Engine](command:sigma.restartEngine)');
    analyse();
    status.engineIs('running');
    expect(state.statusBarItem!.shown).toBe(false);
  });
});
