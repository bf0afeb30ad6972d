import * as vscode from 'vscode';
import type { RunReport } from '../engine/protocol';
import { levelWord } from '../words/verdict';
import { COMMANDS, SPECTRUM_EDITOR } from './contributions';
import type { HealthNode } from './health-view';
import { pinBaseline } from './run-settings';
import { fileOf, type RunsModel, runName } from './runs-model';

/** Under this key the workspace remembers the paths of muted runs. */
export const MUTED_RUNS = 'sigma.mutedRuns';

/**
 * What can be done with a run that is watched: open its report, pin its baseline, mute it, copy its path. A row of the view passes
 * itself, a link or a quick fix the path of the run, and the palette nothing: then the person chooses.
 * @param memory of the workspace
 */
export function registerRunActions(model: RunsModel, extensionUri: vscode.Uri, memory: vscode.Memento): vscode.Disposable {
  const onRun = (command: string, act: (run: RunReport, target: unknown) => unknown): vscode.Disposable =>
    vscode.commands.registerCommand(command, async (target?: unknown) => {
      const run = runOf(model, target) ?? (await pickRun(model));
      if (run) await act(run, target);
    });
  const mute = async ({ path }: RunReport, muted: boolean): Promise<void> => {
    model.mute(path, muted);
    await memory.update(MUTED_RUNS, model.muted);
  };
  return vscode.Disposable.from(
    onRun(COMMANDS.openReport, (run, target) => openReport(fileOfTarget(run, target))),
    onRun(COMMANDS.pinBaseline, async (run, target) => {
      const checkpoint = isNode(target) && target.kind !== 'run' ? target.checkpoint.name : await pickCheckpoint(run);
      if (checkpoint !== undefined) await pinBaseline(run.path, checkpoint);
    }),
    onRun(COMMANDS.muteRun, (run) => mute(run, true)),
    onRun(COMMANDS.unmuteRun, (run) => mute(run, false)),
    onRun(COMMANDS.copyPath, (run, target) => vscode.env.clipboard.writeText(pathOfTarget(run, target))),
    vscode.commands.registerCommand(COMMANDS.openSample, () =>
      openReport(vscode.Uri.joinPath(extensionUri, 'samples/replace-s0/generation-10/embeddings.npy')),
    ),
  );
}

/** The run that a command is about; undefined where it is not said, or not watched. */
export function runOf(model: RunsModel, target: unknown): RunReport | undefined {
  const path = isNode(target) ? target.run.path : target instanceof vscode.Uri ? target.fsPath : target;
  return typeof path === 'string' ? model.runs.find((run) => run.path === path) : undefined;
}

async function openReport(file: vscode.Uri | null): Promise<void> {
  if (file !== null) await vscode.commands.executeCommand('vscode.openWith', file, SPECTRUM_EDITOR, { preview: false });
}

function fileOfTarget(run: RunReport, target: unknown): vscode.Uri | null {
  if (isNode(target) && target.kind === 'tensor') return vscode.Uri.file(target.matrix.report.source.path);
  const checkpoint = isNode(target) && target.kind === 'checkpoint' ? target.checkpoint : run.checkpoints.at(-1);
  return checkpoint === undefined ? null : fileOf(checkpoint);
}

function pathOfTarget(run: RunReport, target: unknown): string {
  if (!isNode(target) || target.kind === 'run') return run.path;
  return fileOfTarget(run, target)?.fsPath ?? run.path;
}

function isNode(target: unknown): target is HealthNode {
  return typeof target === 'object' && target !== null && 'kind' in target && 'run' in target;
}

async function pickRun(model: RunsModel): Promise<RunReport | undefined> {
  const items = model.runs.map((run) => ({ label: runName(run), description: levelWord(run.level), run }));
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Watched Runs') }))?.run;
}

async function pickCheckpoint(run: RunReport): Promise<string | undefined> {
  const items = run.checkpoints.map(({ name, level }) => ({
    label: name,
    description: name === run.baseline ? vscode.l10n.t('baseline now') : levelWord(level),
  }));
  const options = { title: runName(run), placeHolder: vscode.l10n.t('Choose the checkpoint that the others are compared with') };
  return (await vscode.window.showQuickPick(items, options))?.label;
}
