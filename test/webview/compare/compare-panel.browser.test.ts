import { mkdirSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toJson } from '../../../src/analysis/report-json';
import type { CompareHostMessage, ComparePanelMessage } from '../../../webview/compare/protocol';
import { type Bundle, bundlePanel, hasBrowser, launch, openPanel, type Panel, seriousViolations, THEMES } from '../browser';
import { messages, SIDES } from './messages';

const SCREENSHOTS = 'test/screenshots';
const SIZE_LIMIT = 350_000;

type ComparePanel = Panel<CompareHostMessage, ComparePanelMessage>;

let browser: Browser;
let bundle: Bundle;

/** As the host puts it on the wire. */
const wire = (message: CompareHostMessage) => JSON.parse(JSON.stringify(toJson(message)));

async function showing(
  sent: readonly CompareHostMessage[] = messages(),
  options: Parameters<typeof openPanel>[2] = {},
): Promise<ComparePanel> {
  const panel = await openPanel<CompareHostMessage, ComparePanelMessage>(browser, bundle, options);
  for (const message of sent) await panel.send(wire(message));
  await panel.page.getByRole('heading', { name: 'Side by side' }).waitFor();
  return panel;
}

describe.runIf(hasBrowser || process.env.CI === 'true')('the panel of a comparison in a browser', () => {
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [browser, bundle] = await Promise.all([launch(), bundlePanel('compare-panel')]);
  });
  afterAll(() => browser?.close());

  test('is small', () => expect(bundle.script.length).toBeLessThan(SIZE_LIMIT));

  test.each(THEMES)('is readable, accessible and free of errors in %s', async (theme) => {
    const panel = await showing(messages(8), { theme });
    const all = panel.page.locator('details');
    const unfold = (open: boolean) =>
      all.evaluateAll((nodes, open) => {
        for (const details of nodes as HTMLDetailsElement[]) details.open = open;
      }, open);
    await unfold(true);
    expect(await seriousViolations(panel.page)).toEqual([]);
    await unfold(false);
    await panel.page.screenshot({ path: `${SCREENSHOTS}/compare-${theme}.png`, fullPage: true });
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('says first in words what changed, how sure that is, and what to do', async () => {
    const { page, close } = await showing();
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByRole('heading', { name: 'B and C are narrower than A' }).waitFor();
    expect(await verdict.locator('svg').getAttribute('data-icon')).toBe('down');
    const text = (await verdict.textContent())!;
    for (const part of [
      'B is narrower than A: effective rank 54 \u2192 31; chance alone would do this at most once in 100 times.',
      'D is not told apart from A',
      'What people usually do',
      'A, runs/exp1 · generation-0, is the baseline',
    ])
      expect(text).toContain(part);
    await close();
  });

  test('results appear side by side, under progress that can be cancelled', async () => {
    const panel = await showing(messages().slice(0, 3));
    await panel.send({ type: 'progress', fraction: 0.4, stage: 'C: Permuting pairs of rows' });
    await panel.page.getByText('C: Permuting pairs of rows…').waitFor();
    await panel.page.getByRole('heading', { name: 'Narrower: B has lost directions (so far)' }).waitFor();
    expect(await panel.page.getByRole('table').first().getByRole('columnheader').count()).toBe(1);
    await panel.page.screenshot({ path: `${SCREENSHOTS}/compare-running.png` });
    await panel.page.getByRole('button', { name: 'Cancel' }).click();
    expect((await panel.posted()).at(-1)).toEqual({ type: 'cancel' });
    await panel.send({ type: 'failure', message: 'The comparison was cancelled.', cancelled: true });
    await panel.page.getByRole('alert').getByText('The comparison was cancelled.').waitFor();
    await panel.page.getByRole('button', { name: 'Retry' }).click();
    expect((await panel.posted()).at(-1)).toEqual({ type: 'retry' });
    await panel.close();
  });

  test('curves are left out and drawn again by keyboard, which survives a reload', async () => {
    const panel = await showing();
    const curve = (page: ComparePanel['page']) => page.getByRole('group', { name: 'Curves shown' }).getByRole('button', { name: /^B / });
    expect(await curve(panel.page).getAttribute('aria-pressed')).toBe('true');
    await curve(panel.page).focus();
    await panel.page.keyboard.press('Space');
    expect(await curve(panel.page).getAttribute('aria-pressed')).toBe('false');
    expect(await curve(panel.page).evaluate((node) => node === document.activeElement)).toBe(true);
    await panel.page.screenshot({ path: `${SCREENSHOTS}/compare-hidden.png` });
    const state = await panel.state();
    expect(state).toEqual({ sides: SIDES, matrix: '', hidden: [SIDES[1]!.path], logRank: true, open: [] });
    const again = await showing(messages(), { state });
    expect(await curve(again.page).getAttribute('aria-pressed')).toBe('false');
    for (const { close } of [panel, again]) await close();
  });

  test('another baseline and another matrix are chosen by keyboard', async () => {
    const [sides, ...others] = messages();
    const panel = await showing([{ ...sides, matrices: ['wte', 'wpe'] } as CompareHostMessage, ...others]);
    await panel.page.getByRole('combobox', { name: 'Baseline' }).focus();
    await panel.page.keyboard.press('ArrowDown');
    expect((await panel.posted()).at(-1)).toEqual({ type: 'baseline', side: 1 });
    await panel.page.getByRole('combobox', { name: 'Matrix' }).focus();
    await panel.page.keyboard.press('ArrowDown');
    expect((await panel.posted()).at(-1)).toEqual({ type: 'matrix', matrix: 1 });
    await panel.close();
  });

  test('a side that cannot be compared says why, and the others stand', async () => {
    const [sides, baseline, first] = messages();
    const trouble = 'A has 100 columns and C has 64: only matrices with as many columns can be compared.';
    const panel = await showing([sides!, baseline!, first!, { type: 'trouble', side: 2, message: trouble }, { type: 'done' }]);
    await panel.page.getByRole('region', { name: 'Verdict' }).getByText(`C is not compared: ${trouble}`).waitFor();
    await panel.close();
  });

  test('tables have a column for each side, with intervals, changes and p-values', async () => {
    const { page, close } = await showing();
    const table = page.getByRole('region', { name: 'Side by side' }).getByRole('table');
    const rank = (await table.getByRole('row').filter({ hasText: 'Effective rank' }).first().textContent())!;
    expect(rank).toMatch(/54\s*31 −43 %\s*12 −78 %\s*53 −2 %/);
    expect(await table.getByRole('row').filter({ hasText: 'Participation ratio' }).first().textContent()).toContain('12.10 to 13.90');
    const pairs = page.getByRole('region', { name: 'Against the baseline' }).last();
    const shape = (await pairs.getByRole('row').filter({ hasText: 'p = ' }).first().textContent())!;
    expect(shape).toMatch(/p = 0\.01 −60 nats\s*p = 0\.01 −120 nats\s*p = 0\.42/);
    expect(await pairs.getByRole('row').filter({ hasText: 'Top-10 overlap' }).textContent()).toContain('62 % chance: 10 %');
    await close();
  });

  test('is exported as JSON, CSV and Markdown', async () => {
    const panel = await showing();
    const choose = async (item: string) => {
      await panel.page.getByRole('button', { name: 'Export the comparison' }).click();
      await panel.page.getByRole('menuitem', { name: item }).click();
      return (await panel.posted()).at(-1) as Partial<{ file: { content: string }; text: string }>;
    };
    const { file } = await choose('JSON');
    expect(JSON.parse(file!.content).map(({ schema }: { schema: string }) => schema)).toEqual(Array(3).fill('sigma.compare/1'));
    const csv = (await choose('CSV')).file!.content;
    expect(csv).toContain('B,/work/runs/exp1/generation-5/embeddings.npy,,test.shape.adjusted,0.01\r\n');
    expect((await choose('Copy as Markdown')).text).toMatch(/^## B and C are narrower than A: 3 against runs\/exp1 · generation-0\n/);
    await panel.close();
  });

  test('names are text, never markup', async () => {
    const [sides, ...others] = messages();
    const evil = { path: '/work/x.npy', name: '<img src=x onerror="document.title=1">' };
    const panel = await showing([{ ...sides, sides: [SIDES[0], evil, ...SIDES.slice(2)] } as CompareHostMessage, ...others]);
    expect(await panel.page.locator('img').count()).toBe(0);
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test.each([320, 700, 1600])('fits a panel of %i pixels', async (width) => {
    const panel = await showing(messages(8), { width, theme: 'light-modern' });
    expect(await panel.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await panel.page.screenshot({ path: `${SCREENSHOTS}/compare-${width}.png`, fullPage: true });
    await panel.close();
  });
});
