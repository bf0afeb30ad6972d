import { execFile } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, relative } from 'node:path';

/** An executable that proved to be plain Node.js, or the sentence that says why there is none. */
export type NodeSearch = { readonly path: string; readonly version: string } | { readonly reason: string };

/** The oldest Node.js that the bundles run on. */
const OLDEST = 20;
/** Executables that are tried at most. */
const MOST = 4;
/** Milliseconds that one has for saying what it is. */
const PATIENCE = 5000;

const QUESTION =
  "process.stdout.write(JSON.stringify([process.versions.node, process.platform + '-' + process.arch, 'electron' in process.versions]))";

/**
 * The first Node.js on the PATH that is new enough, is not Electron and runs as this processor and system. Each is run once, to say what it is.
 * @param outside folders in which none is looked for, nor run through a link: what a workspace brings along is not to be run
 * @param env of those that are run
 */
export async function findNode(path: string, outside: readonly string[], env: NodeJS.ProcessEnv, patience = PATIENCE): Promise<NodeSearch> {
  const refused: string[] = [];
  for (const candidate of candidates(path, outside.map(real)).slice(0, MOST)) {
    const answer = await ask(candidate, env, patience);
    if ('version' in answer) return { path: candidate, version: answer.version };
    refused.push(`${candidate} ${answer.reason}`);
  }
  const tried = refused.length === 0 ? '' : ` (${refused.join('; ')})`;
  return { reason: `no Node.js ${OLDEST} or newer was found on the PATH${tried}` };
}

function candidates(path: string, outside: readonly string[]): string[] {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const found = new Set<string>();
  // A relative entry means another folder for each process.
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const place = join(folder, name);
    try {
      if (!statSync(place).isFile()) continue;
    } catch {
      continue;
    }
    const target = real(place);
    if (![place, real(folder), target].some((one) => outside.some((root) => within(one, root)))) found.add(target);
  }
  return [...found];
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function within(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

function ask(node: string, env: NodeJS.ProcessEnv, patience: number): Promise<{ version: string } | { reason: string }> {
  return new Promise((resolve) => {
    execFile(
      node,
      ['-e', QUESTION],
      { env, timeout: patience, killSignal: 'SIGKILL', cwd: dirname(node), windowsHide: true },
      (error, stdout) => {
        if (error?.killed) return resolve({ reason: `did not answer in ${patience / 1000} seconds` });
        if (error) return resolve({ reason: 'does not run' });
        try {
          const [version, platform, electron] = JSON.parse(stdout) as [string, string, boolean];
          if (electron) return resolve({ reason: 'is Electron' });
          if (platform !== `${process.platform}-${process.arch}`) return resolve({ reason: `is built for ${platform}` });
          if (!(Number.parseInt(version, 10) >= OLDEST)) return resolve({ reason: `is ${version}` });
          return resolve({ version });
        } catch {
          return resolve({ reason: 'does not say what it is' });
        }
      },
    );
  });
}
