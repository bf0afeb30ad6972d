import * as vscode from 'vscode';
import { FEWEST_SIDES, MOST_SIDES, type NamedSide } from '../../webview/compare/protocol';
import { type JudgedCheckpoint, type RunReport, sameMatrix } from '../engine/protocol';
import { plainText } from '../words/plain-text';
import { levelWord } from '../words/verdict';
import type { ComparePanels, Sides } from './compare-panel';
import { COMMANDS, FILE_ENDINGS, isAnalysable, isOffered } from './contributions';
import type { HealthNode } from './health-view';
import { folderKind, readablePlaces } from './readable-places';
import { isNode, pickRun, runOf } from './run-actions';
import { shown } from './run-phrases';
import { matrixOf, type RunsModel, runName } from './runs-model';

/**
 * Sigma: Compare Spectral Health, on the selected files, folders or checkpoints, else on files that the person picks; and Compare with Baseline, on
 * a checkpoint, or on the newest one of a run.
 */
export function registerCompareCommands(model: RunsModel, panels: Pick<ComparePanels, 'open'>): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.commands.registerCommand(COMMANDS.compare, async (clicked?: unknown, selected?: unknown) => {
      const sides = (await selectedSides(clicked, selected)) ?? (await pickedSides(model, clicked));
      if (sides !== null) panels.open(sides);
    }),
    vscode.commands.registerCommand(COMMANDS.compareWithBaseline, async (target?: unknown) => {
      const run = runOf(model, target) ?? runOf(model, checkpointNamed(target)?.run) ?? (await pickRun(model));
      if (run === undefined) return;
      const sides = againstBaseline(run, target);
      if (typeof sides === 'string') void vscode.window.showInformationMessage(sides);
      else panels.open(sides);
    }),
  );
}

/** The selection of the Explorer or of Model Health; null where it is less than two. */
async function selectedSides(clicked: unknown, selected: unknown): Promise<Sides | null> {
  const all: readonly unknown[] = Array.isArray(selected) && selected.length > 0 ? selected : [clicked];
  const checkpoints = all.filter(isNode).flatMap((node) => (node.kind === 'run' ? [] : [node]));
  if (checkpoints.length >= FEWEST_SIDES) return sidesOfNodes(checkpoints);
  const places = await readablePlaces(all.filter((uri) => uri instanceof vscode.Uri).filter(({ scheme }) => scheme === 'file'));
  return places.length < FEWEST_SIDES ? null : { sides: places.map(sideOfFile), matrix: null };
}

/** Whether its ending alone says that it can be read. */
function isClear({ scheme, path }: vscode.Uri): boolean {
  return scheme === 'file' && isOffered(path);
}

/** What a person names may have an ending that other files have too. */
function isReadable({ scheme, path }: vscode.Uri): boolean {
  return scheme === 'file' && isAnalysable(path);
}

function sideOfFile(uri: vscode.Uri): NamedSide {
  return { path: uri.fsPath, name: plainText(vscode.workspace.asRelativePath(uri.fsPath)) };
}

type CheckpointNode = Exclude<HealthNode, { kind: 'run' }>;

/** The same matrix of each checkpoint: the baseline of the run first where it is among them, else the earliest. */
function sidesOfNodes(nodes: readonly CheckpointNode[]): Sides | null {
  const seen = new Map(nodes.map((node) => [`${node.run.path}\n${node.checkpoint.name}`, node]));
  const ordered = [...seen.values()].toSorted((x, y) => order(x) - order(y));
  const named = nodes.find((node) => node.kind === 'tensor');
  const matrix = named?.kind === 'tensor' ? named.matrix : matrixOf(ordered.at(-1)!.checkpoint);
  if (matrix === undefined) return null;
  const sides = ordered.flatMap(({ run, checkpoint }) => sideOfCheckpoint(run, checkpoint, matrix) ?? []);
  return { sides, matrix: matrix.report.source.tensor };
}

function order({ run, checkpoint }: CheckpointNode): number {
  return checkpoint.name === run.baseline ? Number.NEGATIVE_INFINITY : checkpoint.step;
}

function sideOfCheckpoint(run: RunReport, checkpoint: JudgedCheckpoint, matrix: Matrix): NamedSide | null {
  const at = sameMatrix(matrix, checkpoint) ?? matrixOf(checkpoint);
  return at === undefined ? null : { path: at.report.source.path, name: plainText(`${runName(run)} · ${checkpoint.name}`) };
}

type Matrix = JudgedCheckpoint['matrices'][number];

