import { dirname, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import type { Level } from '../analysis/report';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import type { RunReport } from '../engine/protocol';
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

/** The worst that is said of each path that has a badge. */
function worstByPath(runs: readonly RunReport[]): Map<string, Level> {
  const levels = new Map<string, Level>();
  const say = (path: string, level: Level): void => {
    const before = levels.get(path) ?? 'healthy';
    if (levelBadge(level) !== null && rank(level) < rank(before)) levels.set(path, level);
  };
  for (const run of runs) {
    say(run.path, run.level);
    for (const checkpoint of run.checkpoints) {
      for (const { report } of checkpoint.matrices) {
        say(report.source.path, report.verdict.level);
        const folder = folderIn(run.path, report.source.path);
        if (folder !== null) say(folder, checkpoint.level);
      }
      const file = fileOf(checkpoint);
      if (file !== null) say(file.fsPath, checkpoint.level);
    }
  }
  return levels;
}

/** The folder directly in a run that holds one of its files: that of the checkpoint. Null where the file itself lies there. */
function folderIn(run: string, file: string): string | null {
  const below = relative(run, dirname(file));
  return below === '' || below.startsWith('..') ? null : run + sep + below.split(sep)[0];
}

function rank(level: Level): number {
  return LEVELS_WORST_FIRST.indexOf(level);
}
