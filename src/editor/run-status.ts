import * as vscode from 'vscode';
import type { Level } from '../analysis/report';
import { levelWord } from '../words/verdict';
import { COMMANDS } from './contributions';
import { type RunsModel, runName } from './runs-model';

/** Lines of the tooltip on the saves of one run that are not complete: the newest. */
const MOST_WAITING = 3;

const BACKGROUNDS: Partial<Record<Level, string>> = {
  broken: 'statusBarItem.errorBackground',
  collapsed: 'statusBarItem.warningBackground',
  collapsing: 'statusBarItem.warningBackground',
};

/** One item in the status bar while runs are watched: how many, and how the worst of them is. */
export class RunStatus {
  readonly #item = vscode.window.createStatusBarItem('sigma.runs', vscode.StatusBarAlignment.Left);
  readonly #listener: vscode.Disposable;

  constructor(readonly model: RunsModel) {
    this.#item.name = vscode.l10n.t('Sigma Runs');
    this.#item.command = COMMANDS.showRuns;
    this.#listener = model.onDidChange(() => this.#update());
  }

  dispose(): void {
    this.#listener.dispose();
    this.#item.dispose();
  }

  #update(): void {
    const { runs } = this.model;
    const [worst] = runs;
    if (worst === undefined) {
      this.#item.hide();
      return;
    }
    const level = levelWord(worst.level).toLowerCase();
    const text =
      runs.length === 1 ? vscode.l10n.t('Sigma: 1 run, {0}', level) : vscode.l10n.t('Sigma: {0} runs, worst: {1}', runs.length, level);
    const background = BACKGROUNDS[worst.level];
    this.#item.text = `$(pulse) ${text}`;
    this.#item.accessibilityInformation = { label: text };
    this.#item.backgroundColor = background === undefined ? undefined : new vscode.ThemeColor(background);
    this.#item.tooltip = runs
      .flatMap((run) => [
        `${runName(run)}: ${levelWord(run.level)}. ${run.reasons[0]?.message ?? ''}`,
        ...this.model
          .waiting(run.path)
          .slice(-MOST_WAITING)
          .map((line) => `    ${line}`),
      ])
      .join('\n');
    this.#item.show();
  }
}
