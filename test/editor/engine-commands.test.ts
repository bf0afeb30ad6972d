import { beforeEach, describe, expect, it, vi } from 'vitest';
import { state } from './fake-vscode';

vi.mock('vscode', () => import('./fake-vscode'));
const { announceFailing, registerEngineCommands } = await import('../../src/editor/engine-commands');

beforeEach(() => {
  Object.assign(state, { said: [], executed: [], choice: undefined });
});

describe('an engine that keeps stopping', () => {
  it('is announced once, without a word for any other state', async () => {
    await announceFailing('idle');
    await announceFailing('running');
    expect(state.said).toEqual([]);
    await announceFailing('failing');
    expect(state.said).toHaveLength(1);
    expect(state.executed).toEqual([]);
  });

  it.each([
    ['Restart Engine', 'sigma.restartEngine'],
    ['Show Log', 'sigma.showLog'],
  ])('offers %s', async (choice, command) => {
    state.choice = choice;
    await announceFailing('failing');
    expect(state.executed).toEqual([[command]]);
  });
});

it('the commands restart the engine and show the log', () => {
  const engine = { restart: vi.fn() };
  const log = { show: vi.fn() };
  registerEngineCommands(engine as never, log as never);
  state.commands.get('sigma.restartEngine')!();
  state.commands.get('sigma.showLog')!();
  expect(engine.restart).toHaveBeenCalledOnce();
  expect(log.show).toHaveBeenCalledOnce();
});
