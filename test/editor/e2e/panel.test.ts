import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';
import { noise, writeNpy, writeSafetensors } from '../harness/files';
import { Panel } from '../harness/panel';
import { ANALYZE, commandLineReport, EditorSession, repository } from '../harness/session';

const samples = path.join(repository, 'samples/replace-s0');

function fill(folder: string): void {
  const file = (name: string) => path.join(folder, name);
  for (const generation of ['generation-0', 'generation-10']) {
    mkdirSync(file(generation));
    copyFileSync(path.join(samples, generation, 'embeddings.npy'), file(`${generation}/embeddings.npy`));
  }
  writeFileSync(file('truncated.npy'), readFileSync(file('generation-0/embeddings.npy')).subarray(0, 5000));
  const rows = noise(400 * 32, 1);
  writeNpy(
    file('nan-rows.npy'),
    400,
    32,
    rows.map((value, index) => (index < 3 * 32 ? Number.NaN : value)),
  );
  writeNpy(
    file('same-rows.npy'),
    400,
    32,
    rows.map((_, index) => rows[index % 32]!),
  );
  writeNpy(file('large.npy'), 40_000, 768, noise(40_000 * 768, 2));
  writeSafetensors(file('model.safetensors'), {
    'embed.weight': { shape: [300, 24], values: noise(300 * 24, 3) },
    'layers.0.mlp.weight': { shape: [64, 24], values: noise(64 * 24, 4) },
    'layers.1.mlp.weight': { shape: [48, 16], values: noise(48 * 16, 5) },
  });
  writeFileSync(file('notes.txt'), 'Not a matrix.\n');
}

