import { posix } from 'node:path';

/** As much of the editor's API as the unit tests touch, and a record of what was done with it. */
export class Uri {
  constructor(
    readonly scheme: string,
    readonly path: string,
  ) {}
  static file(path: string): Uri {
    return new Uri('file', path);
  }
  static parse(text: string): Uri {
    const [, scheme, path] = /^(\w+):(?:\/\/)?(.*)$/.exec(text)!;
    return new Uri(scheme!, path!);
  }
  static from({ scheme, path }: { scheme: string; path: string }): Uri {
    return new Uri(scheme, path);
  }
  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(base.scheme, posix.join(base.path, ...parts));
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}://${this.path}`;
  }
}

export class Range {
  constructor(
    readonly startLine: number,
    readonly startCharacter: number,
    readonly endLine: number,
    readonly endCharacter: number,
  ) {}
}

export enum DiagnosticSeverity {
  Error = 0,
  Warning = 1,
  Information = 2,
  Hint = 3,
}

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Location {
  constructor(
    readonly uri: Uri,
    readonly position: Position,
  ) {}
}

export class DiagnosticRelatedInformation {
  constructor(
    readonly location: Location,
    readonly message: string,
  ) {}
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class ThemeIcon {
  constructor(
    readonly id: string,
    readonly color?: ThemeColor,
  ) {}
}

export enum TreeItemCollapsibleState {
  None = 0,
  Collapsed = 1,
}

export class TreeItem {
  constructor(
    readonly label: string,
    readonly collapsibleState: TreeItemCollapsibleState,
  ) {}
}

export class FileDecoration {
  propagate?: boolean;
  constructor(
    readonly badge: string,
    readonly tooltip: string,
    readonly color?: ThemeColor,
  ) {}
}

export const CodeActionKind = { QuickFix: 'quickfix' };

export class CodeAction {
  command?: { title: string; command: string; arguments: unknown[] };
  diagnostics?: Diagnostic[];
  constructor(
    readonly title: string,
    readonly kind: string,
  ) {}
}

export class MarkdownString {
  isTrusted?: unknown;
  constructor(
    public value = '',
    readonly supportThemeIcons = false,
  ) {}
  appendText(text: string): this {
    this.value += text;
    return this;
  }
  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
}

export class CodeLens {
  constructor(
    readonly range: Range,
    readonly command: { title: string; command: string; arguments: unknown[] },
  ) {}
}

export class Hover {
  constructor(
    readonly contents: MarkdownString[],
    readonly range: Range,
  ) {}
}

export enum DecorationRangeBehavior {
  ClosedClosed = 1,
}

export enum InputBoxValidationSeverity {
  Info = 1,
  Warning = 2,
  Error = 3,
}

export enum ViewColumn {
  Active = -1,
}

export enum StatusBarAlignment {
  Left = 1,
}

export enum ConfigurationTarget {
  Global = 1,
  Workspace = 2,
  WorkspaceFolder = 3,
}

export class Diagnostic {
  source?: string;
  relatedInformation?: DiagnosticRelatedInformation[];
  code?: { value: string; target: Uri };
  constructor(
    readonly range: Range,
    readonly message: string,
    readonly severity: DiagnosticSeverity,
  ) {}
}

export class TabInputText {
  constructor(readonly uri: Uri) {}
}

export class TabInputCustom {
  constructor(
    readonly uri: Uri,
    readonly viewType: string,
  ) {}
}

export class Disposable {
  constructor(readonly dispose: () => void) {}
  static from(...parts: { dispose(): void }[]): Disposable {
    return new Disposable(() => {
      for (const part of parts) part.dispose();
    });
  }
}

export class EventEmitter<T> {
  readonly #listeners = new Set<(value: T) => void>();
  readonly event = (listener: (value: T) => void) => {
    this.#listeners.add(listener);
    return new Disposable(() => this.#listeners.delete(listener));
  };
  fire(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }
  dispose(): void {
    this.#listeners.clear();
  }
}

export enum ProgressLocation {
  Window = 10,
}

export const l10n = {
  t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, index) => String(values[Number(index)])),
};

