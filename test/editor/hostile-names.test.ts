import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunReport } from '../../src/engine/protocol';
import { runReport } from './run-reports';

vi.mock('vscode', () => import('./fake-vscode'));
const { HealthView } = await import('../../src/editor/health-view');
const { RunsModel, runName } = await import('../../src/editor/runs-model');
const { diagnosticOn } = await import('../../src/editor/problems');
const { runItem } = await import('../../src/editor/run-commands');
const { escaped, plain, runPhrase, shown } = await import('../../src/editor/run-phrases');
const vscode = await import('vscode');

/** As a disk or a checkpoint may have them. */
const NAMES = {
  HTML: '<img src=x onerror=alert(1)>',
  'a command of a shell': '$(command)',
  'an icon': '$(error) healthy',
  'a link to a command': '[open](command:workbench.action.quit)',
  'another writing direction': '\u202egnp.exe\u2066',
  'lines and controls': 'a\nb\u001b[31m\u0000\u2028c',
  '10,000 characters': 'x'.repeat(10_000),
};
const cases = Object.entries(NAMES);

/** Text where the editor takes a string: no direction, control, icon or link, and no more than a screen (two parts of 1,000). */
function expectText(text: unknown): void {
  expect(text).toBeTypeOf('string');
  expect(text).not.toMatch(/[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/u);
  expect(text).not.toContain('$(');
  expect(text).not.toContain('](');
  expect((text as string).length).toBeLessThan(2_100);
}

/** Every sign that Markdown or HTML could read is escaped. */
function expectEscaped(markdown: string): void {
  const text = markdown.replace(/\\[!-/:-@[-`{-~]/g, '');
  expect(text).not.toMatch(/[<>[\]()!$`*_&\u202e\u2066]/);
}

function named(name: string): RunReport {
  const run = runReport({ path: `/work/runs/${name}`, level: 'collapsing', onset: { name, step: 2 } });
  return {
    ...run,
    reasons: [{ code: 'lost-directions', message: `${name} is losing directions.` }],
    checkpoints: run.checkpoints.map((checkpoint) => ({
      ...checkpoint,
      name,
      matrices: checkpoint.matrices.map(({ report }) => ({
        file: name,
        report: { ...report, source: { ...report.source, path: `/work/runs/${name}/${name}`, tensor: name } },
      })),
    })),
  };
}

let view: InstanceType<typeof HealthView>;
let model: InstanceType<typeof RunsModel>;
beforeEach(() => {
  model = new RunsModel();
  view = new HealthView(model);
  model.watch(['/work/runs']);
  return () => view.dispose();
});

describe.each(cases)('a name that is %s', (_, name) => {
  it('is text in every row of the health view and in its tooltip', () => {
    const run = named(name);
    model.accept({ kind: 'changed', run: run.path, report: run });
    let nodes = view.getChildren();
    for (let depth = 0; depth < 3; depth++) {
      expect(nodes.length).toBeGreaterThan(0);
      const { label, description, tooltip, accessibilityInformation } = view.resolveTreeItem(view.getTreeItem(nodes[0]!), nodes[0]!);
      for (const text of [label, description, accessibilityInformation?.label]) expectText(text);
      expectEscaped((tooltip as { value: string }).value);
      expect((tooltip as { supportHtml?: boolean }).supportHtml).toBeFalsy();
      nodes = view.getChildren(nodes[0]);
    }
  });

  it('is text in problems, quick picks, lenses and notifications', () => {
    const run = named(name);
    expectText(diagnosticOn(vscode.Uri.file('/work/x.npy'), `${name}: lost`, 'code', 1).message);
    const { label, detail } = runItem(run);
    for (const text of [label, detail, runName(run), runPhrase(run), plain(name), shown(name)]) expectText(text);
    expect(plain(name).length).toBeLessThanOrEqual(40);
  });

  it('is escaped in Markdown', () => expectEscaped(escaped(name)));
});

it('leaves ordinary names as they are', () => {
  for (const name of ['model.layers.0.weight', 'runs/exp 1 (b)', 'poids-\u00e9t\u00e9', '\u91cd\u307f', 'a[q]'])
    expect(shown(name)).toBe(name);
});
