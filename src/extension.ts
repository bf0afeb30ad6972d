import * as vscode from 'vscode';
import { Analyses } from './editor/analyses';
import { registerAnalyzeCommand } from './editor/analyze-command';
import { registerCompareCommands } from './editor/compare-command';
import { ComparePanels } from './editor/compare-panel';
import { HealthDecorations } from './editor/decorations';
import { registerDoctor } from './editor/doctor';
import { announceFailing, registerEngineCommands, unkeptAnnouncer } from './editor/engine-commands';
import { Gathering } from './editor/gathering';
import { HealthView } from './editor/health-view';
import { registerHealthTools } from './editor/lm-tools';
import { registerMcpServers } from './editor/mcp-servers';
import { RunNotifications } from './editor/notifications';
import { PanelGpu } from './editor/panel-gpu';
import { Problems } from './editor/problems';
import { QuickFixes } from './editor/quick-fixes';
import { RawLayouts } from './editor/raw-layouts';
import { MUTED_RUNS, registerRunActions } from './editor/run-actions';
import { registerRunCommands } from './editor/run-commands';
import { RunPanels } from './editor/run-panel';
import { RunProblems } from './editor/run-problems';
import { RunStatus } from './editor/run-status';
import { RunWatch } from './editor/run-watch';
import { RunsModel } from './editor/runs-model';
import { showRunsInScripts } from './editor/script-runs';
import { SpectrumEditor } from './editor/spectrum-editor';
import { EngineClient } from './engine/client';
import type { RunEvent } from './engine/protocol';

let engine: EngineClient | undefined;

/** Composes the parts. The engine's process starts with the first analysis, or with the first run to watch. */
export function activate(context: vscode.ExtensionContext): void {
  const { extensionUri, storageUri, globalStorageUri, subscriptions, workspaceState } = context;
  const log = vscode.window.createOutputChannel('Sigma', { log: true });
  subscriptions.push(log);
  try {
    const runs = new RunsModel(workspaceState.get<string[]>(MUTED_RUNS));
    const announceUnkept = unkeptAnnouncer(log);
    const events = new Gathering<RunEvent>(100, (gathered) => runs.accept(...gathered));
    const panelGpu = new PanelGpu();
    engine = new EngineClient({
      script: vscode.Uri.joinPath(extensionUri, 'dist', 'engine.js').fsPath,
      log: (text) => log.info(text.trimEnd()),
      callGpu: panelGpu.call,
      onStateChange: (state) => {
        status.engineIs(state);
        if (state !== 'running') {
          events.flush();
          runs.engineStopped();
        }
        void announceFailing(state);
      },
      // The engine may start a Node.js of the system, for the GPU: not in Restricted Mode, and none that the workspace brings along.
      foreignFolders: () => (vscode.workspace.isTrusted ? (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath) : null),
      onRunEvent: (event) => {
        if (event.kind === 'notice') log.info(`${event.run}: ${JSON.stringify(event.notice)}`);
        if (event.kind === 'unkept') announceUnkept(event.reason);
        events.add(event);
      },
    });
    const problems = new Problems();
    const analyses = new Analyses(engine);
    const spectra = new SpectrumEditor(extensionUri, analyses, problems, runs, new RawLayouts(workspaceState), panelGpu, log);
    const comparisons = new ComparePanels(extensionUri, analyses, log);
    const history = vscode.Uri.joinPath(storageUri ?? globalStorageUri, 'runs.jsonl').fsPath;
    const watch = new RunWatch(engine, runs, history, log);
    const status = new RunStatus(runs, analyses, (paused) => watch.pause(paused));
    subscriptions.push(
      problems,
      vscode.workspace.onDidGrantWorkspaceTrust(() => engine?.restart()),
      spectra.register(),
      registerAnalyzeCommand(spectra.open, runs),
      comparisons.register(),
      registerCompareCommands(runs, comparisons),
      registerDoctor(engine),
      registerEngineCommands(engine, log),
      runs,
      events,
      new RunProblems(runs),
      analyses,
      status,
      new HealthView(runs),
      new HealthDecorations(runs),
      new RunNotifications(runs, workspaceState),
      new QuickFixes(runs).register(),
      showRunsInScripts(runs),
      registerRunCommands(runs, spectra.open),
      new RunPanels(extensionUri, runs, spectra.open, log).register(),
      registerRunActions(runs, spectra.open, extensionUri, workspaceState),
      watch.register(),
      registerHealthTools(analyses, runs, log),
      registerMcpServers(extensionUri),
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
