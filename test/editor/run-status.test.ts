import { beforeEach, expect, it, vi } from 'vitest';
import { state, ThemeColor, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { RunStatus } = await import('../../src/editor/run-status');
const { RunsModel } = await import('../../src/editor/runs-model');

let model: InstanceType<typeof RunsModel>;
beforeEach(() => {
  state.workspaceFolders = [{ uri: Uri.file('/work') }];
  model = new RunsModel();
  new RunStatus(model);
});

it('is not there without runs, and goes with the last', () => {
  expect(state.statusBarItem!.shown).toBe(false);
  model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport() });
  expect(state.statusBarItem).toMatchObject({ shown: true, command: 'sigma.showRuns' });
  model.accept({ kind: 'ended', run: '/work/runs/exp1' });
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
    tooltip: [
      '/data/b: Collapsing. It is losing directions.',
      'runs/exp1: Healthy. It is losing directions.',
      '    generation-3: still growing',
    ].join('\n'),
  });
});
