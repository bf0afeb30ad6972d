import * as vscode from 'vscode';
import type { Level } from '../analysis/report';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import type { RunReport } from '../engine/protocol';
import { levelWord } from '../words/verdict';
import { COMMANDS, SECTION } from './contributions';
import { shown } from './run-phrases';
import { fileOf, type RunsModel, runName } from './runs-model';
import { notificationLevels } from './settings';

/** What is remembered of a run over reloads, as JSON. */
interface Seen {
  /** When the newest checkpoint that counted was saved, in milliseconds since 1970; at first, when the run was first seen. */
  readonly saved: number;
  readonly level: Level;
}

const MEMORY = 'sigma.seenRuns';

/**
 * Says once that a run has got worse, at a checkpoint that was saved since its last look at the run, also in an earlier window; if the
 * setting wants that level said, nothing of a muted run, and never that it is better. While a notification of a run is on screen there
 * is no other of that run; what has changed meanwhile is said when it is gone.
 */
export class RunNotifications {
  readonly #started = Date.now();
  readonly #seen: Map<string, Seen>;
  readonly #looking = new Set<string>();
  readonly #looked = new Map<string, RunReport>();
  readonly #listener: vscode.Disposable;

  constructor(
    readonly model: RunsModel,
    readonly memory: vscode.Memento,
  ) {
    this.#seen = new Map(Object.entries(memory.get<Record<string, Seen>>(MEMORY, {})));
    this.#listener = model.onDidChange(() => {
      for (const { path } of model.runs) void this.#follow(path);
    });
  }

  dispose(): void {
    this.#listener.dispose();
  }

  /** Looks at each new report of a run, one after the other; of those that come meanwhile only at the last. */
  async #follow(path: string): Promise<void> {
    if (this.#looking.has(path)) return;
    this.#looking.add(path);
    for (let run = this.#unseen(path); run !== null; run = this.#unseen(path)) {
      this.#looked.set(path, run);
      await this.#look(run);
    }
    this.#looking.delete(path);
  }

  #unseen(path: string): RunReport | null {
    const run = this.model.runs.find((candidate) => candidate.path === path);
    return run === undefined || run === this.#looked.get(path) ? null : run;
  }

  async #look(run: RunReport): Promise<void> {
    const { path, level } = run;
    const newest = run.checkpoints.at(-1);
    const file = newest && fileOf(newest);
    if (!file || level === 'unknown') return;
    const before = this.#seen.get(path) ?? { saved: this.#started, level: 'healthy' };
    const saved = await savedAt(file);
    // When a window or the engine starts, old checkpoints come one by one: the worst that they say is what was known before.
    const isNew = saved > before.saved;
    this.#remember(path, { saved: Math.max(saved, before.saved), level: isNew || isWorse(level, before.level) ? level : before.level });
    if (isNew && isWorse(level, before.level) && !this.model.isMuted(path) && wanted().includes(level)) await this.#say(run);
  }

  #remember(path: string, seen: Seen): void {
    const before = this.#seen.get(path);
    if (before?.saved === seen.saved && before.level === seen.level) return;
    this.#seen.set(path, seen);
    void this.memory.update(MEMORY, Object.fromEntries(this.#seen));
  }

  async #say(run: RunReport): Promise<void> {
    const show = vscode.l10n.t('Show');
    const mute = vscode.l10n.t('Mute');
    const never = vscode.l10n.t("Don't Show Again");
    const text = vscode.l10n.t('{0}: {1}. {2}', runName(run), levelWord(run.level), shown(run.reasons[0]?.message ?? ''));
    const say = run.level === 'broken' ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
    const choice = await say(text, show, mute, never);
    if (choice === show) {
      // The panel also shows what the run has become since.
      const { level } = this.model.runs.find(({ path }) => path === run.path) ?? run;
      this.#remember(run.path, { ...this.#seen.get(run.path)!, level });
      await vscode.commands.executeCommand(COMMANDS.openRun, run.path);
    }
    if (choice === mute) await vscode.commands.executeCommand(COMMANDS.muteRun, run.path);
    if (choice === never) {
      await vscode.workspace.getConfiguration(SECTION).update('notifications', 'off', vscode.ConfigurationTarget.Global);
    }
  }
}

function wanted(): readonly Level[] {
  return notificationLevels(vscode.workspace.getConfiguration(SECTION).get('notifications'));
}

/** Milliseconds since 1970; 0 for a file that is gone. */
async function savedAt(file: vscode.Uri): Promise<number> {
  try {
    return (await vscode.workspace.fs.stat(file)).mtime;
  } catch {
    return 0;
  }
}

function isWorse(level: Level, than: Level): boolean {
  return LEVELS_WORST_FIRST.indexOf(level) < LEVELS_WORST_FIRST.indexOf(than);
}
