// A real VS Code (code-server) and the Node it needs, from npm alone, in a cache outside the repository.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { npm, run } from '../process.mjs';

/** Each with the Node that it is made for, and the switches that not every edition has. */
export const EDITIONS = {
  /** The newest that npm carries. An extension host outlives its window by 2 seconds, instead of three hours. */
  newest: { codeServer: '4.139.1', node: '24.21.0', switches: ['--reconnection-grace-time', '2'] },
  /** The oldest VS Code that package.json allows. */
  oldest: { codeServer: '4.103.2', node: '22.23.3', switches: [] },
};
const nodePackage = `node-linux-${process.arch}`;
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'sigma-editor');
/** Written last: an installation without it was cut short. */
const stamp = 'complete';

/** Hashes passwords, which nothing here has; older ones would have to be compiled. */
const overrides = { argon2: '0.44.0' };

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
 * @param {keyof typeof EDITIONS} [edition]
 * @returns {Promise<{ node: string, entry: string, switches: readonly string[], version: string }>} the Node to run it with, its main
 *   script and switches, and the version of VS Code
 */
export async function installEditor(say, edition = 'newest') {
  const unavailable = editorUnavailable();
  if (unavailable) throw new Error(unavailable);
  const { codeServer, node, switches } = EDITIONS[edition];
  const home = path.join(cache, `code-server-${codeServer}-node-${node}`);
  if (!existsSync(path.join(home, stamp))) {
    say(`Downloading the editor, VS Code as code-server ${codeServer} (once, about half a minute; 350 MB in ${cache})`);
    await download(home, { 'code-server': codeServer, [nodePackage]: node });
  }
  const server = path.join(home, 'node_modules/code-server');
  return {
    node: path.join(home, 'node_modules', nodePackage, 'bin/node'),
    entry: path.join(server, 'out/node/entry.js'),
    switches,
    version: JSON.parse(readFileSync(path.join(server, 'lib/vscode/product.json'), 'utf8')).version,
  };
}

async function download(home, dependencies) {
  mkdirSync(cache, { recursive: true });
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(cache).filter((entry) => entry.startsWith('installing-'))) {
    const abandoned = path.join(cache, name);
    if (statSync(abandoned).mtimeMs < anHourAgo) rmSync(abandoned, { recursive: true, force: true });
  }
  const folder = mkdtempSync(path.join(cache, 'installing-'));
  try {
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies, overrides }));
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
