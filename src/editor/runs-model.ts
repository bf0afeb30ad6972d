import { sep } from 'node:path';
import * as vscode from 'vscode';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import type { JudgedCheckpoint, RunEvent, RunReport, WatchNotice } from '../engine/protocol';
import { unreachablePhrase } from '../words/unreachable';
import { shown } from './run-phrases';

type CheckpointAnalysis = Extract<RunEvent, { kind: 'analysis' }>;

/** What is known of the watched runs now; every surface that shows them reads it here. */
export class RunsModel {
  #folders: readonly string[] = [];
  readonly #reports = new Map<string, RunReport>();
  /** By run, then by checkpoint: the phrase that says what its save waits for. */
  readonly #waiting = new Map<string, Map<string, string>>();
  /** By run: the checkpoint that is analysed now, or would be. */
  readonly #analyses = new Map<string, CheckpointAnalysis>();
  /** By run: why its folder cannot be read. */
  readonly #unreachable = new Map<string, string>();
  /** Until something changes. */
  #inOrder: readonly RunReport[] | null = null;
  #paused = false;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #muted: Set<string>;

  /** @param muted paths of runs that a person wants to hear nothing of */
  constructor(muted: Iterable<string> = []) {
    this.#muted = new Set(muted);
  }

  /** Worst first, then by their paths; muted ones last. */
  get runs(): readonly RunReport[] {
    const rank = ({ level }: RunReport) => LEVELS_WORST_FIRST.indexOf(level);
    const muted = ({ path }: RunReport) => Number(this.isMuted(path));
    this.#inOrder ??= [...this.#reports.values()].sort((a, b) => muted(a) - muted(b) || rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
    return this.#inOrder;
  }

  /** Absolute paths of the folders that the settings have watched, whether or not anything is known of them. */
  get folders(): readonly string[] {
    return this.#folders;
  }

  get muted(): readonly string[] {
    return [...this.#muted];
  }

  isMuted(run: string): boolean {
    return this.#muted.has(run);
  }

  mute(run: string, muted: boolean): void {
    if (muted) this.#muted.add(run);
    else this.#muted.delete(run);
    this.#fire();
  }

  /** The run of a path, which is its folder or lies in it. */
  runAt(path: string): RunReport | undefined {
    return this.runs
      .filter((run) => path === run.path || path.startsWith(run.path + sep))
      .reduce<RunReport | undefined>((innermost, run) => (run.path.length > (innermost?.path.length ?? 0) ? run : innermost), undefined);
  }

  /** Whether a person has paused the analyses of checkpoints. */
  get paused(): boolean {
    return this.#paused;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    this.#fire();
  }

  /** Whether a checkpoint of any run is analysed now. */
  get analysing(): boolean {
    return [...this.#analyses.values()].some(({ state }) => state === 'running');
  }

  /** The engine has stopped, and with it what it was doing. */
  engineStopped(): void {
    this.#analyses.clear();
    this.#fire();
  }

  /** What is under way in a run, or keeps it from being followed, in sentences. */
  status(run: string): readonly string[] {
    const analysis = this.#analyses.get(run);
    const unreachable = this.#unreachable.get(run);
    return [
      ...(unreachable === undefined
        ? []
        : [vscode.l10n.t('Its folder cannot be read now ({0}); Sigma goes on trying.', unreachablePhrase(unreachable))]),
      ...(analysis === undefined ? [] : [analysisSentence(analysis)]),
      ...Array.from(this.#waiting.get(run) ?? [], ([name, phrase]) => vscode.l10n.t('Waiting for {0} to be complete: {1}.', name, phrase)),
    ];
  }

  /** What they say is told at once. */
  accept(...events: readonly RunEvent[]): void {
    for (const event of events) this.#take(event);
    this.#fire();
  }

  #take(event: RunEvent): void {
    const { run } = event;
    switch (event.kind) {
      case 'changed':
        this.#reports.set(run, event.report);
        for (const { name } of event.report.checkpoints) this.#waiting.get(run)?.delete(name);
        break;
      case 'notice':
        this.#takeNotice(run, event.notice);
        break;
      case 'analysis':
        this.#waiting.get(run)?.delete(event.checkpoint);
        if (event.state === 'over') this.#analyses.delete(run);
        else this.#analyses.set(run, event);
        break;
      case 'ended':
        this.#reports.delete(run);
        this.#forget(run);
    }
  }

  /** What is watched from now on: what has ended is told by events, unless nothing is watched any more. */
  watch(folders: readonly string[]): void {
    this.#folders = folders;
    if (folders.length === 0) {
      this.#reports.clear();
      for (const each of [this.#waiting, this.#analyses, this.#unreachable]) each.clear();
    }
    this.#fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #forget(run: string): void {
    for (const each of [this.#waiting, this.#analyses, this.#unreachable]) each.delete(run);
  }

  #fire(): void {
    this.#inOrder = null;
    this.#changed.fire();
  }

  #takeNotice(run: string, notice: WatchNotice): void {
    if (notice.kind === 'unreachable') this.#unreachable.set(run, notice.reason);
    if (notice.kind === 'reachable') this.#unreachable.delete(run);
    const waiting = this.#waiting.get(run) ?? new Map<string, string>();
    this.#waiting.set(run, waiting);
    if (notice.kind === 'waiting') waiting.set(notice.checkpoint, notice.waitingFor);
    else if ('checkpoint' in notice) waiting.delete(notice.checkpoint);
  }
}

function analysisSentence({ checkpoint, state }: CheckpointAnalysis): string {
  return state === 'running'
    ? vscode.l10n.t('Analysing {0}.', checkpoint)
    : vscode.l10n.t('{0} is not analysed: its analysis was cancelled. “Sigma: Resume Analyses” goes on with it.', checkpoint);
}

/** The run as a person knows it. */
export function runName({ path }: RunReport): string {
  return shown(vscode.workspace.asRelativePath(path));
}

/** The matrix to show of a checkpoint: one that is by itself as bad as the checkpoint, else embeddings, for drift is judged on them; none where none was read. */
export function matrixOf({ level, matrices }: JudgedCheckpoint): JudgedCheckpoint['matrices'][number] | undefined {
  return (
    matrices.find(({ report }) => report.verdict.level === level) ??
    matrices.find(({ report }) => report.source.tensor === null) ??
    matrices[0]
  );
}

/** The file that holds it; null where none was read. */
export function fileOf(checkpoint: JudgedCheckpoint): vscode.Uri | null {
  const matrix = matrixOf(checkpoint);
  return matrix === undefined ? null : vscode.Uri.file(matrix.report.source.path);
}
