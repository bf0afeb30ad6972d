import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigurationTarget, Memory, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { registerRunActions } = await import('../../src/editor/run-actions');
const { RunProblems } = await import('../../src/editor/run-problems');
const { RunsModel } = await import('../../src/editor/runs-model');

const path = '/work/runs/exp1';
const { WorkspaceFolder, Workspace } = ConfigurationTarget;
let model: InstanceType<typeof RunsModel>;
let memory: Memory;
/** Files whose panels were opened, each with its tensor. */
const opened: [Uri, string | null][] = [];
beforeEach(() => {
  Object.assign(state, { executed: [], settings: {}, updated: [], quickPicks: [], chosen: [], clipboard: '', folderSettings: new Map() });
  state.diagnostics.clear();
  state.workspaceFolders = [{ uri: Uri.file('/work') }];
  model = new RunsModel();
  memory = new Memory();
  new RunProblems(model);
  opened.length = 0;
  registerRunActions(model, async (...opening) => void opened.push(opening as never), Uri.file('/extension') as never, memory);
  model.accept({ kind: 'changed', run: path, report: runReport({ level: 'collapsed' }) });
});
const command = (id: string, ...args: unknown[]) => state.commands.get(id)!(...args);
const run = () => model.runs.find((candidate) => candidate.path === path)!;
const node = () => ({ kind: 'run', run: run() });
const checkpoint = (index: number) => ({ kind: 'checkpoint', run: run(), checkpoint: run().checkpoints[index]! });

describe('Pin as Baseline', () => {
  it('writes the checkpoint into the entry of the run, and leaves its controls and the other entries as they are', async () => {
    const entry = { path: './runs/exp1', baseline: 'generation-0', controls: ['runs/control'] };
    state.settings = { runs: ['runs/exp0', entry, 7, { path: 'runs/exp2' }] };
    await command('sigma.pinBaseline', checkpoint(1));
    const pinned = { path: './runs/exp1', baseline: 'generation-1', controls: ['runs/control'] };
    expect(state.updated).toEqual([['runs', ['runs/exp0', pinned, 7, { path: 'runs/exp2' }], WorkspaceFolder]]);
  });

  it('makes an object of a path', async () => {
    state.settings = { runs: ['runs/exp1', 'more'] };
    await command('sigma.pinBaseline', checkpoint(1));
    expect(state.updated).toEqual([['runs', [{ path: 'runs/exp1', baseline: 'generation-1' }, 'more'], WorkspaceFolder]]);
  });

  it('adds an entry for a run in a watched folder, with the controls of the folder', async () => {
    const folder = { path: 'runs', controls: ['runs/control'] };
    state.settings = { runs: ['.', folder] };
    await command('sigma.pinBaseline', checkpoint(2));
    const pinned = { path: 'runs/exp1', baseline: 'generation-2', controls: ['runs/control'] };
    expect(state.updated).toEqual([['runs', ['.', folder, pinned], WorkspaceFolder]]);
  });

  it('writes where the run is named, also when it lies elsewhere', async () => {
    state.workspaceFolders = [{ uri: Uri.file('/work') }, { uri: Uri.file('/more') }];
    state.folderSettings.set('/more', { runs: ['/data/b'] });
    model.accept({ kind: 'changed', run: '/data/b', report: runReport({ path: '/data/b' }) });
    const report = model.runs.find((candidate) => candidate.path === '/data/b')!;
    await command('sigma.pinBaseline', { kind: 'checkpoint', run: report, checkpoint: report.checkpoints[1] });
    expect(state.updated).toEqual([['runs', [{ path: '../data/b', baseline: 'generation-1' }], WorkspaceFolder]]);
  });

  it('goes to the window where the run is in no folder and none names it', async () => {
    state.workspaceFolders = [{ uri: Uri.file('/elsewhere') }];
    await command('sigma.pinBaseline', checkpoint(0));
    expect(state.updated).toEqual([['runs', [{ path, baseline: 'generation-0' }], Workspace]]);
  });

  it('asks for the checkpoint where a run is given, and for both from the palette; it writes nothing when it is left', async () => {
    state.chosen = ['generation-1', 'runs/exp1', 'generation-2', 'runs/exp1', undefined, undefined];
    await command('sigma.pinBaseline', path);
    await command('sigma.pinBaseline');
    expect(state.quickPicks[0]!.map(({ label, description }) => [label, description])).toEqual([
      ['generation-0', 'baseline now'],
      ['generation-1', 'Not enough evidence'],
      ['generation-2', 'Collapsed'],
    ]);
    expect(state.updated.map(([, entries]) => entries)).toEqual([
      [{ path: 'runs/exp1', baseline: 'generation-1' }],
      [{ path: 'runs/exp1', baseline: 'generation-2' }],
    ]);
    await command('sigma.pinBaseline');
    await command('sigma.pinBaseline');
    expect(state.updated).toHaveLength(2);
  });
});

