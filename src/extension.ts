import * as vscode from 'vscode';
import { registerAnalyzeCommand } from './editor/analyze-command';
import { registerDoctor } from './editor/doctor';
import { announceFailing, registerEngineCommands } from './editor/engine-commands';
import { Problems } from './editor/problems';
import { SpectrumEditor } from './editor/spectrum-editor';
import { EngineClient } from './engine/client';

let engine: EngineClient | undefined;

/** Composes the parts. The engine's process starts with the first analysis. */
export function activate({ extensionUri, subscriptions }: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel('Sigma', { log: true });
  subscriptions.push(log);
  try {
    engine = new EngineClient({
      script: vscode.Uri.joinPath(extensionUri, 'dist', 'engine.js').fsPath,
      log: (text) => log.info(text.trimEnd()),
      onStateChange: (state) => void announceFailing(state),
    });
    const problems = new Problems();
    subscriptions.push(
      problems,
      new SpectrumEditor(extensionUri, engine, problems, log).register(),
      registerAnalyzeCommand(),
      registerDoctor(engine),
      registerEngineCommands(engine, log),
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
