import { readdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { FILE_ENDINGS, isAnalysable, isOffered } from '../words/file-endings';
import { ToolFailure } from './tool-failure';

/** What may be read, and is there. */
export interface ReadablePath {
  readonly path: string;
  readonly kind: 'file' | 'folder';
}

/**
 * A path that a model asked for, as an absolute one in a folder that may be read, its links resolved.
 * @param asked absolute, or relative to any of the roots
 * @param roots absolute paths of the folders that may be read
 * @throws ToolFailure when it lies elsewhere, or is not there
 */
export async function readablePath(asked: string, roots: readonly string[]): Promise<ReadablePath> {
  const candidates = isAbsolute(asked) ? [resolve(asked)] : roots.map((root) => resolve(root, asked));
  // What lies elsewhere is answered before anybody looks whether it is there.
  const inside = candidates.filter((path) => roots.some((root) => isIn(path, root)));
  for (const path of inside) {
    const facts = await stat(path).catch(() => null);
    if (facts === null) continue;
    await refuseOutside([path], roots);
    if (facts.isDirectory()) return { path, kind: 'folder' };
    if (!isAnalysable(path))
      throw new ToolFailure(`${asked} is no file that can be analysed. Name one that ends in ${ENDINGS}, or a folder of checkpoints.`);
    return { path, kind: 'file' };
  }
  if (inside.length === 0) throw outside(asked, roots);
  throw new ToolFailure(`There is no file or folder ${asked} in ${roots.join(', ')}. List the folder to see what is there, and ask again.`);
}

const ENDINGS = FILE_ENDINGS.join(', ');

/** @throws ToolFailure when any of the paths leads out of the roots by a link */
export async function refuseOutside(paths: readonly string[], roots: readonly string[]): Promise<void> {
  const real = await Promise.all(roots.map((root) => realpath(root).catch(() => root)));
  for (const path of paths) {
    const target = await realpath(path).catch(() => path);
    if (!real.some((root) => isIn(target, root))) throw outside(path, roots);
  }
}

/** The files in a folder that can be analysed; of a model in parts, its index alone. */
export async function analysableFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isDirectory() || !isOffered(entry.name) ? [] : [entry.name]));
  const whole = names.some((name) => name.endsWith('.index.json')) ? names.filter((name) => !/-\d+-of-\d+\./.test(name)) : names;
  return whole.sort().map((name) => join(folder, name));
}

function outside(path: string, roots: readonly string[]): ToolFailure {
  if (roots.length === 0) return new ToolFailure('No folder may be read: a folder has to be opened first.');
  return new ToolFailure(`${path} is outside of the folders that may be read. Name a path in ${roots.join(', ')}.`);
}

function isIn(path: string, root: string): boolean {
  const way = relative(root, path);
  return !isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`);
}
