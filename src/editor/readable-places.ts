import type * as vscode from 'vscode';
import { listFolder } from '../formats/bytes/file-bytes';
import { formatOfFolder } from '../formats/registry';
import { isOffered } from './contributions';

/** Whether a folder is a dataset or a model as a whole; null for what is no folder. */
export async function folderKind({ scheme, fsPath }: vscode.Uri): Promise<'dataset' | 'other' | null> {
  if (scheme !== 'file') return null;
  const names = await listFolder(fsPath).catch(() => []);
  if (names === null) return null;
  return formatOfFolder(names) === null ? 'other' : 'dataset';
}

/** Those of the selected files and folders that can be analysed: files whose ending alone says so, and datasets and models in folders. */
export async function readablePlaces(selected: readonly vscode.Uri[]): Promise<vscode.Uri[]> {
  const kinds = await Promise.all(selected.map(folderKind));
  return selected.filter((uri, i) => kinds[i] === 'dataset' || (kinds[i] === null && isOffered(uri.path)));
}
