import * as vscode from 'vscode';
import type { EngineClient, EngineState } from '../engine/client';
import { plainText } from '../words/plain-text';
import { COMMANDS } from './contributions';

/** Sigma: Restart Engine and Sigma: Show Log. */
export function registerEngineCommands(engine: Pick<EngineClient, 'restart'>, log: vscode.LogOutputChannel): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(COMMANDS.restartEngine, () => {
      engine.restart();
      void vscode.window.setStatusBarMessage(vscode.l10n.t('Sigma: the engine was restarted'), 4000);
    }),
    vscode.commands.registerCommand(COMMANDS.showLog, () => log.show()),
  );
}

/** Says once for each reason that reports are not kept: the runs are watched all the same. */
export function unkeptAnnouncer(log: vscode.LogOutputChannel): (reason: string) => void {
  const said = new Set<string>();
  return (reason) => {
    log.warn(reason);
    if (said.has(reason)) return;
    said.add(reason);
    void vscode.window.showWarningMessage(vscode.l10n.t('Runs are still watched, but their history is not saved. {0}', plainText(reason)));
  };
}

/** The engine keeps dying, and nothing can be analysed until a person steps in. */
export async function announceFailing(state: EngineState): Promise<void> {
  if (state !== 'failing') return;
  const restart = vscode.l10n.t('Restart Engine');
  const showLog = vscode.l10n.t('Show Log');
  const choice = await vscode.window.showErrorMessage(
    vscode.l10n.t('The Sigma engine keeps stopping, so files cannot be analysed. The log says what happened.'),
    restart,
    showLog,
  );
  if (choice === restart) await vscode.commands.executeCommand(COMMANDS.restartEngine);
  if (choice === showLog) await vscode.commands.executeCommand(COMMANDS.showLog);
}
