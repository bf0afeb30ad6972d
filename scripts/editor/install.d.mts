export interface Editor {
  readonly node: string;
  readonly entry: string;
}
export function editorUnavailable(): string | null;
export function installEditor(say: (sentence: string) => void): Promise<Editor>;
