import { describe, expect, it } from 'vitest';
import { engineEnvironment } from '../../src/engine/environment';

describe('engineEnvironment', () => {
  it('keeps what the engine needs and nothing else', () => {
    const host = {
      PATH: '/bin',
      HOME: '/home/a',
      LC_ALL: 'C',
      VK_ICD_FILENAMES: '/icd.json',
      SIGMA_LOG: '1',
      API_TOKEN: 'secret',
      NODE_OPTIONS: '--inspect',
      ELECTRON_RUN_AS_NODE: '1',
      VSCODE_IPC_HOOK: '/sock',
    };
    expect(engineEnvironment(host, false)).toEqual({
      PATH: '/bin',
      HOME: '/home/a',
      LC_ALL: 'C',
      VK_ICD_FILENAMES: '/icd.json',
      SIGMA_LOG: '1',
    });
  });

  it('knows the names of Windows in any spelling', () => {
    const host = { Path: 'C:\\bin', SystemRoot: 'C:\\Windows', windir: 'C:\\Windows' };
    expect(engineEnvironment(host, false)).toEqual(host);
  });

  it('tells Electron to be Node', () => {
    expect(engineEnvironment({}, true)).toEqual({ ELECTRON_RUN_AS_NODE: '1' });
  });
});
