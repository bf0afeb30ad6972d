import { stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import * as vscode from 'vscode';
import type { RunReport } from '../engine/protocol';
import { SECTION } from './contributions';
import type { RunsModel } from './runs-model';
import { SCRIPT_LANGUAGES, type ScriptLanguage, type ScriptReference, scriptReferences } from './script-references';

/** Milliseconds after a change before texts are read again. */
const QUIET = 300;

const SCHEMES = ['file', 'vscode-notebook-cell'] as const;

/** The documents in which runs are looked for. TOML has no language of its own in a bare editor. */
export const SCRIPTS: vscode.DocumentSelector = [
  ...SCRIPT_LANGUAGES.flatMap((language) => SCHEMES.map((scheme) => ({ language, scheme }))),
  { pattern: '**/*.toml', scheme: 'file' },
];

/** A folder that exists, at the place where a script names it. */
interface Place {
  readonly reference: ScriptReference;
  /** Absolute. */
  readonly folder: string;
}

export interface Mention extends Place {
  /** The runs that are meant, in the order of the model: that of the folder, or those below it. None where the folder is not watched. */
  readonly runs: readonly RunReport[];
}

/** Where open scripts name folders of runs. While no folder is watched, no text is read. */
export class ScriptMentions {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #parts: vscode.Disposable;
  readonly #read = new WeakMap<vscode.TextDocument, { readonly version: number; readonly references: readonly ScriptReference[] }>();
  #places: ReadonlyMap<vscode.TextDocument, readonly Place[]> = new Map();
  #timer: NodeJS.Timeout | null = null;
  #turn = 0;

  constructor(readonly model: RunsModel) {
    const update = () => this.#updateSoon();
    this.#parts = vscode.Disposable.from(
      this.#changed,
      model.onDidChange(update),
      vscode.workspace.onDidOpenTextDocument(update),
      vscode.workspace.onDidCloseTextDocument(update),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (languageOf(document) === null) return;
        this.#stop();
        this.#updateSoon();
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(SECTION)) update();
      }),
    );
    update();
  }

  dispose(): void {
    this.#stop();
    this.#turn++;
    this.#parts.dispose();
  }

  /** Open scripts that name an existing folder. */
  get documents(): readonly vscode.TextDocument[] {
    return [...this.#places.keys()];
  }

  /** In the order of the text. What is said of the runs is of now, the places are those of the last moment of rest. */
  of(document: vscode.TextDocument): Mention[] {
    const { runs: known, folders } = this.model;
    return (this.#places.get(document) ?? []).flatMap((place) => {
      const runs = known.filter((run) => means(place.folder, run));
      const watched = folders.some((folder) => contains(folder, place.folder) || contains(place.folder, folder));
      return runs.length > 0 || !watched ? [{ ...place, runs }] : [];
    });
  }

  #updateSoon(): void {
    if (this.model.folders.length === 0 && this.#places.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#update();
    }, QUIET);
  }

  #stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #update(): Promise<void> {
    const turn = ++this.#turn;
    const documents = this.model.folders.length === 0 ? [] : vscode.workspace.textDocuments;
    const found = await Promise.all(documents.map(async (document) => [document, await this.#placesIn(document)] as const));
    if (turn !== this.#turn) return;
    this.#places = new Map(found.filter(([, places]) => places.length > 0));
    this.#changed.fire();
  }

  async #placesIn(document: vscode.TextDocument): Promise<readonly Place[]> {
    const references = this.#referencesIn(document);
    const bases = [dirname(document.uri.fsPath), vscode.workspace.getWorkspaceFolder(document.uri)?.uri.fsPath];
    const places = references.map(async (reference) => {
      for (const base of bases) {
        const folder = base === undefined ? null : resolve(base, reference.path);
        if (folder !== null && (await isFolder(folder))) return [{ reference, folder }];
      }
      return [];
    });
    return (await Promise.all(places)).flat();
  }

  #referencesIn(document: vscode.TextDocument): readonly ScriptReference[] {
    const language = languageOf(document);
    if (language === null) return [];
    const before = this.#read.get(document);
    if (before?.version === document.version) return before.references;
    const references = scriptReferences(document.getText(), language);
    this.#read.set(document, { version: document.version, references });
    return references;
  }
}

/** The place of a mention. */
export function rangeOf({ reference: { line, start, end } }: Mention): vscode.Range {
  return new vscode.Range(line, start, line, end);
}

function languageOf({ uri, languageId }: vscode.TextDocument): ScriptLanguage | null {
  if (!SCHEMES.some((scheme) => scheme === uri.scheme)) return null;
  return SCRIPT_LANGUAGES.find((language) => language === languageId) ?? (/\.toml$/i.test(uri.path) ? 'toml' : null);
}

/** Whether a folder is that of a run, or of one of its checkpoints, or has the run below it. */
function means(folder: string, { path, checkpoints }: RunReport): boolean {
  return contains(folder, path) || (contains(path, folder) && checkpoints.some(({ name }) => join(path, name) === folder));
}

/** Whether `inner` is `outer` or below it. */
function contains(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
