import * as vscode from 'vscode';
import type { RunReport } from '../engine/protocol';
import { problemOf } from './run-problems';
import { type Mention, rangeOf, type ScriptMentions } from './script-mentions';

/** A problem where a script first names a run that is collapsing or worse and not muted: the run's own, on another line. */
export class ScriptProblems {
  readonly #collection = vscode.languages.createDiagnosticCollection('sigma-scripts');
  readonly #listener: vscode.Disposable;

  constructor(readonly mentions: ScriptMentions) {
    this.#listener = mentions.onDidChange(() => this.#publish());
  }

  dispose(): void {
    this.#listener.dispose();
    this.#collection.dispose();
  }

  #publish(): void {
    this.#collection.clear();
    for (const document of this.mentions.documents) {
      const problems = Array.from(warnings(this.mentions, document), ([run, mention]) => problemIn(mention, run));
      if (problems.length > 0) this.#collection.set(document.uri, problems);
    }
  }
}

/** The runs that a script gets a problem for, each with the mention that it stands on. */
export function warnings(mentions: ScriptMentions, document: vscode.TextDocument): Map<RunReport, Mention> {
  const first = new Map<RunReport, Mention>();
  for (const mention of mentions.of(document)) {
    const worst = mention.runs.find((run) => !mentions.model.isMuted(run.path) && problemOf(run) !== null);
    if (worst && !first.has(worst)) first.set(worst, mention);
  }
  return first;
}

function problemIn(mention: Mention, run: RunReport): vscode.Diagnostic {
  const { uri, diagnostic } = problemOf(run)!;
  diagnostic.range = rangeOf(mention);
  const start = new vscode.Location(uri, new vscode.Position(0, 0));
  // From here, unlike from the problem on the checkpoint, there is a way to go to the checkpoint.
  diagnostic.relatedInformation = [
    new vscode.DiagnosticRelatedInformation(start, vscode.l10n.t('Newest checkpoint: {0}.', run.checkpoints.at(-1)?.name ?? '')),
    ...(diagnostic.relatedInformation ?? []),
  ];
  return diagnostic;
}
