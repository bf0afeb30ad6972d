import * as vscode from 'vscode';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import type { JudgedCheckpoint, RunEvent, RunReport, WatchNotice } from '../engine/protocol';

/** What is known of the watched runs now; every surface that shows them reads it here. */
export class RunsModel {
  readonly #reports = new Map<string, RunReport>();
  /** By run, then by checkpoint: the phrase that says what its save waits for. */
  readonly #waiting = new Map<string, Map<string, string>>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  /** Worst first, then by their paths. */
  get runs(): readonly RunReport[] {
    const rank = ({ level }: RunReport) => LEVELS_WORST_FIRST.indexOf(level);
    return [...this.#reports.values()].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
  }

  /** `name: phrase` of each checkpoint of a run whose save is not complete. */
  waiting(run: string): readonly string[] {
    return Array.from(this.#waiting.get(run) ?? [], ([name, phrase]) => `${name}: ${phrase}`);
  }

  accept(event: RunEvent): void {
    const { run } = event;
    switch (event.kind) {
      case 'changed':
        this.#reports.set(run, event.report);
        for (const { name } of event.report.checkpoints) this.#waiting.get(run)?.delete(name);
        break;
      case 'notice':
        this.#take(run, event.notice);
        break;
      case 'ended':
        this.#reports.delete(run);
        this.#waiting.delete(run);
    }
    this.#changed.fire();
  }

  /** Nothing is watched any more. */
  clear(): void {
    this.#reports.clear();
    this.#waiting.clear();
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #take(run: string, notice: WatchNotice): void {
    const waiting = this.#waiting.get(run) ?? new Map<string, string>();
    this.#waiting.set(run, waiting);
    if (notice.kind === 'waiting') waiting.set(notice.checkpoint, notice.waitingFor);
    else if ('checkpoint' in notice) waiting.delete(notice.checkpoint);
  }
}

/** The run as a person knows it. */
export function runName({ path }: RunReport): string {
  return vscode.workspace.asRelativePath(path);
}

/** The file to open for a checkpoint: one that is by itself as bad as the checkpoint, else embeddings, for drift is judged on them; null where none was read. */
export function fileOf({ level, matrices }: JudgedCheckpoint): vscode.Uri | null {
  const matrix =
    matrices.find(({ report }) => report.verdict.level === level) ??
    matrices.find(({ report }) => report.source.tensor === null) ??
    matrices[0];
  return matrix === undefined ? null : vscode.Uri.file(matrix.report.source.path);
}
