import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level } from '../../src/analysis/report';
import { ConfigurationTarget, Memory, state, Uri } from './fake-vscode';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { RunNotifications } = await import('../../src/editor/notifications');
const { RunsModel } = await import('../../src/editor/runs-model');

const run = '/work/runs/exp1';
let memory: Memory;
let model: InstanceType<typeof RunsModel>;
let notifications: InstanceType<typeof RunNotifications>;

function openWindow(): void {
  model = new RunsModel();
  notifications = new RunNotifications(model, memory);
}
beforeEach(() => {
  Object.assign(state, { said: [], executed: [], choice: undefined, settings: {}, updated: [], saved: new Map() });
  state.workspaceFolders = [{ uri: Uri.file('/work') }];
  memory = new Memory();
  vi.useFakeTimers({ now: 1_000_000 });
  openWindow();
  return () => vi.useRealTimers();
});

/** The run gets to a generation, which was saved so many milliseconds after the first window was opened. */
async function reach(generation: number, level: Level, saved: number, path = run): Promise<void> {
  const report = runReport({ path, level });
  const newest = { ...report.checkpoints[2]!, name: `generation-${generation}`, step: generation };
  state.saved.set(`${path}/generation-2/embeddings.npy`, 1_000_000 + saved);
  model.accept({ kind: 'changed', run: path, report: { ...report, checkpoints: [newest] } });
  await vi.advanceTimersByTimeAsync(10);
}

describe('a notification', () => {
  it('comes once for each change for the worse, and not when the run gets better', async () => {
    await reach(0, 'healthy', 10);
    await reach(1, 'watch', 20);
    expect(state.said).toEqual([]);
    await reach(2, 'collapsing', 30);
    await reach(3, 'collapsing', 40);
    expect(state.said).toEqual(['runs/exp1: Collapsing. It is losing directions.']);
    await reach(4, 'collapsed', 50);
    await reach(5, 'collapsing', 60);
    await reach(6, 'healthy', 70);
    expect(state.said).toHaveLength(2);
    expect(state.said[1]).toMatch(/Collapsed/);
    await reach(7, 'broken', 80);
    expect(state.said).toHaveLength(3);
  });

  it('does not come for what lay there when the run was first seen, also as its checkpoints are read one by one', async () => {
    for (const [generation, level] of (['healthy', 'collapsing', 'collapsed'] as const).entries()) await reach(generation, level, -500);
    expect(state.said).toEqual([]);
    await reach(3, 'collapsed', 10);
    expect(state.said).toEqual([]);
    await reach(4, 'broken', 20);
    expect(state.said).toHaveLength(1);
  });

  it('is not repeated after a reload or when the engine starts again, and what happened meanwhile is said', async () => {
    await reach(0, 'healthy', 10);
    await reach(1, 'collapsing', 20);
    expect(state.said).toHaveLength(1);
    for (const start of [openWindow, () => {}]) {
      start();
      await reach(0, 'healthy', 10);
      await reach(1, 'unknown', 20);
      await reach(1, 'collapsing', 20);
      expect(state.said).toHaveLength(1);
    }
    notifications.dispose();
    await vi.advanceTimersByTimeAsync(5000);
    openWindow();
    await reach(0, 'healthy', 10);
    await reach(1, 'collapsing', 20);
    await reach(2, 'collapsed', 3000);
    expect(state.said).toHaveLength(2);
  });

  it('comes for a run that is trained anew in the same folder', async () => {
    await reach(9, 'collapsed', 10);
    await reach(0, 'healthy', 20);
    await reach(1, 'collapsing', 30);
    expect(state.said).toHaveLength(2);
  });

  it('does not come for a checkpoint that is gone', async () => {
    await reach(0, 'collapsed', 10);
    expect(state.said).toHaveLength(1);
    model.accept({ kind: 'changed', run: '/gone', report: runReport({ path: '/gone', level: 'broken' }) });
    await vi.advanceTimersByTimeAsync(10);
    expect(state.said).toHaveLength(1);
  });

  it('is one at a time for a run: the last of what changes meanwhile is said when it is closed', async () => {
    let close!: () => void;
    const { window } = await import('./fake-vscode');
    const closed = new Promise<undefined>((resolve) => {
      close = () => resolve(undefined);
    });
    const shown = vi.spyOn(window, 'showWarningMessage').mockReturnValueOnce(closed);
    await reach(0, 'collapsing', 10);
    expect(shown).toHaveBeenCalledOnce();
    await reach(1, 'collapsing', 20);
    await reach(2, 'collapsed', 30);
    await reach(0, 'collapsed', 10, '/other');
    expect(state.said).toEqual(['/other: Collapsed. It is losing directions.']);
    close();
    await vi.advanceTimersByTimeAsync(10);
    expect(state.said.slice(1)).toEqual(['runs/exp1: Collapsed. It is losing directions.']);
  });

  it('does not say what the panel shows that was opened from one', async () => {
    let choose!: (choice: unknown) => void;
    const { window } = await import('./fake-vscode');
    vi.spyOn(window, 'showWarningMessage').mockReturnValueOnce(new Promise<never>((resolve) => (choose = resolve as typeof choose)));
    await reach(0, 'collapsing', 10);
    await reach(1, 'collapsed', 20);
    choose('Show');
    await vi.advanceTimersByTimeAsync(10);
    expect(state.executed).toEqual([['sigma.openRun', run]]);
    expect(state.said).toEqual([]);
    await reach(2, 'broken', 30);
    expect(state.said).toHaveLength(1);
  });

  it.each([
    ['all', ['Worth watching', 'Collapsing', 'Broken numbers']],
    ['collapse', ['Collapsing', 'Broken numbers']],
    ['off', []],
    ['sometimes', ['Collapsing', 'Broken numbers']],
  ])('comes as the setting %s wants', async (notifications, words) => {
    state.settings = { notifications };
    await reach(0, 'watch', 10);
    await reach(1, 'collapsing', 20);
    await reach(2, 'broken', 30);
    expect(state.said.map((text) => /: (.*?)\./.exec(text)![1])).toEqual(words);
  });

  it('does not come for a muted run, nor for what it had become when it is unmuted', async () => {
    model.mute(run, true);
    await reach(0, 'collapsing', 10);
    model.mute(run, false);
    await reach(1, 'collapsing', 20);
    expect(state.said).toEqual([]);
    await reach(2, 'collapsed', 30);
    expect(state.said).toHaveLength(1);
  });

  it.each([
    ['Show', ['sigma.openRun', run]],
    ['Mute', ['sigma.muteRun', run]],
  ])('offers to %s', async (choice, executed) => {
    state.choice = choice;
    await reach(0, 'collapsed', 10);
    expect(state.executed).toEqual([executed]);
  });

  it('sets the setting for the person when it is not to be shown again', async () => {
    state.choice = "Don't Show Again";
    await reach(0, 'broken', 10);
    expect(state.updated).toEqual([['notifications', 'off', ConfigurationTarget.Global]]);
  });
});
