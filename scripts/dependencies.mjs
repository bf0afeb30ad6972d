import { readFileSync } from 'node:fs';
import path from 'node:path';
import { npm, root, run } from './process.mjs';

/** True when node_modules holds what package-lock.json names. */
export function dependenciesAreCurrent() {
  const packages = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8')).packages;
  const wanted = packages('package-lock.json');
  let installed;
  try {
    installed = packages('node_modules/.package-lock.json');
  } catch {
    return false;
  }
  // Optional packages of other platforms are locked and not installed.
  return Object.entries(wanted).every(
    ([place, { optional, integrity }]) => place === '' || (installed[place] ? installed[place].integrity === integrity : optional),
  );
}

export const installDependencies = (options) => run(npm('ci', '--no-audit', '--no-fund', '--loglevel=error'), options);
