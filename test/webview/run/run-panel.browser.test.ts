import { mkdirSync, writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunHostMessage, RunPanelMessage } from '../../../webview/run/protocol';
import { type Bundle, bundlePanel, hasBrowser, launch, openPanel, type Panel, seriousViolations, THEMES } from '../browser';
import { collapsingPicture } from './runs';

const SCREENSHOTS = 'test/screenshots';
const SIZE_LIMIT = 350_000;

type RunPanel = Panel<RunHostMessage, RunPanelMessage>;

let browser: Browser;
let bundle: Bundle;

async function showing(
  shape: Parameters<typeof collapsingPicture>[0] = {},
  options: Parameters<typeof openPanel>[2] = {},
): Promise<RunPanel> {
  const panel = await openPanel<RunHostMessage, RunPanelMessage>(browser, bundle, options);
  await panel.send({ type: 'run', run: collapsingPicture(shape), status: [] });
  await panel.page.getByRole('heading', { name: 'Checkpoints' }).waitFor();
  return panel;
}

describe.runIf(hasBrowser || process.env.CI === 'true')('the panel of a run in a browser', () => {
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    [browser, bundle] = await Promise.all([launch(), bundlePanel('run-panel')]);
  });
  afterAll(() => browser?.close());

  test('is small', () => expect(bundle.script.length).toBeLessThan(SIZE_LIMIT));

  test.each(THEMES)('is readable, accessible and free of errors in %s', async (theme) => {
    const panel = await showing({ layers: 40, files: ['embeddings.npy', 'tokens.npy'] }, { theme });
    await panel.page.locator('details').evaluateAll((all) => {
      for (const details of all as HTMLDetailsElement[]) details.open = true;
    });
    expect(await seriousViolations(panel.page)).toEqual([]);
    await panel.page.locator('details').evaluateAll((all) => {
      for (const details of all as HTMLDetailsElement[]) details.open = false;
    });
    await panel.page.screenshot({ path: `${SCREENSHOTS}/run-${theme}.png`, fullPage: true });
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('the verdict stands first, as a word, a shape and sentences; then since when and where to', async () => {
    const { page, close } = await showing({ checkpoints: 11 });
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.getByRole('heading', { name: 'Collapsing', exact: true }).waitFor();
    expect(await verdict.locator('svg').getAttribute('data-icon')).toBe('down');
    const text = (await verdict.textContent())!;
    for (const part of ['left its baseline at generation-4', 'What people usually do', 'compared with generation-0, the baseline']) {
      expect(text).toContain(part);
    }
    const outlook = (await page.getByRole('region', { name: 'Since when, and where to' }).textContent())!;
    for (const part of ['generation-0, step 0, effective rank', 'generation-4, the first that does not fit', 'is forecast to fall below']) {
      expect(outlook).toContain(part);
    }
    expect(await page.getByRole('region', { name: 'Layers' }).count()).toBe(0);
    await close();
  });

  test('the arrow keys read the timeline, Enter opens a checkpoint, and so does a click', async () => {
    const panel = await showing();
    const chart = panel.page.getByRole('slider', { name: 'Timeline' });
    await panel.page.keyboard.press('Tab');
    while (!(await chart.evaluate((node) => node === document.activeElement))) await panel.page.keyboard.press('Tab');
    expect(await chart.getAttribute('aria-valuetext')).toMatch(
      /^generation-11, step 1,100, Collapsing, Effective rank: 22\.\d+, 5\d\.\d % of the baseline's$/,
    );
    await panel.page.keyboard.press('Home');
    expect(await chart.getAttribute('aria-valuetext')).toMatch(
      /^generation-0, step 0, Not enough evidence, Effective rank: 3\d\.\d+, The baseline$/,
    );
    await panel.page.keyboard.press('ArrowRight');
    await panel.page.screenshot({ path: `${SCREENSHOTS}/run-reading.png` });
    await panel.page.keyboard.press('Enter');
    const matrix = { file: 'embeddings.npy', tensor: null };
    expect((await panel.posted()).at(-1)).toEqual({ type: 'open', checkpoint: 'generation-1', matrix });
    const box = (await chart.boundingBox())!;
    await chart.click({ position: { x: 66, y: box.height / 2 } });
    await expect.poll(async () => (await panel.posted()).length).toBe(3);
    expect((await panel.posted()).at(-1)).toEqual({ type: 'open', checkpoint: 'generation-0', matrix });
    await panel.close();
  });

  test('another quantity and another file are chosen by keyboard, and come back after a reload', async () => {
    const panel = await showing({ files: ['embeddings.npy', 'tokens.npy'] });
    const { page } = panel;
    await page.getByRole('combobox', { name: 'Quantity' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('slider', { name: 'Shape (log sphericity)' }).waitFor();
    await page.getByRole('combobox', { name: 'Matrix' }).focus();
    await page.keyboard.press('ArrowDown');
    const initial = { filter: '', zoom: null, layers: 'effectiveRank', open: [] };
    const kept = { run: '/work/runs/exp1', quantity: 'shape', matrix: { file: 'tokens.npy', tensor: null }, ...initial };
    await expect.poll(() => panel.state()).toEqual(kept);
    const again = await showing({ files: ['embeddings.npy', 'tokens.npy'] }, { state: { ...kept, quantity: 'participationRatio' } });
    await again.page.getByRole('slider', { name: 'Participation ratio' }).waitFor();
    expect(await again.page.getByRole('combobox', { name: 'Matrix' }).textContent()).toContain('tokens.npy');
    await again.page.getByText('Interval').waitFor();
    await again.page.screenshot({ path: `${SCREENSHOTS}/run-intervals.png` });
    for (const { errors, close } of [panel, again]) {
      expect(errors).toEqual([]);
      await close();
    }
  });

  test('a new checkpoint leaves the focus, the reading and the choice where they are', async () => {
    const panel = await showing({ checkpoints: 10 });
    const chart = panel.page.getByRole('slider');
    await chart.focus();
    await panel.page.keyboard.press('Home');
    await panel.send({ type: 'run', run: collapsingPicture({ checkpoints: 12 }), status: [] });
    await panel.page.getByText('12 checkpoints', { exact: true }).waitFor();
    expect(await chart.evaluate((node) => node === document.activeElement)).toBe(true);
    expect(await chart.getAttribute('aria-valuetext')).toMatch(/^generation-0/);
    await panel.close();
  });

  test('the layers are read cell by cell, scrolled by keys, and opened', async () => {
    const panel = await showing({ layers: 60 });
    const { page } = panel;
    const map = page.getByRole('application', { name: 'Layers' });
    await page.getByText('Point at a cell').waitFor();
    const { width, height } = (await map.boundingBox())!;
    await map.hover({ position: { x: width - 3, y: 8 } });
    await page.getByText('layers.0.q_proj.weight: generation-11').waitFor();
    await map.click({ position: { x: 3, y: height - 24 } });
    const matrix = (layer: number) => ({ file: 'model.safetensors', tensor: `layers.${layer}.q_proj.weight` });
    expect((await panel.posted()).at(-1)).toEqual({ type: 'open', checkpoint: 'generation-0', matrix: matrix(22) });
    await map.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('End');
    await page.getByText('layers.59.q_proj.weight: generation-1, not enough evidence, effective rank').waitFor();
    expect(await page.locator('.names li.active').textContent()).toBe('layers.59.q_proj.weight');
    await map.screenshot({ path: `${SCREENSHOTS}/run-layers.png` });
    await page.keyboard.press('Enter');
    expect((await panel.posted()).at(-1)).toEqual({ type: 'open', checkpoint: 'generation-1', matrix: matrix(59) });
    await panel.close();
  });

  test('200 layers over 500 checkpoints scroll and read within a frame', async () => {
    const panel = await showing({ layers: 200, checkpoints: 500 });
    const { page } = panel;
    const frames = await page.evaluate(() => {
      const map = document.querySelector('.map')!;
      const canvas = map.querySelector('canvas')!;
      const { left, top } = canvas.getBoundingClientRect();
      const times: number[] = [];
      for (let step = 0; step < 60; step++) {
        const start = performance.now();
        map.scrollTop = step * 40;
        map.dispatchEvent(new Event('scroll'));
        canvas.dispatchEvent(new MouseEvent('mousemove', { clientX: left + 2 + 9 * step, clientY: top + 40 }));
        // Asks for a pixel, which waits until all is drawn.
        canvas.getContext('2d')!.getImageData(0, 0, 1, 1);
        times.push(performance.now() - start);
      }
      return times.sort((a, b) => a - b);
    });
    expect(frames[30]).toBeLessThan(16);
    expect(panel.errors).toEqual([]);
    await page.screenshot({ path: `${SCREENSHOTS}/run-large.png`, fullPage: true });
    await panel.close();
  });

  test('names are text, never markup, and do not turn the line around', async () => {
    const evil = '<img src=x onerror="document.title=1">\u202egnp.exe';
    const panel = await showing({
      files: [`${evil}.npy`, 'other.npy'],
      layers: 2,
      tensor: `${evil}.weight`,
      name: (step) => `${evil}-${step}`,
    });
    await panel.page.getByRole('button', { name: '<img' }).first().waitFor();
    expect(await panel.page.locator('img').count()).toBe(0);
    expect(await panel.page.locator('body').textContent()).not.toContain('\u202e');
    expect(await panel.page.title()).toBe('runs/exp1');
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('the table has a row for each checkpoint, and its names open them', async () => {
    const panel = await showing({ layers: 3 });
    const table = panel.page.getByRole('region', { name: 'Checkpoints, newest first' });
    expect(await table.getByRole('row').count()).toBe(13);
    expect(await table.getByRole('row').last().textContent()).toMatch(/^generation-00Baseline38\.58/);
    await table.getByRole('button', { name: 'generation-3' }).click();
    const matrix = { file: 'embeddings.npy', tensor: null };
    expect((await panel.posted()).at(-1)).toEqual({ type: 'open', checkpoint: 'generation-3', matrix });
    await panel.close();
  });

  test('a run of which nothing is known is a sentence, until it is', async () => {
    const panel = await openPanel<RunHostMessage, RunPanelMessage>(browser, bundle);
    await panel.send({ type: 'nothing', path: '/work/runs/exp1', message: 'Nothing is known of runs/exp1.', status: [] });
    await panel.page.getByText('Nothing is known of runs/exp1.').waitFor();
    expect(await panel.state()).toMatchObject({ run: '/work/runs/exp1' });
    expect(await seriousViolations(panel.page)).toEqual([]);
    await panel.send({ type: 'run', run: collapsingPicture(), status: [] });
    await panel.page.getByRole('region', { name: 'Verdict' }).waitFor();
    expect(await panel.page.getByText('Nothing is known').isVisible()).toBe(false);
    await panel.close();
  });

  test('a run of weights alone has a timeline of the layer that lost most, and of any other', async () => {
    const panel = await showing({ files: [], layers: 20 });
    const { page } = panel;
    const matrix = page.getByRole('combobox', { name: 'Matrix' });
    await expect.poll(() => matrix.textContent()).toContain('layers.19.q_proj.weight');
    await page.getByRole('slider', { name: 'Timeline' }).focus();
    await page.keyboard.press('Enter');
    const opened = (layer: number) => ({ file: 'model.safetensors', tensor: `layers.${layer}.q_proj.weight` });
    expect((await panel.posted()).at(-1)).toEqual({ type: 'open', checkpoint: 'generation-11', matrix: opened(19) });
    await page.getByRole('textbox', { name: 'Filter matrices' }).fill('layers.1');
    await page.getByText('11 of 20 matrices listed.').waitFor();
    await matrix.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => panel.state()).toMatchObject({ filter: 'layers.1', matrix: opened(1) });
    expect(await page.getByRole('application', { name: 'Layers' }).count()).toBe(1);
    await page.screenshot({ path: `${SCREENSHOTS}/run-weights.png`, fullPage: true });
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('dragging across the timeline zooms, its ends can be written, and a reload keeps them', async () => {
    const panel = await showing({ layers: 2, files: ['embeddings.npy', 'tokens.npy'] });
    const { page } = panel;
    const chart = page.getByRole('slider', { name: 'Timeline' });
    const field = (name: string) => page.getByRole('textbox', { name });
    expect(await field('From step').inputValue()).toBe('0');
    const { x, y, width, height } = (await chart.boundingBox())!;
    const before = (await panel.posted()).length;
    await page.mouse.move(x + width * 0.3, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.35, y + height / 2);
    await page.mouse.move(x + width * 0.6, y + height / 2);
    expect(await page.locator('.brush').isVisible()).toBe(true);
    await page.screenshot({ path: `${SCREENSHOTS}/run-brush.png` });
    await page.mouse.up();
    expect(await page.locator('.brush').isVisible()).toBe(false);
    const [from, to] = [Number(await field('From step').inputValue()), Number(await field('To step').inputValue())];
    expect([from % 100, to % 100, from > 0, to < 1100, from < to]).toEqual([0, 0, true, true, true]);
    expect(Number(await chart.getAttribute('aria-valuemax'))).toBe((to - from) / 100 + 1);
    // A drag is no click.
    expect(await panel.posted()).toHaveLength(before);
    await field('To step').fill('1000');
    await page.keyboard.press('Enter');
    await expect.poll(() => panel.state()).toMatchObject({ zoom: [from, 1000] });
    await page.screenshot({ path: `${SCREENSHOTS}/run-zoomed.png` });
    const again = await showing({}, { state: { ...((await panel.state()) as object) } });
    expect(Number(await again.page.getByRole('slider').getAttribute('aria-valuemax'))).toBe((1000 - from) / 100 + 1);
    await field('From step').fill('a few');
    await page.keyboard.press('Enter');
    await expect.poll(() => field('From step').inputValue()).toBe(String(from));
    await page.getByRole('button', { name: 'Whole run' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => panel.state()).toMatchObject({ zoom: null });
    expect(await chart.getAttribute('aria-valuemax')).toBe('12');
    for (const { errors, close } of [panel, again]) {
      expect(errors).toEqual([]);
      await close();
    }
  });

  test('the layers show another quantity', async () => {
    const panel = await showing({ layers: 12 });
    const { page } = panel;
    await page.getByText('50 % or less').waitFor();
    await page.getByRole('combobox', { name: 'Layers by' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByText('Shape (log sphericity) of 12 layers, less what each had at the baseline.').waitFor();
    await expect.poll(() => panel.state()).toMatchObject({ layers: 'shape' });
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('timeline, layers and the run itself are saved and copied', async () => {
    const panel = await showing({ layers: 30 });
    const { page } = panel;
    const choose = async (menu: string, item: string) => {
      await page.getByRole('button', { name: menu }).click();
      await page.getByRole('menu', { name: menu }).getByRole('menuitem', { name: item, exact: true }).click();
    };
    const last = async () => (await panel.posted()).at(-1) as { type: string; file: { name: string; content: string }; text: string };
    for (const item of ['PNG', 'SVG', 'CSV']) {
      await choose('Export: timeline', item);
      expect((await last()).file.name).toBe(`timeline.${item.toLowerCase()}`);
    }
    expect((await last()).file.content).toMatch(/^checkpoint,step,level,file,tensor,effectiveRank,exact,lower,upper\r\ngeneration-0,0,/);
    await choose('Export: layers', 'PNG');
    const png = Buffer.from((await last()).file.content, 'base64');
    writeFileSync(`${SCREENSHOTS}/run-layers-export.png`, png);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    await choose('Export: layers', 'SVG');
    const { content } = (await last()).file;
    writeFileSync(`${SCREENSHOTS}/run-layers-export.svg`, content);
    expect(content.match(/<text/g)!.length).toBeGreaterThan(30);
    expect(content).toContain('layers.29.q_proj.weight');
    await choose('Export: layers', 'CSV');
    expect((await last()).file.content.split('\r\n')).toHaveLength(32);
    await choose('Export: layers', 'Copy as Markdown');
    expect((await last()).text).toContain('### Layers: Effective rank');
    await choose('Export the run', 'JSON');
    expect(await last()).toEqual({ type: 'saveReport' });
    await choose('Export the run', 'Copy as Markdown');
    expect((await last()).text).toContain('## Collapsed: runs/exp1');
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  test('what is under way stands below the header, also before anything is known', async () => {
    const panel = await openPanel<RunHostMessage, RunPanelMessage>(browser, bundle);
    await panel.send({ type: 'nothing', path: '/r', message: 'Nothing is known of r.', status: ['Analysing generation-0.'] });
    await panel.page.getByText('Analysing generation-0.').waitFor();
    const status = ['Waiting for generation-12 to be complete: still growing.'];
    await panel.send({ type: 'run', run: collapsingPicture(), status });
    await panel.page.getByRole('status').filter({ hasText: status[0]! }).waitFor();
    await panel.page.screenshot({ path: `${SCREENSHOTS}/run-status.png` });
    await panel.close();
  });

  test.each([320, 700, 1600])('fits a panel of %i pixels', async (width) => {
    const panel = await showing({ layers: 30, files: ['embeddings.npy', 'tokens.npy'] }, { width, theme: 'light-modern' });
    expect(await panel.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await panel.page.screenshot({ path: `${SCREENSHOTS}/run-${width}.png`, fullPage: true });
    await panel.close();
  });
});