/** What the tests set and read. */
export const state = {
  diagnostics: new Map<string, readonly Diagnostic[]>(),
  commands: new Map<string, (...args: unknown[]) => unknown>(),
  executed: [] as unknown[][],
  said: [] as string[],
  /** The button that the person presses. */
  choice: undefined as string | undefined,
  activeTab: null as unknown,
  picked: undefined as Uri[] | undefined,
  dialogs: 0,
  /** Where the person saves to, what was proposed, and what was written, as text. */
  saveTo: undefined as Uri | undefined,
  proposed: [] as string[],
  written: new Map<string, string>(),
  settings: {} as Record<string, unknown>,
  /** Of a workspace folder that has its own. */
  folderSettings: new Map<string | undefined, Record<string, unknown>>(),
  /** Changes of settings: name, value and target. */
  updated: [] as unknown[][],
  trusted: true,
  trustGranted: new EventEmitter<void>(),
  workspaceFolders: undefined as { uri: Uri }[] | undefined,
  /** The rows of each quick pick that was opened, and the labels that the person chooses, in turn. */
  quickPicks: [] as { label: string; description?: string; detail?: string }[][],
  chosen: [] as (string | readonly string[] | undefined)[],
  /** The input boxes that were opened, and what the person writes, in turn. */
  inputBoxes: [] as InputBox[],
  typed: [] as (string | undefined)[],
  /** The last tree view that was made. */
  treeView: null as null | { badge?: { value: number; tooltip: string }; description?: string; revealed: unknown[] },
  /** When each file was saved, in milliseconds. */
  saved: new Map<string, number>(),
  statusBarItem: null as null | Record<string, unknown>,
  configurationChanged: new EventEmitter<{ affectsConfiguration: (section: string) => boolean }>(),
  /** The view types of the panels that were made, and what the next is. */
  panelsMade: [] as string[],
  panel: undefined as unknown,
  clipboard: '',
  documents: [] as unknown[],
  documentOpened: new EventEmitter<unknown>(),
  documentClosed: new EventEmitter<unknown>(),
  documentChanged: new EventEmitter<{ document: unknown }>(),
  editors: [] as unknown[],
  editorsChanged: new EventEmitter<void>(),
  tools: new Map<string, Tool>(),
  mcpProviders: new Map<string, McpProvider>(),
};

interface InputBox {
  readonly title: string;
  readonly prompt: string;
  readonly value: string;
  readonly validateInput: (text: string) => { message: string; severity: InputBoxValidationSeverity } | null;
}

export const lm = {
  registerTool: (name: string, tool: Tool) => {
    state.tools.set(name, tool);
    return new Disposable(() => state.tools.delete(name));
  },
  registerMcpServerDefinitionProvider: (id: string, provider: McpProvider) => {
    state.mcpProviders.set(id, provider);
    return new Disposable(() => state.mcpProviders.delete(id));
  },
};

interface Tool {
  prepareInvocation(options: { input: object }): { invocationMessage: string; confirmationMessages: { message: MarkdownString } };
  invoke(options: { input: object }, token: unknown): Promise<LanguageModelToolResult>;
}

interface McpProvider {
  onDidChangeMcpServerDefinitions(listener: () => void): Disposable;
  provideMcpServerDefinitions(): McpStdioServerDefinition[];
}

export class LanguageModelTextPart {
  constructor(readonly value: string) {}
}

export class LanguageModelToolResult {
  constructor(readonly content: LanguageModelTextPart[]) {}
}

export class McpStdioServerDefinition {
  cwd?: Uri;
  constructor(
    readonly label: string,
    readonly command: string,
    readonly args: string[],
    readonly env: Record<string, string>,
    readonly version: string,
  ) {}
}

export class CancellationError extends Error {}

export const languages = {
  createDiagnosticCollection: () => ({
    set: (uri: Uri, diagnostics: readonly Diagnostic[]) => state.diagnostics.set(uri.toString(), diagnostics),
    delete: (uri: Uri) => state.diagnostics.delete(uri.toString()),
    clear: () => state.diagnostics.clear(),
    dispose: () => state.diagnostics.clear(),
  }),
  registerCodeActionsProvider: () => new Disposable(() => {}),
  registerCodeLensProvider: () => new Disposable(() => {}),
  registerHoverProvider: () => new Disposable(() => {}),
};

export const commands = {
  registerCommand: (id: string, run: (...args: unknown[]) => unknown) => {
    state.commands.set(id, run);
    return new Disposable(() => state.commands.delete(id));
  },
  executeCommand: async (...call: unknown[]) => {
    state.executed.push(call);
  },
};

