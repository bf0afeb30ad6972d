import * as vscode from 'vscode';
import type { NamedStep, RunReport } from '../engine/protocol';
import { COMMANDS } from './contributions';
import { commandUri, diagnosticOn, SEVERITIES } from './problems';
import { shown } from './run-phrases';
import { fileOf, type RunsModel, runName } from './runs-model';

/** A problem on the newest checkpoint of each run that is collapsing or worse and not muted, with the onset as related information. */
export class RunProblems {
  readonly #collection = vscode.languages.createDiagnosticCollection('sigma-runs');
  readonly #listener: vscode.Disposable;
  /** The runs as they were. */
  #published: readonly RunReport[] = [];

  constructor(readonly model: RunsModel) {
    this.#listener = model.onDidChange(() => this.#publish());
  }

  dispose(): void {
    this.#listener.dispose();
    this.#collection.dispose();
  }

  #publish(): void {
    const runs = this.model.runs.filter((run) => !this.model.isMuted(run.path) && SEVERITIES[run.level] !== undefined);
    if (runs.length === this.#published.length && runs.every((run, i) => run === this.#published[i])) return;
    this.#published = runs;
    this.#collection.clear();
    for (const run of runs) {
      const problem = problemOf(run);
      if (problem !== null) this.#collection.set(problem.uri, [problem.diagnostic]);
    }
  }
}

/** Null where there is nothing to warn of. */
export function problemOf(run: RunReport): { readonly uri: vscode.Uri; readonly diagnostic: vscode.Diagnostic } | null {
  const severity = SEVERITIES[run.level];
  const newest = run.checkpoints.at(-1);
  const uri = newest && fileOf(newest);
  const [reason] = run.reasons;
  if (severity === undefined || !uri || !reason) return null;
  const diagnostic = diagnosticOn(uri, `${runName(run)}: ${reason.message}`, reason.code, severity);
  // The editor offers no fixes of a problem on a binary file.
  diagnostic.code = { value: reason.code, target: commandUri(COMMANDS.fixRun, run.path) };
  const { onset, alarm, baseline } = run;
  diagnostic.relatedInformation = [
    ...related(run, onset, (name) =>
      vscode.l10n.t('Onset: {0} is the first checkpoint that does not fit the baseline {1}.', name, baseline ?? ''),
    ),
    ...(alarm?.name === onset?.name ? [] : related(run, alarm, (name) => vscode.l10n.t('Alarm: at {0} that became certain.', name))),
  ];
  return { uri, diagnostic };
}

function related(run: RunReport, step: NamedStep | null, message: (name: string) => string): vscode.DiagnosticRelatedInformation[] {
  const checkpoint = run.checkpoints.find(({ name }) => name === step?.name);
  const uri = checkpoint && fileOf(checkpoint);
  return uri
    ? [new vscode.DiagnosticRelatedInformation(new vscode.Location(uri, new vscode.Position(0, 0)), message(shown(checkpoint.name)))]
    : [];
}
