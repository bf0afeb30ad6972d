import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { noise, writeNpy } from '../harness/files';
import { Panel } from '../harness/panel';
import { EditorSession, repository } from '../harness/session';

const COMPARE = 'Sigma: Compare Spectral Health';
const patience = { timeout: 45_000 };

/** Three files of embeddings, one of which has lost directions; one of another width; and a run that is watched. */
function fill(folder: string): void {
  for (const [name, from] of [
    ['a', 'control-s0/generation-0'],
    ['b', 'replace-s0/generation-10'],
    ['c', 'control-s0/generation-10'],
  ]) {
    copyFileSync(path.join(repository, 'samples', from!, 'embeddings.npy'), path.join(folder, `${name}.npy`));
  }
  writeNpy(path.join(folder, 'd.npy'), 200, 24, noise(200 * 24, 1));
  cpSync(path.join(repository, 'samples/replace-s0'), path.join(folder, 'runs/exp1'), { recursive: true });
  mkdirSync(path.join(folder, '.vscode'));
  writeFileSync(path.join(folder, '.vscode/settings.json'), JSON.stringify({ 'sigma.runs': ['runs/exp1'] }));
}

describe.skipIf(findChromium() === null)('comparing in a real editor', () => {
  let session: EditorSession;
  let panel: Panel;

  beforeAll(async () => {
    session = await EditorSession.start(fill);
    panel = new Panel(session.workbench);
  });
  afterAll(() => session?.stop());
  afterEach((context) => session.explainFailure(context));

  const row = (label: string): Locator => panel.frame.getByRole('row').filter({ hasText: label }).first();

  test('files that are selected in the Explorer are compared with the first, with the numbers of the command line', async () => {
    const { workbench } = session;
    await workbench.select('a.npy', 'b.npy', 'c.npy', 'd.npy');
    await workbench.choose(await workbench.explorerItem('d.npy'), COMPARE);
    await panel.verdict.getByRole('heading', { name: 'B is narrower than A' }).waitFor(patience);
    await panel.finished();
    const verdict = (await panel.verdict.textContent())!;
    for (const part of ['B is narrower than A: effective rank', 'at most once in 100 times', 'D has 24', 'What people usually do'])
      expect(verdict).toContain(part);
    const file = (name: string) => path.join(session.workspace, name);
    const sigma = path.join(repository, 'dist/sigma.js');
    const printed = execFileSync(process.execPath, [sigma, 'compare', file('a.npy'), file('b.npy'), '--json'], { encoding: 'utf8' });
    const { test, distances } = JSON.parse(printed);
    expect(await row('Bures distance').textContent()).toContain(distances.bures.toPrecision(4));
    expect(await row('p = ').textContent()).toContain(`p = ${test.shape.adjusted}`);
    await session.screenshot('compare-editor');
  });

  test('the panel is accessible, and breaks no rule of its policy', async () => {
    const html = panel.frame.locator('html');
    await html.evaluate(axe.source);
    const { violations } = await html.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    expect(session.workbench.console.filter((line) => /Content.Security.Policy/i.test(line) && !line.includes('style-src-attr'))).toEqual(
      [],
    );
  });

  test('another baseline is chosen by keyboard, and stays when the window is loaded again', async () => {
    const { workbench } = session;
    await panel.frame.getByRole('combobox', { name: 'Baseline' }).focus();
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.tab('Comparison with b.npy').waitFor(patience);
    await panel.verdict.getByRole('heading', { name: 'B and C are wider than A' }).waitFor(patience);
    await panel.finished();
    // As a person does it: the editor writes down what stood open.
    await workbench.command('Developer: Reload Window');
    await workbench.tab('Comparison with b.npy').waitFor(patience);
    await panel.verdict.getByRole('heading', { name: 'B and C are wider than A' }).waitFor(patience);
  });

  test('checkpoints that are selected in Model Health are compared', async () => {
    const { workbench } = session;
    await workbench.closeEditors();
    await workbench.command('Sigma: Show Model Health');
    const tree = workbench.page.getByRole('tree', { name: /Model Health/ });
    const item = (name: RegExp) => tree.getByRole('treeitem', { name }).first();
    await item(/^runs\/exp1, /).waitFor(patience);
    await item(/^runs\/exp1, /).click();
    await item(/^generation-10, /).click();
    await item(/^generation-5, /).click({ modifiers: ['Control'] });
    await item(/^generation-0, /).click({ modifiers: ['Control'] });
    await workbench.choose(item(/^generation-5, /), COMPARE);
    await workbench.tab('Comparison with runs/exp1 · generation-0').waitFor(patience);
    await panel.verdict.getByRole('heading', { name: 'B and C are narrower than A' }).waitFor(patience);
    await session.screenshot('compare-checkpoints');
  });

  test('one checkpoint is compared with the baseline of its run', async () => {
    const { workbench } = session;
    await workbench.closeEditors();
    const tree = workbench.page.getByRole('tree', { name: /Model Health/ });
    const checkpoint = tree.getByRole('treeitem', { name: /^generation-7, / }).first();
    await checkpoint.click();
    await workbench.choose(checkpoint, 'Compare with Baseline');
    await panel.verdict.getByRole('heading', { name: 'Narrower: B has lost directions' }).waitFor(patience);
    expect(await panel.frame.getByRole('heading', { level: 1 }).textContent()).toBe(
      'runs/exp1 · generation-7 against runs/exp1 · generation-0',
    );
  });
});
