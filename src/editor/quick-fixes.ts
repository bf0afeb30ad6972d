import * as vscode from 'vscode';
import { COMMANDS } from './contributions';
import type { RunsModel } from './runs-model';

/**
 * What can be done about a problem of ours: open the report and, where it is about a watched run, what can be done about that run. The
 * editor asks for fixes in texts only; of a problem on a file that is none, its code leads to the same.
 */
export class QuickFixes implements vscode.CodeActionProvider {
  constructor(readonly model: RunsModel) {}

  register(): vscode.Disposable {
    return vscode.languages.registerCodeActionsProvider({ scheme: 'file' }, this, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    });
  }

  provideCodeActions(
    document: Pick<vscode.TextDocument, 'uri'>,
    _range: unknown,
    { diagnostics }: Pick<vscode.CodeActionContext, 'diagnostics'>,
  ) {
    return diagnostics.filter(({ source }) => source === 'Sigma').flatMap((diagnostic) => this.#fixes(document.uri, diagnostic));
  }

  #fixes(uri: vscode.Uri, diagnostic: vscode.Diagnostic): vscode.CodeAction[] {
    // One in a script points at the checkpoint that it is about.
    const places = [uri, ...(diagnostic.relatedInformation ?? []).map(({ location }) => location.uri)];
    const run = places.map(({ fsPath }) => this.model.runAt(fsPath)).find((candidate) => candidate !== undefined);
    const commands = run ? runFixes(run.path) : [{ title: vscode.l10n.t('Open Report'), command: COMMANDS.analyze, arguments: [uri] }];
    return commands.map((command) => {
      const fix = new vscode.CodeAction(command.title, vscode.CodeActionKind.QuickFix);
      return Object.assign(fix, { command, diagnostics: [diagnostic] });
    });
  }
}

/** What can be done about a run that is collapsing. @param run its path */
export function runFixes(run: string): vscode.Command[] {
  const fix = (title: string, command: string): vscode.Command => ({ title, command, arguments: [run] });
  return [
    fix(vscode.l10n.t('Open Run'), COMMANDS.openRun),
    fix(vscode.l10n.t('Open Report'), COMMANDS.openReport),
    fix(vscode.l10n.t('Compare with Baseline'), COMMANDS.compareWithBaseline),
    fix(vscode.l10n.t('Pin a Baseline…'), COMMANDS.pinBaseline),
    fix(vscode.l10n.t('Mute This Run'), COMMANDS.muteRun),
  ];
}
