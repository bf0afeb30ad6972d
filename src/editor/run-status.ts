import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Level } from '../analysis/report';
import type { EngineState } from '../engine/client';
import { levelWord } from '../words/verdict';
import type { Analyses } from './analyses';
import { COMMANDS } from './contributions';
import { escaped, plain } from './run-phrases';
import { type RunsModel, runName } from './runs-model';

/** Lines of the tooltip on what is under way in one run. */
const MOST_LINES = 4;

const BACKGROUNDS: Partial<Record<Level, string>> = {
  broken: 'statusBarItem.errorBackground',
  collapsed: 'statusBarItem.warningBackground',
  collapsing: 'statusBarItem.warningBackground',
};

/** What the tooltip links to. */
const LINKED = [COMMANDS.showHealth, COMMANDS.cancelAnalyses, COMMANDS.resumeAnalyses, COMMANDS.restartEngine, COMMANDS.showLog];

/** What the item says; what stands first counts: failing, analysing, starting, watching. */
interface Face {
  readonly icon: string;
  readonly text: string;
  readonly command: string;
  readonly background?: string;
}

/** One item in the status bar, while runs are watched, a file is analysed for more than a moment, or the engine fails. */
export class RunStatus {
  readonly #item = vscode.window.createStatusBarItem('sigma.runs', vscode.StatusBarAlignment.Left);
  readonly #listeners: vscode.Disposable;
  #engine: EngineState = 'idle';

  constructor(
    readonly model: RunsModel,
    readonly analyses: Pick<Analyses, 'running' | 'onDidChange' | 'cancel'>,
    /** Those of checkpoints. */
    readonly pause: (paused: boolean) => void,
  ) {
    this.#item.name = vscode.l10n.t('Sigma Model Health');
    this.#listeners = vscode.Disposable.from(
      model.onDidChange(() => this.#update()),
      analyses.onDidChange(() => this.#update()),
      vscode.commands.registerCommand(COMMANDS.cancelAnalyses, () => {
        analyses.cancel();
        if (model.analysing) pause(true);
      }),
      vscode.commands.registerCommand(COMMANDS.resumeAnalyses, () => pause(false)),
    );
  }

  dispose(): void {
    this.#listeners.dispose();
    this.#item.dispose();
  }

  engineIs(state: EngineState): void {
    this.#engine = state;
    this.#update();
  }

  #update(): void {
    const face = this.#face();
    if (face === null) {
      this.#item.hide();
      return;
    }
    this.#item.text = `$(${face.icon}) ${face.text}`;
    this.#item.accessibilityInformation = { label: face.text };
    this.#item.backgroundColor = face.background === undefined ? undefined : new vscode.ThemeColor(face.background);
    this.#item.command = face.command;
    this.#item.tooltip = this.#tooltip();
    this.#item.show();
  }

  #face(): Face | null {
    const { runs, folders } = this.model;
    const { running } = this.analyses;
    const command = COMMANDS.showHealth;
    if (this.#engine === 'failing') {
      const text = vscode.l10n.t('Sigma: engine stopped');
      return { icon: 'error', text, command: COMMANDS.showLog, background: 'statusBarItem.errorBackground' };
    }
    if (running[0] !== undefined) {
      const name = plain(basename(running[0]));
      const text =
        running.length === 1
          ? vscode.l10n.t('Sigma: analysing {0}', name)
          : vscode.l10n.t('Sigma: analysing {0} and {1} more', name, running.length - 1);
      return { icon: 'sync~spin', text, command };
    }
    if (runs.length === 0) {
      return folders.length === 0 ? null : { icon: 'sync~spin', text: vscode.l10n.t('Sigma: looking for runs'), command };
    }
    const worst = runs.find(({ path }) => !this.model.isMuted(path));
    if (worst === undefined) return { icon: 'bell-slash', text: vscode.l10n.t('Sigma: all runs muted'), command };
    const level = levelWord(worst.level).toLowerCase();
    const text =
      runs.length === 1 ? vscode.l10n.t('Sigma: 1 run, {0}', level) : vscode.l10n.t('Sigma: {0} runs, worst: {1}', runs.length, level);
    if (this.model.paused) {
      return { icon: 'debug-pause', text: vscode.l10n.t('{0}, paused', text), command, background: BACKGROUNDS[worst.level] };
    }
    return { icon: this.model.analysing ? 'sync~spin' : 'pulse', text, command, background: BACKGROUNDS[worst.level] };
  }

  #tooltip(): vscode.MarkdownString {
    const text = new vscode.MarkdownString();
    text.isTrusted = { enabledCommands: LINKED };
    for (const run of this.model.runs) {
      const name = this.model.isMuted(run.path) ? vscode.l10n.t('{0} (muted)', runName(run)) : runName(run);
      text.appendMarkdown(escaped(`${name}: ${levelWord(run.level)}. ${run.reasons[0]?.message ?? ''}`));
      for (const line of this.model.status(run.path).slice(0, MOST_LINES)) text.appendMarkdown(`\n- ${escaped(line)}`);
      text.appendMarkdown('\n\n');
    }
    const links = [`[${vscode.l10n.t('Show Model Health')}](command:${COMMANDS.showHealth})`];
    if (this.analyses.running.length > 0 || this.model.analysing)
      links.push(`[${vscode.l10n.t('Cancel Analyses')}](command:${COMMANDS.cancelAnalyses})`);
    if (this.model.paused) links.push(`[${vscode.l10n.t('Resume Analyses')}](command:${COMMANDS.resumeAnalyses})`);
    if (this.#engine === 'failing') {
      links.push(`[${vscode.l10n.t('Restart Engine')}](command:${COMMANDS.restartEngine})`);
      links.push(`[${vscode.l10n.t('Show Log')}](command:${COMMANDS.showLog})`);
    }
    text.appendMarkdown(links.join(' \u00b7 '));
    return text;
  }
}
