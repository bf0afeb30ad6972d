import { beforeEach, describe, expect, it, vi } from 'vitest';
import { state, TabInputCustom, TabInputText, Uri } from './fake-vscode';

vi.mock('vscode', () => import('./fake-vscode'));
const { registerAnalyzeCommand } = await import('../../src/editor/analyze-command');

const file = (name: string) => Uri.file(`/models/${name}`);
const run = (...args: unknown[]) => state.commands.get('sigma.analyze')!(...args);
const opened = () => state.executed.map(([command, uri, editor]) => `${command} ${(uri as Uri).path} ${editor}`);

beforeEach(() => {
  Object.assign(state, { executed: [], said: [], activeTab: null, picked: undefined, dialogs: 0 });
  registerAnalyzeCommand();
});

describe('analyze', () => {
  it('opens the clicked file', async () => {
    await run(file('a.npy'), [file('a.npy')]);
    expect(opened()).toEqual(['vscode.openWith /models/a.npy sigma.spectrum']);
  });

  it('opens every selected file that can be read', async () => {
    await run(file('a.npy'), [file('a.npy'), file('notes.txt'), file('sub'), file('b.PT')]);
    expect(opened()).toEqual(['vscode.openWith /models/a.npy sigma.spectrum', 'vscode.openWith /models/b.PT sigma.spectrum']);
  });

  it('opens at most eight, and says that there were more', async () => {
    const files = Array.from({ length: 9 }, (_, index) => file(`${index}.npy`));
    await run(files[0], files);
    expect(opened()).toHaveLength(8);
    expect(state.said).toEqual(['Sigma opens at most 8 panels at once: the first 8 of 9 files are open.']);
  });

  it('takes a problem, which names its file as text', async () => {
    await run('file:///models/a.pt');
    expect(opened()).toEqual(['vscode.openWith /models/a.pt sigma.spectrum']);
  });

  it('takes a tab menu, whose second argument is no selection', async () => {
    await run(file('a.npz'), { groupId: 1, editorIndex: 0 });
    expect(opened()).toEqual(['vscode.openWith /models/a.npz sigma.spectrum']);
  });

  it.each([
    ['text', new TabInputText(file('table.csv'))],
    ['custom', new TabInputCustom(file('table.csv'), 'other.editor')],
  ])('takes the file of the active %s tab when called from the palette', async (_, input) => {
    state.activeTab = input;
    await run();
    expect(opened()).toEqual(['vscode.openWith /models/table.csv sigma.spectrum']);
    expect(state.dialogs).toBe(0);
  });

  it('asks for files when the active tab shows none that can be read', async () => {
    state.activeTab = new TabInputText(file('train.py'));
    state.picked = [file('a.npy'), file('b.npy')];
    await run();
    expect(opened()).toHaveLength(2);
  });

  it('does nothing when nothing is picked', async () => {
    await run();
    expect(state.dialogs).toBe(1);
    expect(opened()).toEqual([]);
  });
});
