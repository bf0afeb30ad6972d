import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level } from '../../src/analysis/report';
import type { HealthNode } from '../../src/editor/health-view';
import type { RunReport } from '../../src/engine/protocol';
import { matrixReport } from '../runs/reports';
import { state, ThemeColor, ThemeIcon, TreeItemCollapsibleState, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { HealthView } = await import('../../src/editor/health-view');
const { RunsModel } = await import('../../src/editor/runs-model');

let model: InstanceType<typeof RunsModel>;
let view: InstanceType<typeof HealthView>;
beforeEach(() => {
  Object.assign(state, { executed: [], quickPicks: [], chosen: [], workspaceFolders: [{ uri: Uri.file('/work') }] });
  model = new RunsModel();
  view = new HealthView(model);
});

function accept(report: RunReport): void {
  model.accept({ kind: 'changed', run: report.path, report });
}
const labels = (node?: HealthNode) => view.getChildren(node).map((child) => view.getTreeItem(child).label);
const run = (name: string) => view.getChildren().find((node) => view.getTreeItem(node).label === name)!;
const command = (id: string, ...args: unknown[]) => state.commands.get(id)!(...args);

/** Markdown as the editor shows it. */
const read = (tooltip: unknown) => (tooltip as { value: string }).value.replaceAll(/\\(.)/g, '$1');

/** Its newest checkpoint holds these matrices, and its baseline the first of them with an effective rank of 40. */
function withMatrices(report: RunReport, matrices: readonly ReturnType<typeof matrixReport>[]): RunReport {
  const [first, ...others] = report.checkpoints;
  const newest = { ...others.pop()!, matrices };
  return { ...report, checkpoints: [{ ...first!, matrices: [matrixReport({ effectiveRank: 40 })] }, ...others, newest] };
}

describe('the rows of Model Health', () => {
  it('are runs, worst first, then checkpoints, newest first, then tensors, worst first', () => {
    accept(runReport({ path: '/work/runs/b' }));
    const tensors = [
      matrixReport({ file: 'm.safetensors', tensor: 'wte' }),
      matrixReport({ file: 'm.safetensors', tensor: 'lm_head', level: 'broken' }),
      matrixReport({ level: 'watch' }),
    ];
    accept(withMatrices(runReport({ path: '/work/runs/a', level: 'broken' }), tensors));
    expect(labels()).toEqual(['runs/a', 'runs/b']);
    expect(labels(run('runs/a'))).toEqual(['generation-2', 'generation-1', 'generation-0']);
    const newest = view.getChildren(run('runs/a'))[0]!;
    expect(labels(newest)).toEqual(['lm_head', 'embeddings.npy', 'wte']);
    const tensor = view.getChildren(newest)[0]!;
    expect(view.getChildren(tensor)).toEqual([]);
    expect(view.getParent(tensor)).toEqual(newest);
    expect(view.getParent(newest)).toEqual(run('runs/a'));
    expect(view.getParent(run('runs/a'))).toBeUndefined();
  });

  it('has tensors of one level by what they have lost, the most first', () => {
    const [first, ...others] = runReport().checkpoints;
    const layers = (ranks: readonly number[]) =>
      ranks.map((effectiveRank, layer) => matrixReport({ file: 'm.safetensors', tensor: `h.${layer}`, effectiveRank }));
    const checkpoints = [
      { ...first!, matrices: layers([40, 80, 40]) },
      { ...others[0]!, matrices: layers([36, 40, 44]) },
    ];
    accept({ ...runReport(), checkpoints });
    expect(labels(view.getChildren(run('runs/exp1'))[0])).toEqual(['h.1', 'h.0', 'h.2']);
  });

  it('say level, key numbers and what they are against the baseline, in words that are read out too', () => {
    const onset = { name: 'generation-2', step: 2 };
    const forecast = { quantity: 'effectiveRank', threshold: 20, step: 14, lower: 12, upper: 19, confidence: 0.9 };
    accept({ ...withMatrices(runReport({ level: 'collapsing', onset, alarm: onset }), [matrixReport({ effectiveRank: 30 })]), forecast });
    model.accept({
      kind: 'notice',
      run: '/work/runs/exp1',
      notice: { kind: 'waiting', checkpoint: 'generation-3', waitingFor: 'still growing' },
    });
    const item = view.getTreeItem(run('runs/exp1'));
    expect(item).toMatchObject({
      id: '/work/runs/exp1',
      description: 'Collapsing · effective rank 30, −25 % · 3 checkpoints',
      accessibilityInformation: { label: 'runs/exp1, Collapsing · effective rank 30, −25 % · 3 checkpoints' },
      iconPath: new ThemeIcon('arrow-down', new ThemeColor('sigma.collapsingForeground')),
      contextValue: 'run',
      collapsibleState: TreeItemCollapsibleState.Collapsed,
    });
    expect(read(item.tooltip).split('\n\n')).toEqual([
      'runs/exp1: Collapsing',
      'It is losing directions.',
      'Onset: generation-2, the first that does not fit the baseline generation-0.',
      'Alarm: generation-2, where that was certain.',
      "Forecast: effective rank is forecast to fall below 20, half of the baseline's, at step 14, between 12 and 19 (90 %).",
      'Plain folder: 3 checkpoints.',
      'Waiting for generation-3 to be complete: still growing.',
    ]);
    const [newest, , baseline] = view.getChildren(run('runs/exp1')).map((node) => view.getTreeItem(node));
    expect(newest!.description).toBe('Collapsing · onset · alarm · effective rank 30, −25 %');
    expect(baseline).toMatchObject({
      description: 'Not enough evidence · baseline · effective rank 40',
      contextValue: 'checkpoint.baseline',
    });
  });

  it('say how far each quantity has gone', () => {
    const report = runReport({ level: 'collapsing' });
    const drift = { shape: { value: -12.5, z: -8.123, evidence: 50 }, U_cov: { value: 0.5, z: null, evidence: null } };
    accept({ ...report, checkpoints: report.checkpoints.map((checkpoint) => ({ ...checkpoint, drift })) });
    const [node] = view.getChildren(run('runs/exp1'));
    const { tooltip } = view.resolveTreeItem(view.getTreeItem(node!), node!);
    expect(read(tooltip)).toMatch(/: −12\.50 from the baseline, −8\.120 standard deviations\.\n\nU_cov: \+0\.5000 from the baseline\.$/);
  });

  it('open the report of a tensor', () => {
    accept(runReport());
    const checkpoint = view.getChildren(run('runs/exp1'))[0]!;
    const tensor = view.getChildren(checkpoint)[0]!;
    const item = view.getTreeItem(tensor);
    expect(item.description).toBe('Healthy · effective rank 37, ±0 % · 1,000 × 100');
    expect(item.command).toMatchObject({ command: 'sigma.openReport', arguments: [tensor] });
  });

  it('have an id of their own each, the same at every redraw', () => {
    accept(withMatrices(runReport(), [matrixReport(), matrixReport({ tensor: 'a' }), matrixReport({ tensor: 'b' })]));
    const ids = (node?: HealthNode): unknown[] => view.getChildren(node).flatMap((child) => [view.getTreeItem(child).id, ...ids(child)]);
    const before = ids();
    expect(new Set(before).size).toBe(before.length);
    expect(before).toHaveLength(1 + 3 + 5);
    accept(withMatrices(runReport({ level: 'broken' }), [matrixReport(), matrixReport({ tensor: 'a' }), matrixReport({ tensor: 'b' })]));
    expect(ids()).toEqual(before);
  });

  it.each<Level>(['healthy', 'watch', 'collapsing', 'collapsed', 'broken', 'unknown'])('have a shape for the level %s', (level) => {
    accept(runReport({ level }));
    const { iconPath } = view.getTreeItem(run('runs/exp1'));
    accept(runReport({ level: level === 'healthy' ? 'broken' : 'healthy' }));
    expect(view.getTreeItem(run('runs/exp1')).iconPath).not.toMatchObject({ id: (iconPath as ThemeIcon).id });
  });
});

describe('Model Health', () => {
  it('is drawn anew when the model changes', () => {
    const redrawn = vi.fn();
    view.onDidChangeTreeData(redrawn);
    expect(labels()).toEqual([]);
    accept(runReport());
    expect(redrawn).toHaveBeenCalledTimes(1);
    expect(labels()).toEqual(['runs/exp1']);
    model.accept({ kind: 'ended', run: '/work/runs/exp1' });
    expect(redrawn).toHaveBeenCalledTimes(2);
    expect(labels()).toEqual([]);
    view.dispose();
    accept(runReport());
    expect(redrawn).toHaveBeenCalledTimes(2);
  });

  it('counts the runs that are collapsing or worse, without the muted ones, which come last', () => {
    accept(runReport({ path: '/a', level: 'collapsing' }));
    accept(runReport({ path: '/b', level: 'broken' }));
    accept(runReport({ path: '/c', level: 'watch' }));
    expect(state.treeView!.badge).toMatchObject({ value: 2 });
    model.mute('/b', true);
    expect(state.treeView!.badge).toMatchObject({ value: 1, tooltip: '1 run is collapsing or worse' });
    expect(labels()).toEqual(['/a', '/c', '/b']);
    expect(view.getTreeItem(run('/b'))).toMatchObject({
      contextValue: 'run.muted',
      description: expect.stringMatching(/^Broken numbers · muted · /),
    });
    model.mute('/a', true);
    expect(state.treeView!.badge).toBeUndefined();
    model.mute('/b', false);
    expect(labels()).toEqual(['/b', '/c', '/a']);
  });

  it('lists what is as bad as the filter asks, and says that it is filtered', async () => {
    for (const level of ['healthy', 'unknown', 'watch', 'collapsed'] as const) accept(runReport({ path: `/${level}`, level }));
    state.chosen = ['Worth watching or worse'];
    await command('sigma.filterHealth');
    expect(labels()).toEqual(['/collapsed', '/watch']);
    expect(state.treeView!.description).toBe('Worth watching or worse');
    expect(state.executed).toEqual([['setContext', 'sigma.runsHidden', true]]);
    state.chosen = [undefined];
    await command('sigma.filterHealth');
    expect(labels()).toHaveLength(2);
    await command('sigma.showEveryRun');
    expect(labels()).toEqual(['/collapsed', '/watch', '/unknown', '/healthy']);
    expect(state.treeView!.description).toBeUndefined();
    expect(state.executed.at(-1)).toEqual(['setContext', 'sigma.runsHidden', false]);
  });

  it('tells the editor whether anything is to be watched, once', () => {
    model.watch([]);
    expect(state.executed).toEqual([]);
    model.watch(['/work/runs']);
    accept(runReport());
    expect(state.executed).toEqual([['setContext', 'sigma.watching', true]]);
    model.watch([]);
    expect(state.executed.at(-1)).toEqual(['setContext', 'sigma.watching', false]);
  });

  it('shows a run that is asked for, through the filter, and otherwise itself', async () => {
    accept(runReport());
    state.chosen = ['Collapsed or worse'];
    await command('sigma.filterHealth');
    expect(labels()).toEqual([]);
    await command('sigma.showHealth', '/work/runs/exp1');
    expect(labels()).toEqual(['runs/exp1']);
    expect(state.treeView!.revealed).toEqual([{ kind: 'run', run: model.runs[0] }]);
    await command('sigma.showHealth', '/gone');
    await command('sigma.showHealth');
    expect(state.executed.slice(-2)).toEqual([['sigma.health.focus'], ['sigma.health.focus']]);
  });
});
