import * as vscode from 'vscode';
import {
  type CompareHostMessage,
  FEWEST_SIDES,
  MOST_SIDES,
  type NamedSide,
  parseComparePanelMessage,
  restoreCompareViewState,
} from '../../webview/compare/protocol';
import type { AnalysisOptions } from '../analysis/report';
import { toJson } from '../analysis/report-json';
import { type CompareEngine, CompareSession } from './compare-session';
import { COMPARE_PANEL, SECTION } from './contributions';
import { servePanel } from './panel-page';
import { saveExport } from './save-export';
import { analysisOptions } from './settings';

/** What is to be compared, the baseline first, and the matrix to begin with; null leaves that open. */
export interface Sides {
  readonly sides: readonly NamedSide[];
  readonly matrix: string | null;
}

/** Panels of comparisons: a webview for each, and a session behind it. */
export class ComparePanels implements vscode.WebviewPanelSerializer {
  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly engine: CompareEngine,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  register(): vscode.Disposable {
    return vscode.window.registerWebviewPanelSerializer(COMPARE_PANEL, this);
  }

  /** A panel that stood open when the window was closed. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const { sides, matrix } = restoreCompareViewState(saved);
    if (sides === null) panel.dispose();
    else this.#attach({ sides, matrix }, panel);
  }

  /** Opens a panel; says so where there are too few or too many sides. */
  open({ sides, matrix }: Sides): void {
    if (sides.length < FEWEST_SIDES || sides.length > MOST_SIDES) {
      void vscode.window.showInformationMessage(
        vscode.l10n.t('Sigma compares {0} to {1} files; {2} are chosen.', FEWEST_SIDES, MOST_SIDES, sides.length),
      );
      return;
    }
    const panel = vscode.window.createWebviewPanel(COMPARE_PANEL, vscode.l10n.t('Comparison'), vscode.ViewColumn.Active);
    this.#attach({ sides, matrix }, panel);
  }

  #attach({ sides, matrix }: Sides, panel: vscode.WebviewPanel): void {
    const title = vscode.l10n.t('Comparison with {0}', sides[0]!.name);
    panel.title = title;
    const session = new CompareSession(sides, matrix, {
      engine: this.engine,
      wording: {
        cancelled: vscode.l10n.t('The comparison was cancelled.'),
        noMatrix: vscode.l10n.t('This file holds no matrix that can be analysed.'),
        noCommonMatrix: vscode.l10n.t(
          'These files have no matrix of the same name: choose files of the same kind, such as checkpoints of one model.',
        ),
        noBaseline: vscode.l10n.t('The baseline cannot be read: choose another one.'),
      },
      options: (path) => this.#options(path),
      post: (message) => {
        if (message.type === 'sides') panel.title = vscode.l10n.t('Comparison with {0}', message.sides[0]!.name);
        void panel.webview.postMessage(forTheWire(message));
      },
      copy: (text) => void vscode.env.clipboard.writeText(text),
      save: (file) => void saveExport(file, vscode.Uri.file(sides[0]!.path)),
      failed: (error) => this.log.error(error instanceof Error ? error : String(error)),
    });
    panel.webview.onDidReceiveMessage((received: unknown) => {
      const message = parseComparePanelMessage(received);
      if (message) session.receive(message);
      else this.log.warn('The panel of a comparison sent a message that no panel sends; it was dropped.');
    });
    panel.onDidDispose(() => session.dispose());
    servePanel(panel.webview, this.extensionUri, 'compare-panel', title);
  }

  #options(path: string): AnalysisOptions {
    const configuration = vscode.workspace.getConfiguration(SECTION, vscode.Uri.file(path));
    return analysisOptions(
      (setting) => configuration.get(setting),
      (setting, value) => this.log.warn(`The setting ${SECTION}.${setting} cannot be ${JSON.stringify(value)}; its default is used.`),
    );
  }
}

/** Messages pass through the editor's JSON, which would turn NaN and infinities into null. */
function forTheWire(message: CompareHostMessage): unknown {
  if (message.type === 'report') return { ...message, report: toJson(message.report) };
  return message.type === 'comparison' ? { ...message, comparison: toJson(message.comparison) } : message;
}
