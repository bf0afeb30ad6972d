import * as vscode from 'vscode';
import { COMMANDS } from './contributions';
import type { RunsModel } from './runs-model';

/** What can be done about a problem of ours: open the report and, where it is about a watched run, choose its baseline or mute it. */
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
    const action = (title: string, command: string, argument: unknown): vscode.CodeAction => {
      const fix = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      fix.command = { title, command, arguments: [argument] };
      fix.diagnostics = [diagnostic];
      return fix;
    };
    // One in a script points at the checkpoint that it is about.
    const places = [uri, ...(diagnostic.relatedInformation ?? []).map(({ location }) => location.uri)];
    const run = places.map(({ fsPath }) => this.model.runAt(fsPath)).find((candidate) => candidate !== undefined);
    if (run === undefined) return [action(vscode.l10n.t('Open Report'), COMMANDS.analyze, uri)];
    return [
      action(vscode.l10n.t('Open Report'), COMMANDS.openReport, run.path),
      action(vscode.l10n.t('Pin a Baseline…'), COMMANDS.pinBaseline, run.path),
      action(vscode.l10n.t('Mute This Run'), COMMANDS.muteRun, run.path),
    ];
  }
}
