import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationTarget, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { registerRunCommands } = await import('../../src/editor/run-commands');
const { RunsModel } = await import('../../src/editor/runs-model');

let model: InstanceType<typeof RunsModel>;
/** Files whose panels were opened, each with its tensor. */
const opened: [Uri, string | null][] = [];
beforeEach(() => {
  Object.assign(state, { executed: [], said: [], choice: undefined, settings: {}, updated: [], trusted: true, picked: undefined });
  Object.assign(state, { quickPicks: [], chosen: [], workspaceFolders: [{ uri: Uri.file('/work') }] });
  model = new RunsModel();
  opened.length = 0;
  registerRunCommands(model, async (...opening) => void opened.push(opening as never));
});
const run = (command: string, ...args: unknown[]) => state.commands.get(command)!(...args);

describe('Show Runs', () => {
  beforeEach(() => {
    model.accept({ kind: 'changed', run: '/data/b', report: runReport({ path: '/data/b' }) });
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport({ level: 'collapsed' }) });
  });

  it('lists the runs, worst first, then the checkpoints, newest first, and opens the chosen one', async () => {
    state.chosen = ['runs/exp1', 'generation-1'];
    await run('sigma.showRuns');
    expect(state.quickPicks.map((items) => items.map(({ label, description }) => [label, description]))).toEqual([
      [
        ['runs/exp1', 'Collapsed'],
        ['/data/b', 'Healthy'],
      ],
      [
        ['generation-2', 'Collapsed'],
        ['generation-1', 'Not enough evidence'],
        ['generation-0', 'Not enough evidence'],
      ],
    ]);
    expect(state.quickPicks[0]![0]!.detail).toBe('It is losing directions.');
    const file = Uri.file('/work/runs/exp1/generation-1/embeddings.npy');
    expect(opened).toEqual([[file, null]]);
  });

  it.each([[[]], [['runs/exp1']]])('opens nothing when it is left after %j', async (chosen) => {
    state.chosen = chosen;
    await run('sigma.showRuns');
    expect(opened).toEqual([]);
  });

  it('says why nothing is watched in Restricted Mode', async () => {
    Object.assign(state, { trusted: false, choice: 'Manage Workspace Trust' });
    await run('sigma.showRuns');
    expect(state.said).toEqual(['Runs are not watched in Restricted Mode.']);
    expect(state.executed).toEqual([['workbench.trust.manage']]);
  });
});

it('Show Runs offers to watch one where none is', async () => {
  state.choice = 'Watch a Run';
  await run('sigma.showRuns');
  expect(state.said).toHaveLength(1);
  expect(state.executed).toEqual([['sigma.watchRun']]);
});

describe('Watch This Run', () => {
  it('adds the folder to the settings of its workspace folder, relative to it, and keeps what is there', async () => {
    state.settings = { runs: ['old', { path: 'runs/exp0' }, 7] };
    await run('sigma.watchRun', Uri.file('/work/runs/exp1'));
    expect(state.updated).toEqual([['runs', ['old', { path: 'runs/exp0' }, 7, 'runs/exp1'], ConfigurationTarget.WorkspaceFolder]]);
  });

  it('names the workspace folder itself by a dot', async () => {
    await run('sigma.watchRun', Uri.file('/work'));
    expect(state.updated).toEqual([['runs', ['.'], ConfigurationTarget.WorkspaceFolder]]);
  });

  it('asks for a folder from the palette, and takes the absolute path of one outside', async () => {
    await run('sigma.watchRun');
    expect(state.updated).toEqual([]);
    state.picked = [Uri.file('/data/b')];
    await run('sigma.watchRun');
    state.workspaceFolders = undefined;
    await run('sigma.watchRun');
    expect(state.updated).toEqual([
      ['runs', ['/data/b'], ConfigurationTarget.Workspace],
      ['runs', ['/data/b'], ConfigurationTarget.Global],
    ]);
  });
});

it('Stop Watching This Run takes the folder out, however it is named, and leaves the others', async () => {
  state.settings = { runs: ['runs/exp1', { path: '/work/runs/exp1', baseline: 'a' }, './runs/exp1/', 'runs/exp2'] };
  await run('sigma.unwatchRun', Uri.file('/work/runs/exp1'));
  expect(state.updated).toEqual([['runs', ['runs/exp2'], ConfigurationTarget.WorkspaceFolder]]);
});

describe('Stop Watching This Run', () => {
  it('takes a row of the view, and a path', async () => {
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport() });
    for (const target of [{ kind: 'run', run: model.runs[0] }, '/work/runs/exp1']) {
      state.settings = { runs: ['runs/exp1', 'runs/exp2'] };
      await run('sigma.unwatchRun', target);
    }
    expect(state.updated.map(([, runs]) => runs)).toEqual([['runs/exp2'], ['runs/exp2']]);
  });

  it('says where a run is watched with all in its folder, and stops watching that where it is wanted', async () => {
    state.settings = { runs: ['runs', 'other'] };
    await run('sigma.unwatchRun', Uri.file('/work/runs/exp1'));
    expect(state.said).toEqual(['runs/exp1 is watched with all runs in runs.']);
    expect(state.updated).toEqual([]);
    state.choice = 'Stop Watching runs';
    await run('sigma.unwatchRun', Uri.file('/work/runs/exp1'));
    expect(state.updated).toEqual([['runs', ['other'], ConfigurationTarget.WorkspaceFolder]]);
  });
});
