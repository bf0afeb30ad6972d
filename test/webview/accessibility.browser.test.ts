import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toJson } from '../../src/analysis/report-json';
import { type Colour, contrast, over } from '../../webview/view-model/contrast';
import { type Bundle, bundlePanel, hasBrowser, launch, openPanel, type Panel, THEMES } from './browser';
import { messages } from './compare/messages';
import { fixture, NPY } from './fixtures';
import { collapsingPicture } from './run/runs';

type Name = Parameters<typeof bundlePanel>[0] & string;
const PANELS: readonly Name[] = ['panel', 'run-panel', 'compare-panel'];

/** WCAG 2.2: texts (1.4.3), large texts, and what a chart or a control is known by (1.4.11). */
const TEXT = 4.5;
const LARGE_TEXT = 3;
const GRAPHICS = 3;
/** Least distance of two curves in CIELAB: one just tells colours apart at 2.3. */
const APART = 18;
/** Stops beside each other need not be equally high. */
const ONE_ROW = 40;

let browser: Browser;
const bundles = new Map<Name, Bundle>();

async function showing(name: Name, options: Parameters<typeof openPanel>[2] = {}): Promise<Panel> {
  const panel = await openPanel(browser, bundles.get(name)!, options);
  const sent = {
    panel: [
      { type: 'file', file: NPY, selected: '' },
      { type: 'report', tensor: '', report: fixture('healthy'), final: true },
    ],
    'run-panel': [{ type: 'run', run: collapsingPicture({ layers: 30, files: ['embeddings.npy', 'tokens.npy'] }), status: [] }],
    'compare-panel': messages(8).map((message) => JSON.parse(JSON.stringify(toJson(message)))),
  }[name];
  for (const message of sent) await panel.send(message);
  await panel.page.locator('canvas:visible').first().waitFor();
  await panel.page
    .getByRole('heading', { name: { panel: 'Quantities', 'run-panel': 'Checkpoints', 'compare-panel': 'Side by side' }[name] })
    .waitFor();
  return panel;
}

const unfold = (page: Page) =>
  page.locator('details').evaluateAll((all) => {
    for (const details of all as HTMLDetailsElement[]) details.open = true;
  });

