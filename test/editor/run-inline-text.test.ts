import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { state } from './fake-vscode';
import { runReport } from './run-reports';
import { script, scriptWorkspace, settle } from './scripts';

vi.mock('vscode', () => import('./fake-vscode'));
const { ScriptMentions } = await import('../../src/editor/script-mentions');
const { RunInlineText } = await import('../../src/editor/run-inline-text');
const { RunsModel } = await import('../../src/editor/runs-model');

const root = scriptWorkspace();
const exp1 = path.join(root, 'runs/exp1');
const exp2 = path.join(root, 'runs/exp2');
type Decoration = { range: { startLine: number }; renderOptions: { after: { contentText: string; color: { id: string } } } };
let model: InstanceType<typeof RunsModel>;
let mentions: InstanceType<typeof ScriptMentions>;
let text: InstanceType<typeof RunInlineText>;
let shown: Decoration[];
beforeEach(() => {
  model = new RunsModel();
  mentions = new ScriptMentions(model);
  text = new RunInlineText(mentions);
  model.watch([exp1, exp2]);
  const document = script(path.join(root, 'train.py'), 'python', 'f(output_dir="runs/exp1", save_dir="runs/exp1")\nrun_dir="runs/exp2"');
  state.editors = [{ document, setDecorations: (_: unknown, decorations: Decoration[]) => (shown = decorations) }];
  model.accept({
    kind: 'changed',
    run: exp1,
    report: runReport({ path: exp1, level: 'collapsing', onset: { name: 'generation-1', step: 1 } }),
  });
  model.accept({ kind: 'changed', run: exp2, report: runReport({ path: exp2 }) });
  shown = [];
});
afterEach(() => {
  text.dispose();
  mentions.dispose();
});

function lines(): unknown[] {
  return shown.map(({ range, renderOptions: { after } }) => [range.startLine, after.contentText, after.color.id]);
}

describe('text behind the line', () => {
  it.each([
    ['off', []],
    [undefined, []],
    ['nonsense', []],
    ['problems', [[0, '▼ collapsing since generation-1', 'sigma.collapsingForeground']]],
    [
      'all',
      [
        [0, '▼ collapsing since generation-1', 'sigma.collapsingForeground'],
        [1, '✔ healthy', 'editorCodeLens.foreground'],
      ],
    ],
  ])('with the setting %s', async (setting, expected) => {
    state.settings = { 'inline.text': setting };
    await settle(mentions);
    expect(lines()).toEqual(expected);
  });

  it('comes with another editor, and goes with the setting and when the run is muted', async () => {
    state.settings = { 'inline.text': 'problems' };
    await settle(mentions);
    shown = [];
    state.editorsChanged.fire();
    expect(lines()).toHaveLength(1);
    state.settings = {};
    state.configurationChanged.fire({ affectsConfiguration: (section) => section === 'sigma' });
    await settle(mentions);
    expect(lines()).toEqual([]);
    state.settings = { 'inline.text': 'all' };
    model.mute(exp1, true);
    await settle(mentions);
    expect(lines()).toEqual([[1, '✔ healthy', 'editorCodeLens.foreground']]);
  });
});