describe.skipIf(findChromium() === null)('the panel in a real editor', () => {
  let session: EditorSession;
  let panel: Panel;

  beforeAll(async () => {
    session = await EditorSession.start(fill);
    panel = new Panel(session.workbench);
  });
  afterAll(() => session?.stop());
  beforeEach(() => session.workbench.closeEditors());
  afterEach((context) => session.explainFailure(context));

  /** Right-click, Analyze Spectral Health. */
  async function analyze(...names: readonly string[]): Promise<void> {
    await session.workbench.choose(await session.workbench.explorerItem(...names), ANALYZE);
  }

  /** A Problems entry whose text matches. */
  async function problem(text: RegExp): Promise<void> {
    await (await session.workbench.problems()).filter({ hasText: text }).first().waitFor();
  }

  test('a right-click on an embedding file opens its panel, with the numbers of the command line', async () => {
    await analyze('generation-0', 'embeddings.npy');
    await panel.finished();
    const report = commandLineReport(path.join(session.workspace, 'generation-0/embeddings.npy'));
    for (const [id, label] of [
      ['effectiveRank', 'Effective rank'],
      ['participationRatio', 'Participation ratio'],
      ['meanCosine', 'Mean cosine'],
      ['stableRank', 'Stable rank'],
      ['lambdaMax', 'Largest eigenvalue'],
      ['logDetGram', 'Log-determinant of the Gram matrix'],
    ]) {
      const expected = report.quantities[id!].value as number;
      expect(Math.abs((await panel.quantity(label!)) / expected - 1), label).toBeLessThan(5e-4);
    }
    expect(await panel.verdict.textContent()).toContain(report.verdict.reasons[0].message);
    // The editor's own Node.js passes the self-test with its fastest arithmetic.
    await panel.frame.getByText(/WebAssembly SIMD with fused multiply-add, \d+ threads?$/).waitFor();
    expect(await panel.frame.getByText('failed the self-test').count()).toBe(0);
  });

  test('the menu of other files does not offer the analysis', async () => {
    const { workbench } = session;
    const menu = await workbench.contextMenu(await workbench.explorerItem('notes.txt'));
    const offered = await menu.getByRole('menuitem').allInnerTexts();
    await workbench.page.keyboard.press('Escape');
    expect(offered.length).toBeGreaterThan(5);
    expect(offered.filter((item) => item.includes('Spectral'))).toEqual([]);
  });

  test('everything in the panel is reached and explained by keyboard', async () => {
    await analyze('generation-0', 'embeddings.npy');
    await panel.finished();
    const term = panel.button('Effective rank');
    await term.focus();
    const about = panel.frame.getByRole('tooltip').filter({ hasText: 'How many directions the rows really use' });
    await about.waitFor();
    await term.press('Escape');
    await about.waitFor({ state: 'hidden' });
    await term.press('Tab');
    await panel.frame.getByRole('tooltip').filter({ visible: true }).waitFor();
    expect(await panel.frame.getByRole('img', { name: /spectrum/i }).count()).toBeGreaterThan(0);
  });

  test.for([
    ['dark-modern', 'Dark Modern'],
    ['light-modern', 'Light Modern'],
    ['dark-high-contrast', 'Default High Contrast'],
    ['light-high-contrast', 'Default High Contrast Light'],
  ])('in %s it is readable and breaks no rule of accessibility or its policy', async ([name, theme]) => {
    const { workbench } = session;
    const before = workbench.console.length;
    await analyze('generation-0', 'embeddings.npy');
    await panel.finished();
    session.configure({ 'workbench.colorTheme': theme });
    await panel.frame.locator(`body[data-vscode-theme-id="${theme}"]`).waitFor();
    await panel.drawn();
    await session.screenshot(`editor-${name}`);
    await workbench.page.setViewportSize({ width: 1400, height: 3000 });
    await panel.drawn();
    await session.screenshot(`editor-${name}-whole`);
    await workbench.page.setViewportSize({ width: 1400, height: 900 });
    const html = panel.frame.locator('html');
    await html.evaluate(axe.source);
    const { violations } = await html.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    const complaints = workbench.console
      .slice(before)
      .filter((line) => /Content.Security.Policy/i.test(line) || /^error.*sigma/i.test(line));
    expect(complaints).toEqual([]);
  });

  test('a checkpoint lists its tensors, and selecting one shows its numbers', async () => {
    await analyze('model.safetensors');
    await panel.finished();
    const tensors = panel.frame.getByRole('listbox', { name: 'Tensors' }).getByRole('option');
    expect(await tensors.count()).toBe(3);
    await tensors.filter({ hasText: 'layers.1.mlp.weight' }).click();
    await panel.frame.locator('header').getByText('layers.1.mlp.weight').waitFor();
    await panel.finished();
    const report = commandLineReport(path.join(session.workspace, 'model.safetensors'), '--tensor', 'layers.1.mlp.weight');
    const expected = report.quantities.effectiveRank.value;
    expect(Math.abs((await panel.quantity('Effective rank')) / expected - 1)).toBeLessThan(5e-4);
  });

  test('a truncated file is a problem, and the panel says what is wrong with it', async () => {
    await analyze('truncated.npy');
    await panel.failure.waitFor();
    const sentence = await panel.failure.getByRole('paragraph').textContent();
    expect(sentence).toMatch(/bytes/);
    await problem(/Sigma/);
    await (await session.workbench.problems()).filter({ hasText: sentence! }).waitFor();
  });

  test('rows that are not numbers are a problem', async () => {
    await analyze('nan-rows.npy');
    await panel.finished();
    await panel.verdict.getByRole('heading', { name: 'Broken numbers' }).waitFor();
    await problem(/96 .*NaN|NaN.* 96/);
  });

  test('a collapsed file is a problem', async () => {
    await analyze('same-rows.npy');
    await panel.finished();
    await panel.verdict.getByRole('heading', { name: 'Collapsed' }).waitFor();
    const report = commandLineReport(path.join(session.workspace, 'same-rows.npy'));
    await (await session.workbench.problems()).filter({ hasText: report.verdict.reasons[0].message }).waitFor();
  });

  test('several selected files open a panel each', async () => {
    const { workbench } = session;
    await workbench.select('nan-rows.npy', 'same-rows.npy');
    await analyze('same-rows.npy');
    await workbench.tab('nan-rows.npy').waitFor();
    await workbench.tab('same-rows.npy').waitFor();
    for (const [name, verdict] of [
      ['nan-rows.npy', 'Broken numbers'],
      ['same-rows.npy', 'Collapsed'],
    ]) {
      await workbench.tab(name!).click();
      await panel.verdict.getByRole('heading', { name: verdict! }).waitFor();
    }
  });

  test('the command palette analyses the file in the active tab', async () => {
    const { workbench } = session;
    await (await workbench.explorerItem('same-rows.npy')).dblclick();
    await workbench.tab('same-rows.npy').waitFor();
    await workbench.command(ANALYZE);
    await panel.finished();
    expect(await panel.frame.getByRole('heading', { level: 1 }).textContent()).toBe('same-rows.npy');
  });

  test('a large file shows its progress and what is known so far, and stops when asked', async () => {
    await analyze('large.npy');
    await panel.progress.waitFor();
    await panel.frame.getByText(/^Still reading: [\d,]+ of 40,000 rows/).waitFor();
    await panel.button('Cancel').click();
    await panel.failure.getByText('The analysis was cancelled').waitFor();
    expect(await panel.progress.isVisible()).toBe(false);
    expect(await panel.verdict.isVisible()).toBe(true);
    await panel.button('Retry').click();
    await panel.progress.waitFor();
  });
});
