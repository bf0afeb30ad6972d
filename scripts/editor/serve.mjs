// Runs the editor on a free port of this machine with settings and extensions of its own.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../process.mjs';

const quietSettings = {
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'telemetry.telemetryLevel': 'off',
  'window.menuBarVisibility': 'compact',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/**
 * Everything the editor writes lies in one temporary folder, which `stop` removes.
 * @param {object} options
 * @param {import('./install.mjs').Editor} options.editor
 * @param {string} options.vsix
 * @param {object} [options.settings] user settings on top of the quiet ones
 * @param {boolean} [options.trust] false: folders open in Restricted Mode
 */
export async function serveEditor({ editor, vsix, settings = {}, trust = true }) {
  const data = mkdtempSync(path.join(tmpdir(), 'sigma-editor-'));
  const user = path.join(data, 'user');
  const settingsFile = path.join(user, 'User/settings.json');
  mkdirSync(path.dirname(settingsFile), { recursive: true });
  writeFileSync(settingsFile, JSON.stringify({ ...quietSettings, ...settings }));
  const env = { ...process.env, HOME: data, XDG_CONFIG_HOME: data, XDG_DATA_HOME: data, XDG_CACHE_HOME: data };
  const folders = ['--user-data-dir', user, '--extensions-dir', path.join(data, 'extensions')];
  try {
    const { code, output } = await run([editor.node, editor.entry, ...folders, '--install-extension', vsix], { env, quiet: true });
    if (code !== 0) throw new Error(`The editor did not install ${path.basename(vsix)}.\n${output}`);
    const args = [
      ...['--auth', 'none', '--bind-addr', '127.0.0.1:0', ...editor.switches],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override', '--disable-proxy'],
      ...(trust ? ['--disable-workspace-trust'] : []),
    ];
    const server = spawn(editor.node, [editor.entry, ...args, ...folders], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stopped = new Promise((resolve) => server.once('exit', resolve)).then(() => remove(data));
    const url = await listening(server);
    return {
      url,
      data,
      stopped,
      async stop() {
        server.kill('SIGTERM');
        const patience = setTimeout(() => server.kill('SIGKILL'), 5000);
        await stopped;
        clearTimeout(patience);
      },
    };
  } catch (error) {
    remove(data);
    throw error;
  }
}

/** The editor's last processes may still be writing there. */
function remove(folder) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

/** @returns {Promise<string>} the address it serves, e.g. `http://127.0.0.1:4321` */
function listening(server) {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = (what) => {
      server.kill('SIGKILL');
      reject(new Error(`The editor ${what}.\n${log}`));
    };
    const patience = setTimeout(() => fail('did not start within a minute'), 60_000);
    const read = (chunk) => {
      log += chunk;
      const address = /HTTP server listening on (http:\/\/[\d.:]+)/.exec(log);
      if (!address) return;
      clearTimeout(patience);
      resolve(address[1]);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.once('exit', (code) => {
      clearTimeout(patience);
      fail(`ended with ${code}`);
    });
  });
}
