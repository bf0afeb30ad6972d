import type * as vscode from 'vscode';
import { FileWatch } from './file-watch';
import type { PanelSession } from './panel-session';

/** One opened file or folder, shared by its panels. It is watched while any of them can be seen. */
export class SpectrumDocument implements vscode.CustomDocument {
  readonly #sessions = new Map<vscode.WebviewPanel, PanelSession>();
  readonly #watch: FileWatch;
  readonly #closed: () => void;

  constructor(
    readonly uri: vscode.Uri,
    on: { readonly changed: () => void; readonly closed: () => void },
  ) {
    this.#closed = on.closed;
    this.#watch = new FileWatch(uri.fsPath, on.changed);
  }

  attach(panel: vscode.WebviewPanel, session: PanelSession): void {
    this.#sessions.set(panel, session);
    panel.onDidChangeViewState(() => this.#watchWhileVisible());
    panel.onDidDispose(() => {
      this.#sessions.delete(panel);
      session.dispose();
      this.#watchWhileVisible();
    });
    this.#watchWhileVisible();
  }

  /** The panel that has the focus, or the only one, shows this tensor. @returns whether there is one */
  select(tensor: string): boolean {
    const all = [...this.#sessions];
    const meant = all.find(([panel]) => panel.active) ?? (all.length === 1 ? all[0] : undefined);
    meant?.[1].select(tensor);
    return meant !== undefined;
  }

  /** Every panel analyses again. */
  invalidate(): void {
    for (const session of this.#sessions.values()) session.invalidate();
  }

  dispose(): void {
    this.#watch.dispose();
    this.#closed();
  }

  #watchWhileVisible(): void {
    this.#watch.active = [...this.#sessions.keys()].some((panel) => panel.visible);
  }
}
