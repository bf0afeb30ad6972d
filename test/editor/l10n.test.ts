import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bundleOf, messagesIn } from '../../scripts/l10n.mjs';
import { EventEmitter, l10n, Memory, Position, state, Uri } from './fake-vscode';
import { pseudo, pseudoTranslate, untranslated } from './pseudo-locale';
import { runReport } from './run-reports';
import { script, scriptWorkspace, settle } from './scripts';

vi.mock('vscode', () => import('./fake-vscode'));
const { registerAnalyzeCommand } = await import('../../src/editor/analyze-command');
const { registerCompareCommands } = await import('../../src/editor/compare-command');
const { HealthDecorations } = await import('../../src/editor/decorations');
const { announceFailing } = await import('../../src/editor/engine-commands');
const { HealthView } = await import('../../src/editor/health-view');
const { registerHealthTools } = await import('../../src/editor/lm-tools');
const { RunNotifications } = await import('../../src/editor/notifications');
const { QuickFixes } = await import('../../src/editor/quick-fixes');
const { registerRunCommands } = await import('../../src/editor/run-commands');
const { RunHover } = await import('../../src/editor/run-hover');
const { RunInlineText } = await import('../../src/editor/run-inline-text');
const { RunLenses } = await import('../../src/editor/run-lenses');
const { RunProblems } = await import('../../src/editor/run-problems');
const { RunStatus } = await import('../../src/editor/run-status');
const { RunsModel } = await import('../../src/editor/runs-model');
const { saveExport } = await import('../../src/editor/save-export');
const { ScriptMentions } = await import('../../src/editor/script-mentions');
const { ScriptProblems } = await import('../../src/editor/script-problems');

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

describe('the bundle of messages', () => {
  it('holds what the sources say, no more and no less (node scripts/l10n.mjs writes it)', () => {
    expect(read('l10n/bundle.l10n.json')).toBe(bundleOf());
  });

  it('is read from the syntax, not from the text', () => {
    const source = "const a: string = vscode.l10n.t('It\\'s {0}', l10n.t(\"in\")); // l10n.t('comment')\nother.t('no');";
    expect(messagesIn('a.ts', source)).toEqual(["It's {0}", 'in']);
    expect(() => messagesIn('a.ts', '\nvscode.l10n.t(text);')).toThrow('a.ts, line 2: the message of l10n.t is not a string literal');
  });
});

describe('the pseudo-locale', () => {
  it('is a third longer, between brackets, and keeps what is not for people', () => {
    expect(pseudo('Open {0}, `sigma.runs`')).toBe('⟦Óƥéñ {0}, `sigma.runs`~~~~~~~⟧');
    expect(pseudoTranslate('{0} of {1}', 3, 'a')).toMatch(/^⟦3 óƒ a~+⟧$/);
  });

  it('finds words that were never translated, and sentences glued from parts', () => {
    expect(untranslated(`${pseudo('Open')}: runs/exp1`, ['runs/exp1'])).toEqual([]);
    expect(untranslated(`${pseudo('Open')} now`, [])).toEqual(['now']);
    expect(untranslated(`${pseudo('Open')} ${pseudo('now')}`, [])).toHaveLength(1);
  });
});

describe('titles and descriptions of the manifest', () => {
  const names = JSON.parse(read('package.nls.json')) as Record<string, string | { message: string }>;
  const manifest = JSON.parse(read('package.json'));
  /** Keys of the manifest whose values people read. */
  const READ =
    /^(title|shortTitle|description|markdownDescription|label|displayName|name|contents|enumDescriptions|markdownEnumDescriptions|altText|userDescription|category)$/;

  it('are all in package.nls.json, and nothing else is', () => {
    const said: string[] = [];
    const visit = (value: unknown, key: string, trail: string): void => {
      if (typeof value === 'string') {
        if (READ.test(key)) said.push(`${trail}: ${value}`);
      } else if (value !== null && typeof value === 'object') {
        for (const [inner, part] of Object.entries(value)) visit(part, Array.isArray(value) ? key : inner, `${trail}/${inner}`);
      }
    };
    visit(manifest.contributes, '', '');
    visit(manifest.capabilities, '', 'capabilities');
    const keys = said.map((entry) => /: %([^%]+)%$/.exec(entry)?.[1] ?? null);
    // Models read what a tool is called and takes, people do not.
    const literal = said.filter((entry, i) => keys[i] === null && !/languageModelTools\/\d+\/(name|inputSchema)/.test(entry));
    expect(literal.filter((entry) => !/: Sigma$/.test(entry))).toEqual([]);
    for (const key of keys) if (key !== null) expect(names, key).toHaveProperty([key]);
    const used = new Set(
      read('package.json')
        .match(/%[\w.-]+%/g)
        ?.map((key) => key.slice(1, -1)),
    );
    expect(Object.keys(names).filter((key) => !used.has(key))).toEqual([]);
  });
});

