import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULT_OPTIONS } from '../../src/analysis/report';
import type { RunWatchSet } from '../../src/engine/protocol';
import { state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { RunWatch } = await import('../../src/editor/run-watch');
const { RunsModel } = await import('../../src/editor/runs-model');

const log = { warn: vi.fn() };
const history = '/storage/runs.jsonl';
let sent: RunWatchSet[];
let model: InstanceType<typeof RunsModel>;
beforeEach(() => {
  Object.assign(state, { executed: [], settings: {}, trusted: true, workspaceFolders: [{ uri: Uri.file('/work') }] });
  log.warn.mockClear();
  sent = [];
  model = new RunsModel();
});

function watch() {
  return new RunWatch({ watchRuns: (set) => sent.push(set) }, model, history, log as never).register();
}
function configure(settings: Record<string, unknown>): void {
  state.settings = settings;
  state.configurationChanged.fire({ affectsConfiguration: () => true });
}
const exp1 = { path: '/work/runs/exp1', baseline: null, controls: [], options: DEFAULT_OPTIONS };

describe('RunWatch', () => {
  it('asks nothing of the engine without runs', () => {
    watch().dispose();
    expect(sent).toEqual([]);
    expect(state.executed).toEqual([]);
  });

  it('sends what the settings name, with the options of an analysis, and again only when that changes', () => {
    state.settings = { runs: ['runs/exp1'], maxRows: 500 };
    const watching = watch();
    expect(sent).toEqual([{ runs: [{ ...exp1, options: { ...DEFAULT_OPTIONS, rows: 500 } }], history, paused: false }]);
    expect(state.executed).toEqual([['setContext', 'sigma.watchedFolders', ['/work/runs/exp1']]]);
    configure({ runs: ['runs/exp1'], maxRows: 500 });
    expect(sent).toHaveLength(1);
    configure({ runs: ['runs/exp1'] });
    expect(sent).toHaveLength(2);
    watching.dispose();
    configure({ runs: [] });
    expect(sent).toHaveLength(2);
  });

  it('pauses the analyses of checkpoints and has them go on, whatever is watched meanwhile', () => {
    state.settings = { runs: ['runs/exp1'] };
    const watching = new RunWatch({ watchRuns: (set) => sent.push(set) }, model, history, log as never);
    const registered = watching.register();
    watching.pause(true);
    expect(sent.at(-1)).toEqual({ runs: [exp1], history, paused: true });
    expect(model.paused).toBe(true);
    expect(state.executed.at(-1)).toEqual(['setContext', 'sigma.analysesPaused', true]);
    configure({ runs: ['runs/exp2'] });
    expect(sent.at(-1)).toMatchObject({ runs: [{ path: '/work/runs/exp2' }], paused: true });
    watching.pause(false);
    expect(sent.at(-1)!.paused).toBe(false);
    registered.dispose();
  });

  it('ends the watch when the setting is emptied, and nothing is shown any more', () => {
    state.settings = { runs: ['runs/exp1'] };
    const watching = watch();
    model.accept({ kind: 'changed', run: '/work/runs/exp1', report: runReport() });
    configure({ runs: [] });
    expect(sent.at(-1)).toEqual({ runs: [], history, paused: false });
    expect(model.runs).toEqual([]);
    watching.dispose();
  });

  it('starts nothing in Restricted Mode, and starts when trust is granted', () => {
    Object.assign(state, { settings: { runs: ['runs/exp1'] }, trusted: false });
    const watching = watch();
    configure({ runs: ['runs/exp1', 'runs/exp2'] });
    expect(sent).toEqual([]);
    state.trusted = true;
    state.trustGranted.fire();
    expect(sent.map(({ runs }) => runs.map(({ path }) => path))).toEqual([['/work/runs/exp1', '/work/runs/exp2']]);
    watching.dispose();
  });

  it('reads the settings of every folder, and a run that two of them name once', () => {
    state.workspaceFolders = [{ uri: Uri.file('/work') }, { uri: Uri.file('/more') }];
    state.settings = { runs: ['runs', '/data'] };
    watch().dispose();
    expect(sent[0]!.runs.map(({ path }) => path).toSorted()).toEqual(['/data', '/more/runs', '/work/runs']);
  });

  it('watches absolute paths where no folder is open', () => {
    state.workspaceFolders = undefined;
    state.settings = { runs: ['runs', '/data'] };
    watch().dispose();
    expect(sent[0]!.runs.map(({ path }) => path)).toEqual(['/data']);
    expect(log.warn).toHaveBeenCalledWith('The setting sigma.runs cannot be "runs"; it is left aside.');
  });
});
