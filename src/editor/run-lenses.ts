import * as vscode from 'vscode';
import type { RunReport } from '../engine/protocol';
import { COMMANDS, SECTION } from './contributions';
import { levelIcon } from './level-looks';
import { checkpointsPhrase, plain, runPhrase } from './run-phrases';
import { fileOf, runName } from './runs-model';
import { type Mention, rangeOf, SCRIPTS, type ScriptMentions } from './script-mentions';

/** The editor drops a space that is not one of these between an icon and its text. */
const NO_BREAK = '\u00a0';

/** Above the lines of scripts that name runs: how they are, and ways to more. */
export class RunLenses implements vscode.CodeLensProvider {
  readonly onDidChangeCodeLenses: vscode.Event<void>;
  readonly #registration: vscode.Disposable;

  constructor(readonly mentions: ScriptMentions) {
    this.onDidChangeCodeLenses = mentions.onDidChange;
    this.#registration = vscode.languages.registerCodeLensProvider(SCRIPTS, this);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (vscode.workspace.getConfiguration(SECTION).get('inline.codeLens') === false) return [];
    const mentions = this.mentions.of(document);
    // A folder that is named twice is said once on a line; that it could be watched is said once in a script.
    const first = (mention: Mention, i: number) =>
      mentions.findIndex(
        ({ folder, reference }) => folder === mention.folder && (mention.runs.length === 0 || reference.line === mention.reference.line),
      ) === i;
    return mentions
      .filter(first)
      .flatMap((mention) => this.#commandsOf(mention).map((command) => new vscode.CodeLens(rangeOf(mention), command)));
  }

  #commandsOf({ runs, folder }: Mention): vscode.Command[] {
    const [run] = runs;
    if (run === undefined) {
      return [{ title: vscode.l10n.t('Sigma: watch this run'), command: COMMANDS.watchRun, arguments: [vscode.Uri.file(folder)] }];
    }
    const icon = this.mentions.model.isMuted(run.path) ? 'bell-slash' : levelIcon(run.level).id;
    const show = { title: `$(${icon})${NO_BREAK}${title(run, runs.length)}`, command: COMMANDS.showHealth, arguments: [run.path] };
    const newest = run.checkpoints.at(-1);
    const file = newest && fileOf(newest);
    if (!newest || !file) return [show];
    return [show, { title: vscode.l10n.t('open {0}', plain(newest.name)), command: COMMANDS.analyze, arguments: [file] }];
  }
}

function title(worst: RunReport, runs: number): string {
  const phrase = runPhrase(worst);
  return runs === 1
    ? `${phrase} \u00b7 ${checkpointsPhrase(worst.checkpoints.length)}`
    : vscode.l10n.t('{0} runs \u00b7 worst: {1}, {2}', runs, plain(runName(worst)), phrase);
}
