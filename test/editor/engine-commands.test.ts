import { beforeEach, describe, expect, it, vi } from 'vitest';
import { state } from './fake-vscode';

vi.mock('vscode', () => import('./fake-vscode'));
const { announceFailing, registerEngineCommands, unkeptAnnouncer } = await import('../../src/editor/engine-commands');

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

it('that reports are not kept is said once for each reason', () => {
  const log = { warn: vi.fn() };
  const announce = unkeptAnnouncer(log as never);
  for (const reason of ['The disk is full.', 'The disk is full.', 'It is read-only.']) announce(reason);
  expect(state.said).toEqual([
    expect.stringContaining('still watched, but their history is not saved. The disk is full.'),
    expect.stringContaining('It is read-only.'),
  ]);
  expect(log.warn).toHaveBeenCalledTimes(3);
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
