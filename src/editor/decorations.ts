import { dirname, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import type { Level } from '../analysis/report';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import type { JudgedCheckpoint, RunReport } from '../engine/protocol';
import { levelWord } from '../words/verdict';
import { levelBadge, levelColour } from './level-looks';
import { fileOf, type RunsModel } from './runs-model';

/** Badges in the Explorer on the folder of each run, and on those of its checkpoints and their files, that are worth watching or worse. */
export class HealthDecorations implements vscode.FileDecorationProvider {
  readonly #changed = new vscode.EventEmitter<vscode.Uri[]>();
  readonly onDidChangeFileDecorations = this.#changed.event;
  readonly #parts: vscode.Disposable;
  #levels: ReadonlyMap<string, Level> = new Map();

  constructor(readonly model: RunsModel) {
    this.#parts = vscode.Disposable.from(
      this.#changed,
      vscode.window.registerFileDecorationProvider(this),
      model.onDidChange(() => this.#update()),
    );
  }

  dispose(): void {
    this.#parts.dispose();
  }

  provideFileDecoration(uri: vscode.Uri): vscode.FileDecoration | undefined {
    const level = uri.scheme === 'file' ? this.#levels.get(uri.fsPath) : undefined;
    const badge = level && levelBadge(level);
    if (!level || !badge) return undefined;
    const decoration = new vscode.FileDecoration(badge, vscode.l10n.t('Sigma: {0}', levelWord(level)), levelColour(level));
    // The folder of the run has a badge of its own, and what is above it is no business of the run.
    decoration.propagate = false;
    return decoration;
  }

  #update(): void {
    const before = this.#levels;
    this.#levels = worstByPath(this.model.runs.filter(({ path }) => !this.model.isMuted(path)));
    const changed = [...new Set([...before.keys(), ...this.#levels.keys()])].filter((path) => before.get(path) !== this.#levels.get(path));
    if (changed.length > 0) this.#changed.fire(changed.map((path) => vscode.Uri.file(path)));
  }
}

type Said = readonly (readonly [path: string, level: Level])[];

/** The worst that is said of each path that has a badge. */
function worstByPath(runs: readonly RunReport[]): Map<string, Level> {
  const levels = new Map<string, Level>();
  for (const run of runs) {
    say(levels, run.path, run.level);
    for (const checkpoint of run.checkpoints) for (const [path, level] of saidOf(checkpoint, run.path)) say(levels, path, level);
  }
  return levels;
}

function say(levels: Map<string, Level>, path: string, level: Level): void {
  const before = levels.get(path) ?? 'healthy';
  if (levelBadge(level) !== null && rank(level) < rank(before)) levels.set(path, level);
}

/** A long run has 10^5 matrices, and at each of its changes one new checkpoint. */
const said = new WeakMap<JudgedCheckpoint, Said>();

function saidOf(checkpoint: JudgedCheckpoint, run: string): Said {
  const known = said.get(checkpoint);
  if (known !== undefined) return known;
  const levels = new Map<string, Level>();
  const folders = new Map<string, string | null>();
  for (const { report } of checkpoint.matrices) {
    const { path } = report.source;
    say(levels, path, report.verdict.level);
    if (!folders.has(path)) folders.set(path, folderIn(run, path));
  }
  for (const folder of folders.values()) if (folder !== null) say(levels, folder, checkpoint.level);
  const file = fileOf(checkpoint);
  if (file !== null) say(levels, file.fsPath, checkpoint.level);
  const all = [...levels];
  said.set(checkpoint, all);
  return all;
}

/** The folder directly in a run that holds one of its files: that of the checkpoint. Null where the file itself lies there. */
function folderIn(run: string, file: string): string | null {
  const below = relative(run, dirname(file));
  return below === '' || below.startsWith('..') ? null : run + sep + below.split(sep)[0];
}

function rank(level: Level): number {
  return LEVELS_WORST_FIRST.indexOf(level);
}
