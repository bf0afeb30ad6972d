import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { type HostMessage, parsePanelMessage } from '../../webview/protocol';
import { restoreViewState } from '../../webview/view-state';
import type { AnalysisOptions, SpectralReport } from '../analysis/report';
import { toJson } from '../analysis/report-json';
import type { FileSummary } from '../engine/protocol';
import { standalonePage } from '../standalone-page';
import { COMMANDS, FOLDER_PANEL, SECTION, SPECTRUM_EDITOR } from './contributions';
import type { GpuPanel, PanelGpu } from './panel-gpu';
import { servePanel } from './panel-page';
import { PanelSession, type SessionEngine } from './panel-session';
import type { Problems } from './problems';
import type { RawLayouts } from './raw-layouts';
import { plain, runPhrase } from './run-phrases';
import { type RunsModel, runName } from './runs-model';
import { saveExport } from './save-export';
import { analysisOptions } from './settings';
import { SpectrumDocument } from './spectrum-document';

/** Opens the panel of a file, or of a folder that is a dataset or a model. `tensor` is shown first; null for the one that the panel itself chooses. */
export type OpenSpectrum = (place: vscode.Uri, tensor: string | null) => Promise<void>;

type WatchedRun = Extract<HostMessage, { type: 'watched' }>['run'];

