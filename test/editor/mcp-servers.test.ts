import { beforeEach, describe, expect, it, vi } from 'vitest';
import { version } from '../../package.json';
import { lm, state, Uri } from './fake-vscode';

vi.mock('vscode', () => import('./fake-vscode'));
const { registerMcpServers } = await import('../../src/editor/mcp-servers');

const extension = Uri.file('/extension');
beforeEach(() => {
  Object.assign(state, { trusted: true, workspaceFolders: [{ uri: Uri.file('/work') }, { uri: Uri.file('/more') }] });
  state.mcpProviders.clear();
});
const offered = () => state.mcpProviders.get('sigma.mcp')!.provideMcpServerDefinitions();

describe('the server that the editor offers', () => {
  it('is the command line, for the folders of the workspace', () => {
    registerMcpServers(extension as never);
    expect(offered()).toEqual([
      {
        label: 'Sigma: model health',
        command: process.execPath,
        args: ['/extension/dist/sigma.js', 'mcp', '--root', '/work', '--root', '/more'],
        env: {},
        version,
        cwd: Uri.file('/work'),
      },
    ]);
  });

  it('tells Electron to be Node', () => {
    vi.stubGlobal('process', { ...process, execPath: '/code', versions: { ...process.versions, electron: '37.0.0' } });
    registerMcpServers(extension as never);
    expect(offered()[0]!.env).toEqual({ ELECTRON_RUN_AS_NODE: '1' });
    vi.unstubAllGlobals();
  });

  it('is none in Restricted Mode, and comes with the trust', () => {
    state.trusted = false;
    registerMcpServers(extension as never);
    expect(offered()).toEqual([]);
    const changed = vi.fn();
    state.mcpProviders.get('sigma.mcp')!.onDidChangeMcpServerDefinitions(changed);
    state.trusted = true;
    state.trustGranted.fire();
    expect(changed).toHaveBeenCalledOnce();
    expect(offered()).toHaveLength(1);
  });

  it('is none without a folder on a disk', () => {
    state.workspaceFolders = [{ uri: new Uri('vscode-vfs', '/github/x') }];
    registerMcpServers(extension as never);
    expect(offered()).toEqual([]);
  });

  it('is left out where the editor knows no such servers', () => {
    const register = lm.registerMcpServerDefinitionProvider;
    Object.assign(lm, { registerMcpServerDefinitionProvider: undefined });
    expect(() => registerMcpServers(extension as never).dispose()).not.toThrow();
    Object.assign(lm, { registerMcpServerDefinitionProvider: register });
    expect(state.mcpProviders.size).toBe(0);
  });
});
