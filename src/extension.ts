import * as vscode from 'vscode';
import { registerAnalyzeCommand } from './editor/analyze-command';
import { registerDoctor } from './editor/doctor';
import { announceFailing, registerEngineCommands } from './editor/engine-commands';
import { Problems } from './editor/problems';
import { registerRunCommands } from './editor/run-commands';
import { RunProblems } from './editor/run-problems';
import { RunStatus } from './editor/run-status';
import { RunWatch } from './editor/run-watch';
import { RunsModel } from './editor/runs-model';
import { SpectrumEditor } from './editor/spectrum-editor';
import { EngineClient } from './engine/client';

let engine: EngineClient | undefined;

/** Composes the parts. The engine's process starts with the first analysis, or with the first run to watch. */
export function activate({ extensionUri, storageUri, globalStorageUri, subscriptions }: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Sigma', { log: true });
  subscriptions.push(log);
  try {
    const runs = new RunsModel();
    engine = new EngineClient({
      script: vscode.Uri.joinPath(extensionUri, 'dist', 'engine.js').fsPath,
      log: (text) => log.info(text.trimEnd()),
      onStateChange: (state) => void announceFailing(state),
      onRunEvent: (event) => {
        if (event.kind === 'notice') log.info(`${event.run}: ${JSON.stringify(event.notice)}`);
        runs.accept(event);
      },
    });
    const problems = new Problems();
    const history = vscode.Uri.joinPath(storageUri ?? globalStorageUri, 'runs.jsonl').fsPath;
    subscriptions.push(
      problems,
      new SpectrumEditor(extensionUri, engine, problems, log).register(),
      registerAnalyzeCommand(),
      registerDoctor(engine),
      registerEngineCommands(engine, log),
      runs,
      new RunProblems(runs),
      new RunStatus(runs),
      registerRunCommands(runs),
      new RunWatch(engine, runs, history, log).register(),
    );
  } catch (error) {
    // The editor itself says nothing when an extension fails to start.
    log.error(error instanceof Error ? error : String(error));
    throw error;
  }
}

export async function deactivate(): Promise<void> {
  await engine?.dispose();
}
