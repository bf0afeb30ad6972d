import * as vscode from 'vscode';
import type { JudgedCheckpoint, RunReport } from '../engine/protocol';
import { levelWord } from '../words/verdict';
import { COMMANDS } from './contributions';
import { runOf } from './run-actions';
import { shown } from './run-phrases';
import { unwatchRun, watchRun } from './run-settings';
import { matrixOf, type RunsModel, runName } from './runs-model';
import type { OpenSpectrum } from './spectrum-editor';

/** Sigma: Show Runs, Sigma: Watch This Run and Sigma: Stop Watching This Run. */
export function registerRunCommands(model: RunsModel, open: OpenSpectrum): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(COMMANDS.showRuns, () => showRuns(model, open)),
    vscode.commands.registerCommand(COMMANDS.watchRun, async (clicked?: unknown) => {
      const folder = clicked instanceof vscode.Uri ? clicked : await pickFolder();
      if (folder) await watchRun(folder.fsPath);
    }),
    vscode.commands.registerCommand(COMMANDS.unwatchRun, async (clicked?: unknown) => {
      const folder = clicked instanceof vscode.Uri ? clicked.fsPath : (runOf(model, clicked)?.path ?? (await pickFolder())?.fsPath);
      if (folder) await stopWatching(folder);
    }),
  );
}

async function showRuns(model: RunsModel, open: OpenSpectrum): Promise<void> {
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
  if (checkpoint === undefined) return;
  const { path, tensor } = checkpoint.matrix.report.source;
  await open(vscode.Uri.file(path), tensor);
}

/** A run in a quick pick. */
export function runItem(report: RunReport) {
  return { label: runName(report), description: levelWord(report.level), detail: shown(report.reasons[0]?.message ?? ''), report };
}

function checkpointItem(checkpoint: JudgedCheckpoint) {
  const matrix = matrixOf(checkpoint);
  return matrix === undefined ? [] : [{ label: shown(checkpoint.name), description: levelWord(checkpoint.level), matrix }];
}

async function pickFolder(): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Folder of checkpoints'),
    canSelectFiles: false,
    canSelectFolders: true,
  });
  return picked?.[0];
}

/** A run in a folder of runs is watched until that folder is not. */
async function stopWatching(run: string): Promise<void> {
  const over = await unwatchRun(run);
  if (over === null) return;
  const name = shown(vscode.workspace.asRelativePath(over));
  const stop = vscode.l10n.t('Stop Watching {0}', name);
  const text = vscode.l10n.t('{0} is watched with all runs in {1}.', shown(vscode.workspace.asRelativePath(run)), name);
  if ((await vscode.window.showInformationMessage(text, stop)) === stop) await stopWatching(over);
}