/** The custom editor of files, and the same panel for folders: a webview for each panel, and a session behind each. */
export class SpectrumEditor implements vscode.CustomReadonlyEditorProvider<SpectrumDocument>, vscode.WebviewPanelSerializer {
  readonly #documents = new Set<SpectrumDocument>();
  /** By the path of a folder: its panel. */
  readonly #folders = new Map<string, vscode.WebviewPanel>();
  /** By the URI of a file or folder: the tensor that its next panel is opened for. */
  readonly #wanted = new Map<string, string>();

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly engine: SessionEngine,
    private readonly problems: Problems,
    private readonly runs: RunsModel,
    private readonly layouts: Pick<RawLayouts, 'of' | 'ask'>,
    private readonly gpu: PanelGpu,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.window.registerCustomEditorProvider(SPECTRUM_EDITOR, this, { supportsMultipleEditorsPerDocument: true }),
      vscode.window.registerWebviewPanelSerializer(FOLDER_PANEL, this),
      vscode.workspace.onDidChangeConfiguration((change) => {
        for (const document of this.#documents) {
          if (change.affectsConfiguration(SECTION, document.uri)) document.invalidate();
        }
      }),
    );
  }

  readonly open: OpenSpectrum = async (place, tensor) => {
    const key = place.toString();
    if (tensor !== null) this.#wanted.set(key, tensor);
    if (await isFolder(place)) this.#openFolder(place);
    else await vscode.commands.executeCommand('vscode.openWith', place, SPECTRUM_EDITOR, { preview: false });
    const wanted = this.#wanted.get(key);
    if (wanted === undefined) return;
    // A panel that stood open was only shown.
    for (const document of this.#documents) {
      if (document.uri.toString() === key && document.select(wanted)) this.#wanted.delete(key);
    }
  };

  /** The panel of a folder that stood open when the window was closed. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const { path } = restoreViewState(saved);
    if (path === null || this.#folders.has(path)) panel.dispose();
    else this.#showFolder(vscode.Uri.file(path), panel);
  }

  #openFolder(folder: vscode.Uri): void {
    const open = this.#folders.get(folder.fsPath);
    if (open !== undefined) open.reveal();
    else this.#showFolder(folder, vscode.window.createWebviewPanel(FOLDER_PANEL, '', vscode.ViewColumn.Active));
  }

  #showFolder(folder: vscode.Uri, panel: vscode.WebviewPanel): void {
    panel.title = plain(posix.basename(folder.path));
    this.#folders.set(folder.fsPath, panel);
    const document = this.openCustomDocument(folder);
    panel.onDidDispose(() => {
      this.#folders.delete(folder.fsPath);
      document.dispose();
    });
    this.resolveCustomEditor(document, panel);
  }

  openCustomDocument(uri: vscode.Uri): SpectrumDocument {
    const document: SpectrumDocument = new SpectrumDocument(uri, {
      changed: () => {
        this.log.info(`Changed on disk: ${uri.fsPath}`);
        this.problems.clear(uri);
        document.invalidate();
      },
      closed: () => this.#documents.delete(document),
    });
    this.#documents.add(document);
    return document;
  }

  resolveCustomEditor(document: SpectrumDocument, panel: vscode.WebviewPanel): void {
    const { webview } = panel;
    const session = this.#session(document.uri, panel);
    document.attach(panel, session);
    const key = document.uri.toString();
    const wanted = this.#wanted.get(key);
    this.#wanted.delete(key);
    if (wanted !== undefined) session.select(wanted);
    let told: WatchedRun = null;
    const tellOfRun = (again: boolean): void => {
      const run = this.#runOf(document.uri);
      if (again ? run === null : run?.sentence === told?.sentence) return;
      told = run;
      void webview.postMessage({ type: 'watched', run } satisfies HostMessage);
    };
    const following = this.runs.onDidChange(() => tellOfRun(false));
    panel.onDidDispose(() => following.dispose());
    const gpuPanel: GpuPanel = { visible: () => panel.visible, post: (message) => void webview.postMessage(message) };
    this.gpu.attach(gpuPanel);
    panel.onDidChangeViewState(() => this.gpu.gone(gpuPanel));
    panel.onDidDispose(() => this.gpu.detach(gpuPanel));
    webview.onDidReceiveMessage((received: unknown) => {
      const message = parsePanelMessage(received);
      if (message?.type === 'ready') {
        void webview.postMessage({ type: 'subject', path: document.uri.fsPath } satisfies HostMessage);
        tellOfRun(true);
      }
      if (message?.type === 'openRun') void vscode.commands.executeCommand(COMMANDS.openRun, this.runs.runAt(document.uri.fsPath)?.path);
      else if (message?.type === 'gpu') this.gpu.answered(message);
      else if (message) session.receive(message);
      else this.log.warn('A panel sent a message that no panel sends; it was dropped.');
    });
    servePanel(webview, this.extensionUri, 'panel', vscode.l10n.t('Spectral Health'));
  }

  /** Only of a run that has changed for the worse: a file in it may be healthy by itself. */
  #runOf(uri: vscode.Uri): WatchedRun {
    const run = this.runs.runAt(uri.fsPath);
    if (run === undefined || run.level === 'healthy' || run.level === 'unknown') return null;
    const sentence = vscode.l10n.t('The verdict below is of this file alone. Its run, {0}: {1}.', plain(runName(run)), runPhrase(run));
    return { level: run.level, sentence };
  }

  #session(uri: vscode.Uri, panel: vscode.WebviewPanel): PanelSession {
    const { problems, log } = this;
    return new PanelSession({
      path: uri.fsPath,
      engine: uri.scheme === 'file' ? this.engine : refusing(uri.scheme),
      findings: {
        opened: () => problems.retract(uri, null),
        analysed: (tensor, report) => {
          problems.report(uri, tensor, report);
          const { verdict, sample, backend } = report;
          log.info(`${[uri.fsPath, tensor].filter(Boolean).join(' · ')}: ${verdict.level}, ${sample.rows} rows, on ${backend.name}`);
        },
        unreadable: (tensor, message) => problems.unreadable(uri, tensor, message),
        failed: (error) => log.error(error instanceof Error ? error : String(error)),
      },
      wording: {
        waiting: vscode.l10n.t('Waiting for the engine'),
        cancelled: vscode.l10n.t('The analysis was cancelled.'),
        noMatrix: vscode.l10n.t('This file holds no matrix that can be analysed.'),
        noTensor: (tensor) => vscode.l10n.t('This file has no tensor “{0}”.', tensor),
        notAMatrix: (tensor) => vscode.l10n.t('“{0}” is not a matrix.', tensor),
      },
      options: () => this.#options(uri),
      layout: () => this.layouts.of(uri),
      askLayout: () => this.layouts.ask(uri),
      post: (message) => void panel.webview.postMessage(forTheWire(message)),
      copy: (text) => void vscode.env.clipboard.writeText(text),
      save: (file) => void saveExport(file, uri),
      saveHtml: (file, report) => void this.#saveHtml(uri, file, report).catch((error: Error) => log.error(error)),
      visible: () => panel.visible,
    });
  }

  async #saveHtml(uri: vscode.Uri, file: FileSummary, report: SpectralReport): Promise<void> {
    const dist = vscode.Uri.joinPath(this.extensionUri, 'dist').fsPath;
    await saveExport({ name: 'report.html', encoding: 'utf8', content: await standalonePage(dist, file, [report]) }, uri);
  }

  #options(uri: vscode.Uri): AnalysisOptions {
    const configuration = vscode.workspace.getConfiguration(SECTION, uri);
    return analysisOptions(
      (setting) => configuration.get(setting),
      (setting, value) => this.log.warn(`The setting ${SECTION}.${setting} cannot be ${JSON.stringify(value)}; its default is used.`),
    );
  }
}

async function isFolder({ scheme, fsPath }: vscode.Uri): Promise<boolean> {
  if (scheme !== 'file') return false;
  return stat(fsPath).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Messages pass through the editor's JSON, which would turn NaN and infinities into null. */
function forTheWire(message: HostMessage): unknown {
  return message.type === 'report' ? { ...message, report: toJson(message.report) } : message;
}

/** In place of the engine for files that are not on a disk. */
function refusing(scheme: string): SessionEngine {
  const refuse = () =>
    Promise.reject(
      new Error(vscode.l10n.t('Sigma reads files on disk only; this one comes from “{0}:”. Save a copy to disk to analyse it.', scheme)),
    );
  return { inspect: refuse, analyze: refuse };
}
