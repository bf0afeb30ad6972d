import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standaloneDocument } from '../../webview/document';
import { type Colour, contrast } from '../../webview/view-model/contrast';
import { type Bundle, bundlePanel, hasBrowser, launch, openPanel, type Panel, seriousViolations, setTheme, THEMES } from './browser';
import { fixture, NPY, tensor } from './fixtures';

const SCREENSHOTS = 'test/screenshots';
const SIZE_LIMIT = 375_000;

const MODEL = {
  ...NPY,
  path: '/data/run/model.safetensors',
  format: 'safetensors',
  tensors: [
    tensor('embed.weight'),
    tensor('norm.weight', { shape: [100], matrix: null, note: 'A vector has no spectrum.' }),
    ...Array.from({ length: 9_998 }, (_, index) => tensor(`layers.${index}.q_proj.weight`)),
  ],
};

let browser: Browser;
let bundle: Bundle;

async function showing(report: 'healthy' | 'sampled' | 'collapsed', options: Parameters<typeof openPanel>[2] = {}): Promise<Panel> {
  const panel = await openPanel(browser, bundle, options);
  await panel.send({ type: 'file', file: NPY, selected: '' });
  await panel.send({ type: 'report', tensor: '', report: fixture(report), final: true });
  await panel.page.getByRole('heading', { name: 'Quantities' }).waitFor();
  return panel;
}

