import * as vscode from 'vscode';
import type { Level } from '../analysis/report';
import { LEVELS_WORST_FIRST } from '../analysis/verdict';
import { type JudgedCheckpoint, type RunReport, sameMatrix } from '../engine/protocol';
import { DEFINITIONS, type Definition } from '../spectral/definitions';
import { change, count, number, reported } from '../words/numbers';
import { outlookEntries } from '../words/run';
import { levelWord } from '../words/verdict';
import { COMMANDS, HEALTH_VIEW, RUNS_HIDDEN, WATCHING } from './contributions';
import { levelIcon } from './level-looks';
import { SEVERITIES } from './problems';
import { checkpointsPhrase, escaped, shown } from './run-phrases';
import { matrixOf, type RunsModel, runName } from './runs-model';

type Matrix = JudgedCheckpoint['matrices'][number];

interface RunNode {
  readonly kind: 'run';
  readonly run: RunReport;
}
interface CheckpointNode {
  readonly kind: 'checkpoint';
  readonly run: RunReport;
  readonly checkpoint: JudgedCheckpoint;
}
interface TensorNode {
  readonly kind: 'tensor';
  readonly run: RunReport;
  readonly checkpoint: JudgedCheckpoint;
  readonly matrix: Matrix;
}
/** A row of the view; commands of its menus get it. */
export type HealthNode = RunNode | CheckpointNode | TensorNode;

const MINUS = '\u2212';
/** A level that everything is at least as bad as. */
const EVERYTHING: Level = 'healthy';
const FILTERS: readonly Level[] = [EVERYTHING, 'watch', 'collapsing', 'collapsed'];

/**
 * The view Model Health: runs, worst first, for that one needs a person; in a run its checkpoints, newest first, for the newest is
 * what training goes on from; in a checkpoint its tensors, worst first. It is drawn while it is visible, from what the model holds.
 */
export class HealthView implements vscode.TreeDataProvider<HealthNode> {
  readonly #redraw = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#redraw.event;
  readonly #view: vscode.TreeView<HealthNode>;
  readonly #parts: vscode.Disposable;
  readonly #contexts = new Map<string, boolean>();
  #least = EVERYTHING;

  constructor(readonly model: RunsModel) {
    this.#view = vscode.window.createTreeView(HEALTH_VIEW, { treeDataProvider: this, showCollapseAll: true, canSelectMany: true });
    this.#parts = vscode.Disposable.from(
      this.#view,
      this.#redraw,
      model.onDidChange(() => this.#update()),
      vscode.commands.registerCommand(COMMANDS.filterHealth, () => this.#chooseFilter()),
      vscode.commands.registerCommand(COMMANDS.showEveryRun, () => this.#filter(EVERYTHING)),
      vscode.commands.registerCommand(COMMANDS.showHealth, (run?: unknown) => this.#show(typeof run === 'string' ? run : null)),
    );
  }

  dispose(): void {
    this.#parts.dispose();
  }

  getParent(node: HealthNode): HealthNode | undefined {
    switch (node.kind) {
      case 'run':
        return undefined;
      case 'checkpoint':
        return { kind: 'run', run: node.run };
      case 'tensor':
        return { kind: 'checkpoint', run: node.run, checkpoint: node.checkpoint };
    }
  }

  getChildren(node?: HealthNode): HealthNode[] {
    switch (node?.kind) {
      case undefined:
        return this.#listed().map((run) => ({ kind: 'run', run }));
      case 'run':
        return node.run.checkpoints.toReversed().map((checkpoint) => ({ kind: 'checkpoint', run: node.run, checkpoint }));
      case 'checkpoint':
        return node.checkpoint.matrices
          .map((matrix) => ({ matrix, level: rank(matrix.report.verdict.level), share: shareLeft(node.run, matrix) ?? 1 }))
          .sort((a, b) => a.level - b.level || a.share - b.share)
          .map(({ matrix }) => ({ kind: 'tensor', run: node.run, checkpoint: node.checkpoint, matrix }));
      case 'tensor':
        return [];
    }
  }

  getTreeItem(node: HealthNode): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return this.#runItem(node);
      case 'checkpoint':
        return checkpointItem(node);
      case 'tensor':
        return tensorItem(node);
    }
  }

  /** The editor asks for it when the mouse rests on a row: a long run has a thousand rows. */
  resolveTreeItem(item: vscode.TreeItem, node: HealthNode): vscode.TreeItem {
    if (node.kind === 'checkpoint') item.tooltip = paragraphs(checkpointTooltip(node));
    return item;
  }

  #runItem({ run }: RunNode): vscode.TreeItem {
    const newest = run.checkpoints.at(-1);
    const muted = this.model.isMuted(run.path);
    const remarks = [
      muted && vscode.l10n.t('muted'),
      newest && rankText(run, matrixOf(newest)),
      run.checkpoints.length > 0 && checkpointsPhrase(run.checkpoints.length),
    ];
    return item(run.path, runName(run), run.level, remarks, {
      contextValue: muted ? 'run.muted' : 'run',
      tooltip: [
        `${runName(run)}: ${levelWord(run.level)}`,
        ...run.reasons.map(({ message }) => message),
        ...outlookEntries(run).map(({ term, value }) => `${term}: ${value}.`),
        run.recognised,
        ...run.missing,
        ...this.model.status(run.path),
      ],
      collapsibleState: vscode.TreeItemCollapsibleState.Collapsed,
    });
  }

