// Child processes of the scripts: each in its own process group, so that nothing it started outlives it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const posix = process.platform !== 'win32';

/** Where a program stands on the PATH, or null. */
export function findProgram(name) {
  const suffixes = posix ? [''] : (process.env.PATHEXT ?? '.EXE;.CMD').split(';');
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    for (const suffix of suffixes) {
      const file = path.join(folder, name + suffix);
      if (folder !== '' && existsSync(file)) return file;
    }
  }
  return null;
}

/** The command line of npm: the one that runs us, else the one on the PATH. */
export function npm(...args) {
  const own = process.env.npm_execpath;
  return own?.endsWith('npm-cli.js') ? [process.execPath, own, ...args] : ['npm', ...args];
}

/**
 * Runs a command line to its end, then ends what it left running.
 * @param {readonly string[]} commandLine
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} options quiet: collect the output instead of showing it
 * @returns {Promise<{ code: number, output: string }>} code 1 when a signal ended it or it could not start
 */
export async function run([command, ...args], { cwd = root, env = process.env, quiet = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env,
    detached: posix,
    // Windows finds npm and code, which are scripts there, through its shell only.
    shell: !posix && !path.isAbsolute(command),
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
  });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text) => (output += text));
  const endGroup = () => {
    try {
      if (posix) process.kill(-child.pid, 'SIGKILL');
      else child.kill();
    } catch {
      // Nothing of it is left.
    }
  };
  const interrupted = () => {
    endGroup();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    return await new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: 1, output: error.message }));
      child.once('exit', endGroup);
      child.once('close', (code) => resolve({ code: code ?? 1, output }));
    });
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}
