import * as vscode from 'vscode';
import { parseRunPanelMessage, type RunHostMessage, restoreRunViewState } from '../../webview/run/protocol';
import type { RunReport } from '../engine/protocol';
import { plainText } from '../words/plain-text';
import { COMMANDS, RUN_PANEL, SPECTRUM_EDITOR } from './contributions';
import { servePanel } from './panel-page';
import { runOf } from './run-actions';
import { runItem } from './run-commands';

import { matrixName, runPicture } from './run-picture';
import { fileOf, type RunsModel, runName } from './runs-model';

/** One panel for each run that was opened, which follows what the model knows of it. */
export class RunPanels implements vscode.WebviewPanelSerializer {
  /** By the path of the run. */
  readonly #panels = new Map<string, OpenPanel>();

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly model: RunsModel,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.commands.registerCommand(COMMANDS.openRun, (target?: unknown) => this.#open(target)),
      vscode.window.registerWebviewPanelSerializer(RUN_PANEL, this),
      this.model.onDidChange(() => {
        for (const panel of this.#panels.values()) panel.update();
      }),
    );
  }

  /** A panel that stood open when the window was closed. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const { run } = restoreRunViewState(saved);
    if (run === null || this.#panels.has(run)) panel.dispose();
    else this.#attach(run, panel);
  }

  /** @param target the run, by its path or as a menu names it; without one a person is asked */
  async #open(target: unknown): Promise<void> {
    const path = runOf(this.model, target)?.path ?? (typeof target === 'string' ? target : await this.#pick());
    if (path === undefined) return;
    const open = this.#panels.get(path);
    if (open !== undefined) open.panel.reveal();
    else this.#attach(path, vscode.window.createWebviewPanel(RUN_PANEL, titleOf(path), vscode.ViewColumn.Active));
  }

  async #pick(): Promise<string | undefined> {
    if (this.model.runs.length === 0) {
      // It says why there is none.
      await vscode.commands.executeCommand(COMMANDS.showRuns);
      return undefined;
    }
    const choice = await vscode.window.showQuickPick(this.model.runs.map(runItem), {
      title: vscode.l10n.t('Open Run'),
      placeHolder: vscode.l10n.t('Choose a run to see its timeline'),
    });
    return choice?.report.path;
  }

  #attach(path: string, panel: vscode.WebviewPanel): void {
    this.#panels.set(path, new OpenPanel(path, panel, this.model, this.log));
    panel.onDidDispose(() => this.#panels.delete(path));
    servePanel(panel.webview, this.extensionUri, 'run-panel', titleOf(path));
  }
}

class OpenPanel {
  #shown: RunReport | null | undefined;

  constructor(
    readonly path: string,
    readonly panel: vscode.WebviewPanel,
    readonly model: RunsModel,
    readonly log: vscode.LogOutputChannel,
  ) {
    panel.title = titleOf(path);
    panel.webview.onDidReceiveMessage((received: unknown) => {
      const message = parseRunPanelMessage(received);
      if (message === null) log.warn('The panel of a run sent a message that no panel sends; it was dropped.');
      else if (message.type === 'ready') this.#post(this.#report());
      else void this.#openCheckpoint(message.checkpoint, message.matrix);
    });
  }

  /** Posts what is new. A hidden panel has no page: it asks when it is shown again. */
  update(): void {
    const report = this.#report();
    if (this.panel.visible && report !== this.#shown) this.#post(report);
  }

  #report(): RunReport | null {
    return this.model.runs.find(({ path }) => path === this.path) ?? null;
  }

  #post(report: RunReport | null): void {
    this.#shown = report;
    const message: RunHostMessage =
      report === null
        ? {
            type: 'nothing',
            path: this.path,
            message: vscode.l10n.t('Nothing is known of {0}: it is not watched, or not analysed yet.', titleOf(this.path)),
          }
        : { type: 'run', run: runPicture(report, runName(report)) };
    void this.panel.webview.postMessage(message);
  }

  /** Only files that the run's report names are ever opened. */
  async #openCheckpoint(name: string, matrix: ReturnType<typeof matrixName> | null): Promise<void> {
    const checkpoint = this.#report()?.checkpoints.find((candidate) => plainText(candidate.name) === name);
    const found = checkpoint?.matrices.find((candidate) => {
      const { file, tensor } = matrixName(candidate);
      return file === matrix?.file && tensor === matrix.tensor;
    });
    const file = found ? vscode.Uri.file(found.report.source.path) : checkpoint && fileOf(checkpoint);
    if (file) await vscode.commands.executeCommand('vscode.openWith', file, SPECTRUM_EDITOR, { preview: false });
    else this.log.warn(`The panel of ${this.path} asked for a checkpoint that it does not have.`);
  }
}

function titleOf(path: string): string {
  return plainText(vscode.workspace.asRelativePath(path));
}
