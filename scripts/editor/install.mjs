// A real VS Code (code-server) and the Node it needs, from npm alone, in a cache outside the repository.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { npm, run } from '../process.mjs';

const CODE_SERVER = '4.139.1';
const NODE = '24.21.0';
const nodePackage = `node-linux-${process.arch}`;
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'sigma-editor');
const home = path.join(cache, `code-server-${CODE_SERVER}-node-${NODE}`);
/** Written last: an installation without it was cut short. */
const stamp = 'complete';

/** More than half of the installation, and nothing that this extension or its tests use. */
const unused = [
  `node_modules/${nodePackage}/include`,
  ...[
    'node_modules/@github',
    'node_modules/@microsoft/mxc-sdk',
    'extensions/copilot',
    'extensions/mermaid-markdown-features',
    'extensions/microsoft-authentication',
    'extensions/ms-vscode.js-debug',
    'extensions/ms-vscode.js-debug-companion',
  ].map((name) => `node_modules/code-server/lib/vscode/${name}`),
];

/** Why the editor cannot be had on this machine, in a sentence, or null. */
export function editorUnavailable() {
  return process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)
    ? null
    : `The editor from npm runs on Linux (x64 and arm64) only, and this is ${process.platform} ${process.arch}.`;
}

async function install(folder, cwd, ...args) {
  // No install scripts: the modules that need compiling only log, and the others bring their binaries.
  const { code, output } = await run(npm('install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...args), {
    cwd: path.join(folder, cwd),
    quiet: true,
  });
  if (code !== 0) throw new Error(`npm install ended with ${code}.\n${output}`);
}

/**
 * Installs the editor unless it is there. Several processes may do so at once.
 * @param {(sentence: string) => void} say called before something that takes a while
 * @returns {Promise<{ node: string, entry: string }>} the Node to run it with and its main script
 */
export async function installEditor(say) {
  const unavailable = editorUnavailable();
  if (unavailable) throw new Error(unavailable);
  if (!existsSync(path.join(home, stamp))) {
    say(`Downloading the editor, VS Code as code-server ${CODE_SERVER} (once, about half a minute; 350 MB in ${cache})`);
    await download();
  }
  return {
    node: path.join(home, 'node_modules', nodePackage, 'bin/node'),
    entry: path.join(home, 'node_modules/code-server/out/node/entry.js'),
  };
}

async function download() {
  mkdirSync(cache, { recursive: true });
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(cache).filter((entry) => entry.startsWith('installing-'))) {
    const abandoned = path.join(cache, name);
    if (statSync(abandoned).mtimeMs < anHourAgo) rmSync(abandoned, { recursive: true, force: true });
  }
  const folder = mkdtempSync(path.join(cache, 'installing-'));
  try {
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ private: true, dependencies: { 'code-server': CODE_SERVER, [nodePackage]: NODE } }),
    );
    await install(folder, '.');
    await install(folder, 'node_modules/code-server/lib/vscode', '--omit=dev');
    for (const name of unused) rmSync(path.join(folder, name), { recursive: true, force: true });
    writeFileSync(path.join(folder, stamp), '');
    // Another process may have finished first; its installation is as good.
    if (!existsSync(path.join(home, stamp))) {
      rmSync(home, { recursive: true, force: true });
      renameSync(folder, home);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