export const window = {
  tabGroups: {
    get activeTabGroup() {
      return { activeTab: state.activeTab === null ? undefined : { input: state.activeTab } };
    },
    get all() {
      return [{ tabs: state.activeTab === null ? [] : [{ input: state.activeTab }] }];
    },
  },
  showOpenDialog: async () => {
    state.dialogs++;
    return state.picked;
  },
  showSaveDialog: async ({ defaultUri }: { defaultUri: Uri }) => {
    state.proposed.push(defaultUri.path);
    return state.saveTo;
  },
  showErrorMessage: async (message: string, ...choices: string[]) => {
    state.said.push(message);
    return choices.find((choice) => choice === state.choice);
  },
  showWarningMessage: async (message: string, ...choices: string[]) => {
    state.said.push(message);
    return choices.find((choice) => choice === state.choice);
  },
  createTreeView: () => {
    const revealed: unknown[] = [];
    state.treeView = { revealed };
    return Object.assign(state.treeView, { reveal: async (node: unknown) => revealed.push(node), dispose: () => {} });
  },
  registerFileDecorationProvider: () => new Disposable(() => {}),
  createTextEditorDecorationType: () => new Disposable(() => {}),
  get visibleTextEditors() {
    return state.editors;
  },
  onDidChangeVisibleTextEditors: state.editorsChanged.event,
  setStatusBarMessage: (message: string) => state.said.push(message),
  showInformationMessage: async (message: string, ...choices: string[]) => {
    state.said.push(message);
    return choices.find((choice) => choice === state.choice);
  },
  showQuickPick: async (items: { label: string }[], options?: { canPickMany?: boolean }) => {
    state.quickPicks.push(items);
    const chosen = state.chosen.shift();
    if (options?.canPickMany) return chosen && items.filter(({ label }) => chosen.includes(label));
    return items.find(({ label }) => label === chosen);
  },
  showInputBox: async (options: InputBox) => {
    state.inputBoxes.push(options);
    return state.typed.shift();
  },
  createStatusBarItem: () => {
    const item: Record<string, unknown> = { shown: false };
    state.statusBarItem = item;
    return Object.assign(item, {
      show: () => Object.assign(item, { shown: true }),
      hide: () => Object.assign(item, { shown: false }),
      dispose: () => Object.assign(item, { shown: false }),
    });
  },
  registerCustomEditorProvider: () => new Disposable(() => {}),
  registerWebviewPanelSerializer: () => new Disposable(() => {}),
  createWebviewPanel: (viewType: string) => {
    state.panelsMade.push(viewType);
    return state.panel;
  },
};

export const workspace = {
  getConfiguration: (_section?: string, folder?: Uri) => ({
    get: (name: string) => (state.folderSettings.get(folder?.path) ?? state.settings)[name],
    update: async (...change: unknown[]) => {
      state.updated.push(change);
    },
  }),
  onDidChangeConfiguration: state.configurationChanged.event,
  get isTrusted() {
    return state.trusted;
  },
  onDidGrantWorkspaceTrust: state.trustGranted.event,
  get workspaceFolders() {
    return state.workspaceFolders;
  },
  fs: {
    stat: async (uri: Uri) => {
      const mtime = state.saved.get(uri.path);
      if (mtime === undefined) throw new Error('no such file');
      return { mtime };
    },
    writeFile: async (uri: Uri, bytes: Uint8Array) => {
      if (uri.path.startsWith('/read-only/')) throw new Error('EROFS: read-only file system');
      if (uri.path.startsWith('/full/'))
        throw new Error("Unable to write file '/full/a' (Unknown (FileSystemError): Error: ENOSPC: no space left on device, write)");
      state.written.set(uri.path, Buffer.from(bytes).toString());
    },
  },
  get textDocuments() {
    return state.documents;
  },
  onDidOpenTextDocument: state.documentOpened.event,
  onDidCloseTextDocument: state.documentClosed.event,
  onDidChangeTextDocument: state.documentChanged.event,
  onDidChangeWorkspaceFolders: () => new Disposable(() => {}),
  getWorkspaceFolder: (uri: Uri) => state.workspaceFolders?.find((folder) => uri.path.startsWith(folder.uri.path)),
  asRelativePath: (path: string) => {
    const folder = state.workspaceFolders?.find(({ uri }) => path.startsWith(`${uri.path}/`));
    return folder ? path.slice(folder.uri.path.length + 1) : path;
  },
};

export const env = {
  clipboard: {
    writeText: async (text: string) => {
      state.clipboard = text;
    },
  },
};

/** What an extension remembers, and keeps when the window is loaded again. */
export class Memory {
  readonly #values = new Map<string, string>();
  keys(): readonly string[] {
    return [...this.#values.keys()];
  }
  get(key: string, fallback?: unknown): never {
    const value = this.#values.get(key);
    return (value === undefined ? fallback : JSON.parse(value)) as never;
  }
  async update(key: string, value: unknown): Promise<void> {
    this.#values.set(key, JSON.stringify(value));
  }
}
