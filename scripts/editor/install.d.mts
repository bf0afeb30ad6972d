export interface Editor {
  readonly node: string;
  readonly entry: string;
  readonly switches: readonly string[];
  /** Of VS Code. */
  readonly version: string;
}
export type Edition = 'newest' | 'oldest';
export const EDITIONS: Readonly<
  Record<Edition, { readonly codeServer: string; readonly node: string; readonly switches: readonly string[] }>
>;
export function editorUnavailable(): string | null;
export function installEditor(say: (sentence: string) => void, edition?: Edition): Promise<Editor>;
