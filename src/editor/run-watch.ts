import * as vscode from 'vscode';
import type { EngineClient } from '../engine/client';
import type { WatchedFolder } from '../engine/protocol';
import { ANALYSES_PAUSED, SECTION, WATCHED_FOLDERS } from './contributions';
import type { RunsModel } from './runs-model';
import { analysisOptions, watchedFolders } from './settings';

/** Has the engine watch the runs that the settings name; in Restricted Mode, none. */
export class RunWatch {
  #watched = '[]';
  #runs: readonly WatchedFolder[] = [];

  /** @param history file in which the engine keeps reports */
  constructor(
    readonly engine: Pick<EngineClient, 'watchRuns'>,
    readonly model: RunsModel,
    readonly history: string,
    readonly log: vscode.LogOutputChannel,
  ) {}

  register(): vscode.Disposable {
    this.#update();
    return vscode.Disposable.from(
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#update()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#update()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(SECTION)) this.#update();
      }),
    );
  }

  /** Cancels the analyses of checkpoints, or has them go on. */
  pause(paused: boolean): void {
    this.model.pause(paused);
    void vscode.commands.executeCommand('setContext', ANALYSES_PAUSED, paused);
    this.#send();
  }

  #send(): void {
    this.engine.watchRuns({ runs: this.#runs, history: this.history, paused: this.model.paused });
  }

  #update(): void {
    const runs = vscode.workspace.isTrusted ? configured(this.log) : [];
    const watched = JSON.stringify(runs);
    if (watched === this.#watched) return;
    this.#watched = watched;
    const folders = runs.map(({ path }) => path);
    void vscode.commands.executeCommand('setContext', WATCHED_FOLDERS, folders);
    this.#runs = runs;
    this.#send();
    this.model.watch(folders);
  }
}

/** The runs of all settings, each once. */
function configured(log: vscode.LogOutputChannel): WatchedFolder[] {
  const rejected = (setting: string, value: unknown): void =>
    log.warn(`The setting ${SECTION}.${setting} cannot be ${JSON.stringify(value)}; it is left aside.`);
  const folders = vscode.workspace.workspaceFolders ?? [];
  const places = folders.length === 0 ? [undefined] : folders.map(({ uri }) => uri);
  const runs = places.flatMap((uri) => {
    const configuration = vscode.workspace.getConfiguration(SECTION, uri);
    const options = analysisOptions((setting) => configuration.get(setting), rejected);
    return watchedFolders(configuration.get('runs'), uri?.scheme === 'file' ? uri.fsPath : null, rejected).map((run) => ({
      ...run,
      options,
    }));
  });
  return [...new Map(runs.map((run) => [run.path, run])).values()];
}