describe.runIf(hasBrowser || process.env.CI === 'true')('the panel in a browser', () => {
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [browser, bundle] = await Promise.all([launch(), bundlePanel()]);
  });
  afterAll(() => browser?.close());

  test('is small', () => expect(bundle.script.length).toBeLessThan(SIZE_LIMIT));

  test.each(THEMES)('is readable, accessible and free of errors in %s', async (theme) => {
    for (const report of ['healthy', 'collapsed'] as const) {
      const panel = await showing(report, { theme });
      await panel.page.locator('details').evaluateAll((all) => {
        for (const details of all as HTMLDetailsElement[]) details.open = true;
      });
      expect(await seriousViolations(panel.page)).toEqual([]);
      for (const { name, ratio } of await seriesContrast(panel.page)) expect(ratio, `${name} in ${theme}`).toBeGreaterThanOrEqual(3);
      await panel.page.locator('details').evaluateAll((all) => {
        for (const details of all as HTMLDetailsElement[]) details.open = false;
      });
      await panel.page.screenshot({ path: `${SCREENSHOTS}/panel-${theme}-${report}.png`, fullPage: true });
      expect(panel.errors).toEqual([]);
      await panel.close();
    }
  });

  test('the verdict stands before the numbers, as a word, a shape and sentences', async () => {
    const { page, close } = await showing('collapsed');
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByRole('heading', { name: 'Collapsed', exact: true }).waitFor();
    expect(await verdict.locator('svg').getAttribute('data-icon')).toBe('cross');
    expect(await verdict.textContent()).toContain('All rows point the same way: mean cosine 0.9995.');
    expect(await verdict.textContent()).toContain('What people usually do');
    const [verdictBox, chartBox] = [await verdict.boundingBox(), await page.getByRole('img', { name: 'Spectrum' }).boundingBox()];
    expect(verdictBox!.y).toBeLessThan(chartBox!.y);
    await close();
  });

  test('only the verdict is live, and a redraw with the same words is silent', async () => {
    const panel = await showing('healthy');
    expect(await panel.page.locator('[aria-live]').count()).toBe(1);
    await panel.page.evaluate(() => {
      const page = window as unknown as { changes: number };
      page.changes = 0;
      new MutationObserver((all) => {
        page.changes += all.length;
      }).observe(document.querySelector('[aria-live]')!, { subtree: true, childList: true, characterData: true });
    });
    await panel.send({ type: 'report', tensor: '', report: { ...fixture('healthy'), timings: { total: 5 } }, final: true });
    await panel.page.getByText('in all 5 ms').waitFor();
    expect(await panel.page.evaluate(() => (window as unknown as { changes: number }).changes)).toBe(0);
    await panel.close();
  });

  test('while it runs: words, a bar and a way to stop; then a way to start again', async () => {
    const panel = await openPanel(browser, bundle);
    const { page } = panel;
    await panel.send({ type: 'file', file: NPY, selected: '' });
    await panel.send({ type: 'progress', tensor: '', fraction: 0.25, stage: 'Reading 4,000 of 50,000 rows' });
    await page.getByRole('progressbar', { name: 'Reading 4,000 of 50,000 rows' }).waitFor();
    expect(await page.getByRole('progressbar').evaluate((bar: HTMLProgressElement) => bar.value)).toBe(0.25);
    await panel.send({ type: 'report', tensor: '', report: fixture('sampled'), final: false });
    await page.getByText('Still reading: 500 of 50,000 rows').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await panel.send({ type: 'failure', tensor: '', message: 'The analysis was cancelled.', cancelled: true });
    await page.getByText('The numbers below come from 500 of 50,000 rows.').waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await panel.posted()).toEqual([{ type: 'ready', selected: null }, { type: 'cancel' }, { type: 'retry' }]);
    await panel.close();
  });

  test('a file that says nothing of itself can be described, and described anew', async () => {
    const panel = await openPanel(browser, bundle);
    const { page } = panel;
    await panel.send({ type: 'subject', path: '/data/vectors.bin' });
    await panel.send({ type: 'failure', tensor: null, message: 'Nothing in it says what it is.', cancelled: false, describable: true });
    await page.getByRole('heading', { level: 1, name: 'vectors.bin' }).waitFor();
    expect(await seriousViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Give its shape and type…' }).click();
    const file = { ...NPY, path: '/data/vectors.bin', format: 'raw' };
    await panel.send({ type: 'file', file, selected: '', layout: { dtype: 'float32', columns: 100 } });
    await page.getByText('in the shape and type that were given').waitFor();
    await page.getByRole('button', { name: 'Change shape and type…' }).click();
    expect((await panel.posted()).map(({ type }) => type)).toEqual(['ready', 'describe', 'describe']);
    await panel.send({ type: 'file', file: NPY, selected: '' });
    await page.getByRole('button', { name: 'Change shape and type…' }).waitFor({ state: 'hidden' });
    await panel.close();
  });

  test('a file that cannot be read is one sentence', async () => {
    const panel = await openPanel(browser, bundle);
    await panel.send({ type: 'failure', tensor: null, message: 'x.npy ends at byte 10.', cancelled: false });
    await panel.page.getByRole('alert').getByText('x.npy ends at byte 10.', { exact: true }).waitFor();
    await panel.close();
  });

  test('a file without a matrix says so', async () => {
    const panel = await openPanel(browser, bundle);
    await panel.send({ type: 'file', file: { ...MODEL, tensors: MODEL.tensors.slice(1, 2) }, selected: null });
    await panel.send({ type: 'failure', tensor: null, message: 'This file holds no matrix.', cancelled: false });
    await panel.page.getByRole('alert').getByText('This file holds no matrix.').waitFor();
    expect(await panel.page.getByRole('progressbar').count()).toBe(0);
    await panel.close();
  });

  test('words of a file are text, never markup', async () => {
    const panel = await openPanel(browser, bundle);
    const evil = '<img src=x onerror="document.title=1">';
    await panel.send({
      type: 'file',
      file: { ...NPY, path: `/d/${evil.replace('/', '')}`, warnings: [evil], tensors: [tensor(evil, { note: evil }), tensor('b')] },
      selected: evil,
    });
    await panel.page.getByText(evil).first().waitFor();
    expect(await panel.page.locator('img').count()).toBe(0);
    await panel.close();
  });

  describe('ten thousand tensors', () => {
    test('are filtered and chosen by keyboard alone', async () => {
      const panel = await openPanel(browser, bundle);
      const { page } = panel;
      await panel.send({ type: 'file', file: MODEL, selected: 'embed.weight' });
      await panel.send({ type: 'report', tensor: 'embed.weight', report: fixture('healthy'), final: true });
      const options = page.getByRole('option');
      await page.getByText('9,800 more of 10,000 tensors').waitFor();
      expect(await options.count()).toBe(200);
      await page.getByRole('textbox', { name: 'Filter tensors' }).focus();
      await page.keyboard.type('weight 999');
      await page.getByRole('option', { name: 'layers.9990.q_proj.weight' }).waitFor();
      expect(await options.count()).toBe(17);
      await page.keyboard.press('Tab');
      await page.keyboard.press('End');
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('Enter');
      expect((await panel.posted()).at(-1)).toEqual({ type: 'select', tensor: 'layers.9996.q_proj.weight' });
      expect(await page.getByRole('option', { selected: true }).textContent()).toContain('layers.9996.q_proj.weight');
      // The report of another tensor is gone from the screen at once.
      expect(await page.getByRole('heading', { name: 'Quantities' }).count()).toBe(0);
      expect(await panel.state()).toMatchObject({ tensor: 'layers.9996.q_proj.weight', filter: 'weight 999' });
      await panel.close();
    });

    test('one that is no matrix says why and cannot be chosen', async () => {
      const panel = await openPanel(browser, bundle, { theme: 'high-contrast' });
      const { page } = panel;
      await panel.send({ type: 'file', file: MODEL, selected: 'embed.weight' });
      const vector = page.getByRole('option', { name: 'norm.weight' });
      await vector.waitFor();
      expect(await vector.getAttribute('aria-disabled')).toBe('true');
      expect(await vector.textContent()).toContain('A vector has no spectrum.');
      // Past the check that a disabled element cannot be clicked: a person's pointer does not make it.
      await vector.click({ force: true });
      expect(await panel.posted()).toEqual([{ type: 'ready', selected: null }]);
      await panel.send({ type: 'report', tensor: 'embed.weight', report: fixture('sampled'), final: false });
      await page.getByRole('heading', { name: 'Quantities' }).waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      await page.screenshot({ path: `${SCREENSHOTS}/panel-high-contrast-tensors.png` });
      await panel.close();
    });
  });

  test('what a quantity is shows on hover, on focus, and goes with Escape', async () => {
    const { page, close } = await showing('sampled');
    const term = page.getByRole('button', { name: 'Stable rank' });
    const about = page.getByRole('tooltip').filter({ hasText: 'tr C / l_1(C)' });
    expect(await about.count()).toBe(0);
    await term.hover();
    await about.waitFor();
    expect(await about.textContent()).toContain('Between 1 and the rank');
    const [at, below] = [(await term.boundingBox())!, (await about.boundingBox())!];
    expect(Math.min(Math.abs(below.y - at.y - at.height), Math.abs(below.y + below.height - at.y))).toBeLessThan(2);
    await page.mouse.move(0, 0);
    await about.waitFor({ state: 'hidden' });
    await term.focus();
    await about.waitFor();
    expect(await term.getAttribute('aria-describedby')).toBe(await about.getAttribute('id'));
    await page.keyboard.press('Escape');
    await about.waitFor({ state: 'hidden' });
    await close();
  });

  test('a refinement leaves focus and an open explanation where they are', async () => {
    const panel = await showing('sampled');
    const term = panel.page.getByRole('button', { name: 'Vendi score' });
    await term.focus();
    await panel.send({ type: 'report', tensor: '', report: fixture('healthy'), final: true });
    await panel.page.getByText('All 1,000 rows were read.').waitFor();
    expect(await term.evaluate((node) => node === document.activeElement)).toBe(true);
    expect(await panel.page.getByRole('tooltip').filter({ hasText: 'Vendi score' }).count()).toBe(1);
    await panel.close();
  });

  test('each chart has words, a label and a table of its numbers', async () => {
    const { page, close } = await showing('collapsed');
    const charts = page.getByRole('img', { name: 'a chart' });
    expect(await charts.count()).toBe(2);
    expect(await charts.first().getAttribute('aria-label')).toMatch(
      /^Spectrum, a chart\. 13 directions of 100 stand above the noise floor/,
    );
    await page.getByText('2 carry 90 %').first().waitFor();
    await page.locator('#spectrum-table > summary').focus();
    await page.keyboard.press('Enter');
    const table = page.getByRole('table').filter({ hasText: 'Every eigenvalue, strongest first' });
    await table.waitFor();
    expect(await table.getByRole('row').count()).toBe(101);
    expect(await table.getByRole('row').nth(50).textContent()).toContain('not resolved');
    await close();
  });

  test('hovering a chart reads its values', async () => {
    const { page, close } = await showing('healthy');
    const canvas = page.getByRole('img', { name: 'Spectrum' });
    const before = await canvas.screenshot();
    await canvas.hover();
    await expect.poll(async () => (await canvas.screenshot()).equals(before)).toBe(false);
    await close();
  });

  test('colours follow the theme while the panel is open', async () => {
    const { page, errors, close } = await showing('healthy', { theme: 'dark-modern' });
    for (const theme of THEMES) {
      await setTheme(page, theme);
      for (const { name, ratio } of await seriesContrast(page)) expect(ratio, `${name} in ${theme}`).toBeGreaterThanOrEqual(3);
    }
    expect(errors).toEqual([]);
    await close();
  });

  test('what was set comes back after a reload', async () => {
    const saved = {
      path: '/data/run/generation-0.npy',
      tensor: '',
      layout: null,
      logRank: false,
      logValue: true,
      bounds: 'trace',
      filter: 'q',
      open: ['sigma'],
    };
    const panel = await showing('healthy', { state: saved });
    const { page } = panel;
    expect(await panel.posted()).toEqual([{ type: 'ready', selected: '' }]);
    const [rank, value] = ['Logarithmic directions', 'Logarithmic eigenvalues'].map((name) => page.getByRole('checkbox', { name }));
    expect(await rank!.getAttribute('aria-checked')).toBe('false');
    expect(await value!.getAttribute('aria-checked')).toBe('true');
    await page.getByText('U_cov').waitFor();
    await page.getByText('Trace is 1, exactly, from all 1,000 rows.').waitFor();
    for (const box of [rank, value]) {
      await box!.focus();
      await page.keyboard.press('Space');
    }
    await page.locator('#sigma > summary').click();
    await expect.poll(() => panel.state()).toEqual({ ...saved, logRank: true, logValue: false, open: [] });
    await panel.close();
  });

  test.each(THEMES)('bounds narrow while rows are read, in %s', async (theme) => {
    const panel = await openPanel(browser, bundle, { theme });
    const { page } = panel;
    await panel.send({ type: 'file', file: NPY, selected: '' });
    const refined = (rows: number, half: number) => {
      const report = fixture('sampled') as { sample: object; quantities: Record<string, object> };
      const interval = {
        lower: 37 - half,
        upper: 37 + half,
        kind: 'stochastic',
        confidence: 0.95,
        method: 'Deterministic equivalent, jackknife',
      };
      const certain = { lower: 2, upper: 90, kind: 'deterministic', confidence: 1, method: 'Majorisation by the unseen trace' };
      const effectiveRank = { value: 37, exact: false, bounds: [interval, certain], reason: null };
      const scales = (report.quantities.effectiveDimension as { value: number }[]).map((at) => ({
        ...at,
        bounds: [{ ...interval, lower: at.value - half / 2, upper: at.value + half / 2 }],
      }));
      const quantities = { ...report.quantities, effectiveRank, effectiveDimension: scales };
      return { type: 'report', tensor: '', report: { ...report, sample: { ...report.sample, rows }, quantities }, final: false };
    };
    for (const [rows, half] of [
      [1000, 16],
      [2000, 9],
      [4000, 4],
    ] as const) {
      await panel.send(refined(rows, half));
    }
    const bounds = page.getByRole('region', { name: 'Bounds', exact: true });
    await bounds
      .getByText('Effective rank is between 33 and 41 of 100 directions (95 %), after 4,000 of 50,000 rows; it was 21 to 53 at 1,000.')
      .waitFor();
    const steps = bounds.getByRole('table', { name: 'How effective rank narrowed while rows were read' });
    expect(await steps.getByRole('row').allTextContents()).toEqual([
      expect.stringContaining('Rows read'),
      '1,00021 to 5395 % confidence',
      '2,00028 to 4695 % confidence',
      '4,00033 to 4195 % confidence',
    ]);
    const widths = await steps.locator('.interval').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    expect(widths).toEqual([...widths].sort((a, b) => b - a));
    expect(
      await bounds
        .getByRole('table', { name: /^Bounds of effective rank/ })
        .getByRole('rowheader')
        .allTextContents(),
    ).toEqual([expect.stringMatching(/^Majorisation by the unseen trace/), expect.stringMatching(/^Deterministic equivalent, jackknife/)]);
    // The curve over the resolution is read by keyboard.
    const resolution = page.getByRole('slider', { name: /^Resolution, a chart\./ });
    await resolution.focus();
    await page.keyboard.press('Home');
    expect(await resolution.getAttribute('aria-valuetext')).toMatch(/^\u03b1\/d = 0\.1, Effective dimension: \u2248 2\.371 of 100, /);
    expect(await seriousViolations(page)).toEqual([]);
    await page.screenshot({ path: `${SCREENSHOTS}/panel-${theme}-bounds.png`, fullPage: true });
    await choose(page, 'Export: bounds', 'CSV');
    const message = (await panel.posted()).at(-1)!;
    expect(message.type === 'save' && message.file.content.split('\r\n')).toHaveLength(8);
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('a report is exported by keyboard alone', async () => {
    const panel = await showing('healthy');
    const { page } = panel;
    const opener = page.getByRole('button', { name: 'Export the report' });
    await opener.focus();
    await page.keyboard.press('ArrowDown');
    const menu = page.getByRole('menu', { name: 'Export the report' });
    await menu.waitFor();
    expect(await menu.getByRole('menuitem').allTextContents()).toEqual(['JSON', 'CSV', 'HTML', 'Copy as Markdown']);
    expect(await seriousViolations(page)).toEqual([]);
    const focused = () => page.evaluate(() => document.activeElement!.textContent);
    expect(await focused()).toBe('JSON');
    for (const [key, item] of [
      ['End', 'Copy as Markdown'],
      ['ArrowDown', 'JSON'],
      ['ArrowUp', 'Copy as Markdown'],
      ['Home', 'JSON'],
      ['h', 'HTML'],
    ] as const) {
      await page.keyboard.press(key);
      expect(await focused(), key).toBe(item);
    }
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });
    expect(await focused()).toBe('Export');
    await choose(page, 'Export the report', 'HTML');
    await choose(page, 'Export the report', 'JSON');
    await choose(page, 'Export the report', 'Copy as Markdown');
    const [html, json, markdown] = (await panel.posted()).slice(-3);
    expect(html).toEqual({ type: 'saveHtml' });
    expect(json?.type === 'save' && JSON.parse(json.file.content)).toEqual(fixture('healthy'));
    expect(markdown?.type === 'copy' && markdown.text).toMatch(/^## Healthy: \/data\/run\/generation-0\.npy\n/);
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test.each(THEMES)('a chart is exported as a picture in the colours of %s', async (theme) => {
    const panel = await showing('healthy', { theme });
    const { page } = panel;
    for (const item of ['PNG', 'SVG', 'CSV', 'Copy as Markdown']) await choose(page, 'Export: spectrum', item);
    const [png, svg, csv, markdown] = (await panel.posted()).slice(-4);
    if (png?.type !== 'save' || svg?.type !== 'save' || csv?.type !== 'save' || markdown?.type !== 'copy') throw new Error('not exported');
    expect([png.file.name, svg.file.name, csv.file.name]).toEqual(['spectrum.png', 'spectrum.svg', 'spectrum.csv']);
    const bytes = Buffer.from(png.file.content, 'base64');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([1760, 1040]);
    writeFileSync(`${SCREENSHOTS}/export-${theme}.png`, bytes);
    writeFileSync(`${SCREENSHOTS}/export-${theme}.svg`, svg.file.content);
    expect(csv.file.content.trimEnd().split('\r\n')).toHaveLength(101);
    expect(markdown.text).toMatch(/^### Spectrum\n\nAll 100 directions/);
    const parsed = await page.evaluate((text) => {
      const root = new DOMParser().parseFromString(text, 'image/svg+xml');
      const colours = [...root.querySelectorAll('path')].map((path) => path.getAttribute('stroke'));
      const swatch = document.querySelector<SVGElement>('.line-swatch')!;
      return {
        faults: root.querySelectorAll('parsererror').length,
        title: root.querySelector('title')!.textContent,
        desc: root.querySelector('desc')!.textContent,
        texts: [...root.querySelectorAll('text')].map((node) => node.textContent!),
        drawn: colours.includes(getComputedStyle(swatch).color.replaceAll(' ', '')),
        markup: root.querySelectorAll('script, image, foreignObject').length,
      };
    }, svg.file.content);
    expect(parsed).toMatchObject({ faults: 0, title: 'Spectrum', drawn: true, markup: 0 });
    expect(parsed.desc).toContain('All 100 directions stand above the noise floor');
    expect(parsed.texts).toEqual(expect.arrayContaining(['Spectrum', 'Eigenvalue', 'With the mean (C, uncentred)']));
    // The panel itself has not changed.
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test.each([320, 700, 1600])('fits a panel of %i pixels', async (width) => {
    const panel = await openPanel(browser, bundle, { width, theme: 'light-modern' });
    await panel.send({ type: 'file', file: MODEL, selected: 'embed.weight' });
    await panel.send({ type: 'report', tensor: 'embed.weight', report: fixture('sampled'), final: true });
    await panel.page.getByRole('heading', { name: 'Quantities' }).waitFor();
    expect(await panel.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await panel.page.screenshot({ path: `${SCREENSHOTS}/panel-${width}.png`, fullPage: true });
    await panel.close();
  });

  test('a report in which no row could be used draws no chart', async () => {
    const panel = await openPanel(browser, bundle);
    await panel.send({ type: 'file', file: NPY, selected: '' });
    const verdict = { level: 'broken', reasons: [{ code: 'no-usable-rows', message: 'No row could be used.' }] };
    const quantities = { codingLogDet: [], effectiveDimension: [] };
    await panel.send({
      type: 'report',
      tensor: '',
      report: { ...fixture('healthy'), spectrum: null, sigma: null, quantities, verdict },
      final: true,
    });
    await panel.page.getByText('There is no spectrum to draw').waitFor();
    expect(await panel.page.getByRole('img', { name: 'a chart' }).count()).toBe(0);
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test.each(['light', 'dark'] as const)('a saved report opens by itself in a %s browser', async (colorScheme) => {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1200, height: 900 } });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on(
      'console',
      (message) => message.type() === 'error' && !message.text().includes('style-src-attr') && errors.push(message.text()),
    );
    const reports = ['healthy', 'collapsed'].map((name, index) => {
      const report = fixture(name as 'healthy') as { source: Record<string, unknown> };
      return { ...report, source: { ...report.source, tensor: `t${index}` } };
    });
    const file = { ...NPY, tensors: [tensor('t0'), tensor('t1'), tensor('t2')] };
    await page.setContent(standaloneDocument({ nonce: 'n', title: 'Report', ...bundle, json: JSON.stringify({ file, reports }) }));
    await page.getByRole('heading', { name: 'Healthy' }).waitFor();
    for (const { name, ratio } of await seriesContrast(page)) expect(ratio, name).toBeGreaterThanOrEqual(3);
    expect(await seriousViolations(page)).toEqual([]);
    expect(await page.getByRole('option', { name: 't2' }).textContent()).toContain('Not part of this report.');
    await page.getByRole('option', { name: 't1' }).click();
    await page.getByRole('heading', { name: 'Collapsed' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/saved-${colorScheme}.png` });
    // Without an editor nobody makes a page of it: it is one.
    await page.getByRole('button', { name: 'Export the report' }).click();
    expect(await page.getByRole('menuitem').allTextContents()).toEqual(['JSON', 'CSV', 'Copy as Markdown']);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'CSV' }).click()]);
    expect(download.suggestedFilename()).toBe('quantities.csv');
    expect(readFileSync(await download.path(), 'utf8')).toMatch(/^quantity,alpha_over_d,value,/);
    expect(errors).toEqual([]);
    await context.close();
  });
});

/** Opens a menu by its button and chooses from it. */
async function choose(page: Page, name: string, item: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

/** Contrast of the series' colours, as the legend wears them and as they are found in the charts' pixels, against the page. */
async function seriesContrast(page: Page): Promise<{ name: string; ratio: number }[]> {
  const found = await page.evaluate(() => {
    const channels = (css: string) => (css.match(/[\d.]+/g) ?? []).map(Number);
    const background = channels(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll<SVGElement>('.line-swatch')].map((swatch) => {
      const colour = channels(getComputedStyle(swatch).color);
      const canvas = swatch.closest('section')!.querySelector('canvas')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      let pixels = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255 && [0, 1, 2].every((channel) => Math.abs(data[at + channel]! - colour[channel]!) <= 2)) pixels++;
      }
      return { name: swatch.parentElement!.textContent!, colour, background, pixels };
    });
  });
  expect(found.length).toBeGreaterThanOrEqual(4);
  return found.map(({ name, colour, background, pixels }) => {
    expect(pixels, `${name}: pixels of its colour in the chart`).toBeGreaterThan(20);
    return { name, ratio: contrast(opaque(colour), opaque(background)) };
  });
}

function opaque([red, green, blue]: number[]): Colour {
  return [red!, green!, blue!, 1];
}
