import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { state, TabInputCustom, TabInputText, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { registerAnalyzeCommand } = await import('../../src/editor/analyze-command');
const { RunsModel } = await import('../../src/editor/runs-model');

const file = (name: string) => Uri.file(`/models/${name}`);
const run = (...args: unknown[]) => state.commands.get('sigma.analyze')!(...args);
let opened: string[];
let runs: InstanceType<typeof RunsModel>;

beforeEach(() => {
  Object.assign(state, { executed: [], said: [], activeTab: null, picked: undefined, dialogs: 0, choice: undefined, trusted: true });
  opened = [];
  runs = new RunsModel();
  registerAnalyzeCommand(async (uri) => void opened.push(uri.path), runs);
});

describe('analyze', () => {
  it('opens the clicked file', async () => {
    await run(file('a.npy'), [file('a.npy')]);
    expect(opened).toEqual(['/models/a.npy']);
  });

  it('opens every selected file that can be read', async () => {
    await run(file('a.npy'), [file('a.npy'), file('notes.txt'), file('sub'), file('b.PT')]);
    expect(opened).toEqual(['/models/a.npy', '/models/b.PT']);
  });

  it('opens at most eight, and says that there were more', async () => {
    const files = Array.from({ length: 9 }, (_, index) => file(`${index}.npy`));
    await run(files[0], files);
    expect(opened).toHaveLength(8);
    expect(state.said).toEqual(['Sigma opens at most 8 panels at once: the first 8 of 9 files are open.']);
  });

  it('takes a problem, which names its file as text', async () => {
    await run('file:///models/a.pt');
    expect(opened).toEqual(['/models/a.pt']);
  });

  it('takes a tab menu, whose second argument is no selection', async () => {
    await run(file('a.npz'), { groupId: 1, editorIndex: 0 });
    expect(opened).toEqual(['/models/a.npz']);
  });

  it.each([
    ['text', new TabInputText(file('table.csv'))],
    ['custom', new TabInputCustom(file('table.csv'), 'other.editor')],
  ])('takes the file of the active %s tab when called from the palette', async (_, input) => {
    state.activeTab = input;
    await run();
    expect(opened).toEqual(['/models/table.csv']);
    expect(state.dialogs).toBe(0);
  });

  it('asks for files when the active tab shows none that can be read', async () => {
    state.activeTab = new TabInputText(file('train.py'));
    state.picked = [file('a.npy'), file('b.npy')];
    await run();
    expect(opened).toHaveLength(2);
  });

  it('does nothing when nothing is picked', async () => {
    await run();
    expect(state.dialogs).toBe(1);
    expect(opened).toEqual([]);
  });
});

describe('a folder', () => {
  let root: string;
  const folder = (name: string) => Uri.file(join(root, name));
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'sigma-folders-'));
    for (const [name, files] of [
      ['step-100', ['.metadata', '__0_0.distcp']],
      ['step-200', ['.metadata', '__0_0.distcp']],
      ['run', ['log.txt']],
    ] as const) {
      mkdirSync(join(root, name));
      for (const file of files) writeFileSync(join(root, name, file), '');
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('that is a model opens as it is, also among selected files and other folders', async () => {
    await run(folder('step-100'), [folder('step-100')]);
    await run(folder('step-100'), [folder('step-100'), folder('run'), folder('step-200'), file('a.npy'), file('notes.txt')]);
    expect(opened).toEqual(
      ['step-100', 'step-100', 'step-200', 'a.npy'].map((name) => (name === 'a.npy' ? '/models/a.npy' : join(root, name))),
    );
    expect(state.said).toEqual([]);
  });

  it('that a problem names opens too', async () => {
    await run(`file://${root}/step-100`);
    expect(opened).toEqual([join(root, 'step-100')]);
  });

  it('that is no model is said to be none, and can be watched', async () => {
    state.choice = 'Watch This Folder';
    await run(folder('run'), [folder('run')]);
    expect(opened).toEqual([]);
    expect(state.said).toEqual([
      '“run” is not a dataset or a model as a whole. Choose a file inside it, or watch it if training saves its checkpoints there.',
    ]);
    expect(state.executed).toEqual([['sigma.watchRun', folder('run')]]);
  });

  it('that is watched already has its run opened, and in Restricted Mode none is watched', async () => {
    state.choice = 'Open Run';
    await run(folder('run'), [folder('run')]);
    expect(state.executed).toEqual([]);
    runs.accept({ kind: 'changed', run: join(root, 'run'), report: runReport({ path: join(root, 'run') }) });
    await run(folder('run'), [folder('run')]);
    expect(state.executed).toEqual([['sigma.openRun', join(root, 'run')]]);
    runs = new RunsModel();
    registerAnalyzeCommand(async () => {}, runs);
    Object.assign(state, { trusted: false, choice: 'Watch This Folder', executed: [] });
    await run(folder('run'), [folder('run')]);
    expect(state.executed).toEqual([]);
  });

  it('that is no model has files to choose from', async () => {
    Object.assign(state, { choice: 'Choose a File…', picked: [file('a.npy')] });
    await run(folder('run'), [folder('run')]);
    expect(opened).toEqual(['/models/a.npy']);
  });
});
