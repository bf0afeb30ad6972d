import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import type { JudgedCheckpoint, RunReport } from '../engine/protocol';
import { levelWord } from '../words/verdict';
import { COMMANDS, SECTION, SPECTRUM_EDITOR } from './contributions';
import { fileOf, type RunsModel, runName } from './runs-model';
import { folderOf } from './settings';

/** Sigma: Show Runs, Sigma: Watch This Run and Sigma: Stop Watching This Run. */
export function registerRunCommands(model: RunsModel): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(COMMANDS.showRuns, () => showRuns(model)),
    vscode.commands.registerCommand(COMMANDS.watchRun, async (clicked?: unknown) => {
      const folder = clicked instanceof vscode.Uri ? clicked : await pickFolder();
      if (folder) await setRuns(folder, (runs, path) => [...runs, path]);
    }),
    vscode.commands.registerCommand(COMMANDS.unwatchRun, async (clicked?: unknown) => {
      const folder = clicked instanceof vscode.Uri ? clicked : await pickFolder();
      if (folder) await setRuns(folder, (runs) => runs);
    }),
  );
}

async function showRuns(model: RunsModel): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    const manage = vscode.l10n.t('Manage Workspace Trust');
    const choice = await vscode.window.showInformationMessage(vscode.l10n.t('Runs are not watched in Restricted Mode.'), manage);
    if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
    return;
  }
  if (model.runs.length === 0) {
    const watch = vscode.l10n.t('Watch a Run');
    const choice = await vscode.window.showInformationMessage(
      vscode.l10n.t('No runs are watched. Choose a folder of checkpoints, or name it in the setting sigma.runs.'),
      watch,
    );
    if (choice === watch) await vscode.commands.executeCommand(COMMANDS.watchRun);
    return;
  }
  const run = await vscode.window.showQuickPick(model.runs.map(runItem), {
    title: vscode.l10n.t('Watched Runs'),
    placeHolder: vscode.l10n.t('Choose a run to see its checkpoints'),
  });
  if (run === undefined) return;
  const checkpoint = await vscode.window.showQuickPick(run.report.checkpoints.toReversed().flatMap(checkpointItem), {
    title: run.label,
    placeHolder: vscode.l10n.t('Choose a checkpoint to see its spectrum'),
  });
  if (checkpoint) await vscode.commands.executeCommand('vscode.openWith', checkpoint.file, SPECTRUM_EDITOR, { preview: false });
}

function runItem(report: RunReport) {
  return { label: runName(report), description: levelWord(report.level), detail: report.reasons[0]?.message, report };
}

function checkpointItem(checkpoint: JudgedCheckpoint) {
  const file = fileOf(checkpoint);
  return file === null ? [] : [{ label: checkpoint.name, description: levelWord(checkpoint.level), file }];
}

async function pickFolder(): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Folder of checkpoints'),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return picked?.[0];
}

/**
 * Changes `sigma.runs` in the settings of the workspace folder that holds a run, else of the window.
 * @param change gets the setting without the run, and the run as the setting names it
 */
async function setRuns(run: vscode.Uri, change: (others: readonly unknown[], path: string) => readonly unknown[]): Promise<void> {
  const folder = vscode.workspace.getWorkspaceFolder(run);
  const configuration = vscode.workspace.getConfiguration(SECTION, folder?.uri);
  const runs = configuration.get<unknown>('runs');
  const base = folder?.uri.fsPath ?? null;
  const others = (Array.isArray(runs) ? runs : []).filter((entry) => folderOf(entry, base)?.path !== run.fsPath);
  const path = base === null ? run.fsPath : relative(base, run.fsPath).split(sep).join('/') || '.';
  const { WorkspaceFolder, Workspace, Global } = vscode.ConfigurationTarget;
  const target = folder ? WorkspaceFolder : vscode.workspace.workspaceFolders ? Workspace : Global;
  await configuration.update('runs', change(others, path), target);
}
