import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { standaloneDocument } from '../webview/document';
import type { SpectralReport } from './analysis/report';
import { toJson } from './analysis/report-json';
import type { TensorFile } from './formats/matrix-source';

/**
 * The panel with these reports as one HTML document that needs nothing else.
 * @param dist the folder of the built panel
 * @throws Error when the panel is not there
 */
export async function standalonePage(
  dist: string,
  { path, format, bytes, tensors, warnings }: Pick<TensorFile, 'path' | 'format' | 'bytes' | 'tensors' | 'warnings'>,
  reports: readonly SpectralReport[],
): Promise<string> {
  const [script, style] = await Promise.all([bundle(join(dist, 'panel.js')), bundle(join(dist, 'panel-style.css'))]);
  const json = JSON.stringify({ file: { path, format, bytes, tensors, warnings }, reports: reports.map(toJson) });
  // Of the content, so that the same reports give the same file.
  const nonce = createHash('sha256').update(script).update(json).digest('base64url');
  return standaloneDocument({ nonce, title: `${basename(path)}: spectral health`, script, style, json });
}

/** Its source map stays behind. */
async function bundle(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).replace(/\n\/[/*]# sourceMappingURL=.*\s*$/, '\n');
}
