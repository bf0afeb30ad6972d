import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { state, Uri } from './fake-vscode';
import { runReport } from './run-reports';
import { script, scriptWorkspace, settle } from './scripts';

vi.mock('vscode', () => import('./fake-vscode'));
const { ScriptMentions } = await import('../../src/editor/script-mentions');
const { RunLenses } = await import('../../src/editor/run-lenses');
const { RunsModel } = await import('../../src/editor/runs-model');

const root = scriptWorkspace();
const exp1 = path.join(root, 'runs/exp1');
const onset = { name: 'generation-1', step: 1 };
let model: InstanceType<typeof RunsModel>;
let mentions: InstanceType<typeof ScriptMentions>;
beforeEach(() => {
  model = new RunsModel();
  mentions = new ScriptMentions(model);
  model.watch([exp1]);
});
afterEach(() => mentions.dispose());

async function lenses(text: string): Promise<unknown[]> {
  const document = script(path.join(root, 'train.py'), 'python', text);
  await settle(mentions);
  return new RunLenses(mentions).provideCodeLenses(document).map(({ range, command }) => {
    const { startLine } = range as unknown as { startLine: number };
    return [startLine, command!.title, command!.command, command!.arguments![0]];
  });
}
function accept(run: string, facts: Parameters<typeof runReport>[0] = {}): void {
  model.accept({ kind: 'changed', run, report: runReport({ path: run, ...facts }) });
}

describe('lenses', () => {
  it('say how a run is, since when and after how many checkpoints, and lead to the run and its newest report', async () => {
    accept(exp1, { level: 'collapsing', onset });
    const file = Uri.file(`${exp1}/generation-2/embeddings.npy`);
    expect(await lenses('args(\n  output_dir="runs/exp1",\n)')).toEqual([
      [1, '$(arrow-down)\u00a0collapsing since generation-1 · 3 checkpoints', 'sigma.showHealth', exp1],
      [1, 'open generation-2', 'sigma.analyze', file],
    ]);
  });

  it('say that all is well, and that a run is muted', async () => {
    accept(exp1);
    expect((await lenses('output_dir="runs/exp1"'))[0]).toEqual([0, '$(check)\u00a0healthy · 3 checkpoints', 'sigma.showHealth', exp1]);
    model.mute(exp1, true);
    expect((await lenses('output_dir="runs/exp1"'))[0]).toEqual([
      0,
      '$(bell-slash)\u00a0healthy · 3 checkpoints',
      'sigma.showHealth',
      exp1,
    ]);
  });

  it('count the runs below a folder, and name the worst', async () => {
    accept(exp1);
    accept(path.join(root, 'runs/exp2'), { level: 'collapsed' });
    const [title] = (await lenses('output_dir="runs"')) as [unknown[]];
    expect(title.slice(1, 4)).toEqual([
      '$(error)\u00a02 runs · worst: runs/exp2, collapsed',
      'sigma.showHealth',
      path.join(root, 'runs/exp2'),
    ]);
  });

  it('offer once to watch a folder that is not watched', async () => {
    expect(await lenses('output_dir="logs"\nsave_dir="logs"')).toEqual([
      [0, 'Sigma: watch this run', 'sigma.watchRun', Uri.file(path.join(root, 'logs'))],
    ]);
  });

  it('stand once above a line, and above each line that names the run', async () => {
    accept(exp1);
    const lines = (await lenses('f(output_dir="runs/exp1", save_dir="runs/exp1")\nrun_dir="runs/exp1"')) as [number][];
    expect(lines.map(([line]) => line)).toEqual([0, 0, 1, 1]);
  });

  it('have no icon or second line from a name', async () => {
    accept(exp1, { level: 'collapsing', onset: { name: `a$(bug)\n\u202e${'b'.repeat(100)}`, step: 1 } });
    const [[, title]] = (await lenses('output_dir="runs/exp1"')) as [[unknown, string]];
    expect(title).toMatch(/^\$\(arrow-down\)\u00a0collapsing since a\$ \(bug\) {2}b+… · 3 checkpoints$/);
  });

  it('are off where the setting says so', async () => {
    accept(exp1);
    state.settings = { 'inline.codeLens': false };
    expect(await lenses('output_dir="runs/exp1"')).toEqual([]);
  });
});