describe('Mute This Run', () => {
  it('takes its problem back and is remembered, until it is unmuted', async () => {
    expect(state.diagnostics.size).toBe(1);
    await command('sigma.muteRun', node());
    expect(state.diagnostics.size).toBe(0);
    expect(memory.get('sigma.mutedRuns')).toEqual([path]);
    expect(new RunsModel(memory.get('sigma.mutedRuns')).isMuted(path)).toBe(true);
    await command('sigma.unmuteRun', path);
    expect(state.diagnostics.size).toBe(1);
    expect(memory.get('sigma.mutedRuns')).toEqual([]);
  });

  it('asks for the run from the palette', async () => {
    state.chosen = ['runs/exp1'];
    await command('sigma.muteRun');
    expect(model.isMuted(path)).toBe(true);
  });
});

it('what is done about a run is chosen from a list, to which the code of its problem leads', async () => {
  const [[problem]] = [...state.diagnostics.values()];
  const { target } = problem!.code as { target: Uri };
  const [, id, args] = /^command:\W*([\w.]+)\?(.*)$/.exec(target.toString())!;
  expect(id).toBe('sigma.fixRun');
  state.chosen = ['Mute This Run', undefined];
  await command('sigma.fixRun', ...JSON.parse(decodeURIComponent(args!)));
  expect(state.quickPicks[0]!.map(({ label }) => label)).toContain('Open Report');
  expect(state.executed).toEqual([['sigma.muteRun', path]]);
  await command('sigma.fixRun', path);
  expect(state.executed).toHaveLength(1);
});

it('Open Report opens the newest checkpoint of a run, a checkpoint, or a tensor', async () => {
  const [matrix] = run().checkpoints[0]!.matrices;
  const tensor = { ...matrix!, report: { ...matrix!.report, source: { ...matrix!.report.source, tensor: 'h.0.weight' } } };
  await command('sigma.openReport', path);
  await command('sigma.openReport', checkpoint(1));
  await command('sigma.openReport', { ...checkpoint(0), kind: 'tensor', matrix: tensor });
  const file = (index: number) => Uri.file(`${path}/generation-${index}/embeddings.npy`);
  expect(opened).toEqual([
    [file(2), null],
    [file(1), null],
    [file(0), 'h.0.weight'],
  ]);
});

it('Copy Path copies the folder of a run, and the file of a checkpoint', async () => {
  await command('sigma.copyPath', node());
  expect(state.clipboard).toBe(path);
  await command('sigma.copyPath', checkpoint(1));
  expect(state.clipboard).toBe(`${path}/generation-1/embeddings.npy`);
});

it('Open the Sample opens a file that comes along', async () => {
  await command('sigma.openSample');
  expect(opened[0]![0]).toEqual(Uri.file('/extension/samples/replace-s0/generation-10/embeddings.npy'));
});
