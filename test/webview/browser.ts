import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as esbuild from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';
import { panelDocument } from '../../webview/document';
import type { HostMessage, PanelMessage } from '../../webview/protocol';
import themes from '../fixtures/webview/themes.json';

const executable = findChromium();
export const hasBrowser = executable !== null;

export type ThemeName = keyof typeof themes;
export const THEMES = Object.keys(themes) as ThemeName[];

const ORIGIN = 'https://panel.test';

export interface Bundle {
  readonly script: string;
  readonly style: string;
}

/** The panel of a file, that of a run, and that of a comparison. */
const PANELS = {
  panel: { panel: 'webview/main.ts', 'panel-style': 'webview/panel.css' },
  'run-panel': { panel: 'webview/run/main.ts', 'panel-style': 'webview/run/run.css' },
  'compare-panel': { panel: 'webview/compare/main.ts', 'panel-style': 'webview/compare/compare.css' },
};

/** A panel as it is shipped, minified. */
export async function bundlePanel(name: keyof typeof PANELS = 'panel'): Promise<Bundle> {
  const built = await esbuild.build({
    entryPoints: PANELS[name],
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: true,
    write: false,
    outdir: 'dist',
  });
  const text = (name: string) => built.outputFiles.find(({ path }) => path.endsWith(name))!.text;
  return { script: text('panel.js'), style: text('panel-style.css') };
}

/** @param gpu whether pages have WebGPU: on a machine without one that of a software adapter */
export function launch(gpu = false): Promise<Browser> {
  return chromium.launch({ executablePath: executable!, args: ['--no-sandbox', gpu ? '--enable-unsafe-webgpu' : '--disable-gpu'] });
}

/** A page with the panel in it, under the editor's content-security policy and theme, and a stand-in for the editor. */
export interface Panel<Received = HostMessage, Posted = PanelMessage> {
  readonly page: Page;
  /** Console errors, page errors and refused resources so far. */
  readonly errors: string[];
  send(message: Received | Record<string, unknown>): Promise<void>;
  posted(): Promise<Posted[]>;
  state(): Promise<unknown>;
  close(): Promise<void>;
}

export async function openPanel<Received = HostMessage, Posted = PanelMessage>(
  browser: Browser,
  bundle: Bundle,
  options: { theme?: ThemeName; width?: number; height?: number; state?: unknown } = {},
): Promise<Panel<Received, Posted>> {
  const context = await browser.newContext({ viewport: { width: options.width ?? 1200, height: options.height ?? 900 } });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // One of the component library's own elements asks for an inline style, which the policy refuses without harm.
    if (message.type() === 'error' && !message.text().includes('style-src-attr')) errors.push(message.text());
  });
  await page.route(`${ORIGIN}/**`, (route) => {
    const path = new URL(route.request().url()).pathname;
    if (path === '/panel.js') return route.fulfill({ contentType: 'text/javascript', body: bundle.script });
    if (path === '/panel-style.css') return route.fulfill({ contentType: 'text/css', body: bundle.style });
    const body = panelDocument({
      title: 'Panel',
      nonce: 'abc123',
      cspSource: ORIGIN,
      scriptUri: `${ORIGIN}/panel.js`,
      styleUri: `${ORIGIN}/panel-style.css`,
    });
    return route.fulfill({ contentType: 'text/html', body });
  });
  await page.addInitScript(standInEditor, { theme: themes[options.theme ?? 'dark-modern'], state: options.state });
  await page.goto(`${ORIGIN}/`);
  return {
    page,
    errors,
    send: (message) => page.evaluate((json) => window.postMessage(JSON.parse(json), '*'), JSON.stringify(message)),
    posted: () => page.evaluate(() => (window as unknown as { posted: Posted[] }).posted),
    state: () => page.evaluate(() => (window as unknown as { state: unknown }).state),
    close: () => context.close(),
  };
}

export async function setTheme(page: Page, theme: ThemeName): Promise<void> {
  await page.evaluate(({ kind, variables }) => {
    document.documentElement.removeAttribute('style');
    for (const [name, value] of Object.entries(variables)) document.documentElement.style.setProperty(name, value);
    document.body.className = kind;
    document.body.dataset.vscodeThemeKind = kind;
  }, themes[theme]);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Runs in the page before the panel's script, as the editor's own preload does. */
function standInEditor({ theme, state }: { theme: { kind: string; variables: Record<string, string> }; state: unknown }): void {
  const editor = window as unknown as { posted: unknown[]; state: unknown; acquireVsCodeApi: unknown };
  editor.posted = [];
  editor.state = state;
  editor.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => editor.posted.push(message),
    getState: () => editor.state,
    setState: (next: unknown) => {
      editor.state = next;
    },
  });
  new MutationObserver((_, observer) => {
    if (document.body === null) return;
    observer.disconnect();
    for (const [name, value] of Object.entries(theme.variables)) document.documentElement.style.setProperty(name, value);
    document.body.className = theme.kind;
    document.body.dataset.vscodeThemeKind = theme.kind;
  }).observe(document, { childList: true, subtree: true });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** axe-core's serious and critical findings, each with what it is about. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`));
  });
}
