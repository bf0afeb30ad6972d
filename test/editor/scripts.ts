import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, vi } from 'vitest';
import type { TextDocument } from 'vscode';
import { state, Uri } from './fake-vscode';

/** Milliseconds after which a change is looked at. */
export const QUIET = 300;

/** Gives each test of a file a real workspace folder with `runs/exp1`, `runs/exp2` and `logs` in it, and timers that stand still. */
export function scriptWorkspace(): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'sigma-scripts-')));
  for (const folder of ['runs/exp1/generation-1', 'runs/exp2', 'logs', 'scripts/logs', 'no-runs']) {
    mkdirSync(path.join(root, folder), { recursive: true });
  }
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    state.diagnostics.clear();
    Object.assign(state, { settings: {}, documents: [], editors: [], workspaceFolders: [{ uri: Uri.file(root) }] });
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** What a test changes of a document, and how often its text was read. */
interface Text {
  version: number;
  text: string;
  reads: number;
}

/** A document in the editor. */
export function script(file: string, languageId: string, text: string, scheme = 'file'): TextDocument & Text {
  const document = {
    uri: new Uri(scheme, file),
    languageId,
    version: 1,
    text,
    reads: 0,
    getText() {
      this.reads++;
      return this.text;
    },
  };
  state.documents.push(document);
  return document as never;
}

/** Lets the moment of rest pass, and what is found in the scripts arrive. */
export async function settle(mentions: { onDidChange(listener: () => void): { dispose(): void } }): Promise<void> {
  await new Promise<void>((resolve) => {
    const listening = mentions.onDidChange(() => {
      listening.dispose();
      resolve();
    });
    vi.advanceTimersByTime(QUIET);
  });
}