  /** Runs that are as bad as the filter asks. */
  #listed(): readonly RunReport[] {
    return this.model.runs.filter(({ level }) => this.#least === EVERYTHING || rank(level) <= rank(this.#least));
  }

  #update(): void {
    const { runs, folders } = this.model;
    const urgent = runs.filter(({ path, level }) => SEVERITIES[level] !== undefined && !this.model.isMuted(path)).length;
    this.#view.badge =
      urgent === 0
        ? undefined
        : {
            value: urgent,
            tooltip:
              urgent === 1 ? vscode.l10n.t('1 run is collapsing or worse') : vscode.l10n.t('{0} runs are collapsing or worse', urgent),
          };
    this.#view.description = this.#least === EVERYTHING ? undefined : filterName(this.#least);
    this.#setContext(WATCHING, folders.length > 0);
    this.#setContext(RUNS_HIDDEN, this.#least !== EVERYTHING);
    this.#redraw.fire(undefined);
  }

  /** Tells the editor only what is new to it. */
  #setContext(key: string, value: boolean): void {
    if ((this.#contexts.get(key) ?? false) === value) return;
    this.#contexts.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }

  #filter(least: Level): void {
    this.#least = least;
    this.#update();
  }

  async #chooseFilter(): Promise<void> {
    const choice = await vscode.window.showQuickPick(
      FILTERS.map((level) => ({ label: filterName(level), level })),
      { title: vscode.l10n.t('Filter Runs'), placeHolder: vscode.l10n.t('Choose the runs that the view lists') },
    );
    if (choice) this.#filter(choice.level);
  }

  /** Opens the view, on a run where one is named and watched. */
  async #show(path: string | null): Promise<void> {
    const run = this.model.runs.find((candidate) => candidate.path === path);
    if (run === undefined) {
      await vscode.commands.executeCommand(`${HEALTH_VIEW}.focus`);
      return;
    }
    if (!this.#listed().includes(run)) this.#filter(EVERYTHING);
    await this.#view.reveal({ kind: 'run', run }, { select: true, focus: true, expand: true });
  }
}

/** As they were last drawn, each with all else that it says something of. */
const drawn = new WeakMap<
  JudgedCheckpoint,
  { readonly of: string; readonly baseline: JudgedCheckpoint | undefined; readonly item: vscode.TreeItem }
>();

/** The editor asks for all of a run at each of its changes. */
function checkpointItem(node: CheckpointNode): vscode.TreeItem {
  const { run, checkpoint } = node;
  const of = JSON.stringify([run.path, run.baseline, run.onset, run.alarm]);
  const baseline = run.checkpoints.find(({ name }) => name === run.baseline);
  const before = drawn.get(checkpoint);
  if (before?.of === of && before.baseline === baseline) return before.item;
  const item = newCheckpointItem(node);
  drawn.set(checkpoint, { of, baseline, item });
  return item;
}

function newCheckpointItem({ run, checkpoint }: CheckpointNode): vscode.TreeItem {
  const { name, level, matrices } = checkpoint;
  const roles = [
    name === run.baseline && vscode.l10n.t('baseline'),
    name === run.onset?.name && vscode.l10n.t('onset'),
    name === run.alarm?.name && vscode.l10n.t('alarm'),
  ];
  return item(`${run.path}\n${name}`, name, level, [...roles, rankText(run, matrixOf(checkpoint))], {
    contextValue: name === run.baseline ? 'checkpoint.baseline' : 'checkpoint',
    collapsibleState: matrices.length > 0 ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
  });
}

