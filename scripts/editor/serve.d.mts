import type { Editor } from './install.mjs';

export interface EditorServer {
  readonly url: string;
  /** The temporary folder that holds its settings and extensions. */
  readonly data: string;
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}
export function serveEditor(options: {
  readonly editor: Editor;
  readonly vsix: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly trust?: boolean;
}): Promise<EditorServer>;
