import * as vscode from 'vscode';
import { type JudgedCheckpoint, type RunReport, sameMatrix } from '../engine/protocol';
import { number } from '../words/numbers';
import { quantityGroups } from '../words/quantities';
import { outlookEntries } from '../words/run';
import { levelWord } from '../words/verdict';
import { COMMANDS } from './contributions';
import { checkpointsPhrase, escaped } from './run-phrases';
import { fileOf, matrixOf, runName } from './runs-model';
import { rangeOf, SCRIPTS, type ScriptMentions } from './script-mentions';
import { warnings } from './script-problems';
import { sparklineImage } from './sparkline-image';

const MOST_RUNS = 3;
const MOST_REASONS = 3;

/** On the path of a run in a script: how it is and why, since when, where to, and the effective rank over its checkpoints. */
export class RunHover implements vscode.HoverProvider {
  readonly #registration: vscode.Disposable;

  constructor(readonly mentions: ScriptMentions) {
    this.#registration = vscode.languages.registerHoverProvider(SCRIPTS, this);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  provideHover(document: vscode.TextDocument, { line, character }: vscode.Position): vscode.Hover | null {
    const mention = this.mentions
      .of(document)
      .find(({ reference }) => reference.line === line && reference.start <= character && character <= reference.end);
    if (mention === undefined || mention.runs.length === 0) return null;
    const { model } = this.mentions;
    const warned = warnings(this.mentions, document);
    const texts = mention.runs
      .slice(0, MOST_RUNS)
      .map((run) => runText(run, { muted: model.isMuted(run.path), warned: warned.get(run)?.reference === mention.reference }));
    const more = mention.runs.length - MOST_RUNS;
    if (more > 0)
      texts.push(new vscode.MarkdownString(more === 1 ? vscode.l10n.t('And 1 more run.') : vscode.l10n.t('And {0} more runs.', more)));
    return new vscode.Hover(texts, rangeOf(mention));
  }
}

/** @param warned the editor shows a problem above, which says the first reason, onset and alarm */
function runText(run: RunReport, { muted, warned }: { readonly muted: boolean; readonly warned: boolean }): vscode.MarkdownString {
  const mute = muted ? COMMANDS.unmuteRun : COMMANDS.muteRun;
  const text = new vscode.MarkdownString();
  text.isTrusted = { enabledCommands: [COMMANDS.showHealth, COMMANDS.analyze, mute] };
  const name = escaped(runName(run));
  text.appendMarkdown(`**${levelWord(run.level)}** \u00b7 ${muted ? vscode.l10n.t('{0}, muted', name) : name}`);
  const paragraph = (line: string): void => void text.appendMarkdown(`\n\n${escaped(line)}`);
  const newest = run.checkpoints.at(-1);
  const matrix = newest && matrixOf(newest);
  if (newest && matrix) {
    appendImage(text, run, matrix);
    for (const line of rankLines(run, newest, matrix)) paragraph(line);
  }
  for (const { message } of run.reasons.slice(warned ? 1 : 0, MOST_REASONS)) paragraph(message);
  for (const { term, value } of outlookEntries(run)) if (!warned || term === 'Forecast') paragraph(`${term}: ${value}.`);
  const links = [link(vscode.l10n.t('Show checkpoints'), COMMANDS.showHealth, run.path)];
  const open = (label: string, checkpoint: JudgedCheckpoint | undefined): void => {
    const file = checkpoint && fileOf(checkpoint);
    if (file) links.push(link(label, COMMANDS.analyze, file.toString()));
  };
  open(vscode.l10n.t('Open the newest'), newest);
  if (run.onset && run.onset.name !== newest?.name) {
    open(
      vscode.l10n.t('Open the onset'),
      run.checkpoints.find(({ name }) => name === run.onset?.name),
    );
  }
  links.push(link(muted ? vscode.l10n.t('Unmute') : vscode.l10n.t('Mute'), mute, run.path));
  return text.appendMarkdown(`\n\n${links.join(' \u00b7 ')}`);
}

type Matrix = JudgedCheckpoint['matrices'][number];

function appendImage(text: vscode.MarkdownString, { checkpoints, onset }: RunReport, matrix: Matrix): void {
  const values = checkpoints.map((checkpoint) => sameMatrix(matrix, checkpoint)?.report.quantities.effectiveRank?.value ?? Number.NaN);
  const known = values.filter(Number.isFinite);
  if (known.length < 2) return;
  const image = sparklineImage(
    values,
    checkpoints.findIndex(({ name }) => name === onset?.name),
  );
  const label = vscode.l10n.t(
    'Effective rank over {0}: from {1} to {2}',
    checkpointsPhrase(known.length),
    number(known[0]!),
    number(known.at(-1)!),
  );
  text.appendMarkdown(`\n\n![${label}](${image})`);
}

/** The effective rank now, with how well it is known, and at the baseline. */
function rankLines(run: RunReport, newest: JudgedCheckpoint, matrix: Matrix): string[] {
  const { tensor } = matrix.report.source;
  const now = rankRow(matrix);
  if (!now?.value) return [];
  const name = tensor === null ? vscode.l10n.t('Effective rank') : vscode.l10n.t('Effective rank of {0}', tensor);
  const known = now.known.map(({ text }) => text).join('; ');
  const lines = [`${name}: ${[now.value, now.unit].filter(Boolean).join(' ')}${known ? `, ${known}` : ''}`];
  const baseline = run.checkpoints.find((checkpoint) => checkpoint.name === run.baseline);
  const then = baseline && sameMatrix(matrix, baseline);
  const before = then && rankRow(then)?.value;
  if (before && baseline !== newest) lines.push(vscode.l10n.t('At the baseline {0}: {1}', baseline.name, before));
  return lines;
}

function rankRow({ report }: Matrix) {
  return quantityGroups(report)
    .flatMap(({ rows }) => rows)
    .find(({ key }) => key === 'effectiveRank');
}

/** @param label ours; only the argument may come from a disk */
function link(label: string, command: string, argument: string): string {
  // A bracket would end the link.
  const encoded = encodeURIComponent(JSON.stringify([argument])).replace(/[()]/g, (bracket) => (bracket === '(' ? '%28' : '%29'));
  return `[${label}](command:${command}?${encoded})`;
}
