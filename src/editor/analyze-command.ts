import { posix } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS, FILE_ENDINGS, isAnalysable } from './contributions';
import { folderKind, readablePlaces } from './readable-places';
import { runOf } from './run-actions';
import { plain } from './run-phrases';
import type { RunsModel } from './runs-model';
import type { OpenSpectrum } from './spectrum-editor';

const MOST_PANELS = 8;

/**
 * Sigma: Analyze Spectral Health, on the selected files and folders, else on the file in the active tab, else on files that the person
 * picks. A folder that is no dataset or model has its reason said, and what can be done with it.
 */
export function registerAnalyzeCommand(open: OpenSpectrum, runs: RunsModel): vscode.Disposable {
  return vscode.commands.registerCommand(COMMANDS.analyze, async (clicked?: unknown, selected?: unknown) => {
    const places = await requested(runs, clicked, selected);
    for (const place of places.slice(0, MOST_PANELS)) await open(place, null);
    if (places.length > MOST_PANELS) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t('Sigma opens at most {0} panels at once: the first {0} of {1} files are open.', MOST_PANELS, places.length),
      );
    }
  });
}

/** A menu passes what is under the pointer, the Explorer's the whole selection too; a problem passes its file as text, the palette nothing. */
async function requested(runs: RunsModel, clicked: unknown, selected: unknown): Promise<readonly vscode.Uri[]> {
  const chosen = Array.isArray(selected) ? selected.filter((uri) => uri instanceof vscode.Uri) : [];
  const readable = await readablePlaces(chosen);
  if (readable.length > 0) return readable;
  const one = clicked instanceof vscode.Uri ? clicked : typeof clicked === 'string' ? vscode.Uri.parse(clicked, true) : null;
  if (one !== null) return (await folderKind(one)) === 'other' ? explained(one, runs) : [one];
  const active = activeFile();
  return active && isAnalysable(active.path) ? [active] : pickFiles(undefined);
}

/** Says that a folder cannot be analysed as a whole, and does what the person chooses. @returns files to analyse instead */
async function explained(folder: vscode.Uri, runs: RunsModel): Promise<readonly vscode.Uri[]> {
  const run = runOf(runs, folder);
  const choose = vscode.l10n.t('Choose a File…');
  const openRun = vscode.l10n.t('Open Run');
  const watch = vscode.l10n.t('Watch This Folder');
  const offers = run !== undefined ? [openRun] : vscode.workspace.isTrusted ? [watch] : [];
  const choice = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      '“{0}” is not a dataset or a model as a whole. Choose a file inside it, or watch it if training saves its checkpoints there.',
      plain(posix.basename(folder.path)),
    ),
    choose,
    ...offers,
  );
  if (choice === choose) return pickFiles(folder);
  if (choice === openRun) await vscode.commands.executeCommand(COMMANDS.openRun, folder.fsPath);
  if (choice === watch) await vscode.commands.executeCommand(COMMANDS.watchRun, folder);
  return [];
}

function activeFile(): vscode.Uri | null {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : null;
}

/** @param folder in which the dialog begins */
async function pickFiles(folder: vscode.Uri | undefined): Promise<readonly vscode.Uri[]> {
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Analyze Spectral Health'),
    openLabel: vscode.l10n.t('Analyze'),
    canSelectMany: true,
    defaultUri: folder,
    // A dialog filters by what follows the last dot.
    filters: { [vscode.l10n.t('Embeddings and checkpoints')]: [...new Set(FILE_ENDINGS.map((ending) => ending.split('.').at(-1)!))] },
  });
  return picked ?? [];
}
