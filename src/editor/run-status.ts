import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Level } from '../analysis/report';
import type { EngineState } from '../engine/client';
import { levelWord } from '../words/verdict';
import type { Analyses } from './analyses';
import { COMMANDS } from './contributions';
import { plain } from './run-phrases';
import { type RunsModel, runName } from './runs-model';

/** Lines of the tooltip on the saves of one run that are not complete: the newest. */
const MOST_WAITING = 3;

const BACKGROUNDS: Partial<Record<Level, string>> = {
  broken: 'statusBarItem.errorBackground',
  collapsed: 'statusBarItem.warningBackground',
  collapsing: 'statusBarItem.warningBackground',
};

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
  ) {
    this.#item.name = vscode.l10n.t('Sigma Model Health');
    this.#listeners = vscode.Disposable.from(
      model.onDidChange(() => this.#update()),
      analyses.onDidChange(() => this.#update()),
      vscode.commands.registerCommand(COMMANDS.cancelAnalyses, () => analyses.cancel()),
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
    return { icon: 'pulse', text, command, background: BACKGROUNDS[worst.level] };
  }

  #tooltip(): vscode.MarkdownString {
    const text = new vscode.MarkdownString();
    text.isTrusted = { enabledCommands: [COMMANDS.showHealth, COMMANDS.cancelAnalyses, COMMANDS.restartEngine, COMMANDS.showLog] };
    for (const run of this.model.runs) {
      const muted = this.model.isMuted(run.path) ? ` (${vscode.l10n.t('muted')})` : '';
      text.appendText(`${runName(run)}${muted}: ${levelWord(run.level)}. ${run.reasons[0]?.message ?? ''}`);
      for (const line of this.model.waiting(run.path).slice(-MOST_WAITING)) {
        text.appendMarkdown('\n- ');
        text.appendText(line);
      }
      text.appendMarkdown('\n\n');
    }
    const links = [`[${vscode.l10n.t('Show Model Health')}](command:${COMMANDS.showHealth})`];
    if (this.analyses.running.length > 0) links.push(`[${vscode.l10n.t('Cancel Analyses')}](command:${COMMANDS.cancelAnalyses})`);
    if (this.#engine === 'failing') {
      links.push(`[${vscode.l10n.t('Restart Engine')}](command:${COMMANDS.restartEngine})`);
      links.push(`[${vscode.l10n.t('Show Log')}](command:${COMMANDS.showLog})`);
    }
    text.appendMarkdown(links.join(' \u00b7 '));
    return text;
  }
}
