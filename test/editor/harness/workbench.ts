import { type Browser, chromium, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { vi } from 'vitest';
import { findChromium } from '../../../scripts/chromium.mjs';

const patience = { timeout: 30_000 };

/** A VS Code window in Chromium, driven as a person would: by what is written on it. */
export class Workbench {
  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    /** What the page, its webviews and the extension host wrote to the console, `type: text`. */
    readonly console: readonly string[],
  ) {}

  /**
   * @param url of the served editor, with the folder to open
   * @param awaitedCommand a command of the extension under test, by its full title
   */
  static async open(url: string, awaitedCommand: string): Promise<Workbench> {
    const browser = await chromium.launch({
      executablePath: findChromium()!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    try {
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
      const lines: string[] = [];
      page.setDefaultTimeout(20_000);
      page.on('console', (message) => lines.push(`${message.type()}: ${message.text()} (${message.location().url})`));
      page.on('pageerror', (error) => lines.push(`error: ${error.message}`));
      await page.goto(url, { waitUntil: 'domcontentloaded' });
      await page.locator('.part.statusbar').waitFor();
      const workbench = new Workbench(browser, page, lines);
      await workbench.commandToArrive(awaitedCommand);
      return workbench;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** A row of the Explorer, by the names on the way to it; folders on the way are opened. */
  async explorerItem(...names: readonly string[]): Promise<Locator> {
    const tree = this.page.getByRole('tree', { name: 'Files Explorer' });
    const row = (index: number) => tree.locator(`[role=treeitem][data-index="${index}"]`);
    let parent = -1;
    for (const [depth, name] of names.entries()) {
      if (parent >= 0 && (await row(parent).getAttribute('aria-expanded')) === 'false') await row(parent).click();
      const candidates = tree.locator(`[role=treeitem][aria-level="${depth + 1}"][aria-label^="${name}"]`);
      parent = await vi.waitFor(async () => {
        // The first one below its parent: other folders may hold a file of the same name.
        const indices = await candidates.evaluateAll((rows) => rows.map((row) => Number((row as HTMLElement).dataset.index)));
        const below = indices.filter((index) => index > parent);
        if (below.length === 0) throw new Error(`The Explorer shows no ${names.slice(0, depth + 1).join('/')}`);
        return Math.min(...below);
      }, patience);
    }
    return row(parent);
  }

  /** Adds files to what is selected in the Explorer. None is opened: when its editor arrived, the Explorer would select that file alone. */
  async select(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const item = await this.explorerItem(name);
      if ((await item.getAttribute('aria-selected')) !== 'true') await item.click({ modifiers: ['Control'] });
    }
  }

  /** Loads the window anew, with an extension host of its own. @param awaitedCommand as for `open` */
  async reload(awaitedCommand: string): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await this.commandToArrive(awaitedCommand);
  }

  /** The letters behind a row of the Explorer; empty without any. */
  async badge(...names: readonly string[]): Promise<string> {
    const label = (await this.explorerItem(...names)).locator('.monaco-icon-label');
    const content = await label.evaluate((element) => getComputedStyle(element, '::after').content);
    return content === 'none' ? '' : JSON.parse(content);
  }

  /** Opens the context menu of something and returns it. */
  async contextMenu(target: Locator): Promise<Locator> {
    await target.click({ button: 'right' });
    const menu = this.page.getByRole('menu').last();
    await menu.getByRole('menuitem').first().waitFor();
    return menu;
  }

  /** Right-clicks something and chooses from its menu. */
  async choose(target: Locator, action: string): Promise<void> {
    const item = (await this.contextMenu(target)).getByRole('menuitem', { name: action });
    // In its first moments a menu takes a released button for the end of the click that opened it.
    await vi.waitFor(async () => {
      await item.click();
      await item.waitFor({ state: 'hidden', timeout: 1000 });
    }, patience);
  }

  /** Runs a command from the palette by its full title, `Category: Title`. */
  command(title: string): Promise<void> {
    return this.inPalette(title, (row) => row.click({ timeout: 3000 }));
  }

  /** Resolves when the palette has a command: what an extension contributes arrives a moment after the window does. */
  async commandToArrive(title: string): Promise<void> {
    await this.inPalette(title, (row) => row.waitFor({ timeout: 3000 }));
    await this.page.keyboard.press('Escape');
  }

  /** A palette shows the commands of the moment it was opened, and closes when something else takes the focus; then it is opened anew. */
  private async inPalette(title: string, act: (row: Locator) => Promise<void>): Promise<void> {
    await vi.waitFor(async () => {
      await this.page.keyboard.press('Escape');
      await this.page.keyboard.press('F1');
      await this.page.locator('.quick-input-widget input').first().fill(`>${title}`, { timeout: 3000 });
      await act(this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first());
    }, patience);
  }

  /** What the editor says of itself, a line for each thing. */
  async about(): Promise<readonly string[]> {
    await this.command('Help: About');
    const dialog = this.page.getByRole('dialog');
    const text = await dialog.locator('.dialog-message-detail').innerText();
    await dialog.getByRole('button', { name: 'OK' }).click();
    await dialog.waitFor({ state: 'hidden' });
    return text.split('\n');
  }

  /** The document of the webview in the active tab: an iframe inside an iframe. */
  get webview(): FrameLocator {
    return this.page.locator('iframe.webview.ready:visible').contentFrame().locator('iframe#active-frame').contentFrame();
  }

  tab(name: string): Locator {
    return this.page.getByRole('tab', { name, exact: true });
  }

  /** Closes every editor, and any menu or message that is in the way. */
  async closeEditors(): Promise<void> {
    await this.page.keyboard.press('Escape');
    await this.command('View: Close All Editors');
    await this.page.locator('.editor-group-container.empty').waitFor();
  }

  /** The rows of the Problems panel. */
  async problems(): Promise<Locator> {
    const list = this.page.getByRole('tree', { name: 'Problems' });
    if (!(await list.isVisible())) await this.page.keyboard.press('Control+Shift+M');
    return this.page.locator('.markers-panel').getByRole('treeitem');
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