describe('in another language, every surface', () => {
  const root = scriptWorkspace();
  const exp1 = path.join(root, 'runs/exp1');
  const onset = { name: 'generation-1', step: 1 };
  /** Names, and what the engine and the shared words say, which is English everywhere. */
  const DATA = [
    root,
    ...[
      'runs/exp1',
      'runs/exp2',
      'runs',
      'generation-0',
      'generation-1',
      'generation-2',
      'generation-3',
      'embeddings.npy',
      'a.npy',
      'b.npy',
    ],
    ...[
      'Collapsing',
      'collapsing',
      'Collapsed',
      'collapsed',
      'Worth watching',
      'Healthy',
      'healthy',
      'Not enough evidence',
      'not enough evidence',
    ],
    ...[
      'It is losing directions.',
      'of 100 directions',
      'exact',
      'As its own report says.',
      'still growing',
      'Plain folder: 3 checkpoints.',
      'gone',
      'EROFS: read-only file system',
      'spectrum.png',
    ],
    ...[
      'Onset',
      'Alarm',
      ', the first that does not fit the baseline',
      ', where that was certain',
      'exactly',
      'sigma.runs',
      '.png',
      'Sigma',
    ],
  ];
  let model: InstanceType<typeof RunsModel>;
  beforeEach(() => {
    vi.spyOn(l10n, 't').mockImplementation(pseudoTranslate);
    Object.assign(state, { said: [], quickPicks: [], chosen: [], picked: undefined, choice: undefined, trusted: true, activeTab: null });
    model = new RunsModel();
  });
  afterEach(() => void vi.restoreAllMocks());

  /** Fails with what of the texts is not translated; there must be some. */
  function translated(texts: readonly unknown[]): void {
    const shown = texts
      .filter((text) => text !== undefined && text !== '')
      .map((text) => (text as { value?: string }).value ?? String(text));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.flatMap((text) => untranslated(text, DATA).map((word) => `${word} in: ${text}`))).toEqual([]);
  }
  function accept(
    run = exp1,
    facts: Parameters<typeof runReport>[0] = { level: 'collapsing', onset, alarm: { name: 'generation-2', step: 2 } },
  ) {
    model.accept({ kind: 'changed', run, report: runReport({ path: run, ...facts }) });
  }

  it('status bar', () => {
    const changed = new EventEmitter<void>();
    const analyses = { running: [] as string[], onDidChange: changed.event as never, cancel: () => {} };
    const status = new RunStatus(model, analyses, () => {});
    const seen: unknown[] = [state.statusBarItem!.name];
    const look = () => seen.push(state.statusBarItem!.text, state.statusBarItem!.tooltip);
    model.watch([path.join(root, 'runs')]);
    look();
    accept();
    look();
    accept(path.join(root, 'runs/exp2'), {});
    model.accept({ kind: 'notice', run: exp1, notice: { kind: 'waiting', checkpoint: 'generation-3', waitingFor: 'still growing' } });
    model.accept({ kind: 'notice', run: exp1, notice: { kind: 'unreachable', reason: 'gone' } as never });
    model.accept({ kind: 'analysis', run: exp1, checkpoint: 'generation-3', state: 'running' });
    look();
    model.pause(true);
    model.accept({ kind: 'analysis', run: exp1, checkpoint: 'generation-3', state: 'paused' });
    look();
    for (const run of ['runs/exp1', 'runs/exp2']) model.mute(path.join(root, run), true);
    look();
    analyses.running = ['/w/a.npy'];
    changed.fire();
    look();
    analyses.running = ['/w/a.npy', '/w/b.npy'];
    changed.fire();
    look();
    status.engineIs('failing');
    look();
    translated(seen);
  });

  it('Model Health', async () => {
    const view = new HealthView(model);
    accept();
    accept(path.join(root, 'runs/exp2'), { level: 'collapsed' });
    model.mute(path.join(root, 'runs/exp2'), true);
    const rows: unknown[] = [state.treeView!.badge!.tooltip];
    const visit = (parent?: Parameters<typeof view.getChildren>[0]): void => {
      for (const node of view.getChildren(parent)) {
        const { label, description, tooltip, accessibilityInformation } = view.resolveTreeItem(view.getTreeItem(node), node);
        rows.push(label, description, tooltip, accessibilityInformation?.label);
        visit(node);
      }
    };
    visit();
    await state.commands.get('sigma.filterHealth')!();
    translated([...rows, ...state.quickPicks.flat().map(({ label }) => label)]);
  });

  it('notifications, with their buttons', async () => {
    const buttons = vi.spyOn((await import('./fake-vscode')).window, 'showWarningMessage');
    state.saved.set(`${exp1}/generation-2/embeddings.npy`, Date.now() + 1e6);
    new RunNotifications(model, new Memory() as never);
    accept();
    await vi.waitFor(() => expect(buttons).toHaveBeenCalled());
    translated(buttons.mock.calls.flat());
  });

  it('problems, fixes and badges', () => {
    new RunProblems(model);
    const badges = new HealthDecorations(model);
    accept();
    const problems = [...state.diagnostics.values()].flat();
    const file = Uri.file(`${exp1}/generation-2/embeddings.npy`);
    const fixes = [file, Uri.file('/elsewhere.npy')].flatMap((uri) =>
      new QuickFixes(model).provideCodeActions({ uri } as never, null, { diagnostics: problems } as never),
    );
    translated([
      ...problems.flatMap(({ message, relatedInformation }) => [message, ...(relatedInformation ?? []).map((related) => related.message)]),
      ...fixes.map(({ title }) => title),
      badges.provideFileDecoration(file as never)?.tooltip,
    ]);
  });

  it('lenses, hover, inline text and problems of scripts', async () => {
    const mentions = new ScriptMentions(model);
    model.watch([path.join(root, 'runs')]);
    accept();
    new ScriptProblems(mentions);
    const document = script(path.join(root, 'train.py'), 'python', 'output_dir="runs/exp1"\nlogging_dir="logs"');
    await settle(mentions);
    const decorations: { renderOptions: { after: { contentText: string } } }[] = [];
    state.settings['inline.text'] = 'all';
    state.editors.push({ document, setDecorations: (_: unknown, all: typeof decorations) => void decorations.push(...all) });
    new RunInlineText(mentions);
    state.editorsChanged.fire();
    const hover = new RunHover(mentions).provideHover(document, new Position(0, 14) as never);
    translated([
      ...new RunLenses(mentions).provideCodeLenses(document).map(({ command }) => command!.title),
      ...(hover!.contents as { value: string }[]),
      ...decorations.map(({ renderOptions }) => renderOptions.after.contentText),
      ...[...state.diagnostics.values()].flat().flatMap(({ relatedInformation }) => relatedInformation!.map(({ message }) => message)),
    ]);
    mentions.dispose();
  });

  it('what commands ask and answer', async () => {
    const panels = { open: () => {} };
    registerCompareCommands(model, panels as never);
    registerRunCommands(model, async () => {});
    registerAnalyzeCommand(async () => {}, model);
    const run = (id: string, ...args: unknown[]) => state.commands.get(id)!(...args);
    await run('sigma.showRuns');
    accept(exp1, { level: 'collapsing' });
    await run('sigma.showRuns');
    await run('sigma.compare');
    await run('sigma.compareWithBaseline', { run: exp1, checkpoint: 'generation-0' });
    await run('sigma.compareWithBaseline', { run: exp1, checkpoint: 'a.npy' });
    await run(
      'sigma.analyze',
      undefined,
      Array.from({ length: 9 }, () => Uri.file('/w/a.npy')),
    );
    await run('sigma.analyze', Uri.file(path.dirname(exp1)));
    state.trusted = false;
    await run('sigma.showRuns');
    await announceFailing('failing');
    state.saveTo = Uri.file('/read-only/spectrum.png');
    await saveExport({ name: 'spectrum.png', encoding: 'utf8', content: '' }, Uri.file('/w/a.npy') as never);
    state.saveTo = Uri.file('/w/a.npy');
    await saveExport({ name: 'spectrum.png', encoding: 'utf8', content: '' }, Uri.file('/w/a.npy') as never);
    translated([...state.said, ...state.quickPicks.flat().flatMap(({ label, description, detail }) => [label, description, detail])]);
    expect(state.said.length).toBeGreaterThanOrEqual(8);
  });

  it('what a person is asked before a model may read', () => {
    registerHealthTools({} as never, model, { warn: () => {} } as never);
    const prepared = [
      state.tools.get('get_model_health')!.prepareInvocation({ input: { path: 'a.npy' } }),
      state.tools.get('compare_model_health')!.prepareInvocation({ input: { paths: ['a.npy', 'b.npy'] } }),
    ];
    translated(prepared.flatMap(({ invocationMessage, confirmationMessages }) => [invocationMessage, confirmationMessages.message.value]));
  });
});
