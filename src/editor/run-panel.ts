import * as vscode from 'vscode';
import { parseRunPanelMessage, type RunHostMessage, type RunPanelMessage, restoreRunViewState } from '../../webview/run/protocol';
import { toJson } from '../analysis/report-json';
import type { RunReport } from '../engine/protocol';
import { plainText } from '../words/plain-text';
import { COMMANDS, RUN_PANEL } from './contributions';
import { servePanel } from './panel-page';
import { runOf } from './run-actions';
import { runItem } from './run-commands';
import { matrixName, runPicture } from './run-picture';
import { matrixOf, type RunsModel, runName } from './runs-model';
import { saveExport } from './save-export';
import type { OpenSpectrum } from './spectrum-editor';

/** One panel for each run that was opened, which follows what the model knows of it. */
export class RunPanels implements vscode.WebviewPanelSerializer {
  /** By the path of the run. */
  readonly #panels = new Map<string, OpenPanel>();

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly model: RunsModel,
    private readonly open: OpenSpectrum,
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
    this.#panels.set(path, new OpenPanel(path, panel, this.model, this.open, this.log));
    panel.onDidDispose(() => this.#panels.delete(path));
    servePanel(panel.webview, this.extensionUri, 'run-panel', titleOf(path));
  }
}

class OpenPanel {
  #shown: { readonly report: RunReport | null; readonly status: string } | null = null;

  constructor(
    readonly path: string,
    readonly panel: vscode.WebviewPanel,
    readonly model: RunsModel,
    readonly open: OpenSpectrum,
    readonly log: vscode.LogOutputChannel,
  ) {
    panel.title = titleOf(path);
    panel.webview.onDidReceiveMessage((received: unknown) => {
      const message = parseRunPanelMessage(received);
      if (message === null) log.warn('The panel of a run sent a message that no panel sends; it was dropped.');
      else this.#answer(message);
    });
  }

  #answer(message: RunPanelMessage): void {
    switch (message.type) {
      case 'ready':
        this.#post();
        break;
      case 'open':
        void this.#openCheckpoint(message.checkpoint, message.matrix);
        break;
      case 'save':
        void saveExport(message.file, vscode.Uri.file(this.path));
        break;
      case 'saveReport': {
        const report = this.#report();
        const content = report && `${JSON.stringify(toJson(report))}\n`;
        if (content !== null) void saveExport({ name: 'run.json', encoding: 'utf8', content }, vscode.Uri.file(this.path));
        break;
      }
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
    }
  }

  /** Posts what is new. A hidden panel has no page: it asks when it is shown again. */
  update(): void {
    if (!this.panel.visible) return;
    const { report, status } = this.#now();
    if (report !== this.#shown?.report || status !== this.#shown.status) this.#post();
  }

  #now() {
    return { report: this.#report(), status: this.model.status(this.path).map(plainText).join('\n') };
  }

  #report(): RunReport | null {
    return this.model.runs.find(({ path }) => path === this.path) ?? null;
  }

  #post(): void {
    this.#shown = this.#now();
    const { report } = this.#shown;
    const status = this.model.status(this.path).map(plainText);
    const message: RunHostMessage =
      report === null
        ? {
            type: 'nothing',
            path: this.path,
            message: vscode.l10n.t('Nothing is known of {0}: it is not watched, or not analysed yet.', titleOf(this.path)),
            status,
          }
        : { type: 'run', run: runPicture(report, runName(report)), status };
    void this.panel.webview.postMessage(message);
  }

  /** Only files that the run's report names are ever opened. */
  async #openCheckpoint(name: string, matrix: ReturnType<typeof matrixName> | null): Promise<void> {
    const checkpoint = this.#report()?.checkpoints.find((candidate) => plainText(candidate.name) === name);
    const named = checkpoint?.matrices.find((candidate) => {
      const { file, tensor } = matrixName(candidate);
      return file === matrix?.file && tensor === matrix.tensor;
    });
    const found = named ?? (checkpoint && matrixOf(checkpoint));
    if (found) await this.open(vscode.Uri.file(found.report.source.path), found.report.source.tensor);
    else this.log.warn(`The panel of ${this.path} asked for a checkpoint that it does not have.`);
  }
}

function titleOf(path: string): string {
  return plainText(vscode.workspace.asRelativePath(path));
}
