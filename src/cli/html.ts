import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SpectralReport } from '../analysis/report';
import type { TensorFile } from '../formats/matrix-source';
import { standalonePage } from '../standalone-page';
import { Failure, systemPhrase } from './failure';

/**
 * Whether a panel of `input` can be written to `path`: asked before the analysis, so that nobody waits in vain.
 * @throws Failure when it cannot
 */
export async function checkPanelPath(path: string, input: string): Promise<void> {
  if (!/\.html?$/i.test(path)) throw new Failure(`--html ${path}: the name must end in .html, so that no data file is overwritten`);
  if ((await followLinks(path)) === (await followLinks(input))) {
    throw new Failure(`--html ${path}: this is the file being analysed; name another`);
  }
  const folder = await stat(dirname(path)).catch(() => null);
  if (!folder?.isDirectory()) throw new Failure(`--html ${path}: the folder ${dirname(path)} does not exist; create it first`);
}

/**
 * Writes the editor's panel with these reports as one file that needs nothing else.
 * The file appears whole or not at all.
 * @throws Failure when the file cannot be written there
 */
export async function writePanel(path: string, file: TensorFile, reports: readonly SpectralReport[]): Promise<void> {
  await writeWhole(path, await standalonePage(__dirname, file, reports));
}

/** The path with its links followed; as it is where there is nothing yet. */
async function followLinks(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function writeWhole(path: string, content: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    // On a disk that fails, that may fail too: the first error says why.
    await rm(temporary, { force: true }).catch(() => {});
    throw new Failure(`--html ${path}: it cannot be written there: ${systemPhrase(error)}`);
  }
}
