import * as vscode from 'vscode';
import type { Level, SpectralReport } from '../analysis/report';
import { COMMANDS, SECTION } from './contributions';
import { shown } from './run-phrases';

/** Levels that are worth a problem. */
export const SEVERITIES: Partial<Record<Level, vscode.DiagnosticSeverity>> = {
  broken: vscode.DiagnosticSeverity.Error,
  collapsed: vscode.DiagnosticSeverity.Warning,
  collapsing: vscode.DiagnosticSeverity.Warning,
};

/** Findings in the Problems panel: at most one for each tensor of a file, and one (tensor null) for a file that cannot be opened. */
export class Problems {
  readonly #collection = vscode.languages.createDiagnosticCollection(SECTION);
  readonly #files = new Map<string, Map<string | null, vscode.Diagnostic>>();

  /** A report with nothing to warn of takes back what was said about its tensor. */
  report(uri: vscode.Uri, tensor: string, report: SpectralReport): void {
    const severity = SEVERITIES[report.verdict.level];
    const [reason] = report.verdict.reasons;
    if (severity === undefined || !reason) this.retract(uri, tensor);
    else this.#set(uri, tensor, reason.message, reason.code, severity);
  }

  unreadable(uri: vscode.Uri, tensor: string | null, message: string): void {
    this.#set(uri, tensor, message, 'unreadable', vscode.DiagnosticSeverity.Error);
  }

  retract(uri: vscode.Uri, tensor: string | null): void {
    if (this.#files.get(uri.toString())?.delete(tensor)) this.#publish(uri);
  }

  /** Takes back everything that was said about a file. */
  clear(uri: vscode.Uri): void {
    this.#files.delete(uri.toString());
    this.#collection.delete(uri);
  }

  dispose(): void {
    this.#collection.dispose();
  }

  #set(uri: vscode.Uri, tensor: string | null, message: string, code: string, severity: vscode.DiagnosticSeverity): void {
    const problem = diagnosticOn(uri, tensor ? `${tensor}: ${message}` : message, code, severity);
    const problems = this.#files.get(uri.toString()) ?? new Map();
    this.#files.set(uri.toString(), problems.set(tensor, problem));
    this.#publish(uri);
  }

  #publish(uri: vscode.Uri): void {
    this.#collection.set(uri, [...(this.#files.get(uri.toString())?.values() ?? [])]);
  }
}

/** A problem on a whole file. */
export function diagnosticOn(uri: vscode.Uri, message: string, code: string, severity: vscode.DiagnosticSeverity): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(new vscode.Range(0, 0, 0, 0), shown(message), severity);
  diagnostic.source = 'Sigma';
  // A row of the Problems panel opens the file's default editor, which shows nothing of most binary files; its code opens ours.
  diagnostic.code = { value: code, target: commandUri(COMMANDS.analyze, uri.toString()) };
  return diagnostic;
}

export function commandUri(command: string, ...args: string[]): vscode.Uri {
  return vscode.Uri.parse(`command:${command}?${encodeURIComponent(JSON.stringify(args))}`);
}
