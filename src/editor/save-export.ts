import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { plainText } from '../words/plain-text';
import { FILE_ENDINGS } from './contributions';

/** A file that was made for a person, to be written where they say. */
export interface Export {
  /** What it shows, with its ending: `spectrum.png`. */
  readonly name: string;
  readonly encoding: 'utf8' | 'base64';
  readonly content: string;
}

/** Longest name that is proposed. */
const LONGEST = 120;

/**
 * Asks where, writes there, and says so. The ending stays what it is, and neither the file that was analysed nor a checkpoint is ever overwritten.
 * @param subject the file or folder that the export is about: it is proposed to lie beside it
 */
export async function saveExport(file: Export, subject: vscode.Uri): Promise<void> {
  const ending = posix.extname(file.name);
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(subject, '..', proposedName(posix.basename(subject.path), file.name)),
    filters: { [ending.slice(1).toUpperCase()]: [ending.slice(1)] },
    title: vscode.l10n.t('Export'),
  });
  if (target === undefined) return;
  const name = plainText(posix.basename(target.path));
  try {
    const refusal = await refusalOf(target, subject, ending);
    if (refusal !== null) {
      void vscode.window.showErrorMessage(refusal);
      return;
    }
    await vscode.workspace.fs.writeFile(target, Buffer.from(file.content, file.encoding));
  } catch (error) {
    void vscode.window.showErrorMessage(vscode.l10n.t('{0} cannot be written there: {1}', name, plainText(causeOf(error))));
    return;
  }
  const open = vscode.l10n.t('Open');
  const choice = await vscode.window.showInformationMessage(vscode.l10n.t('Saved {0}.', name), open);
  if (choice === open) await vscode.commands.executeCommand('vscode.open', target);
}

/** The editor's own errors carry the system's code in their text. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.message : String(error);
  if (/ENOSPC|EDQUOT/.test(cause))
    return vscode.l10n.t('the disk is full, and what is there is not complete. Free some space and export it again.');
  if (/EROFS/.test(cause)) return vscode.l10n.t('it is read-only storage. Choose another folder.');
  if (/EACCES|EPERM|NoPermissions/.test(cause)) return vscode.l10n.t('writing is not permitted. Choose another folder.');
  return cause;
}

/** `generation-0.npy` and `spectrum.png` give `generation-0-spectrum.png`. What no file system minds, and no hidden file. */
export function proposedName(subject: string, name: string): string {
  const stem = subject.replace(/\.[^.]*$/, '') || 'export';
  const ending = posix.extname(name);
  const plain = `${stem}-${name.slice(0, -ending.length)}`.replace(/[^\p{L}\p{N}._ -]+/gu, '-').replace(/^[. ]+/, '');
  return `${[...plain].slice(0, LONGEST - ending.length).join('')}${ending}`;
}

/** Why nothing may be written to the target; null when it may. */
async function refusalOf(target: vscode.Uri, subject: vscode.Uri, ending: string): Promise<string | null> {
  const name = posix.basename(target.path).toLowerCase();
  const checkpoint = FILE_ENDINGS.some((known) => name.endsWith(known) && known !== ending);
  if (!name.endsWith(ending) || checkpoint) {
    return vscode.l10n.t('The name must end in {0} alone, so that no data file is overwritten.', ending);
  }
  if ((await followed(target)) === (await followed(subject))) {
    return vscode.l10n.t('This is the file that was analysed: choose another name.');
  }
  return null;
}

/** The address with its links followed; as it is where there is nothing yet. */
async function followed(uri: vscode.Uri): Promise<string> {
  return uri.scheme === 'file' ? realpath(uri.fsPath).catch(() => uri.fsPath) : uri.toString();
}