describe.runIf(hasBrowser || process.env.CI === 'true').each(PANELS)('%s', (name) => {
  beforeAll(async () => {
    browser ??= await launch();
    bundles.set(name, await bundlePanel(name));
  });
  afterAll(async () => {
    if (name === PANELS.at(-1)) await browser?.close();
  });

  test.each(THEMES)('texts, curves and the focus stand out in %s', async (theme) => {
    const { page, close } = await showing(name, { theme });
    await unfold(page);
    const texts = await measuredTexts(page);
    expect(texts.length).toBeGreaterThan(30);
    const faint = texts.map((text) => ({ ...text, ratio: ratio(text) })).filter(({ ratio, large }) => ratio < (large ? LARGE_TEXT : TEXT));
    expect(faint.map(({ text, ratio }) => `${ratio.toFixed(2)}: ${text}`)).toEqual([]);
    const curves = await curveColours(page);
    expect(curves.length).toBeGreaterThan(0);
    for (const { look, colours } of curves) expect(ratio({ colours }), `${look} in ${theme}`).toBeGreaterThanOrEqual(GRAPHICS);
    const [focus, background] = await page.evaluate(focusColours);
    expect(ratio({ colours: [background!, focus!] }), `focus in ${theme}`).toBeGreaterThanOrEqual(GRAPHICS);
    if (name === 'compare-panel') {
      const sides = new Map(curves.filter(({ look }) => /^[a-h]$/.test(look)).map(({ look, colours }) => [look, laid(colours)]));
      expect(sides.size).toBe(8);
      const all = [...sides];
      const close = all.flatMap(([a, x], i) => all.slice(i + 1).map(([b, y]) => ({ pair: a + b, by: distance(x, y) })));
      expect(close.filter(({ by }) => by < APART)).toEqual([]);
    }
    await close();
  });

  test('each chart has a name, words and a table of its numbers', async () => {
    const { page, close } = await showing(name);
    await unfold(page);
    const charts = await page.locator('section:has(canvas):visible').evaluateAll((all) =>
      all
        .filter((section) => section.querySelector(':scope > .canvas, :scope > .map') !== null)
        .map((section) => ({
          name:
            section.querySelector('canvas')!.getAttribute('aria-label') ?? section.querySelector('canvas')!.getAttribute('aria-labelledby'),
          words: section.querySelector('.summary')?.textContent ?? '',
          rows: section.querySelectorAll('details table tbody tr').length,
          caption: section.querySelector('details table caption, details [role="region"][aria-label]') !== null,
        })),
    );
    expect(charts.length).toBeGreaterThan(0);
    for (const chart of charts) {
      expect(chart.name).toBeTruthy();
      expect(chart.words.length, chart.name!).toBeGreaterThan(20);
      expect(chart.rows, chart.name!).toBeGreaterThan(0);
      expect(chart.caption, chart.name!).toBe(true);
    }
    await close();
  });

  test('Tab goes from top to bottom, and every stop has a name and shows the focus', async () => {
    const { page, close } = await showing(name, { width: 640 });
    const stops: Stop[] = [];
    for (let i = 0; i < 120; i++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(focused);
      if (stop === null || stop.again) break;
      stops.push(stop);
    }
    expect(stops.length).toBeGreaterThan(5);
    expect(stops.filter((stop) => stop.name === '').map(({ html }) => html)).toEqual([]);
    expect(stops.filter((stop) => !stop.shown).map(({ html }) => html)).toEqual([]);
    const back = stops.filter((stop, i) => i > 0 && stop.top < stops[i - 1]!.top - ONE_ROW);
    expect(back.map(({ html }) => html)).toEqual([]);
    await close();
  });

  test('Escape closes a menu and gives the focus back', async () => {
    const { page, close } = await showing(name);
    const opener = page.locator('[aria-haspopup="menu"]:visible').first();
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.locator('[role="menu"]:popover-open').waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('[role="menu"]:popover-open').count()).toBe(0);
    expect(await opener.evaluate((node) => node === document.activeElement)).toBe(true);
    await close();
  });

  test('nothing moves where less motion is asked for', async () => {
    const { page, close } = await showing(name);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    expect(await page.evaluate(moving)).toEqual([]);
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await close();
  });

  test('fits 640 pixels, which is 1280 at 200 %', async () => {
    const { page, close } = await showing(name, { width: 640 });
    await unfold(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
    await close();
  });

  test.each(['light', 'dark'] as const)('charts can be told from the page where the system prescribes %s colours', async (colorScheme) => {
    const panel = await showing(name, { theme: colorScheme === 'light' ? 'dark-modern' : 'light-modern' });
    const { page } = panel;
    await page.emulateMedia({ forcedColors: 'active', colorScheme });
    await page.evaluate(() => document.body.classList.toggle('changed'));
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    for (const { look, colours } of await curveColours(page)) expect(ratio({ colours }), look).toBeGreaterThanOrEqual(GRAPHICS);
    await page.screenshot({ path: `test/screenshots/${name}-forced-${colorScheme}.png`, fullPage: true });
    await panel.close();
  });
});

interface Stop {
  readonly name: string;
  readonly shown: boolean;
  readonly again: boolean;
  /** How far down the page it is, in CSS pixels. */
  readonly top: number;
  readonly html: string;
}

/** Runs in the page: what has the focus. */
function focused(): Stop | null {
  let at = document.activeElement as HTMLElement | null;
  if (at === null || at === document.body) return null;
  const host = at;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement as HTMLElement;
  const again = host.dataset.stopped === 'yes';
  host.dataset.stopped = 'yes';
  const labelled = (host.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '');
  const name = (host.getAttribute('aria-label') ?? (labelled.join(' ').trim() || host.textContent)) as string;
  const drawn = (node: Element, pseudo?: string) => {
    const { outlineStyle, outlineWidth, boxShadow, borderTopColor, borderTopWidth } = getComputedStyle(node, pseudo);
    return (
      (outlineStyle !== 'none' && outlineWidth !== '0px') ||
      boxShadow !== 'none' ||
      (borderTopWidth !== '0px' && borderTopColor === focusColour)
    );
  };
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'var(--vscode-focusBorder)';
  const focusColour = getComputedStyle(probe).color;
  probe.remove();
  const inside = host.shadowRoot === null ? [] : [...host.shadowRoot.querySelectorAll('*')];
  const shown = [host, ...inside].some((node) => drawn(node));
  const top = window.scrollY + host.getBoundingClientRect().top;
  return { name: name.trim(), shown, again, top, html: host.outerHTML.slice(0, 120) };
}

