import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import * as v from 'valibot';
import * as vscode from 'vscode';
import { rawLayout } from '../../webview/protocol';
import type { RawLayout } from '../engine/protocol';
import { ELEMENT_BYTES, ELEMENT_TYPES } from '../words/element-types';
import { count } from '../words/numbers';
import { plain } from './run-phrases';

/** Under this key the workspace remembers how the numbers of files lie, by the files' paths, the latest last. */
const MEMORY = 'sigma.rawLayouts';
const MOST = 200;

type Columns = { readonly rows: number; readonly columns: number } | { readonly wrong: string };

/** How the numbers lie of files that do not say it: what a person has said of each, and the questions. */
export class RawLayouts {
  /** @param memory of the workspace */
  constructor(private readonly memory: vscode.Memento) {}

  of(file: vscode.Uri): RawLayout | null {
    const layout = this.#all()[file.fsPath];
    return v.is(rawLayout, layout) ? layout : null;
  }

  /** Asks for the type of the elements, then for the number of columns, which must fit the file. @returns null when a question is left */
  async ask(file: vscode.Uri): Promise<RawLayout | null> {
    const { size } = await stat(file.fsPath);
    const before = this.of(file);
    const title = vscode.l10n.t('Shape and Type of {0}', plain(posix.basename(file.path)));
    const dtype = await askType(title, size, before);
    if (dtype === null) return null;
    const columns = await askColumns(title, size, dtype, before);
    if (columns === null) return null;
    const layout = { dtype, columns };
    const { [file.fsPath]: _, ...others } = this.#all();
    const kept = Object.fromEntries([...Object.entries(others), [file.fsPath, layout]].slice(-MOST));
    await this.memory.update(MEMORY, kept);
    return layout;
  }

  #all(): Record<string, unknown> {
    return this.memory.get<Record<string, unknown>>(MEMORY, {});
  }
}

async function askType(title: string, size: number, before: RawLayout | null): Promise<RawLayout['dtype'] | null> {
  const types = before === null ? ELEMENT_TYPES : [before.dtype, ...ELEMENT_TYPES.filter((type) => type !== before.dtype)];
  const items = types
    .filter((type) => size % ELEMENT_BYTES[type] === 0)
    .map((type) => ({ label: type, description: vscode.l10n.t('{0} numbers', count(size / ELEMENT_BYTES[type])), type }));
  const placeHolder = vscode.l10n.t('Choose the type of the numbers in this file of {0} bytes', count(size));
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.type ?? null;
}

async function askColumns(title: string, size: number, dtype: RawLayout['dtype'], before: RawLayout | null): Promise<number | null> {
  const elements = size / ELEMENT_BYTES[dtype];
  const text = await vscode.window.showInputBox({
    title,
    prompt: vscode.l10n.t('How many numbers has a row, that is, how many columns has the matrix?'),
    placeHolder: '768',
    value: before === null ? '' : String(before.columns),
    validateInput: (text) => {
      if (text.trim() === '') return null;
      const found = columnsIn(text, elements);
      if ('wrong' in found) return { message: found.wrong, severity: vscode.InputBoxValidationSeverity.Error };
      const message = vscode.l10n.t('{0} rows of {1} numbers, {2}', count(found.rows), count(found.columns), dtype);
      return { message, severity: vscode.InputBoxValidationSeverity.Info };
    },
  });
  const found = text === undefined ? null : columnsIn(text, elements);
  return found === null || 'wrong' in found ? null : found.columns;
}

/** What a person wrote as a number of columns, for a matrix of so many elements. */
function columnsIn(text: string, elements: number): Columns {
  const columns = /^\s*\d+\s*$/.test(text) ? Number(text) : 0;
  if (columns < 1) return { wrong: vscode.l10n.t('Write a whole number from 1, such as 768.') };
  const rows = elements / columns;
  if (Number.isInteger(rows)) return { rows, columns };
  return { wrong: vscode.l10n.t('{0} numbers make no whole rows of {1}.', count(elements), count(columns)) };
}
