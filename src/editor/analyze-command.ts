import * as vscode from 'vscode';
import { COMMANDS, FILE_ENDINGS, isAnalysable, isOffered, SPECTRUM_EDITOR } from './contributions';

const MOST_PANELS = 8;

/** Sigma: Analyze Spectral Health, on the selected files, else on the file in the active tab, else on files that the person picks. */
export function registerAnalyzeCommand(): vscode.Disposable {
  return vscode.commands.registerCommand(COMMANDS.analyze, async (clicked?: unknown, selected?: unknown) => {
    const files = requested(clicked, selected) ?? (await pickFiles());
    for (const uri of files.slice(0, MOST_PANELS)) {
      await vscode.commands.executeCommand('vscode.openWith', uri, SPECTRUM_EDITOR, { preview: false });
    }
    if (files.length > MOST_PANELS) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t('Sigma opens at most {0} panels at once: the first {0} of {1} files are open.', MOST_PANELS, files.length),
      );
    }
  });
}

/** A menu passes the file under the pointer, the Explorer's the whole selection too; a problem passes its file as text, the palette nothing. */
function requested(clicked: unknown, selected: unknown): readonly vscode.Uri[] | null {
  const chosen = Array.isArray(selected) ? selected.filter((uri) => uri instanceof vscode.Uri) : [];
  const files = chosen.filter((uri) => isOffered(uri.path));
  if (files.length > 0) return files;
  if (clicked instanceof vscode.Uri) return [clicked];
  if (typeof clicked === 'string') return [vscode.Uri.parse(clicked, true)];
  const active = activeFile();
  return active && isAnalysable(active.path) ? [active] : null;
}

function activeFile(): vscode.Uri | null {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : null;
}

async function pickFiles(): Promise<readonly vscode.Uri[]> {
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Analyze Spectral Health'),
    openLabel: vscode.l10n.t('Analyze'),
    canSelectMany: true,
    // A dialog filters by what follows the last dot.
    filters: { [vscode.l10n.t('Embeddings and checkpoints')]: [...new Set(FILE_ENDINGS.map((ending) => ending.split('.').at(-1)!))] },
  });
  return picked ?? [];
}
