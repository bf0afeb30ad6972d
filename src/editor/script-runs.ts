import * as vscode from 'vscode';
import { RunHover } from './run-hover';
import { RunInlineText } from './run-inline-text';
import { RunLenses } from './run-lenses';
import type { RunsModel } from './runs-model';
import { ScriptMentions } from './script-mentions';
import { ScriptProblems } from './script-problems';

/** Shows runs where training scripts and their configurations name them. */
export function showRunsInScripts(model: RunsModel): vscode.Disposable {
  const mentions = new ScriptMentions(model);
  return vscode.Disposable.from(
    mentions,
    new RunLenses(mentions),
    new RunHover(mentions),
    new RunInlineText(mentions),
    new ScriptProblems(mentions),
  );
}
