import * as vscode from 'vscode';
import type { RunReport } from '../engine/protocol';
import { levelWord } from '../words/verdict';
import { COMMANDS } from './contributions';
import type { HealthNode } from './health-view';
import { runFixes } from './quick-fixes';
import { shown } from './run-phrases';
import { pinBaseline } from './run-settings';
import { matrixOf, type RunsModel, runName } from './runs-model';
import type { OpenSpectrum } from './spectrum-editor';

/** Under this key the workspace remembers the paths of muted runs. */
export const MUTED_RUNS = 'sigma.mutedRuns';

/**
 * What can be done with a run that is watched: open its report, pin its baseline, mute it, copy its path. A row of the view passes
 * itself, a link or a quick fix the path of the run, and the palette nothing: then the person chooses.
 * @param open the panel of a matrix
 * @param memory of the workspace
 */
export function registerRunActions(
  model: RunsModel,
  open: OpenSpectrum,
  extensionUri: vscode.Uri,
  memory: vscode.Memento,
): vscode.Disposable {
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
    onRun(COMMANDS.openReport, async (run, target) => {
      const matrix = matrixOfTarget(run, target);
      if (matrix) await open(vscode.Uri.file(matrix.report.source.path), matrix.report.source.tensor);
    }),
    onRun(COMMANDS.fixRun, pickFix),
    onRun(COMMANDS.pinBaseline, async (run, target) => {
      const checkpoint = isNode(target) && target.kind !== 'run' ? target.checkpoint.name : await pickCheckpoint(run);
      if (checkpoint !== undefined) await pinBaseline(run.path, checkpoint);
    }),
    onRun(COMMANDS.muteRun, (run) => mute(run, true)),
    onRun(COMMANDS.unmuteRun, (run) => mute(run, false)),
    onRun(COMMANDS.copyPath, (run, target) => vscode.env.clipboard.writeText(pathOfTarget(run, target))),
    vscode.commands.registerCommand(COMMANDS.openSample, () =>
      open(vscode.Uri.joinPath(extensionUri, 'samples/replace-s0/generation-10/embeddings.npy'), null),
    ),
  );
}

/** The run that a command is about; undefined where it is not said, or not watched. */
export function runOf(model: RunsModel, target: unknown): RunReport | undefined {
  const path = isNode(target) ? target.run.path : target instanceof vscode.Uri ? target.fsPath : target;
  return typeof path === 'string' ? model.runs.find((run) => run.path === path) : undefined;
}

function matrixOfTarget(run: RunReport, target: unknown): ReturnType<typeof matrixOf> {
  if (isNode(target) && target.kind === 'tensor') return target.matrix;
  const checkpoint = isNode(target) && target.kind === 'checkpoint' ? target.checkpoint : run.checkpoints.at(-1);
  return checkpoint && matrixOf(checkpoint);
}

function pathOfTarget(run: RunReport, target: unknown): string {
  if (!isNode(target) || target.kind === 'run') return run.path;
  return matrixOfTarget(run, target)?.report.source.path ?? run.path;
}

/** Whether it is a row of Model Health. */
export function isNode(target: unknown): target is HealthNode {
  return typeof target === 'object' && target !== null && 'kind' in target && 'run' in target;
}

export async function pickRun(model: RunsModel): Promise<RunReport | undefined> {
  const items = model.runs.map((run) => ({ label: runName(run), description: levelWord(run.level), run }));
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Watched Runs') }))?.run;
}

async function pickFix(run: RunReport): Promise<void> {
  const items = runFixes(run.path).map(({ title, command, arguments: args = [] }) => ({ label: title, command, args }));
  const options = { title: `${runName(run)}: ${levelWord(run.level)}`, placeHolder: vscode.l10n.t('Choose what to do about this run') };
  const choice = await vscode.window.showQuickPick(items, options);
  if (choice) await vscode.commands.executeCommand(choice.command, ...choice.args);
}

async function pickCheckpoint(run: RunReport): Promise<string | undefined> {
  const items = run.checkpoints.map(({ name, level }) => ({
    label: shown(name),
    name,
    description: name === run.baseline ? vscode.l10n.t('baseline now') : levelWord(level),
  }));
  const options = { title: runName(run), placeHolder: vscode.l10n.t('Choose the checkpoint that the others are compared with') };
  return (await vscode.window.showQuickPick(items, options))?.name;
}
