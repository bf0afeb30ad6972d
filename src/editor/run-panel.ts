import { setTimeout, setImmediate as turn } from 'node:timers/promises';
import * as vscode from 'vscode';
import {
  parseRunPanelMessage,
  type RunHostMessage,
  type RunPanelMessage,
  restoreRunViewState,
  TIMELINE_QUANTITIES,
} from '../../webview/run/protocol';
import { toJson } from '../analysis/report-json';
import { type JudgedCheckpoint, plainReport, type RunReport } from '../engine/protocol';
import { plainText } from '../words/plain-text';
import { COMMANDS, RUN_PANEL } from './contributions';
import { servePanel } from './panel-page';
import { runOf } from './run-actions';
import { runItem } from './run-commands';
import { matrixName, namesOf, runFrame, runPicture } from './run-picture';
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

/** Measures that are sent at once: more would keep the host from everything else for longer than a person notices. */
const MOST_CELLS = 20_000;
const CELLS_AT_A_TIME = 4000;
/** Milliseconds of work before others have their turn. */
const STRETCH = 10;
/** Milliseconds between two pictures of a long run. */
const LONG_RUN_INTERVAL = 1000;

/** What the page has of a long run. */
interface Sent {
  readonly rows: string;
  readonly checkpoints: readonly JudgedCheckpoint[];
}

class OpenPanel {
  #shown: { readonly report: RunReport | null; readonly status: string } | null = null;
  #sent: Sent | null = null;
  /** While a long run is sent, piece by piece. */
  #sending = false;
  #closed = false;

  constructor(
    readonly path: string,
    readonly panel: vscode.WebviewPanel,
    readonly model: RunsModel,
    readonly open: OpenSpectrum,
    readonly log: vscode.LogOutputChannel,
  ) {
    panel.title = titleOf(path);
    panel.onDidDispose(() => {
      this.#closed = true;
    });
    panel.webview.onDidReceiveMessage((received: unknown) => {
      const message = parseRunPanelMessage(received);
      if (message === null) log.warn('The panel of a run sent a message that no panel sends; it was dropped.');
      else this.#answer(message);
    });
  }

  #answer(message: RunPanelMessage): void {
    switch (message.type) {
      case 'ready':
        // A page that has nothing yet.
        this.#sent = null;
        this.#shown = null;
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
        const content = report && `${JSON.stringify(toJson(written(report)))}\n`;
        if (content !== null) void saveExport({ name: 'run.json', encoding: 'utf8', content }, vscode.Uri.file(this.path));
        break;
      }
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
    }
  }

  /** Posts what is new. A hidden panel has no page: it asks when it is shown again. */
  update(): void {
    if (this.#closed || !this.panel.visible) return;
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
    if (this.#sending) return;
    this.#shown = this.#now();
    const { report } = this.#shown;
    const status = this.model.status(this.path).map(plainText);
    if (report === null) {
      const message = vscode.l10n.t('Nothing is known of {0}: it is not watched, or not analysed yet.', titleOf(this.path));
      this.#send({ type: 'nothing', path: this.path, message, status });
    } else if (cellsOf(report) > MOST_CELLS) {
      this.#sending = true;
      void this.#postLong(report, status).finally(() => {
        this.#sending = false;
        this.update();
      });
    } else {
      this.#send({ type: 'run', run: runPicture(report, runName(report)), status });
    }
  }

  #send(message: RunHostMessage): void {
    void this.panel.webview.postMessage(message);
  }

  /** Piece by piece, and of what the page has nothing again. */
  async #postLong(report: RunReport, status: string[]): Promise<void> {
    const { checkpoints } = report;
    let since = performance.now();
    for (const { matrices } of checkpoints) {
      namesOf(matrices);
      if (performance.now() - since < STRETCH) continue;
      await turn();
      since = performance.now();
    }
    const { run, rows, columnOf } = runFrame(report, runName(report));
    const known = new Map(this.#sent?.rows === rows ? this.#sent.checkpoints.map((checkpoint, place) => [checkpoint, place]) : []);
    const places = checkpoints.map((checkpoint) => known.get(checkpoint) ?? null);
    const sent: Sent = { rows, checkpoints };
    if (this.#closed) return;
    this.#sent = sent;
    this.#send({ type: 'longRun', run, places, status });
    const fresh = places.flatMap((place, i) => (place === null ? [i] : []));
    const size = Math.max(1, Math.floor(CELLS_AT_A_TIME / (run.matrices.length * TIMELINE_QUANTITIES.length)));
    for (let start = 0; start < fresh.length; start += size) {
      await turn();
      // Another page, or none.
      if (this.#closed || this.#sent !== sent || !this.panel.visible) {
        this.#sent = null;
        this.#shown = null;
        return;
      }
      const columns = fresh.slice(start, start + size).map((place) => ({ place, column: columnOf(checkpoints[place]!) }));
      this.#send({ type: 'columns', columns, last: start + size >= fresh.length });
    }
    await setTimeout(LONG_RUN_INTERVAL);
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

function cellsOf({ checkpoints }: RunReport): number {
  return checkpoints.reduce((sum, { matrices }) => sum + matrices.length, 0) * TIMELINE_QUANTITIES.length;
}

/** With all reports as they are written. */
function written({ checkpoints, ...run }: RunReport): RunReport {
  const whole = checkpoints.map(({ matrices, ...rest }) => ({
    ...rest,
    matrices: matrices.map(({ file, report }) => ({ file, report: plainReport(report) })),
  }));
  return { ...run, checkpoints: whole };
}

function titleOf(path: string): string {
  return plainText(vscode.workspace.asRelativePath(path));
}