/** What the panel of a run says: `{ run: PATH, checkpoint: NAME }`. */
function checkpointNamed(target: unknown): { readonly run: string; readonly checkpoint: string } | null {
  if (typeof target !== 'object' || target === null || isNode(target)) return null;
  const { run, checkpoint } = target as Record<string, unknown>;
  return typeof run === 'string' && typeof checkpoint === 'string' ? { run, checkpoint } : null;
}

/** The checkpoint that is meant and the baseline of its run; a sentence where there is nothing to compare. */
function againstBaseline(run: RunReport, target: unknown): Sides | string {
  const baseline = run.checkpoints.find(({ name }) => name === run.baseline);
  const named = checkpointNamed(target)?.checkpoint;
  const meant = isNode(target) && target.kind !== 'run' ? target.checkpoint.name : named;
  const checkpoint =
    meant === undefined ? run.checkpoints.at(-1) : run.checkpoints.find(({ name }) => plainText(name) === plainText(meant));
  if (baseline === undefined) return vscode.l10n.t('{0} has no baseline yet.', runName(run));
  if (checkpoint === undefined) return vscode.l10n.t('{0} has no checkpoint “{1}”.', runName(run), shown(meant ?? ''));
  if (checkpoint === baseline) return vscode.l10n.t('{0} is the baseline itself: choose another checkpoint.', shown(checkpoint.name));
  const matrix = isNode(target) && target.kind === 'tensor' ? target.matrix : matrixOf(checkpoint);
  const sides = matrix && [baseline, checkpoint].flatMap((at) => sideOfCheckpoint(run, at, matrix) ?? []);
  if (sides === undefined || sides.length < 2) return vscode.l10n.t('No matrix of {0} could be read.', runName(run));
  return { sides, matrix: matrix!.report.source.tensor };
}

/** From the palette, or with one file to begin with: open files and the checkpoints of watched runs, or files of a dialog. */
async function pickedSides(model: RunsModel, clicked: unknown): Promise<Sides | null> {
  const first =
    clicked instanceof vscode.Uri && (isReadable(clicked) || (await folderKind(clicked)) === 'dataset') ? sideOfFile(clicked) : null;
  const browse = { label: vscode.l10n.t('Browse…'), description: vscode.l10n.t('choose files'), side: null };
  const known = knownSides(model).filter(({ side }) => side.path !== first?.path);
  const picked = await vscode.window.showQuickPick([...known, browse], {
    canPickMany: true,
    title: first === null ? vscode.l10n.t('Compare Spectral Health') : vscode.l10n.t('Compare {0} with', first.name),
    placeHolder: vscode.l10n.t('Choose {0} to {1} files; the baseline can be changed afterwards', FEWEST_SIDES, MOST_SIDES),
    matchOnDescription: true,
  });
  if (picked === undefined || picked.length === 0) return null;
  const files = picked.some(({ side }) => side === null) ? await browseFiles() : [];
  const sides = [...(first === null ? [] : [first]), ...picked.flatMap(({ side }) => side ?? []), ...files];
  return { sides: [...new Map(sides.map((side) => [side.path, side])).values()], matrix: null };
}

interface KnownSide extends vscode.QuickPickItem {
  readonly side: NamedSide;
}

function knownSides(model: RunsModel): KnownSide[] {
  const open = vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs.map(({ input }) => input))
    .flatMap((input) => (input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? [input.uri] : []))
    .filter(isClear)
    .map((uri): KnownSide => ({ label: shown(sideOfFile(uri).name), description: vscode.l10n.t('open'), side: sideOfFile(uri) }));
  const checkpoints = model.runs.flatMap((run) =>
    run.checkpoints.toReversed().flatMap((checkpoint): KnownSide[] => {
      const matrix = matrixOf(checkpoint);
      const side = matrix && sideOfCheckpoint(run, checkpoint, matrix);
      if (!side) return [];
      const roles = [levelWord(checkpoint.level), ...(checkpoint.name === run.baseline ? [vscode.l10n.t('baseline')] : [])];
      return [{ label: shown(side.name), description: roles.join(', '), side }];
    }),
  );
  return [...new Map([...checkpoints, ...open].map((item) => [item.side.path, item])).values()];
}

async function browseFiles(): Promise<NamedSide[]> {
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Compare Spectral Health'),
    openLabel: vscode.l10n.t('Compare'),
    canSelectMany: true,
    // A dialog filters by what follows the last dot.
    filters: { [vscode.l10n.t('Embeddings and checkpoints')]: [...new Set(FILE_ENDINGS.map((ending) => ending.split('.').at(-1)!))] },
  });
  return (picked ?? []).filter(isReadable).map(sideOfFile);
}