/** Runs in the page: what has a transition or an animation of any length. */
function moving(): string[] {
  const found: string[] = [];
  const visit = (root: ParentNode): void => {
    for (const node of root.querySelectorAll('*')) {
      const { transitionDuration, animationName, animationDuration, scrollBehavior } = getComputedStyle(node);
      const lasts = (duration: string) => duration.split(',').some((part) => Number.parseFloat(part) > 0.001);
      if (lasts(transitionDuration) || (animationName !== 'none' && lasts(animationDuration)) || scrollBehavior === 'smooth') {
        found.push(node.outerHTML.slice(0, 100));
      }
      if (node.shadowRoot) visit(node.shadowRoot);
    }
  };
  visit(document);
  return found;
}

/** Runs in the page: the colours of the focus and of the page. */
function focusColours(): number[][] {
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'var(--vscode-focusBorder)';
  const both = [getComputedStyle(probe).color, getComputedStyle(document.body).backgroundColor];
  probe.remove();
  return both.map((colour) => (colour.match(/[\d.]+/g) ?? []).map(Number));
}

interface Coloured {
  /** From the page's background through all that lies upon it to the colour itself: red, green, blue in [0, 255], opacity. */
  readonly colours: readonly number[][];
}

/** What each visible text looks like, also in the shadow of components; those of controls that are off are exempt. */
function measuredTexts(page: Page): Promise<(Coloured & { text: string; large: boolean })[]> {
  return page.evaluate(() => {
    const channels = (css: string) => {
      const numbers = (css.match(/[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
      return css.startsWith('color(') ? [...numbers.slice(0, 3).map((part) => 255 * part), numbers[3] ?? 1] : numbers;
    };
    const parent = (node: Element): Element | null =>
      node.assignedSlot ?? node.parentElement ?? ((node.getRootNode() as ShadowRoot).host as Element | undefined) ?? null;
    const found: { text: string; large: boolean; colours: number[][] }[] = [];
    const visit = (root: Node): void => {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        if (node instanceof Element) {
          if (node.shadowRoot) visit(node.shadowRoot);
          continue;
        }
        const text = node.textContent!.trim();
        const element = node.parentElement;
        if (text === '' || element === null || element.closest('style, script, title, .sr-only, [disabled], [aria-disabled="true"]'))
          continue;
        if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        const { width, height } = element.getBoundingClientRect();
        if (width === 0 || height === 0) continue;
        const { color, fontSize, fontWeight } = getComputedStyle(element);
        const behind: number[][] = [];
        for (let at: Element | null = element; at !== null; at = parent(at)) behind.unshift(channels(getComputedStyle(at).backgroundColor));
        const size = Number.parseFloat(fontSize);
        found.push({
          text: text.slice(0, 60),
          large: size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700),
          colours: [...behind, channels(color)],
        });
      }
    };
    visit(document.body);
    return found;
  });
}

/** Colours of the curves as the legends wear them, which are those of the charts. */
function curveColours(page: Page): Promise<(Coloured & { look: string })[]> {
  return page.evaluate(() => {
    const channels = (css: string) => (css.match(/[\d.]+/g) ?? []).map(Number);
    const background = channels(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll<SVGElement>('.line-swatch')]
      .filter((swatch) => swatch.checkVisibility())
      .map((swatch) => ({ look: swatch.dataset.series!, colours: [background, channels(getComputedStyle(swatch).color)] }));
  });
}

const WHITE: Colour = [255, 255, 255, 1];

/** All but the last, as they lie upon each other, or all. */
function laid(colours: readonly number[][]): Colour {
  return colours.reduce<Colour>((below, [red = 0, green = 0, blue = 0, alpha = 1]) => over([red, green, blue, alpha], below), WHITE);
}

function ratio({ colours }: Coloured): number {
  return contrast(laid(colours), laid(colours.slice(0, -1)));
}

/** Of two opaque colours in CIELAB (CIE 1976, white D65). */
function distance(a: Colour, b: Colour): number {
  const [x, y] = [lab(a), lab(b)];
  return Math.hypot(...x.map((value, i) => value - y[i]!));
}

function lab(colour: Colour): number[] {
  const [r, g, b] = colour.slice(0, 3).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const f = (t: number) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
