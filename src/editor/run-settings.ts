import { relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { SECTION } from './contributions';
import { entryOver, folderOf } from './settings';

/** A place whose settings can name runs: a workspace folder, else the window. */
type Place = vscode.WorkspaceFolder | undefined;

/** Adds a run to `sigma.runs` in the settings of the workspace folder that holds it, else of the window. */
export async function watchRun(run: string): Promise<void> {
  const place = placeOf(run);
  await write(place, [...entriesBut(run, place), nameOf(run, place)]);
}

/**
 * Takes a run out of `sigma.runs`.
 * @returns the folder, as the setting names it, that has it watched all the same; null where none does
 */
export async function unwatchRun(run: string): Promise<string | null> {
  const place = placeThatWatches(run);
  const entries = entriesOf(place);
  const others = entriesBut(run, place);
  if (others.length < entries.length) await write(place, others);
  const over = folderOf(entryOver(run, others, baseOf(place)), baseOf(place));
  return over?.path ?? null;
}

/** Names the checkpoint that a run is compared with, in the setting that has the run watched. Its controls stay, and so do all other entries. */
export async function pinBaseline(run: string, baseline: string): Promise<void> {
  const place = placeThatWatches(run);
  const entries = entriesOf(place);
  const over = entryOver(run, entries, baseOf(place));
  const rest = typeof over === 'object' && over !== null ? over : {};
  const named = folderOf(over, baseOf(place))?.path === run;
  const pinned = { ...rest, path: named && 'path' in rest ? rest.path : nameOf(run, place), baseline };
  await write(place, named ? entries.map((entry) => (entry === over ? pinned : entry)) : [...entries, pinned]);
}

/** Where the entry stands that has a run watched; where the run lies if there is none. */
function placeThatWatches(run: string): Place {
  const places: readonly Place[] = vscode.workspace.workspaceFolders ?? [];
  const holding = placeOf(run);
  const candidates = [holding, ...places.filter((place) => place !== holding)];
  return candidates.find((place) => entryOver(run, entriesOf(place), baseOf(place)) !== null) ?? holding;
}

function placeOf(run: string): Place {
  return vscode.workspace.getWorkspaceFolder(vscode.Uri.file(run));
}

function baseOf(place: Place): string | null {
  return place?.uri.fsPath ?? null;
}

function entriesOf(place: Place): readonly unknown[] {
  const runs = vscode.workspace.getConfiguration(SECTION, place?.uri).get<unknown>('runs');
  return Array.isArray(runs) ? runs : [];
}

function entriesBut(run: string, place: Place): readonly unknown[] {
  return entriesOf(place).filter((entry) => folderOf(entry, baseOf(place))?.path !== run);
}

/** A run as the settings of a place name it. */
function nameOf(run: string, place: Place): string {
  const base = baseOf(place);
  return base === null ? run : relative(base, run).split(sep).join('/') || '.';
}

async function write(place: Place, entries: readonly unknown[]): Promise<void> {
  const { WorkspaceFolder, Workspace, Global } = vscode.ConfigurationTarget;
  const target = place ? WorkspaceFolder : vscode.workspace.workspaceFolders ? Workspace : Global;
  await vscode.workspace.getConfiguration(SECTION, place?.uri).update('runs', entries, target);
}