function checkpointTooltip({ run, checkpoint }: CheckpointNode): string[] {
  const { name, step, level } = checkpoint;
  return [
    `${name}: ${levelWord(level)}`,
    vscode.l10n.t('Step {0}', count(step)),
    ...outlookEntries(run)
      .filter(({ value }) => value.startsWith(`${name},`))
      .map(({ term, value }) => `${term}: ${value}.`),
    ...drifts(checkpoint),
  ];
}

function tensorItem(node: TensorNode): vscode.TreeItem {
  const { run, checkpoint, matrix } = node;
  const { file, report } = matrix;
  const { path, tensor, rows, columns } = report.source;
  const { level, reasons } = report.verdict;
  const remarks = [rankText(run, matrix), `${count(rows)} \u00d7 ${count(columns)}`, tensor !== null && file];
  return item(`${run.path}\n${checkpoint.name}\n${file}\n${tensor ?? ''}`, tensor ?? file, level, remarks, {
    contextValue: 'tensor',
    tooltip: [`${tensor ?? file}: ${levelWord(level)}`, ...reasons.map(({ message }) => message), path],
    collapsibleState: vscode.TreeItemCollapsibleState.None,
    command: { command: COMMANDS.openReport, title: '', arguments: [node] },
  });
}

/** A row: the word of its level, then what else is worth a glance. */
function item(
  id: string,
  label: string,
  level: Level,
  remarks: readonly (string | null | undefined | false)[],
  {
    tooltip,
    collapsibleState,
    ...rest
  }: Pick<vscode.TreeItem, 'contextValue' | 'command' | 'collapsibleState'> & { tooltip?: readonly string[] },
): vscode.TreeItem {
  const description = shown([levelWord(level), ...remarks.filter((remark) => typeof remark === 'string')].join(' \u00b7 '));
  return Object.assign(new vscode.TreeItem(shown(label), collapsibleState), {
    id,
    description,
    iconPath: levelIcon(level),
    ...(tooltip && { tooltip: paragraphs(tooltip) }),
    accessibilityInformation: { label: `${shown(label)}, ${description}` },
    ...rest,
  });
}

/** `effective rank ≈ 12.31, −67 %`: against the same matrix of the baseline; null where there is no such number. */
function rankText(run: RunReport, matrix: Matrix | undefined): string | null {
  const now = matrix?.report.quantities.effectiveRank;
  if (matrix === undefined || now === undefined || now.value === null) return null;
  const text = vscode.l10n.t('effective rank {0}', reported(now.value, now.exact));
  const share = shareLeft(run, matrix);
  if (share === null) return text;
  const percent = Math.round(100 * (share - 1));
  return `${text}, ${percent === 0 ? '\u00b10' : percent > 0 ? `+${percent}` : `${MINUS}${-percent}`} %`;
}

/** Effective rank as a share of the same matrix of the baseline; null for that one itself, and where there are no such numbers. */
function shareLeft({ baseline, checkpoints }: RunReport, matrix: Matrix): number | null {
  const start = checkpoints.find(({ name }) => name === baseline);
  const first = start && sameMatrix(matrix, start);
  const [now, before] = [matrix, first].map((at) => at?.report.quantities.effectiveRank?.value ?? null);
  return first === matrix || now == null || !before ? null : now / before;
}

/** How far each judged quantity is from the baseline. */
function drifts({ drift }: JudgedCheckpoint): string[] {
  return Object.entries(drift).map(([quantity, { value, z }]) => {
    // The log-determinant of the covariance has a symbol only.
    const label = (DEFINITIONS as Record<string, Definition | undefined>)[quantity]?.label ?? quantity;
    const by = change(value);
    if (z === null) return vscode.l10n.t('{0}: {1} from the baseline.', label, by);
    return vscode.l10n.t('{0}: {1} from the baseline, {2} standard deviations.', label, by, number(Number(z.toPrecision(3))));
  });
}

function paragraphs(lines: readonly string[]): vscode.MarkdownString {
  return new vscode.MarkdownString(lines.map((line) => escaped(shown(line))).join('\n\n'));
}

function filterName(least: Level): string {
  if (least === EVERYTHING) return vscode.l10n.t('All runs');
  return vscode.l10n.t('{0} or worse', levelWord(least));
}

function rank(level: Level): number {
  return LEVELS_WORST_FIRST.indexOf(level);
}
