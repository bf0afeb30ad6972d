import * as vscode from 'vscode';
import { levelSign } from '../words/verdict';
import { SECTION } from './contributions';
import { levelColour } from './level-looks';
import { SEVERITIES } from './problems';
import { runPhrase } from './run-phrases';
import type { Mention, ScriptMentions } from './script-mentions';

/** Behind the lines of scripts that name runs, where the setting asks for it: how the worst run is. Lens and problem say more. */
export class RunInlineText {
  readonly #type = vscode.window.createTextEditorDecorationType({ rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed });
  readonly #parts: vscode.Disposable;

  constructor(readonly mentions: ScriptMentions) {
    this.#parts = vscode.Disposable.from(
      this.#type,
      mentions.onDidChange(() => this.#show()),
      vscode.window.onDidChangeVisibleTextEditors(() => this.#show()),
    );
  }

  dispose(): void {
    this.#parts.dispose();
  }

  #show(): void {
    const wanted: unknown = vscode.workspace.getConfiguration(SECTION).get('inline.text');
    for (const editor of vscode.window.visibleTextEditors) {
      const mentions = wanted === 'problems' || wanted === 'all' ? this.mentions.of(editor.document) : [];
      editor.setDecorations(
        this.#type,
        mentions.flatMap((mention, i) => {
          const again = mentions.findIndex(({ reference }) => reference.line === mention.reference.line) < i;
          return again ? [] : this.#textOf(mention, wanted === 'all');
        }),
      );
    }
  }

  #textOf(mention: Mention, all: boolean): vscode.DecorationOptions[] {
    const run = mention.runs.find(({ path, level }) => !this.mentions.model.isMuted(path) && (all || SEVERITIES[level] !== undefined));
    if (run === undefined) return [];
    const { line, end } = mention.reference;
    const after: vscode.ThemableDecorationAttachmentRenderOptions = {
      contentText: `${levelSign(run.level)} ${runPhrase(run)}`,
      color: levelColour(run.level) ?? new vscode.ThemeColor('editorCodeLens.foreground'),
      fontStyle: 'italic',
      margin: '0 0 0 3em',
    };
    return [{ range: new vscode.Range(line, end, line, Number.MAX_SAFE_INTEGER), renderOptions: { after } }];
  }
}
