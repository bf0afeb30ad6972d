import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { CHECKPOINT, EMBEDDINGS, sigma } from './sigma';

let folder: string;
let panel: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sigma-html-'));
  panel = join(folder, 'panel.html');
  const { exitCode, stdout, stderr } = await sigma(['analyze', '--backend', 'cpu', EMBEDDINGS, '--html', panel]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain(`Panel written to ${panel}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('sigma analyze --html', () => {
  it('writes one file, and leaves nothing else behind', async () => {
    expect(await readdir(folder)).toEqual(['panel.html']);
  });

  it('keeps JSON on stdout', async () => {
    const path = join(folder, 'both.html');
    const { stdout } = await sigma(['analyze', '--backend', 'cpu', '--json', EMBEDDINGS, '--html', path]);
    expect(JSON.parse(stdout).schema).toBe('sigma.report/1');
    expect(existsSync(path)).toBe(true);
    await rm(path);
  });

  it('refers to nothing outside itself', async () => {
    const html = await readFile(panel, 'utf8');
    expect(html).toMatch(/http-equiv="Content-Security-Policy" content="default-src 'none';/);
    expect(html).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)=/i);
    expect(html).not.toMatch(/sourceMappingURL/);
  });

  it('does not overwrite the file that it read, by whichever name', async () => {
    const data = join(folder, 'data.html');
    await writeFile(data, await readFile(EMBEDDINGS));
    const link = join(folder, 'link.html');
    await symlink(data, link);
    for (const target of [data, link]) {
      const { exitCode, stderr } = await sigma(['analyze', '--backend', 'cpu', data, '--html', target]);
      expect(stderr).toContain('this is the file being analysed; name another');
      expect(exitCode).toBe(2);
    }
    expect(await readFile(data)).toEqual(await readFile(EMBEDDINGS));
  });

  // The same rule as for the tests in the editor: on a machine without the browser they are skipped by name, never in CI.
  it.skipIf(findChromium() === null && process.env.CI !== 'true')('opens in a browser without an error or a request', async () => {
    const many = join(folder, 'many.html');
    expect((await sigma(['analyze', '--backend', 'cpu', CHECKPOINT, '--html', many])).exitCode).toBe(0);
    const browser = await chromium.launch({ executablePath: findChromium()!, args: ['--no-sandbox'] });
    try {
      for (const [path, word] of [
        [panel, '37.24'],
        [many, 'transformer.wte.weight'],
      ] as const) {
        const page = await browser.newPage();
        const problems: string[] = [];
        page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
        page.on('pageerror', (error) => problems.push(error.message));
        page.on('request', (request) => request.url().startsWith('http') && problems.push(request.url()));
        await page.goto(pathToFileURL(path).href);
        await page.getByText(word).first().waitFor();
        await page.getByText('Healthy').first().waitFor();
        expect(problems).toEqual([]);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  });
});
